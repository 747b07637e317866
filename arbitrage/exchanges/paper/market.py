"""One market of the paper venue: its book as last shown, what we took from it, orders at rest.

Nothing here knows of money; `matching` holds the rules by which orders meet the book. A market is
*quiet* while a new book can simply be stored: nothing taken, nothing at rest, no position.
"""

from decimal import Decimal

from arbitrage.domain.events import BookDelta, BookQuote, Funding, Levels
from arbitrage.domain.order_book import OrderBook
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO
from arbitrage.exchanges.paper.matching import (
    RestingOrder,
    Take,
    displayed_at,
    shorten_queue,
    walk,
)


class PaperMarket:
    """`is_known` is False before the first book and after a delta that did not follow."""

    __slots__ = (
        "_deltas",
        "asks",
        "bids",
        "funding",
        "has_position",
        "is_known",
        "is_quiet",
        "resting",
        "seq",
        "settled_ns",
        "symbol",
        "taken_asks",
        "taken_bids",
    )

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.bids: Levels = []
        self.asks: Levels = []
        self.seq = 0
        self.is_known = False
        self.is_quiet = True
        self.has_position = False
        self.taken_bids: dict[float, Decimal] = {}
        self.taken_asks: dict[float, Decimal] = {}
        self.resting: dict[str, RestingOrder] = {}
        self.funding: Funding | None = None
        self.settled_ns = 0
        self._deltas: OrderBook | None = None

    @property
    def mid(self) -> float | None:
        """Half way between the touch prices, in quote per base; None for a one-sided book."""
        if not self.bids or not self.asks:
            return None
        return (self.bids[0][0] + self.asks[0][0]) / 2

    def refresh_quiet(self) -> None:
        self.is_quiet = not (
            self.resting or self.taken_bids or self.taken_asks or self.has_position
        )

    # --- the book ------------------------------------------------------------------------------

    def replace(self, bids: Levels, asks: Levels, seq: int) -> None:
        """Take over a whole book; every level is shown again. The lists are shared."""
        self.bids, self.asks, self.seq = bids, asks, seq
        self.is_known = True
        self.taken_bids.clear()
        self.taken_asks.clear()

    def quote(self, event: BookQuote) -> None:
        """Take over a book of one level a side; a zero is an empty side."""
        bids = [(event.bid, event.bid_qty)] if event.bid > 0 and event.bid_qty > 0 else []
        asks = [(event.ask, event.ask_qty)] if event.ask > 0 and event.ask_qty > 0 else []
        self.replace(bids, asks, 0)

    def change(self, event: BookDelta) -> None:
        """Take in changed levels, which are thereby shown again.

        A delta that does not follow leaves no book at all until the next whole one.
        """
        if not self.is_known or event.prev_seq != self.seq:
            self.replace([], [], 0)
            self.is_known = False
            return
        deltas = self._deltas
        if deltas is None or self.bids is not deltas.bids:
            deltas = self._deltas = OrderBook()
            deltas.replace(self.bids, self.asks, self.seq)
            self.bids, self.asks = deltas.bids, deltas.asks
        deltas.apply(event.bids, event.asks, event.seq)
        self.seq = event.seq
        for price, _ in event.bids:
            self.taken_bids.pop(price, None)
        for price, _ in event.asks:
            self.taken_asks.pop(price, None)

    # --- taking --------------------------------------------------------------------------------

    def takes(
        self, side: Side, qty: Decimal, limit: Decimal | None, lot_size: Decimal
    ) -> list[Take]:
        """What an order on `side` would take now."""
        levels, taken = self._opposite(side)
        return walk(levels, taken, side=side, qty=qty, limit=limit, lot_size=lot_size)

    def consume(self, side: Side, takes: list[Take]) -> None:
        """Remove what an order on `side` took until it is shown again."""
        _, taken = self._opposite(side)
        for take in takes:
            taken[take.level] = taken.get(take.level, ZERO) + take.qty
        self.refresh_quiet()

    def _opposite(self, side: Side) -> tuple[Levels, dict[float, Decimal]]:
        return (self.asks, self.taken_asks) if side is Side.BUY else (self.bids, self.taken_bids)

    # --- resting -------------------------------------------------------------------------------

    def join(self, resting: RestingOrder) -> None:
        """Put an order at the end of the queue at its price."""
        side = resting.order.intent.side
        levels, taken = self._opposite(side.opposite)
        shown = displayed_at(levels, resting.level, side)
        if shown is not None:
            shown = max(ZERO, shown - taken.get(resting.level, ZERO))
        resting.ahead = shown
        self.resting[resting.order.intent.client_id] = resting
        self.is_quiet = False

    def leave(self, client_id: str) -> RestingOrder | None:
        """Take an order out, if it is at rest here."""
        resting = self.resting.pop(client_id, None)
        self.refresh_quiet()
        return resting

    def by_priority(self, side: Side) -> list[RestingOrder]:
        """Our orders at rest on `side`: best price first, then by time."""
        mine = [order for order in self.resting.values() if order.order.intent.side is side]
        return sorted(mine, key=lambda resting: -resting.level * side.sign)

    def has_reached(self, resting: RestingOrder) -> bool:
        """Whether the opposite side is displayed at the price of an order at rest or better."""
        side = resting.order.intent.side
        levels, _ = self._opposite(side)
        return bool(levels) and (levels[0][0] - resting.level) * side.sign <= 0

    def shorten_queues(self) -> None:
        """Take in what the book displays now at the prices of our orders at rest."""
        if not self.is_known:
            return
        for resting in self.resting.values():
            side = resting.order.intent.side
            levels, _ = self._opposite(side.opposite)
            shorten_queue(resting, displayed_at(levels, resting.level, side))

    def same_side_qty(self, side: Side) -> Decimal:
        """Native quantity of our orders at rest on `side` that is not filled yet."""
        return sum((resting.remaining for resting in self.by_priority(side)), ZERO)
