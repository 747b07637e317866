"""The wire protocol of Binance USD-M futures for one account, without a socket or a clock.

`BinanceUsdmCodec` is the `VenueCodec` of the venue. What only this venue has (leverage, margin and
position mode, listen key, funding by REST, cancelling everything) are functions of `account`,
`market_rest` and `orders`, called with its `signer`. How a session drives the codec:

- every frame: `decode`, or `market.decode` itself where a call less counts;
- two sockets: `market_stream.PATHS` says which channel goes where, `subscribe` writes the frames;
- books by diffs: for every symbol of `unsynchronised()` send `sync_request` and feed the events of
  `synchronise`; a symbol that is still there wants another snapshot, after a pause;
- a lost connection: `lose_books()`;
- an unreadable frame: `MalformedData.symbol` names the book to drop, if there is one.
"""

from collections.abc import Sequence

from arbitrage.domain.events import BookSnapshot, Event, OrderUpdate
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.exchanges.binance_usdm import (
    account,
    budgets,
    facts,
    instruments,
    market_rest,
    order_answers,
    orders,
)
from arbitrage.exchanges.binance_usdm.auth import RequestSigner
from arbitrage.exchanges.binance_usdm.facts import BookStream
from arbitrage.exchanges.binance_usdm.market_stream import MarketStream
from arbitrage.exchanges.binance_usdm.order_tally import OrderTallies
from arbitrage.exchanges.binance_usdm.user_stream import UserStream
from arbitrage.exchanges.order_gateway import (
    AccountState,
    Answer,
    BudgetReading,
    Channel,
    Request,
    VenueCodec,
)


class BinanceUsdmCodec(VenueCodec):
    """Requests, answers and frames of one account; without an API key only the public ones.

    `unreadable` names symbols that are listed but cannot be traded here, each with the reason.
    Every `now_ns` is the venue's time (our clock plus its measured offset), every `ts_ns` ours.
    """

    venue = facts.VENUE

    def __init__(
        self,
        *,
        api_key: str = "",
        secret: str = "",
        recv_window_ms: int = facts.RECV_WINDOW_MS,
        book_stream: BookStream = BookStream.DIFF_100MS,
    ) -> None:
        self.signer = RequestSigner(api_key, secret, recv_window_ms)
        self.tallies = OrderTallies()
        self.limits = dict(budgets.DEFAULT_LIMITS)
        self.unreadable: dict[str, str] = {}
        self.market = MarketStream(book_stream)
        self.user = UserStream(self.tallies)

    # --- public -----------------------------------------------------------------------------------

    def instruments_request(self) -> Request:
        return instruments.instruments_request()

    def instruments(self, answer: Answer) -> list[Instrument]:
        """The linear perpetuals that trade; takes over the venue's limits too."""
        listing = instruments.listing(answer)
        self.limits.update(listing.limits)
        self.unreadable = listing.unreadable
        return listing.instruments

    def book_request(self, symbol: str) -> Request:
        return market_rest.book_request(symbol, facts.POLL_DEPTH)

    def book(self, symbol: str, answer: Answer, ts_ns: int) -> BookSnapshot:
        return market_rest.book(symbol, answer, ts_ns)

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> list[bytes]:
        """The frames for one connection. Raises `ConfigError` for channels of two paths."""
        return self.market.subscribe(symbols, channels)

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        return self.market.decode(frame, ts_ns)

    # --- books by diffs ---------------------------------------------------------------------------

    def unsynchronised(self) -> list[str]:
        """The subscribed symbols whose diffs wait for a snapshot."""
        return [symbol for symbol, book in self.market.books.items() if book.needs_snapshot]

    def sync_request(self, symbol: str) -> Request:
        return market_rest.book_request(symbol, facts.SYNC_DEPTH)

    def synchronise(self, symbol: str, answer: Answer, ts_ns: int) -> Sequence[Event]:
        """The book and the diffs since, or nothing if the snapshot came too early or unasked.

        Raises `KeyError` for a symbol whose diffs were not subscribed to, and as `book`.
        """
        return self.market.books[symbol].snapshot(market_rest.book(symbol, answer, ts_ns))

    def gaps(self) -> dict[str, int]:
        """How often the diffs of each subscribed symbol did not follow one another."""
        return {symbol: book.gaps for symbol, book in self.market.books.items()}

    def lose_books(self) -> None:
        """Books kept by diffs start anew: the connection that carried them is gone."""
        self.market.lose_books()

    # --- private ----------------------------------------------------------------------------------

    def place(self, intent: PlaceOrder, now_ns: int) -> Request:
        return orders.place(self.signer, intent, now_ns)

    def cancel(self, intent: CancelOrder, now_ns: int) -> Request:
        return orders.cancel(self.signer, intent, now_ns)

    def query(self, intent: QueryOrder, now_ns: int) -> Request:
        return orders.query(self.signer, intent, now_ns)

    def open_orders_request(self, symbol: str, now_ns: int) -> Request:
        return orders.open_orders(self.signer, symbol, now_ns)

    def fills_request(self, symbol: str, since_ns: int, now_ns: int) -> Request:
        return orders.fills(self.signer, symbol, since_ns, now_ns)

    def account_request(self, now_ns: int) -> Request:
        return account.account_request(self.signer, now_ns)

    def outcome(self, intent: PlaceOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
        return order_answers.outcome(self.tallies, intent, answer, ts_ns)

    def canceled(self, intent: CancelOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
        return order_answers.canceled(self.tallies, intent, answer, ts_ns)

    def queried(self, intent: QueryOrder, answer: Answer, ts_ns: int) -> OrderUpdate | None:
        return order_answers.queried(self.tallies, intent, answer, ts_ns)

    def open_orders(self, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
        return order_answers.open_orders(self.tallies, answer, ts_ns)

    def fills(self, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
        return order_answers.filled(self.tallies, answer, ts_ns)

    def account(self, answer: Answer) -> AccountState:
        return account.account(answer)

    def decode_private(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        return self.user.decode(frame, ts_ns)

    # --- limits -----------------------------------------------------------------------------------

    def budgets(self, answer: Answer, endpoint: str = "") -> list[BudgetReading]:  # noqa: ARG002
        return budgets.readings(answer, self.limits)
