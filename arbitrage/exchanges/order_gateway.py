"""What a native venue must be able to say and to read, without touching a socket.

A `VenueCodec` turns intents into signed requests and the venue's frames and answers into events.
It owns no connection and reads no clock: times are arguments. Whatever sends and receives
(sessions, tests, simulators) is built on it.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Protocol

import msgspec

from arbitrage.domain.events import BookSnapshot, Event, OrderUpdate
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, PlaceOrder, QueryOrder


class Lane(Enum):
    """Which budget a request spends. Cancels and hedges have a lane that entries never use."""

    MARKET = "market"
    ACCOUNT = "account"
    ENTRY = "entry"
    URGENT = "urgent"


class Request(msgspec.Struct, frozen=True):
    """One HTTP request, complete and signed. `target` is path and query as they go on the wire."""

    method: str
    target: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    lane: Lane = Lane.MARKET
    weight: int = 1


class Answer(msgspec.Struct, frozen=True):
    """What came back for a `Request`. Header names are lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


class BudgetReading(msgspec.Struct, frozen=True):
    """What a venue's headers say of a budget: `used` of `limit` in this window of `window_ns`.

    `retry_after_ns` is how long the venue told us to stay away, zero if it did not.
    """

    name: str
    used: int
    limit: int
    window_ns: int
    retry_after_ns: int = 0


class AccountState(msgspec.Struct, frozen=True):
    """Balances (totals by currency) and signed native positions by symbol, as the venue says."""

    balances: Mapping[str, Decimal] = {}
    positions: Mapping[str, Decimal] = {}


class Channel(Enum):
    BOOK = "book"
    QUOTE = "quote"
    TRADES = "trades"
    FUNDING = "funding"


class VenueCodec(Protocol):
    """The wire protocol of one venue for one account.

    Decoders raise `MalformedData` for what cannot be read; the session then drops the book and
    resynchronises. `outcome` is the three-way answer to an order: accepted or definitely refused
    as the update says, and everything else `IN_DOUBT`.
    """

    venue: str

    # public
    def instruments_request(self) -> Request: ...
    def instruments(self, answer: Answer) -> list[Instrument]: ...
    def book_request(self, symbol: str) -> Request: ...
    def book(self, symbol: str, answer: Answer, ts_ns: int) -> BookSnapshot: ...
    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> list[bytes]: ...
    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]: ...

    # private
    def place(self, intent: PlaceOrder, now_ns: int) -> Request: ...
    def cancel(self, intent: CancelOrder, now_ns: int) -> Request: ...
    def query(self, intent: QueryOrder, now_ns: int) -> Request: ...
    def open_orders_request(self, symbol: str, now_ns: int) -> Request: ...
    def account_request(self, now_ns: int) -> Request: ...
    def outcome(self, intent: PlaceOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate: ...
    def queried(self, intent: QueryOrder, answer: Answer, ts_ns: int) -> OrderUpdate | None: ...
    def canceled(self, intent: CancelOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate: ...
    def open_orders(self, answer: Answer, ts_ns: int) -> list[OrderUpdate]: ...
    def account(self, answer: Answer) -> AccountState: ...
    def decode_private(self, frame: bytes, ts_ns: int) -> Sequence[Event]: ...

    # limits
    def budgets(self, answer: Answer, endpoint: str = "") -> list[BudgetReading]:
        """What the headers of an answer say; `endpoint` is the path that was asked."""
        ...
