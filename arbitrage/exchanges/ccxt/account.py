"""What we own at the exchange: balances, positions, and funding that was paid.

Totals are those of the wallet: what open positions would make is taken out where ccxt leaves it in.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import FundingPayment
from arbitrage.domain.units import EXACT, ZERO
from arbitrage.exchanges.base import Balance, OpenPosition
from arbitrage.exchanges.ccxt.answers import amount, read_answer, signed
from arbitrage.exchanges.order_gateway import AccountState, Answer

REMEMBERED_PAYMENTS = 10_000


class BalanceReply(msgspec.Struct):
    free: str | None = None
    used: str | None = None
    total: str | None = None


class PositionReply(msgspec.Struct):
    """`{"symbol":"BTC/USDT:USDT","side":"long","contracts":"0.5","settle":"USDT",...}`"""

    symbol: str
    side: str | None
    contracts: str | None
    settle: str | None = None
    entryPrice: str | None = None
    unrealizedPnl: str | None = None
    initialMargin: str | None = None


class AccountReply(msgspec.Struct):
    """`{"balances":{"KRW":{"free":"1","used":"0","total":"1"}},"positions":[...],
    "total_has_pnl":false}`"""

    balances: dict[str, BalanceReply]
    positions: list[PositionReply]
    total_has_pnl: bool = False


class FundingPaid(msgspec.Struct):
    id: str | None
    symbol: str
    currency: str | None
    amount: str | None
    time_ms: int | None


class FundingFrame(msgspec.Struct, tag_field="call", tag="funding"):
    """`{"call":"funding","payments":[{"id":"7","symbol":"BTC/USDT:USDT","currency":"USDT",
    "amount":"-0.39","time_ms":1795360000000}]}`: of the last hour, told again and again."""

    payments: list[FundingPaid]


_ACCOUNT = msgspec.json.Decoder(AccountReply)


def state(answer: Answer) -> AccountState:
    """Totals by currency and signed positions by symbol; two sides of one symbol are added."""
    reply = read_answer(_ACCOUNT, answer, "account")
    totals = {
        currency: signed(one.total, f"{currency} total") for currency, one in reply.balances.items()
    }
    held: dict[str, Decimal] = {}
    for one in reply.positions:
        qty = _signed_qty(one)
        if qty:
            held[one.symbol] = EXACT.add(held.get(one.symbol, ZERO), qty)
        if reply.total_has_pnl and one.settle in totals:
            pnl = signed(one.unrealizedPnl, f"{one.symbol} unrealised PnL")
            totals[one.settle] = EXACT.subtract(totals[one.settle], pnl)
    return AccountState(balances=totals, positions=held)


def balances(answer: Answer) -> Mapping[str, Balance]:
    """What is available and what is locked, by currency."""
    reply = read_answer(_ACCOUNT, answer, "account")
    return {
        currency: Balance(
            currency,
            amount(one.free, f"{currency} free"),
            amount(one.used, f"{currency} used"),
        )
        for currency, one in reply.balances.items()
    }


def positions(answer: Answer) -> list[OpenPosition]:
    """The positions that are not flat, sorted by symbol."""
    reply = read_answer(_ACCOUNT, answer, "account")
    held = [
        OpenPosition(
            symbol=one.symbol,
            qty=qty,
            entry_price=amount(one.entryPrice, f"{one.symbol} entry price"),
            unrealised_pnl=signed(one.unrealizedPnl, f"{one.symbol} unrealised PnL"),
            margin=amount(one.initialMargin, f"{one.symbol} margin"),
        )
        for one in reply.positions
        if (qty := _signed_qty(one))
    ]
    return sorted(held, key=lambda one: one.symbol)


def _signed_qty(position: PositionReply) -> Decimal:
    """Contracts of a position, negative if it is short. ccxt gives them without a sign."""
    qty = abs(signed(position.contracts, f"{position.symbol} contracts"))
    if qty and position.side not in ("long", "short"):
        raise MalformedData(f"ccxt position of {position.symbol}: side {position.side!r}")
    return -qty if position.side == "short" else qty


class FundingNews:
    """Which payments are new. What was paid before `since_ms` is in the first balances."""

    def __init__(self) -> None:
        self._since_ms = 0
        self._told: dict[tuple[str, int, str | None], None] = {}

    def begin(self, now_ms: int) -> None:
        """Look from now on; only the first time counts."""
        self._since_ms = self._since_ms or now_ms

    def payments(self, frame: FundingFrame, venue: str, ts_ns: int) -> list[FundingPayment]:
        """The payments that were not told before. Raises `MalformedData`."""
        return [
            FundingPayment(
                ts_ns,
                venue,
                one.symbol,
                one.currency or "",
                signed(one.amount, f"funding of {one.symbol}"),
            )
            for one in frame.payments
            if self._is_new(one)
        ]

    def _is_new(self, paid: FundingPaid) -> bool:
        time_ms = paid.time_ms or 0
        what = (paid.symbol, time_ms, paid.id)
        if time_ms < self._since_ms or what in self._told:
            return False
        self._told[what] = None
        if len(self._told) > REMEMBERED_PAYMENTS:
            del self._told[next(iter(self._told))]
        return True
