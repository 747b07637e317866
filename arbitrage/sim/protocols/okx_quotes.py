"""OKX's public REST endpoints on the core: instruments, books, tickers, trades, funding, time.

Shapes: www.okx.com/docs-v5/en, public data and market data, read 2026-11-22. Kinds of instruments
that are not simulated are listed as empty.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final

from arbitrage.domain.events import Funding
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_MS, plain
from arbitrage.sim.core_events import CoreEvent
from arbitrage.sim.protocols.okx_books import OkxBook
from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_markets import Markets, kind_of, trade_object
from arbitrage.sim.protocols.okx_params import Page, count_of, inst_type_of, needed, number_of
from arbitrage.sim.protocols.okx_wire import Json, Params, figure, level_rows, ms
from arbitrage.sim.venue_core import SimVenueCore

_MAX_LEVELS: Final = 400
_MAX_TRADES: Final = 500
_REMEMBERED_FUNDINGS: Final = 1_000


class OkxQuotes:
    """Everything that needs no key."""

    def __init__(self, core: SimVenueCore, markets: Markets, books: Mapping[str, OkxBook]) -> None:
        self._core = core
        self._markets = markets
        self._books = books
        self._announced: dict[str, Funding] = {}
        self._settled: deque[Funding] = deque(maxlen=_REMEMBERED_FUNDINGS)
        core.listen(self._on_event)

    def _on_event(self, event: CoreEvent) -> None:
        """An announcement for a later settlement says that the one before has happened."""
        if isinstance(event, Funding):
            before = self._announced.get(event.symbol)
            if before is not None and before.next_ts_ns < event.next_ts_ns:
                self._settled.append(before)
            self._announced[event.symbol] = event

    # --- the venue -----------------------------------------------------------------------------

    def time(self, _params: Params) -> list[Json]:
        """GET /api/v5/public/time."""
        return [{"ts": ms(self._core.now_ns)}]

    def status(self, _params: Params) -> list[Json]:
        """GET /api/v5/system/status: nothing is planned; what fails unplanned is not announced."""
        return []

    def instruments(self, params: Params) -> list[Json]:
        """GET /api/v5/public/instruments."""
        return [
            self._markets.instrument_object(rules)
            for rules in self._of_kind(params)
            if params.get("instId", rules.symbol) == rules.symbol
        ]

    def _of_kind(self, params: Params) -> list[Instrument]:
        return self._markets.of_kind(inst_type_of(params, is_needed=True))

    # --- markets -------------------------------------------------------------------------------

    def book(self, params: Params) -> list[Json]:
        """GET /api/v5/market/books: the market as it is now, one level a side by default."""
        symbol = self._symbol(params)
        depth = count_of(params, "sz", default=1, most=_MAX_LEVELS)
        book = self._core.book(symbol)
        return [
            {
                "asks": level_rows(book.asks[:depth]) if book else [],
                "bids": level_rows(book.bids[:depth]) if book else [],
                "ts": ms(book.ts_ns if book else self._core.now_ns),
                "seqId": self._books[symbol].seq,
            }
        ]

    def ticker(self, params: Params) -> list[Json]:
        """GET /api/v5/market/ticker."""
        return [self._markets.ticker_object(self._symbol(params))]

    def tickers(self, params: Params) -> list[Json]:
        """GET /api/v5/market/tickers."""
        return [self._markets.ticker_object(rules.symbol) for rules in self._of_kind(params)]

    def trades(self, params: Params) -> list[Json]:
        """GET /api/v5/market/trades and history-trades: the latest, newest first."""
        count = count_of(params, "limit", default=100, most=_MAX_TRADES)
        latest = list(self._core.tape(self._symbol(params)).trades)[-count:]
        return [trade_object(printed) for printed in reversed(latest)]

    def price_limit(self, params: Params) -> list[Json]:
        """GET /api/v5/public/price-limit."""
        symbol = self._symbol(params)
        most, least = (self._markets.price_limit(symbol, side) for side in (Side.BUY, Side.SELL))
        return [
            {
                "instType": kind_of(self._core.instruments[symbol]),
                "instId": symbol,
                "buyLmt": plain(most) if most else "",
                "sellLmt": plain(least) if least else "",
                "enabled": most is not None,
                "ts": ms(self._core.now_ns),
            }
        ]

    # --- swaps ---------------------------------------------------------------------------------

    def mark_price(self, params: Params) -> list[Json]:
        """GET /api/v5/public/mark-price: of one market, or of all of a kind. The kind must be told
        [D], yet clients that leave it out are answered (unconfirmed)."""
        return [
            self._markets.mark_object(rules.symbol)
            for rules in self._markets.of_kind(inst_type_of(params))
            if params.get("instId", rules.symbol) == rules.symbol
        ]

    def funding_rate(self, params: Params) -> list[Json]:
        """GET /api/v5/public/funding-rate; `ANY` asks for all swaps."""
        if params.get("instId") == "ANY":
            swaps = self._markets.of_kind("SWAP")
            return [self._markets.funding_object(rules.symbol) for rules in swaps]
        return [self._markets.funding_object(self._swap(params))]

    def funding_rates(self, params: Params) -> list[Json]:
        """GET /api/v5/public/funding-rate-history: what was settled since the start."""
        symbol = self._swap(params)
        settled = [one for one in self._settled if one.symbol == symbol]
        numbered = [(one.next_ts_ns // NS_PER_MS, one.next_ts_ns, one) for one in settled]
        return [
            {
                "instType": "SWAP",
                "instId": symbol,
                "formulaType": "withRate",
                "fundingRate": figure(one.rate),
                "realizedRate": figure(one.rate),
                "fundingTime": ms(one.next_ts_ns),
                "method": "current_period",
            }
            for one in Page(params, number_of).rows(numbered)
        ]

    def _symbol(self, params: Params) -> str:
        return self._markets.rules(needed(params, "instId")).symbol

    def _swap(self, params: Params) -> str:
        rules = self._markets.rules(needed(params, "instId"))
        if not rules.is_perpetual:
            raise OkxRefusal("51000", "instId")
        return rules.symbol
