"""Binance USD-M's plan, and its gateway against the simulated venue over real sockets."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal as D
from random import Random
from typing import Any

import msgspec
import pytest
from net.loopback import run, until
from net.tiny_plan import Engine
from sim_usdm import ASKS, BIDS, setup, show

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.events import BalanceUpdate, BookDelta, VenueStatus
from arbitrage.domain.intents import CancelOrder, PlaceOrder, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.binance_usdm import facts
from arbitrage.exchanges.binance_usdm.facts import BookStream
from arbitrage.exchanges.binance_usdm.gateway import create
from arbitrage.exchanges.order_gateway import Channel, Lane, Request
from arbitrage.exchanges.registry import create_exchange
from arbitrage.net.backoff import Backoff
from arbitrage.net.http import PoolTerms
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import GatewayTimes
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.protocols.binance_usdm import BinanceUsdmProtocol
from arbitrage.sim.server import VenueServer

KEYS = {"api_key": "sim-key", "secret": "sim-secret"}
TIMES = GatewayTimes(
    recheck_seconds=0.05,
    reconcile_seconds=0.3,
    silent_order_seconds=0.02,
    settle_seconds=0.005,
    resync_seconds=0.005,
    snapshot_pause_seconds=0.05,
)
Test = Callable[[VenueServer, VenueGateway, Engine], Awaitable[None]]


def pointed_at(server: VenueServer, **settings: Any) -> VenueGateway:
    return create(
        **{
            "symbols": ["BTCUSDT"],
            "rest_url": server.rest_url,
            "ws_url": server.ws_url,
            **KEYS,
            **settings,
        }
    )


def quick(made: VenueGateway, **changes: Any) -> VenueGateway:
    """The same gateway, less patient."""
    changes = {
        "times": TIMES,
        "reconnect": Backoff(0.01, 0.05),
        "orders": PoolTerms(connections=3, timeout_seconds=0.2, wait_seconds=0.1),
        **changes,
    }
    plan = msgspec.structs.replace(made.plan, **changes)
    return VenueGateway(plan, symbols=made.symbols, random=Random(1))


def with_usdm(test: Test, script: str = "", book_stream: Any = None, **changes: Any) -> None:
    async def work() -> None:
        protocol = BinanceUsdmProtocol(setup(time.time_ns))  # type: ignore[arg-type]
        server = VenueServer(protocol, faults=FaultPlan.parse(script))
        await server.start()
        show(protocol.core)
        made = pointed_at(server, book_stream=book_stream or BookStream.DIFF_100MS)
        subject, engine = quick(made, **changes), Engine()
        try:
            await subject.astart(engine)
            await until(lambda: engine.is_up)
            await test(server, subject, engine)
        finally:
            await subject.astop()
            await server.stop()

    run(work)


def order(client_id: str, **changes: Any) -> PlaceOrder:
    return PlaceOrder(
        **{
            "client_id": client_id,
            "venue": "binance-usdm",
            "symbol": "BTCUSDT",
            "side": Side.BUY,
            "qty": D("0.2"),
            "price": D("78000.1"),
            "time_in_force": TimeInForce.IOC,
            **changes,
        }
    )


# --- the plan ---------------------------------------------------------------------------------


def test_without_keys_it_is_market_data_alone() -> None:
    exchange = create_exchange("binance-usdm")
    assert isinstance(exchange, VenueGateway)
    assert exchange.plan.private is None
    with pytest.raises(ConfigError, match="goes with"):
        create(api_key="only-half")


@pytest.mark.parametrize(
    ("request_", "spent"),
    [
        (Request("POST", "/fapi/v1/order", lane=Lane.ENTRY), {"orders-10s": 1, "orders-1m": 1}),
        (Request("POST", "/fapi/v1/order", lane=Lane.URGENT), {"orders-10s": 1, "orders-1m": 1}),
        (Request("DELETE", "/fapi/v1/order", lane=Lane.URGENT), {"weight-1m": 1}),
        (Request("GET", "/fapi/v1/depth", weight=20), {"weight-1m": 20}),
        (Request("POST", "/fapi/v1/listenKey", lane=Lane.ACCOUNT), {"weight-1m": 1}),
    ],
)
def test_a_request_is_paid_from_its_budgets(request_: Request, spent: dict[str, int]) -> None:
    rules = create().plan.budgets
    assert {rule.name: rule.cost(request_) for rule in rules if rule.cost(request_)} == spent


def test_orders_since_a_time_are_asked_for_in_milliseconds() -> None:
    history = create(**KEYS).plan.history  # type: ignore[arg-type]
    assert history is not None
    request = history.request("BTCUSDT", 1_700_000_000_123_456_789, 1_700_000_100_000_000_000)
    assert request.target.startswith(
        "/fapi/v1/allOrders?timestamp=1700000100000"
        "&symbol=BTCUSDT&startTime=1700000000123&limit=1000&recvWindow=5000&signature="
    )
    assert (request.lane, request.weight) == (Lane.ACCOUNT, 5)


def test_an_expired_listen_key_ends_the_session_and_a_margin_call_does_not() -> None:
    private = create(**KEYS).plan.private  # type: ignore[arg-type]
    assert private is not None
    with pytest.raises(Unavailable, match="listen key has expired"):
        private.decode(b'{"e":"listenKeyExpired","E":1736996475556,"listenKey":"k"}', 1)
    (said,) = private.decode(b'{"e":"MARGIN_CALL","E":1,"p":[{"s":"ETHUSDT"}]}', 1)
    assert isinstance(said, VenueStatus)


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "https://api.binance.com"),
        ({"rest_url": "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
        ({"wallet_url": "http://127.0.0.1:2"}, "http://127.0.0.1:2"),
    ],
)
def test_the_rights_of_the_key_are_asked_for_at_the_wallet(
    settings: dict[str, str], address: str
) -> None:
    check = create(**KEYS, **settings).plan.key_check  # type: ignore[arg-type]
    assert check is not None
    assert check.rest_url == address


def test_the_demo_venue_tells_no_rights() -> None:
    assert create(rest_url=facts.DEMO_REST_URL).plan.key_check is None


# --- over sockets -----------------------------------------------------------------------------


def test_it_starts_compares_and_trades_so_that_everything_ties_out() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        totals = {told.currency: told.total for told in engine.of(BalanceUpdate)}
        assert totals["USDT"] == D(100_000)
        assert subject.fees("BTCUSDT").taker_bps == 5.0
        await until(lambda: engine.books("BTCUSDT"))
        book = engine.books("BTCUSDT")[-1]
        assert (book.bids, book.asks) == (BIDS, ASKS)
        for client_id, side, price in (("a1", Side.BUY, "78000.1"), ("a2", Side.SELL, "77999.9")):
            subject.send([order(client_id, side=side, price=D(price))], subject._clock_ns())
            await until(lambda: "filled" in engine.statuses(client_id))  # noqa: B023
        await until(lambda: engine.updates("a2")[-1].fees)
        await asyncio.sleep(0.8)  # two comparisons
        assert engine.is_up
        assert not [told for told in engine.of(VenueStatus) if "not ours" in told.reason]
        usdt = await subject.aget_balance("USDT")
        assert isinstance(usdt, Balance)
        # A loss of 0.02 on 0.2 BTC, and both fees.
        fees = sum(
            (amount for one in ("a1", "a2") for _, amount in engine.updates(one)[-1].fees), D(0)
        )
        assert usdt.total == D(100_000) - D("0.02") - fees
        assert server.core.balance("USDT").total == usdt.total

    with_usdm(test)


def test_a_position_is_compared_and_shown() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order("a1")], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        await asyncio.sleep(0.4)
        assert engine.is_up
        (position,) = await subject.aget_open_positions()
        assert (position.symbol, position.qty) == ("BTCUSDT", D("0.2"))

    with_usdm(test)


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

    with_usdm(test)


def test_partial_books_need_no_snapshot() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        show(server.core, bids=[(77_990.0, 1.0)])
        await until(lambda: engine.books("BTCUSDT"))
        assert engine.books("BTCUSDT")[0].bids == [(77_990.0, 1.0)]
        assert subject.plan.book_sync is None

    with_usdm(test, book_stream=BookStream.PARTIAL_20)


def test_every_channel_goes_to_the_address_that_serves_it() -> None:
    async def work() -> None:
        protocol = BinanceUsdmProtocol(setup(time.time_ns))  # type: ignore[arg-type]
        server = VenueServer(protocol)
        await server.start()
        channels = [Channel.QUOTE, Channel.TRADES, Channel.FUNDING]
        subject = pointed_at(server, api_key="", secret="", channels=channels)
        assert [one.channels for one in subject.feed.connections] == [
            [Channel.QUOTE],
            [Channel.TRADES, Channel.FUNDING],
        ]
        await subject.astart(Engine())
        await subject.astop()
        await server.stop()

    run(work)


def test_an_order_of_which_the_answer_was_lost_is_found() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order("a1")], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        await asyncio.sleep(0.4)
        assert engine.is_up
        assert server.core.balance("USDT").total < D(100_000)

    script = """
        [[fault]]
        kind = "timeout"
        what = "POST /fapi/v1/order"
        delay_seconds = 0.3
    """
    with_usdm(test, script)


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
        what = "POST /fapi/v1/order"
    """
    with_usdm(test, script, lingering_ns=100_000_000)


def test_a_skewed_clock_is_measured_and_signed_with() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        assert abs(subject.rest.offset.offset_ns + 30_000_000_000) < 100_000_000
        subject.send([order("a1")], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))

    script = """
        [[fault]]
        kind = "clock_skew"
        skew_seconds = -30.0
    """
    with_usdm(test, script)


def test_resting_orders_are_cancelled() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        resting = order("a1", price=D(77_000), time_in_force=TimeInForce.GTC)
        subject.send([resting], subject._clock_ns())
        await until(lambda: engine.statuses("a1")[-1:] == ["open"])
        intent = CancelOrder(client_id="a1", venue="binance-usdm", symbol="BTCUSDT")
        subject.send([intent], subject._clock_ns())
        await until(lambda: "canceled" in engine.statuses("a1"))

    with_usdm(test)


def test_the_polling_face_asks_for_books_orders_and_balances() -> None:
    async def work() -> None:
        protocol = BinanceUsdmProtocol(setup(time.time_ns))  # type: ignore[arg-type]
        server = VenueServer(protocol)
        await server.start()
        show(protocol.core)
        subject = quick(pointed_at(server))
        try:
            book = await subject.aget_orderbook("BTCUSDT")
            assert book is not None
            assert book.bids == BIDS
            placed = await subject.acreate_order("BTCUSDT", "buy", "0.1", "77000")
            assert placed.status is OrderStatus.OPEN
            assert (await subject.acancel_order(placed)).status is OrderStatus.CANCELED
            assert subject.instrument("BTCUSDT").initial_margin == 1
        finally:
            await subject.astop()
            await server.stop()

    run(work)


def test_leverage_says_what_margin_an_order_locks() -> None:
    async def work() -> None:
        protocol = BinanceUsdmProtocol(setup(time.time_ns))  # type: ignore[arg-type]
        server = VenueServer(protocol)
        await server.start()
        subject = pointed_at(server, leverage=5)
        try:
            await subject.aload()
            assert subject.instrument("BTCUSDT").initial_margin == D("0.2")
        finally:
            await subject.astop()
            await server.stop()

    run(work)
