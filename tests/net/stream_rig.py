"""A stream under test: everything that it told, and servers to connect to."""

from collections.abc import Callable
from random import Random

from net.loopback import Peer, WsServer, run, until, ws_server

from arbitrage.net.backoff import Backoff
from arbitrage.net.heartbeat import SessionTerms
from arbitrage.net.stream import Stream
from arbitrage.net.websocket import Endpoint

QUICK = Backoff(0.001, 0.004)


class Listener:
    """A stream and everything that it told."""

    def __init__(self, server: WsServer, terms: SessionTerms | None = None) -> None:
        self.log: list[str] = []
        self.heard: list[bytes] = []
        self.endpoints = 0
        self.url = server.url
        self.stream = Stream(
            "test",
            self.endpoint,
            on_message=self.on_message,
            on_open=lambda: self.log.append("open"),
            on_close=self.log.append,
            terms=terms or SessionTerms(),
            random=Random(1),
            backoff=QUICK,
            connect_seconds=0.1,
        )

    async def endpoint(self) -> Endpoint:
        self.endpoints += 1
        return Endpoint(self.url, {"Authorization": f"token {self.endpoints}"}, (b"subscribe BTC",))

    def on_message(self, message: bytes, ts_ns: int) -> None:
        assert ts_ns > 0
        self.heard.append(message)

    async def opened(self, server: WsServer, times: int = 1) -> Peer:
        """The server's end of the connection that was opened as number `times`."""
        await until(lambda: self.log.count("open") >= times and len(server.peers) >= times)
        await until(lambda: server.peers[-1].texts)
        return server.peers[-1]


def with_server(
    test: Callable[[WsServer, Listener], object], terms: SessionTerms | None = None
) -> None:
    """Run `test` with a server and a started stream; the stream is stopped after it."""

    async def work() -> None:
        async with ws_server() as server:
            listener = Listener(server, terms)
            listener.stream.start()
            try:
                await test(server, listener)  # type: ignore[misc]
            finally:
                await listener.stream.stop()
            await listener.stream.stop()
            assert listener.stream._current is None

    run(work)
