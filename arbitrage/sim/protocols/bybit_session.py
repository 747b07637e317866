"""The public websocket of one category: operations in, topics out.

Frames are text. `{"op":"subscribe","args":["orderbook.50.BTCUSDT"],"req_id":"1"}` is answered by
`{"success":true,"ret_msg":"","conn_id":"...","req_id":"1","op":"subscribe"}`, then the snapshots
come; a request that names something unknown is refused whole. A ping is answered by the same
operation with `pong` as its message (bybit-exchange.github.io/docs/v5/ws/connect, read 2026-11-22;
the words of refusals are those that clients show in public).
"""

from collections.abc import Callable
from itertools import count
from typing import Any, Final

import msgspec

from arbitrage.sim.protocols.bybit_streams import PublicStreams, Topic
from arbitrage.sim.protocols.bybit_wire import Category, Json, encode
from arbitrage.sim.sim_socket import SimSocket

IDLE_SECONDS: Final = 600.0
_MOST_ARGS: Final = {Category.SPOT: 10, Category.LINEAR: 1 << 30}
_MOST_CHARACTERS: Final = 21_000
_connections = count(1)


class Operation(msgspec.Struct):
    """What a client sends on any socket of the venue."""

    op: str = ""
    args: Any = None
    req_id: str | int | None = None
    reqId: str | None = None
    header: dict[str, Any] = {}

    def topics(self) -> list[str]:
        """Its arguments as names of topics; empty if they are anything else."""
        found = self.args if isinstance(self.args, list) else []
        return found if all(isinstance(name, str) for name in found) else []


_decode = msgspec.json.Decoder(Operation, strict=False).decode


def read_operation(frame: str | bytes) -> Operation:
    """A client's message; one without an operation if it cannot be read."""
    try:
        return _decode(frame)
    except msgspec.MsgspecError:
        return Operation()


def connection_id() -> str:
    return f"sim{next(_connections):08d}"


class Connection:
    """What the sockets of public and private topics share: answers and pings."""

    def __init__(self, socket: SimSocket) -> None:
        self.socket = socket
        self.connection_id = connection_id()

    def answer(self, asked: Operation, error: str = "", message: str = "") -> None:
        """Say whether an operation was obeyed."""
        told: Json = {
            "success": not error,
            "ret_msg": error or message,
            "conn_id": self.connection_id,
            "op": asked.op,
        }
        if asked.req_id is not None:
            told["req_id"] = str(asked.req_id)
        self.socket.send(encode(told).decode(), "answer")

    def hear(self, topic: str, message: str, *, is_book: bool) -> None:
        """Send a message of a topic."""
        self.socket.send(message, topic, is_book=is_book)


class PublicSession(Connection):
    """One connection to `/v5/public/spot` or `/v5/public/linear`."""

    def __init__(self, socket: SimSocket, streams: PublicStreams) -> None:
        super().__init__(socket)
        self._streams = streams
        self._joined: dict[str, Topic] = {}
        self._operations: dict[str, Callable[[Operation], None]] = {
            "ping": lambda asked: self.answer(asked, message="pong"),
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
        }

    def on_frame(self, frame: str | bytes) -> None:
        """Take in a message of the client."""
        asked = read_operation(frame)
        obey = self._operations.get(asked.op)
        if obey is None:
            self.answer(asked, "error:invalid op")
        else:
            obey(asked)

    def on_close(self) -> None:
        """Leave every topic."""
        for topic in self._joined.values():
            topic.leave(self)
        self._joined.clear()

    def _subscribe(self, asked: Operation) -> None:
        names, category = asked.topics(), self._streams.category
        if not names or len(names) > _MOST_ARGS[category]:
            self.answer(asked, "error:args size error")
            return
        if sum(map(len, names)) > _MOST_CHARACTERS:
            self.answer(asked, "error:args are too long")
            return
        topics: list[Topic] = []
        for name in names:
            topic = self._streams.topic(name)
            if topic is None:
                self.answer(asked, f"error:handler not found,topic:{name}")
                return
            if name in self._joined:
                self.answer(asked, f"error:already subscribed,topic:{name}")
                return
            topics.append(topic)
        self.answer(asked, message="subscribe" if category is Category.SPOT else "")
        for topic in topics:
            self._joined[topic.name] = topic
            topic.join(self)

    def _unsubscribe(self, asked: Operation) -> None:
        for name in asked.topics():
            topic = self._joined.pop(name, None)
            if topic is not None:
                topic.leave(self)
        self.answer(asked)
