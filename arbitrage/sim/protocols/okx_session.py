"""One websocket session: login, subscriptions and orders in, frames out. Frames are text.

`{"op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}` is answered argument by
argument, `{"event":"subscribe","arg":{...},"connId":"a4d3ae55"}`; what is wrong by
`{"event":"error","code":"60018","msg":"...","connId":"..."}`; an `id` comes back with its answer.
`ping`, as text, is answered by `pong`. Orders are named by the number of their market. Logins and
subscriptions may be 480 an hour (www.okx.com/docs-v5/en, overview-websocket, ws-place-order, read
2026-11-22; that a subscription that holds already brings no new snapshot is unconfirmed).
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

import msgspec

from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.protocols.okx_auth import AccountCheck
from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_markets import Markets
from arbitrage.sim.protocols.okx_params import many_of_body
from arbitrage.sim.protocols.okx_streams import CHANNELS, MarketStreams
from arbitrage.sim.protocols.okx_tolls import OkxTolls
from arbitrage.sim.protocols.okx_trading import MAX_ORDERS, Told, TradingDesk
from arbitrage.sim.protocols.okx_user_streams import REPEAT_SECONDS, UserStreams, is_sound
from arbitrage.sim.protocols.okx_wire import Json, Params, encode, us
from arbitrage.sim.rate_limits import RateLimit, RateLimits
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore

MAX_OPERATIONS_PER_HOUR: Final = 480
MAX_CONNECTIONS: Final = 30
LOGIN_FAILED: Final = 4001
_OPERATIONS: Final = "operations"
_HOUR_NS: Final = 3_600 * NS_PER_SECOND
_SHOWN: Final = 200
_is_id = re.compile(r"[A-Za-z0-9]{1,32}").fullmatch
_COUNTED: Final = ("login", "subscribe", "unsubscribe")
_ORDER_OPS: Final = {
    "order": "order",
    "batch-orders": "batch-orders",
    "cancel-order": "cancel-order",
    "batch-cancel-orders": "cancel-batch-orders",
}


class Path(Enum):
    """What a connection serves."""

    PUBLIC = "public"
    PRIVATE = "private"


class Venue(msgspec.Struct, frozen=True):
    """What all sessions of a venue share."""

    core: SimVenueCore
    markets: Markets
    streams: MarketStreams
    user: UserStreams
    desk: TradingDesk
    check: AccountCheck
    tolls: OkxTolls


class Session:
    """One connection, called `name` in what is said of it."""

    def __init__(self, socket: SimSocket, venue: Venue, path: Path, name: str) -> None:
        self._socket = socket
        self._venue = venue
        self._path = path
        self._name = name
        self._is_logged_in = False
        self._public: dict[tuple[str, str], None] = {}
        self._private: list[Params] = []
        rules = {_OPERATIONS: RateLimit(MAX_OPERATIONS_PER_HOUR, _HOUR_NS)}
        self._limits = RateLimits(rules, strikes=1 << 30)

    def on_open(self) -> None:
        if self._path is Path.PRIVATE:
            self._socket.every(REPEAT_SECONDS, lambda: self._venue.user.repeat(self))

    def on_close(self) -> None:
        """Leave every channel."""
        for channel, symbol in self._public:
            self._venue.streams.unlisten(channel, symbol, self)
        self._venue.user.leave(self)

    def hear(self, frame: str, subject: str, *, is_book: bool) -> None:
        """Send a frame of a public channel."""
        self._socket.send(frame, subject, is_book=is_book)

    def push(self, body: Json, subject: str) -> None:
        """Send a frame of a private channel."""
        self._socket.send(encode(body).decode(), subject)

    # --- in ------------------------------------------------------------------------------------

    def on_frame(self, frame: str | bytes) -> None:
        """Take in a message of the client."""
        text = frame if isinstance(frame, str) else frame.decode(errors="replace")
        if text == "ping":
            self._socket.send("pong", "pong")
            return
        try:
            asked = msgspec.json.decode(text)
        except msgspec.DecodeError:
            asked = None
        if not isinstance(asked, dict):
            self._refuse(OkxRefusal("60012", text[:_SHOWN]), {})
            return
        said = {"id": str(asked["id"])} if "id" in asked else {}
        try:
            if said and _is_id(said["id"]) is None:
                raise OkxRefusal("60033", "id")
            self._obey(asked, said, text)
        except OkxRefusal as refusal:
            self._refuse(refusal, said)

    def _obey(self, asked: Json, said: Json, text: str) -> None:
        op, args = asked.get("op"), asked.get("args")
        now_ns = self._venue.core.now_ns
        if op in _COUNTED and self._limits.take(_OPERATIONS, now_ns).status != 200:
            raise OkxRefusal("60014")
        if not isinstance(args, list) or not args or not all(isinstance(a, dict) for a in args):
            raise OkxRefusal("60012", text[:_SHOWN])
        if op == "login":
            self._log_in(args[0], said)
        elif op == "subscribe":
            self._each_channel(args, said, self._subscribe)
        elif op == "unsubscribe":
            self._each_channel(args, said, self._unsubscribe)
        elif op in _ORDER_OPS:
            self._order(str(op), args, str(asked.get("expTime", "")), said)
        else:
            raise OkxRefusal("60019", str(op))

    def _log_in(self, login: Json, said: Json) -> None:
        if self._is_logged_in:
            raise OkxRefusal("60031")
        try:
            self._venue.check.check_login(login, self._venue.core.now_ns)
        except OkxRefusal as refusal:
            self._refuse(refusal, said)
            self._socket.close(LOGIN_FAILED, "Login Failed")
            return
        self._is_logged_in = True
        self._say({**said, "event": "login", "msg": "", "code": "0"})

    # --- channels ------------------------------------------------------------------------------

    def _each_channel(
        self, args: list[Json], said: Json, act: Callable[[Params, str, Json], None]
    ) -> None:
        for one in args:
            extra = str(one.get("extraParams", ""))
            arg = {str(name): str(text) for name, text in one.items() if name != "extraParams"}
            try:
                act(arg, extra, said)
            except OkxRefusal as refusal:
                self._refuse(refusal, said)

    def _subscribe(self, arg: Params, extra: str, said: Json) -> None:
        if self._path is Path.PRIVATE:
            self._subscribe_private(arg, extra, said)
            return
        channel, symbol = self._public_channel(arg)
        self._say({**said, "event": "subscribe", "arg": arg})
        if (channel, symbol) not in self._public:
            self._public[channel, symbol] = None
            self._venue.streams.listen(channel, symbol, self)

    def _public_channel(self, arg: Params) -> tuple[str, str]:
        """Channel and symbol of a subscription. Raises `OkxRefusal` if there are none such."""
        channel, symbol = arg.get("channel", ""), arg.get("instId", "")
        rules = self._venue.core.instruments.get(symbol)
        terms = CHANNELS.get(channel)
        if rules is None or terms is None or (terms.is_of_swaps and not rules.is_perpetual):
            raise OkxRefusal("60018", f"channel:{channel},instId:{symbol}")
        return channel, symbol

    def _subscribe_private(self, arg: Params, extra: str, said: Json) -> None:
        channel = arg.get("channel", "")
        if not is_sound(arg):
            raise OkxRefusal("60018", f"channel:{channel},instType:{arg.get('instType', '')}")
        if not self._is_logged_in:
            raise OkxRefusal("60011")
        user = self._venue.user
        if arg not in self._private and user.connections(channel) >= MAX_CONNECTIONS:
            count = str(MAX_CONNECTIONS)
            event = {"event": "channel-conn-count-error", "channel": channel, "connCount": count}
            self._say({**said, **event})
            return
        self._say({**said, "event": "subscribe", "arg": arg})
        if arg not in self._private:
            self._private.append(arg)
            user.subscribe(self, arg, extra)
            count = str(user.connections(channel))
            event = {"event": "channel-conn-count", "channel": channel, "connCount": count}
            self._say(event)

    def _unsubscribe(self, arg: Params, _extra: str, said: Json) -> None:
        if self._path is Path.PRIVATE:
            self._venue.user.unsubscribe(self, arg)
            self._private = [one for one in self._private if one != arg]
        else:
            key = self._public_channel(arg)
            if key in self._public:
                del self._public[key]
                self._venue.streams.unlisten(*key, self)
        self._say({**said, "event": "unsubscribe", "arg": arg})

    # --- orders --------------------------------------------------------------------------------

    def _order(self, op: str, args: list[Json], until: str, said: Json) -> None:
        if self._path is not Path.PRIVATE:
            raise OkxRefusal("60028")
        if not self._is_logged_in:
            raise OkxRefusal("60011")
        arrived = us(self._venue.core.now_ns)
        try:
            told = self._carry_out(op, args, until)
        except OkxRefusal as refusal:
            told = Told(refusal.code, refusal.message, [])
        self._socket.send(
            encode(
                {
                    **said,
                    "op": op,
                    "data": told.rows,
                    "code": told.code,
                    "msg": "" if told.rows else told.message,
                    "inTime": arrived,
                    "outTime": us(self._venue.core.now_ns),
                }
            ).decode(),
            op,
        )

    def _carry_out(self, op: str, args: list[Any], until: str) -> Told:
        venue = self._venue
        is_single = not op.startswith("batch")
        orders = many_of_body(args, most=1 if is_single else MAX_ORDERS)
        for params in orders:
            if not params.get("instIdCode"):
                raise OkxRefusal("60027", "instIdCode")
            params["instId"] = venue.markets.symbol_of(params["instIdCode"])
        venue.tolls.pay_orders(_ORDER_OPS[op], orders, venue.core.now_ns)
        if "cancel" in op:
            return venue.desk.cancel_each(orders)
        venue.desk.check_deadline(until)
        return venue.desk.place_each(orders)

    # --- out -----------------------------------------------------------------------------------

    def _refuse(self, refusal: OkxRefusal, said: Json) -> None:
        self._say({**said, "event": "error", "code": refusal.code, "msg": refusal.message})

    def _say(self, told: Json) -> None:
        self._socket.send(encode({**told, "connId": self._name}).decode(), "answer")
