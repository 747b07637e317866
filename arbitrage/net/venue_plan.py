"""What a venue has to say of itself before a gateway can be built: addresses, sessions, limits, and
what it can be asked beyond the contract of every codec.

Plain values and functions, filled in by the venue's own folder. What a venue has not is left out,
and the gateway then does without, or refuses what cannot be done safely without it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

from arbitrage.domain.events import Event, OrderUpdate
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, PlaceOrder
from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.base import Balance, OpenPosition
from arbitrage.exchanges.order_gateway import AccountState, Answer, Channel, Request, VenueCodec
from arbitrage.net.backoff import Backoff
from arbitrage.net.budgets import BudgetRule
from arbitrage.net.heartbeat import SessionTerms
from arbitrage.net.http import PoolTerms
from arbitrage.net.transport import NewConnection, Transport
from arbitrage.net.websocket import Endpoint, WebSocket

# Asks the venue by REST: what builds the request is given the venue's time, once per attempt.
Ask = Callable[[Callable[[int], Request]], Awaitable[Answer]]
Decode = Callable[[bytes, int], Sequence[Event]]


class PublicStreams(msgspec.Struct, frozen=True, kw_only=True):
    """One address of market data: the channels it serves, and how many symbols a connection of it
    carries."""

    url: str
    channels: frozenset[Channel]
    max_symbols: int
    terms: SessionTerms


class PrivateStream(msgspec.Struct, frozen=True, kw_only=True):
    """The stream of our orders. `endpoint` is asked anew for each connection.

    `decode` may raise `Unavailable` for a frame that ends the session; then another one is opened.
    Every `keep_alive_seconds` the request of `keep_alive` is sent.
    """

    endpoint: Callable[[Ask], Awaitable[Endpoint]]
    decode: Decode
    terms: SessionTerms
    keep_alive: Callable[[int], Request] | None = None
    keep_alive_seconds: float = 1800.0


class BookSync(msgspec.Struct, frozen=True, kw_only=True):
    """Books that are kept by diffs and need a snapshot: which, how to ask, how to join it."""

    unsynchronised: Callable[[], Sequence[str]]
    request: Callable[[str], Request]
    join: Callable[[str, Answer, int], Sequence[Event]]
    lose: Callable[[str], None]


class Resubscription(msgspec.Struct, frozen=True, kw_only=True):
    """Books that are kept by updates and begin anew with a subscription: which wait for a
    snapshot, and the texts that ask for one on the connection that carries the symbol.

    At most `texts_per_hour` are sent on one connection, besides those that it begins with.
    """

    unsynchronised: Callable[[], Sequence[str]]
    frames: Callable[[str], Sequence[bytes]]
    lose: Callable[[str], None]
    texts_per_hour: int = 240


class OrderHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A list of orders of a symbol made since a time, given as symbol, that time and now, both the
    venue's. One of `full_length` may have been cut, so it proves nothing."""

    request: Callable[[str, int, int], Request]
    read: Callable[[Answer, int], list[OrderUpdate]]
    full_length: int


class ServerClock(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's clock: how to ask, its answer in nanoseconds, and how finely that is told."""

    request: Callable[[], Request]
    read: Callable[[Answer], int]
    resolution_ns: int = NS_PER_MS


class AccountFees(msgspec.Struct, frozen=True, kw_only=True):
    """What the account pays on a symbol, given as symbol and the venue's time."""

    request: Callable[[str, int], Request]
    read: Callable[[Answer], FeeSchedule]


class Positions(msgspec.Struct, frozen=True, kw_only=True):
    """The account's perpetual positions with prices and margin."""

    request: Callable[[int], Request]
    read: Callable[[Answer], list[OpenPosition]]


class KeyRights(msgspec.Struct, frozen=True, kw_only=True):
    """What an API key may do; None where the venue does not tell."""

    can_trade: bool | None = None
    can_withdraw: bool | None = None


class KeyCheck(msgspec.Struct, frozen=True, kw_only=True):
    """How to ask for the rights of the key, given the venue's time. `rest_url` is another address
    than the plan's where they are told elsewhere."""

    request: Callable[[int], Request]
    read: Callable[[Answer], KeyRights]
    rest_url: str = ""


class Maintenance(msgspec.Struct, frozen=True, kw_only=True):
    """How to ask whether the venue is in maintenance; `read` gives the reason, empty if it is
    not."""

    request: Callable[[int], Request]
    read: Callable[[Answer], str]
    rest_url: str = ""


class WalletState(msgspec.Struct, frozen=True):
    """Whether a currency can be moved now."""

    can_deposit: bool
    can_withdraw: bool


class Wallets(msgspec.Struct, frozen=True, kw_only=True):
    """The wallets by currency; one with several networks is open if one of them is."""

    request: Callable[[int], Request]
    read: Callable[[Answer], Mapping[str, WalletState]]
    rest_url: str = ""


class OrderStream(msgspec.Struct, frozen=True, kw_only=True):
    """Orders by websocket. `place` and `cancel` are given the intent, a request id that is used
    once, and the venue's time; the body of what they make is the text to send, its lane and weight
    what it costs. `answer` reads which request a message answers, and as REST would; None for a
    message that answers none.
    """

    endpoint: Callable[[Ask], Awaitable[Endpoint]]
    place: Callable[[PlaceOrder, str, int], Request]
    cancel: Callable[[CancelOrder, str, int], Request]
    answer: Callable[[bytes], tuple[str, Answer] | None]
    terms: SessionTerms


class GatewayTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How often a gateway looks and asks, in seconds."""

    start_seconds: float = 20.0
    reconcile_seconds: float = 60.0
    recheck_seconds: float = 2.0
    clock_seconds: float = 60.0
    maintenance_seconds: float = 60.0
    settle_seconds: float = 0.05
    resync_seconds: float = 0.05
    snapshot_pause_seconds: float = 0.5
    snapshot_patience_seconds: float = 5.0
    silent_order_seconds: float = 1.0
    pursuit: Backoff = Backoff(0.2, 5.0)


class VenuePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A venue as the gateway sees it.

    `lingering_ns` is how long after it was written a request may still take effect at the venue.
    `open_orders_full` is the length at which a list of open orders may have been cut;
    `lists_all_symbols` says that an empty symbol asks for those of all. A balance that differs
    from ours by at most `tolerances[currency]`, or `tolerance`, ties out. `prepare` is awaited
    once the markets are known and before the first order, where there are keys; it raises
    `ConfigError` for an account that cannot be traded. `read_account` is for venues that tell
    balances and positions in more than one answer. `transport` is for those that are reached
    through another library; without it our own sockets are used.
    """

    codec: VenueCodec
    rest_url: str
    public: tuple[PublicStreams, ...]
    load_instruments: Callable[[Ask, Sequence[str]], Awaitable[list[Instrument]]]
    documented_fees: Callable[[Instrument], FeeSchedule]
    budgets: tuple[BudgetRule, ...]
    lingering_ns: int
    open_orders_full: int
    lists_all_symbols: bool = False
    private: PrivateStream | None = None
    book_sync: BookSync | None = None
    resubscription: Resubscription | None = None
    prepare: Callable[[Ask], Awaitable[None]] | None = None
    read_account: Callable[[Ask], Awaitable[AccountState]] | None = None
    order_stream: OrderStream | None = None
    key_check: KeyCheck | None = None
    maintenance: Maintenance | None = None
    wallets: Wallets | None = None
    history: OrderHistory | None = None
    fills: OrderHistory | None = None
    clock: ServerClock | None = None
    account_fees: AccountFees | None = None
    balances: Callable[[Answer], Mapping[str, Balance]] | None = None
    positions: Positions | None = None
    tolerance: Decimal = Decimal("0.000001")
    tolerances: Mapping[str, Decimal] = {}
    polls: PoolTerms = PoolTerms(connections=2)
    orders: PoolTerms = PoolTerms(connections=4, max_waiting=16)
    reconnect: Backoff = Backoff()
    times: GatewayTimes = GatewayTimes()
    transport: Transport | None = None

    @property
    def venue(self) -> str:
        return self.codec.venue

    @property
    def new_connection(self) -> NewConnection:
        return WebSocket if self.transport is None else self.transport.connection
