"""The wire protocol of OKX v5 for one account, spot and swaps, without a socket or a clock.

`OkxCodec` is the `VenueCodec` of the venue. What only this venue has (leverage, position mode, the
dead man's switch, maintenance) are functions of `account`, `orders` and `market_rest`, called with
its `signer`. How a session drives the codec:

- spot and swaps are listed apart: `instruments_request(kind)` for each that is traded, before the
  first private message, for only the list tells the sizes of contracts;
- `configuration` before the first order: it tells how spot is to be ordered and charged;
- every public frame: `decode`, or `market.decode` itself where a call less counts;
- books by updates: for every symbol of `unsynchronised()` send the frames of `resubscribe` on the
  connection that carries it, after a pause; a lost connection: `lose_books()`;
- an unreadable frame: `MalformedData.symbol` names the book to drop, if there is one;
- a private connection: `login`, and once `is_login` says yes, `subscribe_private`; another one
  for orders by websocket, for the venue's answers to them come beside what it pushes;
- after `facts.IDLE_CLOSE_NS` without a frame a connection is closed: send `facts.PING`.
"""

from collections.abc import Sequence
from decimal import Decimal

from arbitrage.domain.events import BookSnapshot, Event, OrderUpdate
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder
from arbitrage.exchanges.okx import (
    account,
    budgets,
    facts,
    instruments,
    market_rest,
    order_answers,
    order_stream,
    orders,
    user_stream,
)
from arbitrage.exchanges.okx.account import Configuration
from arbitrage.exchanges.okx.auth import RequestSigner
from arbitrage.exchanges.okx.facts import BookStream
from arbitrage.exchanges.okx.instruments import Contract
from arbitrage.exchanges.okx.market_stream import MarketStream
from arbitrage.exchanges.okx.orders import SpotMode
from arbitrage.exchanges.okx.user_stream import UserStream
from arbitrage.exchanges.order_gateway import (
    AccountState,
    Answer,
    BudgetReading,
    Channel,
    Request,
    VenueCodec,
)


class OkxCodec(VenueCodec):
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
        passphrase: str = "",
        is_demo: bool = False,
        book_stream: BookStream = BookStream.UPDATES_400,
    ) -> None:
        self.signer = RequestSigner(api_key, secret, passphrase, is_demo=is_demo)
        self.spot_mode = SpotMode.CASH
        self.spot_manner = FeeManner.RECEIVED
        self.contracts: dict[str, Contract] = {}
        self.unreadable: dict[str, str] = {}
        self.market = MarketStream(book_stream)
        self.user = UserStream(self.contracts)

    # --- public -----------------------------------------------------------------------------------

    def instruments_request(self, kind: InstrumentKind = InstrumentKind.SPOT) -> Request:
        return instruments.instruments_request(kind)

    def instruments(self, answer: Answer) -> list[Instrument]:
        """The spot markets, or the linear swaps, that are live; takes over their sizes too."""
        listing = instruments.listing(answer)
        self.contracts.update(listing.contracts)
        self.unreadable.update(listing.unreadable)
        return listing.instruments

    def documented_fees(self, symbol: str) -> FeeSchedule:
        return account.documented_fees(symbol)

    def book_request(self, symbol: str) -> Request:
        return market_rest.book_request(symbol, facts.POLL_DEPTH)

    def book(self, symbol: str, answer: Answer, ts_ns: int) -> BookSnapshot:
        return market_rest.book(symbol, answer, ts_ns)

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> list[bytes]:
        return self.market.subscribe(symbols, channels)

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        return self.market.decode(frame, ts_ns)

    # --- books by updates -------------------------------------------------------------------------

    def unsynchronised(self) -> list[str]:
        """The subscribed symbols whose updates wait for a snapshot."""
        return [symbol for symbol, book in self.market.books.items() if book.needs_snapshot]

    def resubscribe(self, symbol: str) -> list[bytes]:
        """The frames that bring a new snapshot. Raises `KeyError` for a symbol whose updates were
        not subscribed to."""
        return self.market.resubscribe(symbol)

    def gaps(self) -> dict[str, int]:
        """How often the updates of each subscribed symbol did not follow one another."""
        return {symbol: book.gaps for symbol, book in self.market.books.items()}

    def lose_books(self) -> None:
        """Books kept by updates start anew: the connection that carried them is gone."""
        self.market.lose_books()

    # --- private ----------------------------------------------------------------------------------

    def place(self, intent: PlaceOrder, now_ns: int) -> Request:
        return orders.place(self.signer, self.spot_mode, intent, now_ns)

    def place_by_cost(self, intent: PlaceOrder, cost: Decimal, now_ns: int) -> Request:
        return orders.place_by_cost(self.signer, self.spot_mode, intent, cost, now_ns)

    def cancel(self, intent: CancelOrder, now_ns: int) -> Request:
        return orders.cancel(self.signer, intent, now_ns)

    def cancel_batch(self, intents: Sequence[CancelOrder], now_ns: int) -> Request:
        return orders.cancel_batch(self.signer, intents, now_ns)

    def query(self, intent: QueryOrder, now_ns: int) -> Request:
        return orders.query(self.signer, intent, now_ns)

    def open_orders_request(self, symbol: str, now_ns: int, after: str = "") -> Request:
        return orders.open_orders(self.signer, symbol, now_ns, after)

    def closed_orders_request(self, symbol: str, since_ns: int, now_ns: int) -> Request:
        return orders.closed_orders(self.signer, symbol, since_ns, now_ns)

    def fills_request(self, symbol: str, since_ns: int, now_ns: int) -> Request:
        return orders.fills(self.signer, symbol, since_ns, now_ns)

    def account_request(self, now_ns: int) -> Request:
        return account.account_request(self.signer, now_ns)

    def configuration_request(self, now_ns: int) -> Request:
        return account.configuration_request(self.signer, now_ns)

    def outcome(self, intent: PlaceOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
        return order_answers.outcome(intent, answer, ts_ns)

    def canceled(self, intent: CancelOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
        return order_answers.canceled(intent, answer, ts_ns)

    def canceled_batch(
        self, intents: Sequence[CancelOrder], answer: Answer | None, ts_ns: int
    ) -> list[OrderUpdate]:
        return order_answers.canceled_batch(intents, answer, ts_ns)

    def queried(self, intent: QueryOrder, answer: Answer, ts_ns: int) -> OrderUpdate | None:
        return order_answers.queried(self.contracts, intent, answer, ts_ns)

    def open_orders(self, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
        return order_answers.listed(self.contracts, answer, ts_ns)

    def closed_orders(self, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
        return order_answers.listed(self.contracts, answer, ts_ns)

    def fills(self, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
        return order_answers.filled(self.contracts, answer, ts_ns)

    def account(self, answer: Answer, positions: Answer | None = None) -> AccountState:
        """Balances; positions too if the answer to `account.positions_request` is given, for the
        venue tells them apart."""
        return account.account(answer, positions)

    def configuration(self, answer: Answer) -> Configuration:
        """The settings of the account; from now on spot is ordered and charged as they say."""
        said = account.configuration(answer)
        self.spot_mode, self.spot_manner = said.spot_mode, said.spot_manner
        return said

    def fees(self, answer: Answer) -> FeeSchedule:
        return account.fees(answer, self.spot_manner)

    # --- the private connection -------------------------------------------------------------------

    def login(self, now_ns: int) -> bytes:
        return self.signer.login(now_ns)

    def is_login(self, frame: bytes) -> bool:
        return user_stream.is_login(frame)

    def subscribe_private(self) -> list[bytes]:
        return [user_stream.SUBSCRIPTION]

    def is_of_session(self, frame: bytes) -> bool:
        return user_stream.is_of_session(frame)

    def place_frame(self, intent: PlaceOrder, request_id: str, now_ns: int) -> bytes:
        """The frame that orders on a private connection; `order_stream.reply` reads its answer."""
        code = self._code(intent.symbol)
        return order_stream.place_frame(self.spot_mode, intent, code, request_id, now_ns)

    def cancel_frame(self, intent: CancelOrder, request_id: str) -> bytes:
        return order_stream.cancel_frame(intent, self._code(intent.symbol), request_id)

    def _code(self, symbol: str) -> int:
        contract = self.contracts.get(symbol)
        return contract.code if contract is not None else 0

    def decode_private(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        return self.user.decode(frame, ts_ns)

    # --- limits -----------------------------------------------------------------------------------

    def budgets(self, answer: Answer, endpoint: str = "") -> list[BudgetReading]:
        """`endpoint` is the path that was asked; without it the reading names none."""
        return budgets.readings(answer, endpoint)
