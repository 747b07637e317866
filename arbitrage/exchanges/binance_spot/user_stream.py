"""The account's events on the websocket API: our orders and balances as the venue pushes them.

Amounts are exact. Kinds of events that we have no use for are passed over: a `balanceUpdate` is a
mere difference, and the totals follow it. The end of the stream, and a subscription that was
refused, take the venue down until someone has looked. The same socket carries the answers to
orders, which are for whoever sent them (`ws_api.answer_of`).
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BalanceUpdate, Event, VenueStatus
from arbitrage.domain.units import EXACT, ZERO
from arbitrage.exchanges.binance_spot.facts import VENUE
from arbitrage.exchanges.binance_spot.order_tally import OrderTallies
from arbitrage.exchanges.binance_spot.refusals import VenueError
from arbitrage.exchanges.binance_spot.wire import (
    UNREADABLE,
    UpdateId,
    require_plain,
    require_total,
)

SUBSCRIPTION_ID = "user-data"  # the id of the request that starts the stream
_SHOWN_BYTES = 60  # of an unreadable frame: its kind


class _Kind(msgspec.Struct):
    e: str


class _Frame(msgspec.Struct):
    event: _Kind | None = None
    id: str | int | None = None
    status: int | None = None
    error: VenueError | None = None


class _Order(msgspec.Struct):
    s: str  # symbol
    c: str  # client id, in the message of a cancel the cancel's own
    x: str  # what happened
    X: str  # status
    i: UpdateId  # order id
    z: Decimal  # filled so far
    Z: Decimal  # for this much quote
    C: str = ""  # client id of the order that was cancelled
    r: str = ""  # reason of a rejection
    l: Decimal = ZERO  # noqa: E741 - filled by this trade
    Y: Decimal = ZERO  # for this much quote
    t: int = -1  # trade id, below zero where there was no trade
    N: str | None = None  # fee currency
    n: Decimal = ZERO  # fee of this trade
    Q: Decimal = ZERO  # the cost ordered, for an order by cost

    def __post_init__(self) -> None:
        require_total(self.z, self.Z)
        require_plain(self.l, self.Y, self.n, self.Q)


class _OrderFrame(msgspec.Struct):
    event: _Order


class _Holding(msgspec.Struct):
    a: str  # asset
    f: Decimal  # free
    l: Decimal  # noqa: E741 - locked

    def __post_init__(self) -> None:
        require_plain(self.f, self.l)


class _Account(msgspec.Struct):
    B: list[_Holding]


class _AccountFrame(msgspec.Struct):
    event: _Account


_frame = msgspec.json.Decoder(_Frame).decode
_order = msgspec.json.Decoder(_OrderFrame).decode
_account = msgspec.json.Decoder(_AccountFrame).decode


class UserStream:
    """The private events of one account; totals of orders are kept in `tallies`."""

    def __init__(self, tallies: OrderTallies) -> None:
        self._tallies = tallies
        self._readers: dict[str, Callable[[bytes, int], Sequence[Event]]] = {
            "executionReport": self._on_order,
            "outboundAccountPosition": self._on_account,
            "eventStreamTerminated": self._on_terminated,
        }

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """What a private frame received at `ts_ns` says. Raises `MalformedData`.

        `{"subscriptionId":0,"event":{"e":"executionReport",...}}`, or an answer. What a frame
        that cannot be read would have said is lost: orders and balances are to be asked for.
        """
        try:
            said = _frame(frame)
            if said.event is None:
                return self._on_answer(said, ts_ns)
            read = self._readers.get(said.event.e)
            return read(frame, ts_ns) if read is not None else ()
        except UNREADABLE as error:
            raise MalformedData(
                f"{VENUE} user stream: {error} in {frame[:_SHOWN_BYTES]!r}...; orders and "
                "balances must be asked for"
            ) from error

    def _on_order(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"subscriptionId":0,"event":{"e":"executionReport","E":1499405658658,"s":"ETHBTC",
        "c":"s00000001","S":"BUY","o":"LIMIT","f":"GTC","q":"1.00000000","p":"0.10264410",
        "P":"0.00000000","F":"0.00000000","g":-1,"C":"","x":"TRADE","X":"PARTIALLY_FILLED",
        "r":"NONE","i":4293153,"l":"0.40000000","z":"0.40000000","L":"0.10264410",
        "n":"0.00040000","N":"ETH","T":1499405658657,"t":12,"I":8641984,"w":true,"m":false,
        "M":false,"O":1499405658657,"Z":"0.04105764","Y":"0.04105764","Q":"0.00000000",
        "W":1499405658657,"V":"EXPIRE_MAKER"}}`"""
        said = _order(frame).event
        tally = self._tallies.of(said.s, said.i, said.C or said.c)
        if said.x == "TRADE" and said.t >= 0:
            tally.trade(said.t, said.l, said.Y, said.N or "", said.n)
        reason = said.r if said.r != "NONE" else ""
        tally.hear(said.X, reason, said.z, said.Z, is_by_cost=said.Q > 0)
        return (self._tallies.update(said.s, said.i, ts_ns),)

    def _on_account(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":1564034571105,
        "u":1564034571073,"B":[{"a":"ETH","f":"10000.000000","l":"0.000000"}]}}`"""
        return [
            BalanceUpdate(ts_ns, VENUE, one.a, EXACT.add(one.f, one.l))
            for one in _account(frame).event.B
        ]

    def _on_terminated(self, _frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1728973001334}}`"""
        return (VenueStatus(ts_ns, VENUE, is_up=False, reason="the user stream has ended"),)

    def _on_answer(self, said: _Frame, ts_ns: int) -> Sequence[Event]:
        """`{"id":"user-data","status":200,"result":{"subscriptionId":0},...}`

        A refusal without an id is of a request that the venue could not even read.
        """
        if said.status is None:
            raise ValueError("neither an event nor an answer")
        if said.status == 200 or said.id not in (SUBSCRIPTION_ID, None):
            return ()
        reason = f"the user stream was refused: {said.status} {said.error or 'no reason given'}"
        return (VenueStatus(ts_ns, VENUE, is_up=False, reason=reason),)
