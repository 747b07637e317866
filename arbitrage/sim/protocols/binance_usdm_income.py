"""What the account earned and paid, line by line, and the funding that was settled.

Kept from the core's events, since the core keeps neither: `income` of the account and
`fundingRate` of the markets begin when the venue starts. The latest `REMEMBERED` of each are kept.
"""

from collections import deque
from decimal import Decimal
from itertools import count
from typing import Final

import msgspec

from arbitrage.domain.events import Funding
from arbitrage.sim.core_events import Change, CoreEvent, FundingPaid, OrderChanged
from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_params import Span
from arbitrage.sim.protocols.binance_wire import Json, money, ms
from arbitrage.sim.venue_core import SimVenueCore

REMEMBERED: Final = 10_000
_MAX_ROWS: Final = 1000
_DEFAULT_ROWS: Final = 100


class _Income(msgspec.Struct, frozen=True):
    symbol: str
    kind: str
    amount: Decimal
    asset: str
    ts_ns: int
    transfer_id: int
    trade_id: str


class _Settled(msgspec.Struct, frozen=True):
    symbol: str
    rate: float
    ts_ns: int
    mark_price: float


class UsdmHistory:
    """Income and settled funding of one venue."""

    def __init__(self, core: SimVenueCore) -> None:
        self._core = core
        self._incomes: deque[_Income] = deque(maxlen=REMEMBERED)
        self._settled: deque[_Settled] = deque(maxlen=REMEMBERED)
        self._announced: dict[str, Funding] = {}
        self._transfers = count(1)
        core.listen(self._on_event)

    def _on_event(self, event: CoreEvent) -> None:
        match event:
            case OrderChanged(order=order, change=Change.TRADE, fill=fill) if fill is not None:
                symbol, trade_id = order.request.symbol, str(fill.trade_id)
                currency = self._core.instruments[symbol].quote
                if fill.realised_pnl:
                    self._add(symbol, "REALIZED_PNL", fill.realised_pnl, currency, trade_id)
                if fill.fee:
                    self._add(symbol, "COMMISSION", -fill.fee, fill.fee_currency, trade_id)
            case FundingPaid():
                self._add(event.symbol, "FUNDING_FEE", event.amount, event.currency, "")
            case Funding():
                self._take_in(event)

    def _add(self, symbol: str, kind: str, amount: Decimal, asset: str, trade_id: str) -> None:
        ts_ns, transfer_id = self._core.now_ns, next(self._transfers)
        self._incomes.append(_Income(symbol, kind, amount, asset, ts_ns, transfer_id, trade_id))

    def _take_in(self, funding: Funding) -> None:
        """An announcement for a later settlement says that the one before has happened."""
        before = self._announced.get(funding.symbol)
        if before is not None and before.next_ts_ns < funding.next_ts_ns:
            self._settled.append(
                _Settled(before.symbol, before.rate, before.next_ts_ns, before.mark_price)
            )
        self._announced[funding.symbol] = funding

    def income(self, params: Params) -> list[Json]:
        """GET /fapi/v1/income: the latest, or the first from a time on."""
        span = Span(params, default=_DEFAULT_ROWS, most=_MAX_ROWS)
        symbol, kind = params.get("symbol"), params.get("incomeType")
        found = [
            each
            for each in self._incomes
            if symbol in (None, each.symbol)
            and kind in (None, each.kind)
            and span.covers(each.ts_ns)
        ]
        return [
            {
                "symbol": each.symbol,
                "incomeType": each.kind,
                "income": money(each.amount),
                "asset": each.asset,
                "info": each.trade_id or each.kind,
                "time": ms(each.ts_ns),
                "tranId": each.transfer_id,
                "tradeId": each.trade_id,
            }
            for each in span.rows(found)
        ]

    def funding_rates(self, params: Params) -> list[Json]:
        """GET /fapi/v1/fundingRate: the latest, or the first from a time on."""
        span = Span(params, default=_DEFAULT_ROWS, most=_MAX_ROWS)
        symbol = params.get("symbol")
        found = [
            each
            for each in self._settled
            if symbol in (None, each.symbol) and span.covers(each.ts_ns)
        ]
        return [
            {
                "symbol": each.symbol,
                "fundingRate": f"{each.rate:.8f}",
                "fundingTime": ms(each.ts_ns),
                "markPrice": f"{each.mark_price:.8f}",
            }
            for each in span.rows(found)
        ]
