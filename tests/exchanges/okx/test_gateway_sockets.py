"""OKX's gateway against the simulated venue over real sockets."""

import asyncio
import time
from decimal import Decimal as D
from typing import Any

import pytest
from exchanges.venue_contract import trades_as_a_venue_must
from net.loopback import run, until
from net.tiny_plan import Engine
from okx_rig import BOOKS, KEYS, of_swap, order, pointed_at, quick, served, with_okx
from sim_okx import ASKS, BIDS, SPOT, SWAP, announce, pass_trade, show
from sim_venues import running, still_market

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.events import (
    BalanceUpdate,
    BookDelta,
    Funding,
    FundingPayment,
    VenueStatus,
)
from arbitrage.domain.intents import CancelOrder, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.okx.facts import BookStream
from arbitrage.exchanges.okx.gateway import create
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.sim.server import VenueServer

# --- over sockets ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbol", "settings"),
    [(SPOT, {}), (SPOT, {"orders_by_websocket": False}), (SWAP, {})],
    ids=["spot", "spot by REST", "swap"],
)
def test_it_trades_as_a_venue_must(symbol: str, settings: dict[str, Any]) -> None:
    with running(["okx"], still_market(BOOKS)) as venues:
        addresses: dict[str, Any] = {
            "rest_url": venues.rest_url("okx"),
            "ws_url": venues.ws_url("okx"),
        }
        subject = create(symbols=[symbol], leverage=5, **KEYS, **addresses, **settings)
        asyncio.run(trades_as_a_venue_must(subject, symbol, "USDT"))


def test_it_starts_compares_and_trades_so_that_everything_ties_out() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        totals = {told.currency: told.total for told in engine.of(BalanceUpdate)}
        assert (totals["USDT"], totals["BTC"]) == (D(100_000), D(2))
        assert subject.fees(SPOT).taker_bps == 10.0
        assert subject.fees(SWAP).taker_bps == 5.0
        await until(lambda: engine.books(SPOT))
        assert (engine.books(SPOT)[-1].bids, engine.books(SPOT)[-1].asks) == (BIDS, ASKS)
        for one in (order("a1"), of_swap("a2", side=Side.SELL, price=D(78_000))):
            subject.send([one], subject._clock_ns())
            await until(lambda: "filled" in engine.statuses(one.client_id))  # noqa: B023
        (filled,) = [told for told in engine.updates("a1") if told.fees]
        assert dict(filled.fees) == {"BTC": D("0.0002")}
        assert max(told.filled_cost for told in engine.updates("a2")) == D(15_600)
        await asyncio.sleep(1.2)  # two comparisons
        assert engine.is_up
        assert not [told for told in engine.of(VenueStatus) if "not ours" in told.reason]
        btc = await subject.aget_balance("BTC")
        assert isinstance(btc, Balance)
        assert btc.total == server.core.balance("BTC").total == D("2.1998")
        (position,) = await subject.aget_open_positions()
        assert (position.symbol, position.qty) == (SWAP, D(-20))

    with_okx(test)


def test_orders_go_by_websocket_and_by_rest_while_it_is_not_open() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        channel = subject.account.channel
        await until(lambda: channel.is_open)
        subject.send([order("a1", qty=D("0.1"))], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        assert channel.stream is not None
        await channel.stop()
        subject.send([order("a2", qty=D("0.1"))], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a2"))

    with_okx(test)


@pytest.mark.parametrize("by_websocket", [True, False])
def test_what_is_refused_is_refused_on_either_road(by_websocket: bool) -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        await asyncio.sleep(0.1)
        subject.send([order("a1", qty=D(100))], subject._clock_ns())
        await until(lambda: "rejected" in engine.statuses("a1"))
        assert "51008" in engine.updates("a1")[-1].reason

    with_okx(test, settings={"orders_by_websocket": by_websocket})


def test_a_gap_breaks_the_book_and_a_new_subscription_mends_it() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        await until(lambda: engine.books(SPOT))
        sizes = iter(range(1, 200))

        def move() -> None:
            show(server.core, [(77_990.0, float(next(sizes)))], ASKS)

        codec: Any = subject.plan.codec
        known = len(engine.books(SPOT))
        while not codec.gaps()[SPOT]:
            move()
            await asyncio.sleep(0.02)
        await until(lambda: len(engine.books(SPOT)) > known and bool(engine.books(SPOT)[-1].bids))
        assert engine.books(SPOT)[-1].bids[0][0] == 77_990.0
        assert codec.unsynchronised() == []

    script = """
        [[fault]]
        kind = "gap"
        what = "books BTC-USDT"
        nth = [3]
    """
    with_okx(test, script)


def test_books_follow_and_come_back_after_a_loss() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        await until(lambda: engine.books(SPOT))
        show(server.core, [(77_990.0, 1.0)], ASKS)
        await until(lambda: engine.of(BookDelta))
        stream = subject.feed.connections[0].stream
        assert stream is not None
        stream.reconnect("a test")
        await until(lambda: engine.books(SPOT)[-1].bids == [])
        await until(lambda: engine.books(SPOT)[-1].bids == [(77_990.0, 1.0)])

    with_okx(test)


def test_books_of_five_levels_need_no_mending() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        await until(lambda: engine.books(SPOT))
        assert engine.books(SPOT)[0].bids == BIDS
        assert subject.plan.resubscription is None

    with_okx(test, settings={"book_stream": BookStream.WHOLE_5})


def test_the_account_comes_back_after_a_loss_and_is_compared() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        subject.send(
            [order("a1", price=D(77_000), time_in_force=TimeInForce.GTC)], subject._clock_ns()
        )
        await until(lambda: engine.statuses("a1")[-1:] == ["open"])
        assert subject.account.stream is not None
        subject.account.stream.stream.reconnect("a test")
        pass_trade(server.core, 76_000.0, 10.0, Side.SELL)
        await until(lambda: "filled" in engine.statuses("a1"))
        await until(lambda: engine.is_up)

    with_okx(test)


def test_a_refused_key_never_opens() -> None:
    async def work() -> None:
        server = await served()
        subject = quick(pointed_at(server, secret="wrong"))
        try:
            with pytest.raises(ConfigError, match="INVALID_SIGNATURE"):
                await subject.astart(Engine())
        finally:
            await server.stop()

    run(work)


def test_a_refused_login_says_why() -> None:
    async def work() -> None:
        server = await served()
        subject = pointed_at(server)
        codec: Any = subject.plan.codec
        assert subject.plan.private is not None
        codec.signer = type(codec.signer)("sim-key", "wrong", "sim-pass")
        await subject.rest.open()
        endpoint = await subject.plan.private.endpoint(subject.rest.ask)
        assert endpoint.after_login is not None
        assert endpoint.after_login(b'{"event":"channel-conn-count","channel":"orders"}') is None
        with pytest.raises(Unavailable, match="60007 Invalid sign"):
            endpoint.after_login(b'{"event":"error","code":"60007","msg":"Invalid sign"}')
        await subject.rest.close()
        await server.stop()

    run(work)


@pytest.mark.parametrize(
    "script",
    [
        """
        [[fault]]
        kind = "drop"
        on = "frame"
        what = "order"
        nth = [1]
        """,
        """
        [[fault]]
        kind = "timeout"
        what = "POST /api/v5/trade/order"
        delay_seconds = 0.3
        """,
    ],
    ids=["by websocket", "by REST"],
)
def test_an_order_of_which_the_answer_was_lost_is_found(script: str) -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        await asyncio.sleep(0.1)
        subject.send([order("a1")], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        await asyncio.sleep(0.6)
        assert engine.is_up
        assert len(list(server.core.orders.all(SPOT))) == 1

    by_websocket = "frame" in script
    with_okx(test, script, settings={"orders_by_websocket": by_websocket})


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
        what = "POST /api/v5/trade/order"
    """
    with_okx(test, script, settings={"orders_by_websocket": False}, lingering_ns=100_000_000)


def test_a_skewed_clock_is_measured_and_signed_with() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        assert abs(subject.rest.offset.offset_ns + 40 * NS_PER_SECOND) < 100_000_000
        subject.send([order("a1")], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))

    script = """
        [[fault]]
        kind = "clock_skew"
        skew_seconds = -40.0
    """
    with_okx(test, script)


@pytest.mark.parametrize("by_websocket", [True, False])
def test_resting_orders_are_cancelled(by_websocket: bool) -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        await asyncio.sleep(0.1)
        resting = order("a1", price=D(77_000), time_in_force=TimeInForce.GTC)
        subject.send([resting], subject._clock_ns())
        await until(lambda: engine.statuses("a1")[-1:] == ["open"])
        intent = CancelOrder(client_id="a1", venue="okx", symbol=SPOT)
        subject.send([intent], subject._clock_ns())
        await until(lambda: "canceled" in engine.statuses("a1"))

    with_okx(test, settings={"orders_by_websocket": by_websocket})


def test_funding_is_told_and_ties_out() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        subject.send([of_swap("a1")], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        announce(server.core, 0.0001, time.time_ns() + 100_000_000, 78_000.0)
        await until(lambda: engine.of(Funding))
        await asyncio.sleep(0.15)
        server.core.catch_up()
        await until(lambda: engine.of(FundingPayment))
        (paid,) = engine.of(FundingPayment)
        assert (paid.symbol, paid.currency, paid.amount) == (SWAP, "USDT", D("-1.56"))
        await asyncio.sleep(0.6)
        assert engine.is_up

    with_okx(test, settings={"channels": [Channel.BOOK, Channel.FUNDING]})


def test_the_polling_face_asks_for_books_orders_and_balances() -> None:
    async def work() -> None:
        server = await served()
        subject = quick(pointed_at(server, leverage=4))
        try:
            book = await subject.aget_orderbook(SPOT)
            assert book is not None
            assert book.bids == BIDS
            placed = await subject.acreate_order(SPOT, "buy", "0.1", "77000")
            assert placed.status is OrderStatus.OPEN
            assert (await subject.acancel_order(placed)).status is OrderStatus.CANCELED
            assert subject.instrument(SWAP).initial_margin == D("0.25")
            assert subject.instrument(SPOT).initial_margin == 1
        finally:
            await subject.astop()
            await server.stop()

    run(work)
