"""The protocol of an exchange as ccxt speaks it: its calls are the requests, its dicts the frames.

A request names a call and carries its arguments as JSON; a frame is what a watched call returned.
Nothing is signed here and no ccxt is needed: `pool` and `watching` make the calls.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import (
    BookQuote,
    BookSnapshot,
    Event,
    Levels,
    MarketTrade,
    OrderUpdate,
)
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, PlaceOrder, Purpose, QueryOrder
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.ccxt import account, facts, markets, order_answers, orders
from arbitrage.exchanges.ccxt.account import FundingFrame, FundingNews
from arbitrage.exchanges.ccxt.answers import read, read_answer
from arbitrage.exchanges.ccxt.order_answers import OrderMemory, OrderReply
from arbitrage.exchanges.ccxt.orders import Abilities
from arbitrage.exchanges.order_gateway import (
    AccountState,
    Answer,
    BudgetReading,
    Channel,
    Lane,
    Request,
)

_URGENT = frozenset({Purpose.HEDGE, Purpose.REVERSE, Purpose.EXIT})
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
# How many requests a call may come to.
_WEIGHTS: Mapping[str, int] = {"find_order": 2, "account": 2, "orders_since": 2}


class BookFrame(msgspec.Struct, gc=False, tag_field="call", tag="book"):
    """`{"call":"book","symbol":"BTC/KRW","bids":[[108000000.0,0.5],...],"asks":[...]}`"""

    symbol: str
    bids: Levels
    asks: Levels


class Quote(msgspec.Struct, gc=False):
    bid: float | None
    bidVolume: float | None
    ask: float | None
    askVolume: float | None


class QuotesFrame(msgspec.Struct, tag_field="call", tag="quotes"):
    """`{"call":"quotes","quotes":{"BTC/USDT:USDT":{"bid":78000.0,"bidVolume":0.5,...}}}`"""

    quotes: dict[str, Quote]


class Trade(msgspec.Struct, gc=False):
    price: float
    amount: float
    side: str | None


class TradesFrame(msgspec.Struct, tag_field="call", tag="trades"):
    """`{"call":"trades","symbol":"BTC/KRW","trades":[{"price":1.0,"amount":0.1,"side":"buy"}]}`"""

    symbol: str
    trades: list[Trade]


class OrdersFrame(msgspec.Struct, tag_field="call", tag="orders"):
    """`{"call":"orders","orders":[...]}`: orders of which something has changed."""

    orders: list[OrderReply]


_BOOK = msgspec.json.Decoder(BookFrame)
_PUBLIC = msgspec.json.Decoder(BookFrame | QuotesFrame | TradesFrame)
_PRIVATE = msgspec.json.Decoder(OrdersFrame | FundingFrame)
_TIME = msgspec.json.Decoder(int)


class CcxtCodec:
    """One account at one exchange. `perpetuals` are those of the traded symbols, whose positions
    are asked for; `tick_sizes` are those that the user knows better than ccxt."""

    def __init__(
        self,
        exchange_id: str = "",
        *,
        abilities: Abilities | None = None,
        has_keys: bool = False,
        watches: Mapping[Channel, str] | None = None,
        perpetuals: Sequence[str] = (),
        tick_sizes: Mapping[str, Decimal] | None = None,
        can_cancel_by_client_id: bool = False,
    ) -> None:
        self.venue = f"{facts.VENUE}:{exchange_id}"
        self.abilities = abilities or Abilities()
        self._has_keys = has_keys
        self._watches = watches or {}
        self._perpetuals = tuple(perpetuals)
        self._tick_sizes = tick_sizes or {}
        self._can_cancel_by_client_id = can_cancel_by_client_id
        self._listed: dict[str, markets.Listed] = {}
        self._memory = OrderMemory()
        self._funding = FundingNews()

    # --- public -------------------------------------------------------------------------------

    def instruments_request(self) -> Request:
        return _request("markets", {})

    def instruments(self, answer: Answer) -> list[Instrument]:
        found = markets.listed(self.venue, answer, self._tick_sizes)
        self._listed = {one.instrument.symbol: one for one in found}
        return [one.instrument for one in found]

    def fees(self, symbol: str) -> FeeSchedule:
        """What ccxt says that everybody pays. Raises `ConfigError` where it says nothing."""
        listed = self._listed.get(symbol)
        if listed is None or listed.fees is None:
            raise ConfigError(
                f"{self.venue} {symbol}: ccxt does not tell fees; expected fees=FeeSchedule(...)"
            )
        return listed.fees

    def book_request(self, symbol: str) -> Request:
        return _request("book", {"symbol": symbol})

    def book(self, symbol: str, answer: Answer, ts_ns: int) -> BookSnapshot:
        return self._snapshot(read_answer(_BOOK, answer, f"{symbol} book"), ts_ns)

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> list[bytes]:
        """What to watch: quotes of all symbols in one call, anything else one call per symbol."""
        texts = []
        for channel in channels:
            watch = self._watches.get(channel)
            if watch is None:
                raise ConfigError(f"{self.venue} has no stream of {channel.value}")
            parts = [list(symbols)] if channel is Channel.QUOTE else [[one] for one in symbols]
            texts += [_encoded({"watch": watch, "symbols": part}) for part in parts]
        return texts

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        heard = read(_PUBLIC, frame, "message")
        if isinstance(heard, BookFrame):
            return (self._snapshot(heard, ts_ns),)
        if isinstance(heard, QuotesFrame):
            return self._quotes(heard, ts_ns)
        return [
            MarketTrade(ts_ns, self.venue, heard.symbol, one.price, one.amount, _SIDES[one.side])
            for one in heard.trades
            if one.side in _SIDES
        ]

    def _snapshot(self, book: BookFrame, ts_ns: int) -> BookSnapshot:
        bids = [level for level in book.bids if level[0] > 0 and level[1] > 0]
        asks = [level for level in book.asks if level[0] > 0 and level[1] > 0]
        if bids and asks and bids[0][0] >= asks[0][0]:
            raise MalformedData(
                f"{self.venue} {book.symbol}: bid {bids[0][0]} at or above ask {asks[0][0]}",
                symbol=book.symbol,
            )
        return BookSnapshot(ts_ns, self.venue, book.symbol, bids, asks)

    def _quotes(self, heard: QuotesFrame, ts_ns: int) -> list[Event]:
        """Only those with both prices and quantities can be traded on."""
        return [
            BookQuote(ts_ns, self.venue, symbol, one.bid, one.bidVolume, one.ask, one.askVolume)
            for symbol, one in heard.quotes.items()
            if one.bid and one.bidVolume and one.ask and one.askVolume
        ]

    def time_request(self) -> Request:
        return _request("time_ms", {})

    def time_ns(self, answer: Answer) -> int:
        return read_answer(_TIME, answer, "time") * NS_PER_MS

    # --- orders -------------------------------------------------------------------------------

    def place(self, intent: PlaceOrder, now_ns: int) -> Request:  # noqa: ARG002
        self._require_keys()
        listed = self._listed.get(intent.symbol)
        if listed is None:
            raise ConfigError(f"{self.venue} does not trade {intent.symbol!r}; nothing was sent")
        arguments = orders.arguments(intent, listed.instrument, self.abilities)
        self._memory.expect(intent.client_id)
        lane = Lane.URGENT if intent.purpose in _URGENT else Lane.ENTRY
        return _request("create_order", arguments, lane, method="POST")

    def cancel(self, intent: CancelOrder, now_ns: int) -> Request:  # noqa: ARG002
        """Raises `OrderRefused` while nothing is known by which the venue takes a cancel; the
        order is asked for, and cancelled once it was found."""
        self._require_keys()
        order_id = self._memory.order_id(intent.client_id)
        if not order_id and not self._can_cancel_by_client_id:
            raise orders.not_known_yet(intent)
        return _request("cancel_order", self._named(intent), Lane.URGENT, method="POST")

    def query(self, intent: QueryOrder, now_ns: int) -> Request:  # noqa: ARG002
        self._require_keys()
        return _request("find_order", self._named(intent), Lane.ACCOUNT)

    def _named(self, intent: CancelOrder | QueryOrder) -> dict[str, object]:
        return {
            "symbol": intent.symbol,
            "client_id": intent.client_id,
            "id": self._memory.order_id(intent.client_id),
        }

    def open_orders_request(self, symbol: str, now_ns: int) -> Request:  # noqa: ARG002
        self._require_keys()
        return _request("open_orders", {"symbol": symbol}, Lane.ACCOUNT)

    def orders_since_request(self, symbol: str, since_ns: int, now_ns: int) -> Request:  # noqa: ARG002
        arguments = {
            "symbol": symbol,
            "since_ms": since_ns // NS_PER_MS,
            "limit": facts.ORDERS_PER_LIST,
        }
        return _request("orders_since", arguments, Lane.ACCOUNT)

    def outcome(self, intent: PlaceOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
        return order_answers.outcome(intent, answer, ts_ns, self._memory)

    def queried(self, intent: QueryOrder, answer: Answer, ts_ns: int) -> OrderUpdate | None:
        return order_answers.queried(intent, answer, ts_ns, self._memory)

    def canceled(self, intent: CancelOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
        return order_answers.canceled(intent, answer, ts_ns)

    def open_orders(self, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
        return order_answers.listed(answer, ts_ns, self._memory)

    def subscribe_private(self, watches: Sequence[str], now_ms: int) -> list[bytes]:
        """What to watch of the account. Funding paid before the first time was in its balances."""
        self._funding.begin(now_ms)
        return [_encoded({"watch": watch, "symbols": self._perpetuals}) for watch in watches]

    def decode_private(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        heard = read(_PRIVATE, frame, "message about orders")
        if isinstance(heard, FundingFrame):
            return self._funding.payments(heard, self.venue, ts_ns)
        return [
            update
            for reply in heard.orders
            for update in order_answers.heard(reply, ts_ns, self._memory)
        ]

    # --- the account --------------------------------------------------------------------------

    def account_request(self, now_ns: int) -> Request:  # noqa: ARG002
        self._require_keys()
        return _request("account", {"perpetuals": self._perpetuals}, Lane.ACCOUNT)

    def account(self, answer: Answer) -> AccountState:
        return account.state(answer)

    def fee_request(self, symbol: str, now_ns: int) -> Request:  # noqa: ARG002
        return _request("fee", {"symbol": symbol}, Lane.ACCOUNT)

    def position_mode_request(self, symbol: str) -> Request:
        return _request("position_mode", {"symbol": symbol}, Lane.ACCOUNT)

    # --- limits -------------------------------------------------------------------------------

    def budgets(self, answer: Answer, endpoint: str = "") -> list[BudgetReading]:  # noqa: ARG002
        """ccxt passes on that we asked too often, and nothing else."""
        if answer.status != facts.TOO_MANY_REQUESTS:
            return []
        return [
            BudgetReading(facts.BUDGET, 0, 0, facts.BUDGET_WINDOW_NS, facts.STAY_AWAY_NS),
        ]

    def _require_keys(self) -> None:
        if not self._has_keys:
            raise ConfigError(
                f"{self.venue}: no keys were given, so nothing private can be asked for"
            )


def _request(
    call: str, arguments: Mapping[str, object], lane: Lane = Lane.MARKET, method: str = "GET"
) -> Request:
    weight = _WEIGHTS.get(call, 1)
    return Request(method, call, body=_encoded(arguments), lane=lane, weight=weight)


def _encoded(value: object) -> bytes:
    return msgspec.json.encode(value)
