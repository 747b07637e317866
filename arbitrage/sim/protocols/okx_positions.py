"""The swap positions of the account as OKX shows them, with what each was paid since its opening.

A position keeps its id for good, and its time of creation and its sums until it is flat. Prices of
liquidation are not reckoned (www.okx.com/docs-v5/en, trading-account-rest-api-get-positions and
ws-positions-channel, read 2026-11-22).
"""

from collections.abc import Iterable
from decimal import Decimal

from arbitrage.domain.units import ZERO, decimal_of, plain
from arbitrage.sim.core_events import (
    Change,
    CoreEvent,
    FundingPaid,
    OrderChanged,
    PositionChanged,
)
from arbitrage.sim.order_records import SimFill
from arbitrage.sim.protocols.okx_markets import Markets
from arbitrage.sim.protocols.okx_wire import Ids, Json, average, figure, ms
from arbitrage.sim.venue_core import SimVenueCore


class _Sums:
    """What a position was paid (negative: paid) since it was opened."""

    def __init__(self, opened_ns: int) -> None:
        self.opened_ns = self.changed_ns = opened_ns
        self.is_closed = False
        self.funding = self.pnl = self.fee = ZERO


class OkxPositions:
    """The positions of one account. To be asked after the core has told what happened."""

    def __init__(self, core: SimVenueCore, markets: Markets, ids: Ids) -> None:
        self._core = core
        self._markets = markets
        self._ids = ids
        self._sums: dict[str, _Sums] = {}
        core.listen(self._on_event)

    def _on_event(self, event: CoreEvent) -> None:
        match event:
            case OrderChanged(order=order, change=Change.TRADE, fill=fill) if fill is not None:
                if self._core.instruments[order.request.symbol].is_perpetual:
                    self._on_fill(order.request.symbol, fill)
            case PositionChanged():
                sums = self._of(event.symbol, event.ts_ns)
                sums.changed_ns = event.ts_ns
                sums.is_closed = not self.qty(event.symbol)
            case FundingPaid():
                self._of(event.symbol, event.ts_ns).funding += event.amount

    def _on_fill(self, symbol: str, fill: SimFill) -> None:
        sums = self._of(symbol, fill.ts_ns)
        sums.pnl += fill.realised_pnl
        sums.fee -= fill.fee

    def _of(self, symbol: str, now_ns: int) -> _Sums:
        """The sums of a position, begun anew if it was flat and is not any more."""
        sums = self._sums.get(symbol)
        if sums is None or (sums.is_closed and self.qty(symbol)):
            sums = self._sums[symbol] = _Sums(now_ns)
        return sums

    def qty(self, symbol: str) -> Decimal:
        """Contracts held, negative if short."""
        return self._core.position(symbol).position.qty

    def held(self) -> list[str]:
        """The symbols of the positions that are not flat."""
        return [symbol for symbol in self._sums if self.qty(symbol)]

    def objects(self, symbols: Iterable[str]) -> list[Json]:
        """Positions that were opened at least once, as lists and pushes show them."""
        return [self._object(symbol) for symbol in symbols if symbol in self._sums]

    def unrealised_pnl(self, currency: str) -> Decimal:
        """Of all positions that settle in a currency, at the mark."""
        rules = self._core.instruments
        mine = [symbol for symbol in self.held() if rules[symbol].quote == currency]
        return sum((self._core.position(symbol).unrealised_pnl for symbol in mine), ZERO)

    def margin(self, currency: str) -> Decimal:
        """What all positions that settle in a currency lock."""
        rules = self._core.instruments
        mine = [symbol for symbol in self.held() if rules[symbol].quote == currency]
        return sum((self._core.position(symbol).margin for symbol in mine), ZERO)

    def _object(self, symbol: str) -> Json:
        rules, sums = self._core.instruments[symbol], self._sums[symbol]
        held = self._core.position(symbol)
        qty, margin = held.position.qty, held.margin
        mark = decimal_of(self._markets.mark_price(symbol))
        base_qty = abs(qty) * rules.contract_multiplier
        last = self._core.tape(symbol).last
        return {
            "instType": "SWAP",
            "instId": symbol,
            "mgnMode": "cross",
            "posId": self._ids.text(self._markets.codes[symbol]),
            "posSide": "net",
            "pos": plain(qty),
            "posCcy": "",
            "ccy": rules.quote,
            "avgPx": average(held.position.entry_cost, base_qty) if qty else "",
            "markPx": plain(mark),
            "last": figure(last),
            "upl": plain(held.unrealised_pnl),
            "uplRatio": plain(round(held.unrealised_pnl / margin, 8)) if margin else "",
            "lever": self._markets.leverage(symbol),
            "liqPx": "",
            "imr": plain(margin),
            "mmr": plain(rules.maintenance_margin * base_qty * mark),
            "margin": "",
            "mgnRatio": "",
            "notionalUsd": plain(base_qty * mark),
            "adl": "1",
            "availPos": "",
            "fundingFee": plain(sums.funding),
            "pnl": plain(sums.pnl),
            "fee": plain(sums.fee),
            "liqPenalty": "0",
            "realizedPnl": plain(sums.pnl + sums.fee + sums.funding),
            "tradeId": "",
            "cTime": ms(sums.opened_ns),
            "uTime": ms(sums.changed_ns),
            "pTime": ms(self._core.now_ns),
        }
