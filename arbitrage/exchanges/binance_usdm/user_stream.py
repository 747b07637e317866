"""The user stream: our orders, balances and funding as the venue pushes them.

Amounts are exact. Kinds of events that we have no use for are passed over; a fill that the venue
made on its own (liquidation, auto-deleveraging, settlement), a margin call and the end of the
stream take the venue down until someone has looked.
"""

from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BalanceUpdate, Event, FundingPayment, VenueStatus
from arbitrage.domain.units import EXACT, ZERO
from arbitrage.exchanges.binance_usdm.facts import VENUE
from arbitrage.exchanges.binance_usdm.order_tally import OrderTallies
from arbitrage.exchanges.binance_usdm.wire import UNREADABLE, TimeMs, UpdateId, require_plain

# Client ids of orders that the venue places for us [D Event-Order-Update].
VENUE_ORDER_PREFIXES = ("autoclose-", "adl_autoclose", "settlement_autoclose-")
MAX_REMEMBERED_PAYMENTS = 256
_SHOWN_BYTES = 40  # of an unreadable frame: its kind, and never a listen key


class _Kind(msgspec.Struct):
    e: str


class _Order(msgspec.Struct):
    s: str  # symbol
    c: str  # client id
    X: str  # status
    i: UpdateId  # order id
    z: Decimal  # filled so far
    ap: Decimal = ZERO  # average price of that
    l: Decimal = ZERO  # noqa: E741 - filled by this trade
    L: Decimal = ZERO  # at this price
    t: int = 0  # trade id, zero or less where there was no trade
    N: str = ""  # fee currency
    n: Decimal = ZERO  # fee of this trade
    er: str = ""  # reason of an expiry

    def __post_init__(self) -> None:
        require_plain(self.z, self.ap, self.l, self.L, self.n)


class _OrderFrame(msgspec.Struct):
    o: _Order


class _TradeLite(msgspec.Struct):
    s: str
    c: str
    i: UpdateId
    t: int
    l: Decimal  # noqa: E741
    L: Decimal

    def __post_init__(self) -> None:
        require_plain(self.l, self.L)


class _Balance(msgspec.Struct):
    a: str  # asset
    wb: Decimal  # wallet balance: without unrealised PnL
    bc: Decimal = ZERO  # change that is neither PnL nor fee

    def __post_init__(self) -> None:
        require_plain(self.wb, self.bc)


class _Position(msgspec.Struct):
    s: str


class _Account(msgspec.Struct):
    m: str  # reason
    B: list[_Balance] = []
    P: list[_Position] = []
    S: str = ""  # symbol of a funding fee [CL* 2026-08-07]


class _AccountFrame(msgspec.Struct):
    T: TimeMs
    a: _Account


class _MarginCall(msgspec.Struct):
    p: list[_Position] = []


_kind = msgspec.json.Decoder(_Kind).decode
_order = msgspec.json.Decoder(_OrderFrame).decode
_trade_lite = msgspec.json.Decoder(_TradeLite).decode
_account = msgspec.json.Decoder(_AccountFrame).decode
_margin_call = msgspec.json.Decoder(_MarginCall).decode


class UserStream:
    """The private events of one account; totals of orders are kept in `tallies`."""

    def __init__(self, tallies: OrderTallies) -> None:
        self._tallies = tallies
        self._readers: dict[str, Callable[[bytes, int], Sequence[Event]]] = {
            "ORDER_TRADE_UPDATE": self._on_order,
            "TRADE_LITE": self._on_trade_lite,
            "ACCOUNT_UPDATE": self._on_account,
            "MARGIN_CALL": self._on_margin_call,
            "listenKeyExpired": self._on_expired,
        }
        self._payments: deque[tuple[int, str, str, Decimal, Decimal]] = deque(
            maxlen=MAX_REMEMBERED_PAYMENTS
        )

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """What a private frame received at `ts_ns` says. Raises `MalformedData`.

        What a frame that cannot be read would have said is lost: orders and balances are to be
        asked for.
        """
        try:
            read = self._readers.get(_kind(frame).e)
            return read(frame, ts_ns) if read is not None else ()
        except UNREADABLE as error:
            raise MalformedData(
                f"{VENUE} user stream: {error} in {frame[:_SHOWN_BYTES]!r}...; orders and "
                "balances must be asked for"
            ) from error

    def _on_order(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"e":"ORDER_TRADE_UPDATE","E":1568879465651,"T":1568879465650,"o":{"s":"BTCUSDT",
        "c":"s00000001","S":"BUY","o":"LIMIT","f":"IOC","q":"0.010","p":"9000","ap":"8999.50",
        "sp":"0","x":"TRADE","X":"PARTIALLY_FILLED","i":8886774,"l":"0.004","z":"0.004",
        "L":"8999.50","N":"USDT","n":"0.01439920","T":1568879465650,"t":1,"b":"0","a":"0",
        "m":false,"R":false,"wt":"CONTRACT_PRICE","ot":"LIMIT","ps":"BOTH","cp":false,"rp":"0",
        "V":"EXPIRE_MAKER","pm":"NONE","gtd":0,"er":"0"}}`"""
        said = _order(frame).o
        tally = self._tallies.of(said.s, said.i, said.c)
        if said.t > 0 and said.l > 0:
            tally.trade(said.t, said.l, said.L)
            if said.N:
                tally.charge(said.t, said.N, said.n)
        reason = said.er if said.er not in ("", "0") else ""
        cost = EXACT.multiply(said.ap, said.z) if said.ap or not said.z else None
        tally.hear(said.X, reason, said.z, cost)
        update = self._tallies.update(said.s, said.i, ts_ns)
        if said.c.startswith(VENUE_ORDER_PREFIXES):
            reason = f"{said.s}: the venue trades our position ({said.c}, {said.X})"
            return (update, VenueStatus(ts_ns, VENUE, is_up=False, reason=reason))
        return (update,)

    def _on_trade_lite(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """A fill before its full message, without totals and fee:
        `{"e":"TRADE_LITE","E":1721895408092,"T":1721895408214,"s":"BTCUSDT","q":"0.010",
        "p":"9000","m":false,"c":"s00000001","S":"BUY","L":"8999.50","l":"0.004","t":1,
        "i":8886774}`"""
        said = _trade_lite(frame)
        self._tallies.of(said.s, said.i, said.c).trade(said.t, said.l, said.L)
        return (self._tallies.update(said.s, said.i, ts_ns),)

    def _on_account(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"e":"ACCOUNT_UPDATE","E":1564745798939,"T":1564745798938,"a":{"m":"FUNDING_FEE",
        "B":[{"a":"USDT","wb":"122624.12345678","cw":"100.12345678","bc":"-0.51"}],"P":[],
        "S":"BTCUSDT"}}`: a payment names its symbol in `S`, before 2026-08-07 only in `P` and
        only for isolated positions; without either the payment is nobody's."""
        said = _account(frame)
        events: list[Event] = []
        if said.a.m == "FUNDING_FEE":
            symbol = said.a.S or (said.a.P[0].s if len(said.a.P) == 1 else "")
            for balance in said.a.B:
                key = (said.T, symbol, balance.a, balance.bc, balance.wb)
                if key not in self._payments:
                    self._payments.append(key)
                    events.append(FundingPayment(ts_ns, VENUE, symbol, balance.a, balance.bc))
        events.extend(BalanceUpdate(ts_ns, VENUE, one.a, one.wb) for one in said.a.B)
        return events

    def _on_margin_call(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"e":"MARGIN_CALL","E":1587727187525,"cw":"3.16812045","p":[{"s":"ETHUSDT",
        "ps":"LONG","pa":"1.327","mt":"CROSSED","iw":"0","mp":"187.17127","up":"-1.166074",
        "mm":"1.614445"}]}`"""
        symbols = ", ".join(position.s for position in _margin_call(frame).p)
        return (VenueStatus(ts_ns, VENUE, is_up=False, reason=f"margin call: {symbols}"),)

    def _on_expired(self, _frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"e":"listenKeyExpired","E":1736996475556,"listenKey":"WsCMN0a4KHUPTQuX6IUnqEZfB1"}`"""
        return (VenueStatus(ts_ns, VENUE, is_up=False, reason="the listen key has expired"),)
