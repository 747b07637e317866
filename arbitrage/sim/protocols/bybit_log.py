"""The transaction log of the wallet: every change of a balance, by category and currency.

A spot trade changes two currencies and is two entries, with the fee in that which was received; a
trade of a perpetual is one, with what it realised as cash flow; funding is a settlement:

    change = cashFlow + funding - fee

Kept from the core's events, since the core keeps no such list; the latest `REMEMBERED` are kept
(bybit-exchange.github.io/docs/v5/account/transaction-log, read 2026-11-22).
"""

from collections import deque
from decimal import Decimal
from itertools import count
from typing import Final

from arbitrage.domain.units import NS_PER_DAY, ZERO
from arbitrage.sim.core_events import Change, CoreEvent, FundingPaid, OrderChanged
from arbitrage.sim.order_records import SimFill, SimOrder
from arbitrage.sim.protocols.bybit_form import SIDE_NAMES
from arbitrage.sim.protocols.bybit_markets import Market, Markets
from arbitrage.sim.protocols.bybit_params import Params, Span, page
from arbitrage.sim.protocols.bybit_wire import Category, Ids, Json, money, ms
from arbitrage.sim.venue_core import SimVenueCore

REMEMBERED: Final = 20_000


class TransactionLog:
    """The log of the one account."""

    def __init__(self, core: SimVenueCore, markets: Markets, ids: Ids) -> None:
        self._core = core
        self._markets = markets
        self._ids = ids
        self._numbers = count(1)
        self._entries: deque[tuple[int, int, Json]] = deque(maxlen=REMEMBERED)
        core.listen(self._on_event)

    def listed(self, params: Params) -> Json:
        """GET /v5/account/transaction-log: the newest first; without times those of a day."""
        is_timed = "startTime" in params or "endTime" in params
        span = Span(params, NS_PER_DAY)
        since_ns = 0 if is_timed else self._core.now_ns - NS_PER_DAY
        wanted = {name: params[name] for name in ("category", "currency", "type") if name in params}
        found = [
            (number, entry)
            for number, ts_ns, entry in self._entries
            if ts_ns >= since_ns
            and span.covers(ts_ns)
            and all(entry[name] == text for name, text in wanted.items())
        ]
        chosen, cursor = page(found, lambda row: row[0], params, default=20, most=50)
        return {"list": [entry for _, entry in chosen], "nextPageCursor": cursor}

    def _on_event(self, event: CoreEvent) -> None:
        match event:
            case OrderChanged(order=order, change=Change.TRADE, fill=fill) if fill is not None:
                self._on_fill(order, fill)
            case FundingPaid():
                market = self._markets.by_key[event.symbol]
                moved = {"funding": event.amount}
                self._add(market, "SETTLEMENT", event.currency, event.ts_ns, moved)

    def _on_fill(self, order: SimOrder, fill: SimFill) -> None:
        market = self._markets.by_key[order.request.symbol]
        rules, sign = market.rules, order.request.side.sign
        flows = (
            {rules.base: sign * fill.qty, rules.quote: -sign * fill.cost}
            if market.category is Category.SPOT
            else {rules.quote: fill.realised_pnl}
        )
        for currency, flow in flows.items():
            fee = fill.fee if currency == fill.fee_currency else ZERO
            moved = {"cashFlow": flow, "fee": fee}
            entry = self._add(market, "TRADE", currency, fill.ts_ns, moved)
            entry.update(
                side=SIDE_NAMES[order.request.side],
                qty=market.figures.qty(fill.qty),
                tradePrice=market.figures.price(fill.price),
                tradeId=self._ids.execution(market.category, fill.trade_id),
                orderId=self._ids.order(market.category, order.id),
                orderLinkId=order.request.client_id,
            )

    def _add(
        self, market: Market, kind: str, currency: str, ts_ns: int, moved: dict[str, Decimal]
    ) -> Json:
        number = next(self._numbers)
        flow, funding = moved.get("cashFlow", ZERO), moved.get("funding", ZERO)
        fee = moved.get("fee", ZERO)
        entry = {
            "id": f"{self._ids.execution(Category.SPOT, number)}_{market.symbol}",
            "symbol": market.symbol,
            "category": market.category.value,
            "side": "None",
            "transactionTime": str(ms(ts_ns)),
            "type": kind,
            "transSubType": "",
            "qty": "0",
            "size": "0",
            "currency": currency,
            "tradePrice": "0",
            "funding": money(funding) if kind == "SETTLEMENT" else "",
            "fee": money(fee),
            "cashFlow": money(flow),
            "change": money(flow + funding - fee),
            "cashBalance": money(self._core.balance(currency).total),
            "feeRate": "0",
            "bonusChange": "",
            "tradeId": "",
            "orderId": "",
            "orderLinkId": "",
        }
        self._entries.append((number, ts_ns, entry))
        return entry
