"""A stream over many connections: lost, silent, stale, refused, replaced, and stopped."""

import asyncio
from random import Random

import picows
import pytest
from net.loopback import Peer, WsServer, raw_server, run, soon, until, ws_server
from net.stream_rig import Listener, with_server

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.net.backoff import Backoff
from arbitrage.net.heartbeat import Heartbeat, SessionTerms
from arbitrage.net.websocket import Endpoint


def test_a_stream_connects_subscribes_and_hands_messages_over() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        peer = await listener.opened(server)
        peer.send(b"one")
        await until(lambda: listener.heard == [b"one"])
        assert peer.texts == [b"subscribe BTC"]
        counts = listener.stream.counts
        assert (counts.opened, counts.messages, counts.bytes) == (1, 1, 3)
        assert listener.stream.is_open
        assert counts.reconnects == 0

    with_server(test)


def test_after_a_loss_it_connects_again_with_fresh_authentication_and_subscribes_again() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        for times, end in enumerate(
            (Peer.drop, lambda peer: peer.close(1000, b"bye"), lambda peer: peer.close(1001)), 1
        ):
            end(await listener.opened(server, times))
        peer = await listener.opened(server, 4)
        await until(lambda: peer.texts)
        peer.send(b"again")
        await until(lambda: listener.heard == [b"again"])
        assert listener.log == [
            "open",
            "lost without a closing frame",
            "open",
            "closed by the venue with 1000 bye",
            "open",
            "closed by the venue with 1001",
            "open",
        ]
        assert [one.headers["authorization"] for one in server.peers] == [
            "token 1",
            "token 2",
            "token 3",
            "token 4",
        ]
        assert [one.texts for one in server.peers] == [[b"subscribe BTC"]] * 4
        assert listener.stream.counts.reconnects == 3

    with_server(test)


def test_refused_connections_are_tried_again_until_one_is_accepted() -> None:
    async def work() -> None:
        async with ws_server() as server:
            server.refuse = 503
            listener = Listener(server)
            listener.stream.start()
            await until(lambda: listener.stream.counts.failed >= 3)
            assert all("WSInvalidStatusError" in reason for reason in listener.log)
            server.refuse = 0
            await listener.opened(server)
            await listener.stream.stop()

    run(work)


def test_an_endpoint_that_cannot_be_had_counts_as_a_failed_attempt() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        peer = await listener.opened(server)
        failures = iter([Unavailable("no listen key")] * 2)
        endpoint = listener.endpoint

        async def sometimes() -> Endpoint:
            for failure in failures:
                raise failure
            return await endpoint()

        listener.stream._endpoint = sometimes
        peer.drop()
        await listener.opened(server, 2)
        assert listener.log[2:4] == ["cannot connect: Unavailable no listen key"] * 2
        assert listener.stream.counts.failed == 2

    with_server(test)


def test_a_server_that_accepts_and_cuts_at_once_meets_growing_pauses() -> None:
    pauses: list[int] = []

    class Watched(Backoff):
        def seconds(self, attempt: int, random: Random) -> float:  # noqa: ARG002
            pauses.append(attempt)
            return 0.0

    async def work() -> None:
        async with ws_server() as server:
            server.on_open = Peer.drop
            listener = Listener(server)
            listener.stream._backoff = Watched(0.01, 10.0)
            listener.stream.start()
            await until(lambda: len(pauses) >= 4)
            await listener.stream.stop()

    run(work)
    assert pauses[:4] == [0, 1, 2, 3]


def test_the_pauses_begin_anew_after_a_connection_that_lasted() -> None:
    pauses: list[int] = []

    class Watched(Backoff):
        def seconds(self, attempt: int, random: Random) -> float:  # noqa: ARG002
            pauses.append(attempt)
            return 0.0

    async def work() -> None:
        async with ws_server() as server:
            listener = Listener(server)
            listener.stream._backoff = Watched(0.0005, 0.001)
            listener.stream.start()
            for times in (1, 2, 3):
                peer = await listener.opened(server, times)
                await asyncio.sleep(0.004)
                peer.drop()
            await until(lambda: len(pauses) == 3)
            await listener.stream.stop()

    run(work)
    assert pauses == [0, 0, 0]


def test_a_feed_without_data_is_stale_and_replaced() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        await listener.opened(server)
        await listener.opened(server, 2)
        assert listener.log[1] == "stale: no message for 0.02 s"

    with_server(test, SessionTerms(stale_seconds=0.02))


def test_pongs_do_not_keep_a_frozen_feed_alive() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        await listener.opened(server, 2)
        assert server.peers[0].pings > 1
        assert listener.log[1].startswith("stale")

    with_server(test, SessionTerms(stale_seconds=0.03, heartbeat=Heartbeat(0.005, 1.0)))


def test_a_half_open_connection_is_found_by_its_silence() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        server.answers_pings = False
        await listener.opened(server, 2)
        assert listener.log[1] == "silent: nothing came back after a ping"
        assert server.peers[0].pings == 1

    with_server(test, SessionTerms(heartbeat=Heartbeat(0.01, 0.01)))


@pytest.mark.parametrize("text", [b"PING", b'{"op":"ping"}'])
def test_text_heartbeats_are_sent_and_any_answer_proves_life(text: bytes) -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        peer = await listener.opened(server)
        server.on_text = lambda peer, _text: peer.send(b"pong")
        await until(lambda: peer.texts.count(text) >= 4)
        assert peer.pings == 0
        assert listener.log == ["open"]
        assert listener.heard[-1] == b"pong"

    with_server(test, SessionTerms(heartbeat=Heartbeat(0.005, 0.05, text)))


def test_pings_of_the_venue_are_answered() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        peer = await listener.opened(server)
        peer.transport.send_ping(b"are you there")
        pongs = await soon(peer.transport.measure_roundtrip_time(1))
        assert len(pongs) == 1

    with_server(test)


def test_giving_a_connection_up_opens_another() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        await listener.opened(server)
        listener.stream.reconnect("the venue said so")
        await listener.opened(server, 2)
        assert listener.log == ["open", "the venue said so", "open"]
        await until(lambda: server.peers[0].close_codes == [1000])

    with_server(test)


def test_a_stream_that_is_not_open_has_nothing_to_give_up() -> None:
    async def work() -> None:
        async with ws_server() as server:
            listener = Listener(server)
            listener.stream.reconnect("nothing")
            assert not listener.stream.is_open
            assert listener.log == []

    run(work)


# --- the end ----------------------------------------------------------------------------------


def test_stopping_says_goodbye_and_waiting_then_returns() -> None:
    async def work() -> None:
        async with ws_server() as server:
            listener = Listener(server)
            listener.stream.start()
            peer = await listener.opened(server)
            await listener.stream.stop()
            await soon(listener.stream.wait())
            await until(lambda: peer.close_codes == [1000])
            assert listener.log == ["open"]

    run(work)


def test_stopping_while_connecting_leaves_no_socket() -> None:
    async def work() -> None:
        async with ws_server() as server, raw_server() as deaf:
            listener = Listener(server)
            listener.url = deaf.http.replace("http", "ws")
            listener.stream._connect_seconds = 5.0
            listener.stream.start()
            await until(lambda: deaf.peers and deaf.peers[0].received)
            await listener.stream.stop()
            await until(lambda: not deaf.live)

    run(work)


def test_an_error_of_the_reader_ends_the_stream_and_is_raised_by_wait() -> None:
    async def work() -> None:
        async with ws_server() as server:
            listener = Listener(server)

            def broken(_message: bytes, _ts_ns: int) -> None:
                raise KeyError("ours")

            listener.stream._on_message = broken
            listener.stream.start()
            peer = await listener.opened(server)
            peer.send(b"x")
            with pytest.raises(KeyError, match="ours"):
                await soon(listener.stream.wait())
            await until(lambda: not server.live)
            assert len(server.peers) == 1
            await listener.stream.stop()

    run(work)


def test_a_wrong_configuration_ends_the_stream_instead_of_being_tried_for_ever() -> None:
    async def work() -> None:
        async with ws_server() as server:
            listener = Listener(server)

            async def wrong() -> Endpoint:
                raise ConfigError("no such channel")

            listener.stream._endpoint = wrong
            listener.stream.start()
            with pytest.raises(ConfigError, match="no such channel"):
                await soon(listener.stream.wait())
            await listener.stream.stop()

    run(work)


def test_a_ping_of_the_venue_is_no_data() -> None:
    async def test(server: WsServer, listener: Listener) -> None:
        peer = await listener.opened(server)
        peer.send(b"", picows.WSMsgType.PING)
        peer.send(b"one")
        await until(lambda: listener.heard == [b"one"])
        assert listener.stream.counts.messages == 1

    with_server(test)
