"""What the engine knows of each book, each FX rate and each venue.

Plain mutable records with no rules of their own; `route_state` and `freshness` read them. Books
are shared with the events that brought them, never copied.
"""

from typing import TYPE_CHECKING

from arbitrage.domain.events import Levels
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.order_book import OrderBook

if TYPE_CHECKING:
    from arbitrage.engine.route_state import RouteState

NEVER_NS = -(2**62)


class Market:
    """The latest book of one symbol at one venue. `ts_ns` is when it was received."""

    __slots__ = (
        "asks",
        "bids",
        "deltas",
        "funding_rate",
        "fx_rate",
        "instrument",
        "is_broken",
        "next_funding_ns",
        "routes",
        "seq",
        "symbol",
        "ts_ns",
        "venue",
    )

    def __init__(self, venue: str, symbol: str, instrument: Instrument | None) -> None:
        self.venue = venue
        self.symbol = symbol
        self.instrument = instrument
        self.bids: Levels = []
        self.asks: Levels = []
        self.ts_ns = NEVER_NS
        self.seq = 0
        self.is_broken = False
        self.deltas: OrderBook | None = None
        self.funding_rate = 0.0
        self.next_funding_ns = 0
        self.routes: list[RouteState] = []  # routes with a leg here
        self.fx_rate: FxRate | None = None  # set where this book is an FX source

    def replace(self, bids: Levels, asks: Levels, seq: int, ts_ns: int) -> None:
        """Take over a whole book; it mends a broken one."""
        if self.deltas is None:
            self.bids, self.asks = bids, asks
        else:
            self.deltas.replace(bids, asks, seq)
        self.seq, self.ts_ns, self.is_broken = seq, ts_ns, False

    def change(self, bids: Levels, asks: Levels, seq: int, prev_seq: int, ts_ns: int) -> None:
        """Take in changed levels; one that does not follow breaks the book until it is whole."""
        if self.is_broken or self.ts_ns == NEVER_NS or prev_seq != self.seq:
            self.is_broken = True
            return
        if self.deltas is None:
            self.deltas = OrderBook()
            self.deltas.replace(self.bids, self.asks, self.seq)
            self.bids, self.asks = self.deltas.bids, self.deltas.asks
        self.deltas.apply(bids, asks, seq)
        self.seq, self.ts_ns = seq, ts_ns

    @property
    def mid(self) -> float | None:
        """Half way between the touch prices, in quote per base; None for a one-sided book."""
        bids, asks = self.bids, self.asks
        return (bids[0][0] + asks[0][0]) / 2 if bids and asks else None


class FxRate:
    """The latest rate of one currency pair: one `base` costs `ask`, yields `bid` units of `quote`.

    A fixed rate never ages; any other has `ts_ns` of the book or quote it came from.
    """

    __slots__ = (
        "ask",
        "base",
        "bid",
        "is_fixed",
        "is_known",
        "mid",
        "quote",
        "routes",
        "ts_ns",
        "venue",
    )

    def __init__(self, base: str, quote: str) -> None:
        self.base = base
        self.quote = quote
        self.bid = 0.0
        self.ask = 0.0
        self.mid = 0.0
        self.is_known = False
        self.ts_ns = NEVER_NS
        self.is_fixed = False
        self.venue = ""
        self.routes: list[RouteState] = []  # routes whose legs this rate makes comparable

    def set(self, bid: float, ask: float, ts_ns: int) -> bool:
        """Take in a rate; returns whether it differs. A crossed or empty one is not taken."""
        if not 0.0 < bid <= ask:
            return False
        self.ts_ns = ts_ns
        if bid == self.bid and ask == self.ask:
            return False
        self.bid, self.ask = bid, ask
        self.mid, self.is_known = (bid + ask) / 2, True
        return True


class VenueState:
    """Whether a venue may be traded on; `reason` says why not."""

    __slots__ = ("is_up", "reason", "unexplained")

    def __init__(self) -> None:
        self.is_up = True
        self.reason = ""
        self.unexplained: dict[str, str] = {}
