"""Order books: the snapshot that users hand in and out, and the book that deltas keep current.

Levels are `(price, qty)` tuples, best first, floats: price in quote per base, native quantity.
A level of zero quantity or price is padding and is left out.
"""

from bisect import bisect_left
from collections.abc import Iterable
from math import isfinite

import msgspec

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BookSnapshot, Levels
from arbitrage.domain.units import ns_to_seconds, seconds_to_ns

# The year 5138 in seconds, 1973 in milliseconds: what lies above is not seconds.
_LATEST_EPOCH_SECONDS = 1e11


def _checked(symbol: str, side: str, levels: Iterable[tuple[float, float]], sign: int) -> Levels:
    """`levels` as float tuples without padding; `sign` is +1 where prices must rise."""
    checked: Levels = []
    for position, (raw_price, raw_qty) in enumerate(levels):
        price, qty = float(raw_price), float(raw_qty)
        if not (isfinite(price) and isfinite(qty)) or price < 0 or qty < 0:
            raise MalformedData(
                f"{symbol} {side}[{position}] is ({raw_price}, {raw_qty}); expected a finite price "
                "and quantity of at least zero; the book is refused"
            )
        if price == 0 or qty == 0:
            continue
        if checked and (price - checked[-1][0]) * sign <= 0:
            raise MalformedData(
                f"{symbol} {side}[{position}]: {price} follows {checked[-1][0]}; expected the best "
                "price first and no price twice; the book is refused"
            )
        checked.append((price, qty))
    return checked


class OrderBookSnapshot(msgspec.Struct, gc=False):
    """A whole book of one market at one moment.

    `timestamp` is seconds since the epoch; `bids` and `asks` are `[(price, qty), ...]`, best
    first. Raises `MalformedData` for levels out of order, negative or not finite, and for a
    timestamp that is not in seconds. A crossed book is accepted here and never traded on.
    """

    symbol: str
    timestamp: float
    bids: Levels
    asks: Levels
    ts_ns: int = 0

    def __post_init__(self) -> None:
        if self.ts_ns:
            return
        if not 0 <= self.timestamp < _LATEST_EPOCH_SECONDS:
            raise MalformedData(
                f"{self.symbol}: timestamp {self.timestamp} is not seconds since the epoch; "
                "the book is refused"
            )
        self.ts_ns = seconds_to_ns(self.timestamp)
        self.bids = _checked(self.symbol, "bids", self.bids, -1)
        self.asks = _checked(self.symbol, "asks", self.asks, +1)

    @classmethod
    def of_event(cls, event: BookSnapshot) -> "OrderBookSnapshot":
        """The same book as an event's; the levels are shared, not copied."""
        return cls(event.symbol, ns_to_seconds(event.ts_ns), event.bids, event.asks, event.ts_ns)

    def event(self, venue: str) -> BookSnapshot:
        """The same book as an event of `venue`; the levels are shared, not copied."""
        return BookSnapshot(self.ts_ns, venue, self.symbol, self.bids, self.asks)

    @property
    def best_bid(self) -> float | None:
        return self.bids[0][0] if self.bids else None

    @property
    def best_ask(self) -> float | None:
        return self.asks[0][0] if self.asks else None

    @property
    def mid(self) -> float | None:
        """Half way between best bid and best ask, in quote per base."""
        return (self.bids[0][0] + self.asks[0][0]) / 2 if self.bids and self.asks else None

    @property
    def is_crossed(self) -> bool:
        return bool(self.bids and self.asks) and self.bids[0][0] >= self.asks[0][0]


class OrderBook:
    """A book kept current by deltas: sorted lists of levels beside lists of their sort keys.

    `bids` and `asks` are the same two list objects for the life of the book, so a reader holds
    them once. An update is O(log n) to find and one `memmove` to insert.
    """

    __slots__ = ("_ask_keys", "_bid_keys", "asks", "bids", "seq")

    def __init__(self) -> None:
        self.bids: Levels = []
        self.asks: Levels = []
        self.seq = 0
        self._bid_keys: list[float] = []
        self._ask_keys: list[float] = []

    def replace(self, bids: Levels, asks: Levels, seq: int) -> None:
        """Take over a whole book."""
        self.bids[:] = bids
        self.asks[:] = asks
        self._bid_keys[:] = [-price for price, _ in bids]
        self._ask_keys[:] = [price for price, _ in asks]
        self.seq = seq

    def apply(self, bids: Levels, asks: Levels, seq: int) -> None:
        """Change the levels named; a quantity of zero removes one. The caller checks sequence."""
        for price, qty in bids:
            _set_level(self._bid_keys, self.bids, -price, price, qty)
        for price, qty in asks:
            _set_level(self._ask_keys, self.asks, price, price, qty)
        self.seq = seq


def _set_level(keys: list[float], levels: Levels, key: float, price: float, qty: float) -> None:
    position = bisect_left(keys, key)
    is_known = position < len(keys) and keys[position] == key
    if qty > 0:
        if is_known:
            levels[position] = (price, qty)
        else:
            keys.insert(position, key)
            levels.insert(position, (price, qty))
    elif is_known:
        del keys[position]
        del levels[position]
