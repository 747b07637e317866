"""Whole books for those who want them one by one, kept from the events that the engine gets."""

from collections.abc import Callable
from functools import partial

from arbitrage.domain.events import BookDelta, BookQuote, BookSnapshot, Event
from arbitrage.domain.order_book import OrderBook, OrderBookSnapshot
from arbitrage.domain.units import ns_to_seconds

OnBook = Callable[[OrderBookSnapshot], None]


class BookListeners:
    """Those who listen, and the books that diffs are applied to for them.

    A diff that does not follow is left out until the next whole book.
    """

    def __init__(self) -> None:
        self._listeners: tuple[OnBook, ...] = ()
        self._books: dict[str, OrderBook] = {}

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def add(self, on_book: OnBook) -> Callable[[], None]:
        """Call `on_book` with every new book; returns the call that ends it."""
        listener: OnBook = partial(on_book)  # tells two subscriptions of one callable apart
        self._listeners = (*self._listeners, listener)

        def end() -> None:
            self._listeners = tuple(one for one in self._listeners if one is not listener)

        return end

    def take(self, event: Event) -> None:
        """Show what `event` makes of a book, if it is about one."""
        if isinstance(event, BookSnapshot):
            book = self._books.setdefault(event.symbol, OrderBook())
            book.replace(event.bids, event.asks, event.seq)
            self._show(OrderBookSnapshot.of_event(event))
        elif isinstance(event, BookDelta):
            self._take_delta(event)
        elif isinstance(event, BookQuote):
            bids, asks = [(event.bid, event.bid_qty)], [(event.ask, event.ask_qty)]
            self._show(
                OrderBookSnapshot.of_event(
                    BookSnapshot(event.ts_ns, event.venue, event.symbol, bids, asks)
                )
            )

    def _take_delta(self, event: BookDelta) -> None:
        book = self._books.get(event.symbol)
        if book is None:
            return
        if event.prev_seq != book.seq:
            del self._books[event.symbol]
            return
        book.apply(event.bids, event.asks, event.seq)
        self._show(
            OrderBookSnapshot(
                event.symbol,
                ns_to_seconds(event.ts_ns),
                list(book.bids),
                list(book.asks),
                event.ts_ns,
            )
        )

    def _show(self, book: OrderBookSnapshot) -> None:
        for listener in self._listeners:
            listener(book)
