"""Replacing a connection before the venue cuts it: no gap, and nothing left half way."""

import asyncio

from net.loopback import WsServer, run, until, ws_server
from net.stream_rig import Listener, with_server

from arbitrage.net.heartbeat import SessionTerms


def test_a_planned_replacement_leaves_no_gap_and_tells_nobody() -> None:
    sent: list[bytes] = []

    async def test(server: WsServer, listener: Listener) -> None:
        while listener.stream.counts.renewed < 3:
            for peer in server.live:  # a snapshot venue sends everyone everything
                peer.send(b"%d" % len(sent))
            sent.append(b"%d" % len(sent))
            await asyncio.sleep(0.001)
        await until(lambda: len(server.live) == 1)
        numbers = [int(message) for message in listener.heard]
        assert set(range(numbers[0], numbers[-1] + 1)) == set(numbers)
        assert numbers == sorted(numbers)
        assert listener.log == ["open"]
        assert [peer.texts for peer in server.peers] == [[b"subscribe BTC"]] * len(server.peers)

    with_server(test, SessionTerms(life_seconds=0.02, stale_seconds=5.0))


def test_with_an_overlap_both_connections_deliver_for_a_while() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        await listener.opened(server)
        await until(lambda: len(server.peers) == 2)
        old, new = server.peers
        await until(lambda: new.texts)
        new.send(b"new 1")
        await until(lambda: listener.heard == [b"new 1"])
        old.send(b"old 1")
        new.send(b"new 2")
        await until(lambda: len(listener.heard) == 3)
        assert set(listener.heard) == {b"new 1", b"old 1", b"new 2"}
        await until(lambda: old.is_gone)
        assert old.close_codes == [1000]
        assert not new.is_gone

    with_server(test, SessionTerms(life_seconds=0.05, stale_seconds=9, overlap_seconds=0.03))


def test_a_quiet_stream_is_replaced_on_the_pong_of_the_new_connection() -> None:
    async def test(_server: WsServer, listener: Listener) -> None:
        await until(lambda: listener.stream.counts.renewed >= 2)
        assert listener.log == ["open"]
        assert not listener.heard

    with_server(test, SessionTerms(life_seconds=0.01))


def test_a_replacement_that_cannot_connect_leaves_the_old_connection_in_service() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        peer = await listener.opened(server)
        server.refuse = 503
        await until(lambda: listener.endpoints >= 3)
        peer.send(b"still here")
        await until(lambda: listener.heard == [b"still here"])
        assert listener.log == ["open"]
        server.refuse = 0
        await until(lambda: listener.stream.counts.renewed)

    with_server(test, SessionTerms(life_seconds=0.01))


def test_a_replacement_that_stays_silent_is_not_taken() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        peer = await listener.opened(server)
        server.answers_pings = False
        listener.stream._connect_seconds = 0.01
        await until(lambda: len(server.peers) >= 3 and server.peers[1].is_gone)
        peer.send(b"still here")
        await until(lambda: listener.heard == [b"still here"])
        assert listener.stream.counts.renewed == 0
        assert listener.log == ["open"]

    with_server(test, SessionTerms(life_seconds=0.01))


def test_a_connection_lost_during_its_replacement_is_told_as_a_loss() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        await listener.opened(server)
        server.answers_pings = False
        await until(lambda: len(server.peers) == 2)
        server.peers[0].drop()
        await until(lambda: listener.log.count("open") == 2)
        assert listener.log == ["open", "lost without a closing frame", "open"]

    with_server(test, SessionTerms(life_seconds=0.02))


def test_stopping_in_the_middle_of_a_replacement_closes_both() -> None:
    async def work() -> None:
        for wait_for in ("handshake", "overlap"):
            async with ws_server() as server:
                listener = Listener(server, SessionTerms(life_seconds=0.01, overlap_seconds=5))
                server.answers_pings = wait_for == "overlap"
                listener.stream.start()
                await until(lambda: len(server.peers) == 2)
                if wait_for == "overlap":
                    await until(lambda: listener.stream.counts.renewed)  # noqa: B023
                await listener.stream.stop()
                await until(lambda: not server.live)

    run(work)
