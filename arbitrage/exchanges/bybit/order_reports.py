"""What the venue writes about an order of ours and about an execution, pushed or asked for.

REST and the private stream use the same words, so both are read here; counting them is the
business of `order_tally` and `executions`.
"""

from decimal import Decimal

import msgspec

from arbitrage.domain.units import EXACT
from arbitrage.exchanges.bybit import facts
from arbitrage.exchanges.bybit.facts import FUNDING_EXECUTION, TRADE_EXECUTION, Category
from arbitrage.exchanges.bybit.order_tally import Execution, OrderTallies
from arbitrage.exchanges.bybit.wire import amount, require_plain


class OrderReport(msgspec.Struct, rename="camel"):
    """`{"category":"linear","symbol":"BTCUSDT","orderId":"c6f055d9-...","orderLinkId":"s00000001",
    "side":"Buy","orderType":"Limit","timeInForce":"IOC","price":"9000.5","qty":"0.01",
    "orderStatus":"PartiallyFilled","cancelType":"UNKNOWN","rejectReason":"EC_NoError",
    "avgPrice":"8999.5","leavesQty":"0.006","cumExecQty":"0.004","cumExecValue":"35.998",
    "cumExecFee":"0.0197989","cumFeeDetail":{"USDT":"0.0197989"},"createType":"CreateByUser",...}`
    """

    symbol: str
    order_id: str
    order_status: str
    cum_exec_qty: Decimal
    cum_exec_value: Decimal
    order_link_id: str = ""
    category: str = ""
    reject_reason: str = ""
    cancel_type: str = ""
    create_type: str = ""
    market_unit: str = ""
    cum_fee_detail: dict[str, Decimal] | str | None = None  # "" and null where there is none [K]

    def __post_init__(self) -> None:
        require_plain(self.cum_exec_qty, self.cum_exec_value)
        qty, value = self.cum_exec_qty, self.cum_exec_value
        if qty < 0 or value < 0 or (qty > 0) != (value > 0):
            raise ValueError(f"{qty} filled for {value}; expected both positive or both zero")
        if isinstance(self.cum_fee_detail, dict):
            require_plain(*self.cum_fee_detail.values())

    @property
    def client_id(self) -> str:
        """Ours, or the venue's own id for an order that is not ours."""
        return self.order_link_id or self.order_id

    @property
    def reason(self) -> str:
        if self.reject_reason not in ("", "EC_NoError"):
            return self.reject_reason
        return self.cancel_type if self.cancel_type not in ("", "UNKNOWN") else self.order_status

    @property
    def status_word(self) -> str:
        """The venue's word. An order by cost has no quantity to be filled, so what the venue calls
        filled has ended with what it bought."""
        is_by_cost = self.market_unit == "quoteCoin"
        return "Cancelled" if is_by_cost and self.order_status == "Filled" else self.order_status

    def count(self, tallies: OrderTallies) -> None:
        """Take it into the totals of its order."""
        fees = self.cum_fee_detail if isinstance(self.cum_fee_detail, dict) else {}
        tallies.of(self.order_id, self.client_id).hear(
            self.status_word, self.reason, self.cum_exec_qty, self.cum_exec_value, fees
        )


class ExecutionReport(msgspec.Struct, rename="camel"):
    """`{"category":"linear","symbol":"BTCUSDT","orderId":"c6f055d9-...","orderLinkId":"s00000001",
    "side":"Buy","orderQty":"0.01","leavesQty":"0.006","execId":"7e2ae69c-...","execType":"Trade",
    "execPrice":"8999.5","execQty":"0.004","execValue":"35.998","execFee":"0.0197989",
    "feeCurrency":"","feeRate":"0.00055","isMaker":false,"execTime":"1672364174443",...}`

    The currency of the fee is `feeCurrency` for some and `feeCoin` for others [C], or not told.
    """

    symbol: str
    order_id: str
    exec_id: str
    exec_type: str
    exec_qty: Decimal
    exec_price: Decimal
    exec_fee: Decimal
    exec_value: str = ""
    order_qty: str = ""
    leaves_qty: str = ""
    order_link_id: str = ""
    category: str = ""
    fee_currency: str = ""
    fee_coin: str = ""

    def __post_init__(self) -> None:
        require_plain(self.exec_qty, self.exec_price, self.exec_fee, self.cost())
        require_plain(self.filled_qty())
        if self.exec_type == TRADE_EXECUTION and not (self.exec_qty > 0 and self.cost() > 0):
            raise ValueError(f"{self.exec_qty} filled for {self.cost()}; expected positive numbers")
        if self.exec_type == FUNDING_EXECUTION and not self.settle_currency():
            raise ValueError(f"{self.symbol} funding: the currency is not told")

    @property
    def currency(self) -> str:
        """In which the fee was charged, empty if that is not told."""
        return self.fee_currency or self.fee_coin

    def cost(self) -> Decimal:
        """The quote value of the execution."""
        return amount(self.exec_value) or EXACT.multiply(self.exec_qty, self.exec_price)

    def filled_qty(self) -> Decimal | None:
        """What the order had filled after this execution, None where that is not told."""
        if not self.order_qty or not self.leaves_qty:
            return None
        return EXACT.subtract(amount(self.order_qty), amount(self.leaves_qty))

    def count(self, tallies: OrderTallies) -> None:
        """Take it into the totals of its order."""
        execution = Execution(
            self.exec_id,
            self.exec_qty,
            self.cost(),
            self.filled_qty(),
            self.currency,
            self.exec_fee,
        )
        tallies.of(self.order_id, self.order_link_id or self.order_id).execute(execution)

    def settle_currency(self) -> str:
        """In which funding is paid. Where it is not told, the venue's names of linear perpetuals
        tell it: `BTCUSDT` settles in USDT, `BTCPERP` in USDC, other names in nothing we know."""
        if self.currency:
            return self.currency
        endings = facts.SETTLE_BY_ENDING.items()
        return next((coin for ending, coin in endings if self.symbol.endswith(ending)), "")


def is_other_category(report: OrderReport | ExecutionReport, category: Category) -> bool:
    """Whether a report says that it belongs to another category; REST rows say nothing."""
    return report.category not in ("", category.value)
