"""The wire protocol of Bybit v5 for one account and one category, without a socket or a clock.

`BybitCodec` is the `VenueCodec` of two venues, `bybit` (linear perpetuals) and `bybit-spot`. What
only this venue has (leverage, position mode, funding by REST, cancelling everything, orders by
cost, orders by websocket) are functions of `account`, `market_rest`, `orders` and `trade_stream`,
called with its `signer`. How a session drives the codec:

- every frame: `decode`, or `market.decode` itself where a call less counts;
- a ping every `facts.PING_EVERY_NS` on every connection;
- books: their snapshots come by themselves. A symbol that is still in `unsynchronised()`
  `facts.SNAPSHOT_WITHIN_NS` after its subscription or its gap gets the frames of `resubscribe`;
- a new private connection: `login_frame`, once that is confirmed `user_stream.SUBSCRIBE`, then
  ask for open orders, fills and balances;
- a lost connection: `lose_books()`;
- lists in pages: ask again with `next_cursor` of the answer until that is empty;
- an unreadable frame: `MalformedData.symbol` names the book to drop, if there is one.
"""

from collections.abc import Iterable, Sequence

from arbitrage.domain.events import BookSnapshot, Event, OrderUpdate
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.exchanges.bybit import (
    account,
    answers,
    budgets,
    facts,
    instruments,
    market_rest,
    order_answers,
    orders,
    user_stream,
)
from arbitrage.exchanges.bybit.auth import RequestSigner
from arbitrage.exchanges.bybit.executions import Executions
from arbitrage.exchanges.bybit.facts import VENUES, BookStream, Category
from arbitrage.exchanges.bybit.market_stream import MarketStream
from arbitrage.exchanges.bybit.order_search import OrderSearch
from arbitrage.exchanges.bybit.order_tally import OrderTallies
from arbitrage.exchanges.bybit.user_stream import UserStream
from arbitrage.exchanges.order_gateway import (
    AccountState,
    Answer,
    BudgetReading,
    Channel,
    Request,
    VenueCodec,
)


class BybitCodec(VenueCodec):
    """Requests, answers and frames of one account; without an API key only the public ones.

    `unreadable` names symbols that are listed but cannot be traded here, each with the reason.
    Every `now_ns` is the venue's time (our clock plus its measured offset), every `ts_ns` ours.
    """

    def __init__(
        self,
        category: Category = Category.LINEAR,
        *,
        api_key: str = "",
        secret: str = "",
        recv_window_ms: int = facts.RECV_WINDOW_MS,
        book_stream: BookStream = BookStream.LEVELS_50,
    ) -> None:
        self.venue = VENUES[category]
        self.category = category
        self.signer = RequestSigner(api_key, secret, recv_window_ms)
        self.tallies = OrderTallies()
        self.search = OrderSearch()
        self.unreadable: dict[str, str] = {}
        self.market = MarketStream(category, book_stream)
        self.executions = Executions(category, self.tallies)
        self.user = UserStream(category, self.tallies, self.executions)

    # --- public -----------------------------------------------------------------------------------

    def instruments_request(self, cursor: str = "") -> Request:
        return instruments.instruments_request(self.category, cursor)

    def instruments(self, answer: Answer) -> list[Instrument]:
        """The markets of one page that trade."""
        listing = instruments.listing(self.category, answer)
        self.unreadable.update(listing.unreadable)
        return listing.instruments

    def next_cursor(self, answer: Answer) -> str:
        """Where the page after that of `answer` begins; empty on the last one."""
        return answers.next_cursor(answer)

    def book_request(self, symbol: str) -> Request:
        return market_rest.book_request(self.category, symbol, facts.POLL_DEPTH)

    def book(self, symbol: str, answer: Answer, ts_ns: int) -> BookSnapshot:
        return market_rest.book(self.category, symbol, answer, ts_ns)

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> list[bytes]:
        return self.market.subscribe(symbols, channels)

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        return self.market.decode(frame, ts_ns)

    # --- books by deltas --------------------------------------------------------------------------

    def unsynchronised(self) -> list[str]:
        """The subscribed symbols whose deltas wait for a snapshot."""
        return [symbol for symbol, book in self.market.books.items() if book.needs_snapshot]

    def resubscribe(self, symbol: str) -> list[bytes]:
        return self.market.resubscribe(symbol)

    def gaps(self) -> dict[str, int]:
        """How often the deltas of each subscribed symbol did not follow one another."""
        return {symbol: book.gaps for symbol, book in self.market.books.items()}

    def lose_books(self) -> None:
        """Books kept by deltas start anew: the connection that carried them is gone."""
        self.market.lose_books()

    # --- private ----------------------------------------------------------------------------------

    def place(self, intent: PlaceOrder, now_ns: int) -> Request:
        return orders.place(self.signer, self.category, intent, now_ns)

    def cancel(self, intent: CancelOrder, now_ns: int) -> Request:
        return orders.cancel(self.signer, self.category, intent, now_ns)

    def query(self, intent: QueryOrder, now_ns: int) -> Request:
        """Asks the next of the lists in which the order may be; see `order_search`."""
        place = self.search.next_place(intent.client_id, now_ns)
        return orders.query(self.signer, self.category, intent, place, now_ns)

    def open_orders_request(self, symbol: str, now_ns: int, cursor: str = "") -> Request:
        return orders.open_orders(self.signer, self.category, symbol, now_ns, cursor)

    def fills_request(self, symbol: str, since_ns: int, now_ns: int, cursor: str = "") -> Request:
        return orders.executions(self.signer, self.category, symbol, since_ns, now_ns, cursor)

    def account_request(self, now_ns: int) -> Request:
        """Asks for the wallet; positions are asked for by `positions_request`."""
        return account.wallet_request(self.signer, now_ns)

    def positions_request(self, now_ns: int, settle: str = "USDT", cursor: str = "") -> Request:
        return account.positions_request(self.signer, now_ns, settle, cursor)

    def login_frame(self, now_ns: int) -> bytes:
        return user_stream.login_frame(self.signer, now_ns)

    def outcome(self, intent: PlaceOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
        return order_answers.outcome(self.tallies, intent, answer, ts_ns)

    def canceled(self, intent: CancelOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
        return order_answers.canceled(self.tallies, intent, answer, ts_ns)

    def queried(self, intent: QueryOrder, answer: Answer, ts_ns: int) -> OrderUpdate | None:
        return order_answers.queried(self.tallies, self.search, intent, answer, ts_ns)

    def open_orders(self, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
        return order_answers.open_orders(self.tallies, answer, ts_ns)

    def fills(self, answer: Answer, ts_ns: int) -> list[Event]:
        """The orders with fills on this page, with their totals, and the funding booked since."""
        return self.executions.listed(answer, ts_ns)

    def account(self, answer: Answer, position_pages: Iterable[Answer] = ()) -> AccountState:
        """Balances from the wallet; positions only from the pages that are handed in."""
        return account.account(answer, position_pages)

    def decode_private(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        return self.user.decode(frame, ts_ns)

    # --- limits -----------------------------------------------------------------------------------

    def budgets(self, answer: Answer, endpoint: str = "") -> list[BudgetReading]:
        return budgets.readings(answer, endpoint)
