"""What Binance spot's gateway does when something is lost, ends, or must be refused."""

import asyncio
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
from net.loopback import run, until
from net.tiny_plan import Engine
from sim_spot import ASKS, show
from spot_gateway import BY_REST, order, pointed_at, quick, served, with_spot

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import BookDelta, VenueStatus
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.sim.server import VenueServer


@pytest.mark.parametrize(
    ("settings", "script"),
    [
        ({}, 'kind = "drop"\non = "frame"\nwhat = "answer order.place"'),
        (BY_REST, 'kind = "timeout"\nwhat = "POST /api/v3/order"\ndelay_seconds = 0.3'),
    ],
    ids=["websocket", "REST"],
)
def test_an_order_of_which_the_answer_was_lost_is_found(
    settings: dict[str, Any], script: str
) -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        if not settings:
            await until(lambda: subject.account.channel.is_open)
        subject.send([order("a1")], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        await asyncio.sleep(0.4)
        assert engine.is_up
        assert server.core.balance("USDT").total < D(100_000)
        assert len(list(server.core.orders.all())) == 1

    with_spot(test, f"[[fault]]\n{script}", settings)


def test_an_order_that_never_arrived_is_declared_so_and_not_before() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        sent_ns = subject._clock_ns()
        subject.send([order("a1")], sent_ns)
        await until(lambda: "never_existed" in engine.statuses("a1"))
        assert engine.updates("a1")[-1].ts_ns - sent_ns > 400_000_000

    script = """
        [[fault]]
        kind = "drop"
        on = "request"
        what = "POST /api/v3/order"
    """
    with_spot(test, script, BY_REST, lingering_ns=100_000_000)


def test_a_gap_breaks_the_book_and_a_snapshot_mends_it() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        await until(lambda: engine.books("BTCUSDT"))
        codec: Any = subject.plan.codec
        sizes = iter(range(1, 1000))

        def move() -> None:
            show(server.core, [(77_990.0, float(next(sizes)))], ASKS)

        async def until_moved(is_so: Callable[[], bool]) -> None:
            async with asyncio.timeout(5):
                while not is_so():
                    move()
                    await asyncio.sleep(0.02)

        await until_moved(lambda: codec.gaps()["BTCUSDT"] > 0)
        books = len(engine.books("BTCUSDT"))
        await until_moved(lambda: len(engine.books("BTCUSDT")) > books)
        assert engine.books("BTCUSDT")[-1].bids[0][0] == 77_990.0

    script = """
        [[fault]]
        kind = "gap"
        what = "depth BTCUSDT"
        share = 0.4
    """
    with_spot(test, script)


def test_books_by_diffs_follow_and_come_back_after_a_loss_within_a_second() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        await until(lambda: engine.books("BTCUSDT"))
        show(server.core, bids=[(77_990.0, 1.0)])
        await until(lambda: engine.of(BookDelta))
        started = asyncio.get_running_loop().time()
        stream = subject.feed.connections[0].stream
        assert stream is not None
        stream.reconnect("a test")
        await until(lambda: engine.books("BTCUSDT")[-1].bids == [])
        await until(lambda: engine.books("BTCUSDT")[-1].bids == [(77_990.0, 1.0)])
        assert asyncio.get_running_loop().time() - started < 1.0

    with_spot(test)


def test_a_lost_account_stream_subscribes_again_and_compares() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        account = subject.account.stream
        assert account is not None
        account.stream.reconnect("a test")
        await until(lambda: not engine.is_up)
        await until(lambda: engine.is_up)
        protocol: Any = server.protocol
        await until(lambda: len(protocol._user._listeners) == 1)
        subject.send([order("a1")], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))

    with_spot(test)


def test_a_user_stream_that_ends_is_opened_anew() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        user: Any = server.protocol._user  # type: ignore[attr-defined]
        account = subject.account.stream
        assert account is not None
        opened = account.stream.counts.opened
        user.terminate(user._listeners[0])
        await until(lambda: account.stream.counts.opened > opened)
        await until(lambda: engine.is_up)
        assert len(user._listeners) == 1

    with_spot(test)


def test_a_skewed_clock_is_measured_and_signed_with() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        assert abs(subject.rest.offset.offset_ns + 30_000_000_000) < 100_000_000
        await until(lambda: subject.account.channel.is_open)
        subject.send([order("a1")], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))

    script = """
        [[fault]]
        kind = "clock_skew"
        skew_seconds = -30.0
    """
    with_spot(test, script)


def test_a_key_that_can_withdraw_is_refused() -> None:
    async def work() -> None:
        server = await served()
        protocol: Any = server.protocol
        told = protocol._wallet.rights
        protocol._wallet.rights = lambda params: told(params) | {"enableWithdrawals": True}
        await server.stop()
        again = VenueServer(protocol)
        await again.start()
        subject = quick(pointed_at(again))
        try:
            with pytest.raises(ConfigError, match="can withdraw"):
                await subject.astart(Engine())
        finally:
            await again.stop()

    run(work)


def test_a_wrong_key_is_refused_at_the_start() -> None:
    async def work() -> None:
        server = await served()
        subject = quick(pointed_at(server, api_key="other"))
        try:
            with pytest.raises(ConfigError, match="-2015"):
                await subject.astart(Engine())
        finally:
            await server.stop()

    run(work)


def test_maintenance_takes_the_venue_down() -> None:
    async def test(server: VenueServer, _subject: VenueGateway, engine: Engine) -> None:
        protocol: Any = server.protocol
        wallet = protocol._wallet
        assert wallet.status({})["status"] == 0
        await until(lambda: not engine.is_up)
        await until(lambda: any("maintenance" in told.reason for told in engine.of(VenueStatus)))

    script = """
        [[fault]]
        kind = "maintenance"
        from_seconds = 0.5
    """
    with_spot(test, script)
