"""One websocket session with a market path: subscriptions in, frames out.

Frames are text. `{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms"],"id":1}` is answered by
`{"result":null,"id":1}`; what is wrong by `{"error":{"code":2,"msg":"..."},"id":1}`. Combined
sessions wrap every event as `{"stream":"...","data":{...}}`. Who sends too many messages a second
is disconnected (developers.binance.com/docs/derivatives/usds-margined-futures, Connect and
Live-Subscribing-Unsubscribing-to-streams, and github.com/binance/binance-spot-api-docs,
web-socket-streams, read 2026-11-22; SET_PROPERTY is not simulated).
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.protocols.binance_stream_names import StreamName
from arbitrage.sim.protocols.binance_streams import MarketStreams
from arbitrage.sim.protocols.binance_wire import Json, encode
from arbitrage.sim.rate_limits import RateLimit, RateLimits
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore

MAX_STREAMS: Final = 1024
_METHODS: Final = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS")
_MESSAGES: Final = "messages"


class CommandRefusal(Exception):
    """A message of the client is refused; `request_id` is that of the message, if it had one."""

    def __init__(self, code: int, message: str, request_id: int | str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request_id = request_id

    def frame(self) -> str:
        error = {"code": self.code, "msg": self.message}
        return encode({"error": error, "id": self.request_id}).decode()


class Command(msgspec.Struct, frozen=True):
    """What a client asks: a method, the names of streams, and an id for the answer."""

    method: str
    params: list[str]
    id: int | str


class MessageGate:
    """Counts the messages of one connection."""

    def __init__(self, max_per_second: int) -> None:
        rules = {_MESSAGES: RateLimit(max_per_second, NS_PER_SECOND)}
        self._limits = RateLimits(rules, strikes=1 << 30)

    def lets_in(self, now_ns: int) -> bool:
        return self._limits.take(_MESSAGES, now_ns).status == 200


def read_command(frame: str | bytes) -> Command:
    """Read a message. Raises `CommandRefusal`."""
    try:
        asked: Any = msgspec.json.decode(frame)
    except msgspec.DecodeError as error:
        raise CommandRefusal(3, f"Invalid JSON: {error}") from error
    if not isinstance(asked, dict):
        raise CommandRefusal(2, "Invalid request: an object is expected")
    request_id, method = asked.get("id"), asked.get("method")
    if isinstance(request_id, bool) or not isinstance(request_id, int | str):
        raise CommandRefusal(2, "Invalid request: request ID must be an unsigned integer")
    if method not in _METHODS:
        expected = ", ".join(f"`{name}`" for name in _METHODS)
        message = f"Invalid request: unknown variant `{method}`, expected one of {expected}"
        raise CommandRefusal(2, message, request_id)
    params = asked.get("params", [])
    if not (isinstance(params, list) and all(isinstance(name, str) for name in params)):
        raise CommandRefusal(2, "Invalid request: params must be strings", request_id)
    return Command(str(method), params, request_id)


class MarketSession:
    """One connection to market data; `names` are those of its address, `read` says what a name asks
    for, None if nothing comes of it."""

    def __init__(
        self,
        socket: SimSocket,
        core: SimVenueCore,
        streams: MarketStreams,
        read: Callable[[str], StreamName | None],
        *,
        is_combined: bool,
        names: list[str],
        max_messages_per_second: int,
    ) -> None:
        self._socket = socket
        self._core = core
        self._streams = streams
        self._read = read
        self._is_combined = is_combined
        self._first_names = names
        # What was asked for; those of which nothing comes are None.
        self._asked: dict[str, StreamName | None] = {}
        self._gate = MessageGate(max_messages_per_second)

    def on_open(self) -> None:
        self._subscribe(self._first_names)

    def on_close(self) -> None:
        """Leave every stream."""
        self._unsubscribe(list(self._asked))

    def on_frame(self, frame: str | bytes) -> None:
        """Take in a message of the client."""
        if not self._gate.lets_in(self._core.now_ns):
            self._socket.close(1008, "Too many requests")
            return
        try:
            command = read_command(frame)
            self._answer({"result": self._obey(command), "id": command.id})
        except CommandRefusal as refusal:
            self._socket.send(refusal.frame(), "answer")

    def _obey(self, command: Command) -> list[str] | None:
        match command.method:
            case "SUBSCRIBE":
                if len(set(self._asked) | set(command.params)) > MAX_STREAMS:
                    message = f"Invalid request: at most {MAX_STREAMS} streams"
                    raise CommandRefusal(2, message, command.id)
                self._subscribe(command.params)
            case "UNSUBSCRIBE":
                self._unsubscribe(command.params)
            case _:
                return list(self._asked)
        return None

    def _subscribe(self, names: list[str]) -> None:
        for name in names:
            if name in self._asked:
                continue
            stream = self._asked[name] = self._read(name)
            if stream is not None:
                self._streams.listen(stream, self)

    def _unsubscribe(self, names: list[str]) -> None:
        for name in names:
            stream = self._asked.pop(name, None)
            if stream is not None:
                self._streams.unlisten(stream, self)

    def hear(self, stream: StreamName, data: str) -> None:
        """Send an event of a stream."""
        frame = f'{{"stream":"{stream.name}","data":{data}}}' if self._is_combined else data
        self._socket.send(frame, stream.subject, is_book=stream.kind.is_book)

    def _answer(self, told: Json) -> None:
        self._socket.send(encode(told).decode(), "answer")
