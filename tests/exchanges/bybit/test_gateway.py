"""Bybit's plan, and its gateways against the simulated venue over real sockets."""

import asyncio
from decimal import Decimal as D

import msgspec
import pytest
from bybit_rig import (
    BOTH,
    CATEGORIES,
    KEYS,
    TIMES,
    complaints,
    order,
    pointed_at,
    quick,
    served,
    with_bybit,
)
from exchanges.venue_contract import trades_as_a_venue_must
from net.loopback import run, until
from net.tiny_plan import Engine
from sim_bybit import ASKS, BIDS, LINEAR, SPOT, announce, show
from sim_venues import running, still_book, still_market

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.events import BalanceUpdate, BookDelta, FundingPayment, VenueStatus
from arbitrage.domain.intents import CancelOrder, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.bybit.gateway import create
from arbitrage.exchanges.order_gateway import Channel, Lane, Request
from arbitrage.exchanges.registry import create_exchange
from arbitrage.net.backoff import Backoff
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import GatewayTimes, WalletState
from arbitrage.sim.listings import BYBIT, BYBIT_SPOT, usdt_perpetual, usdt_spot
from arbitrage.sim.serve import GUESTS
from arbitrage.sim.server import VenueServer

# --- the plan ---------------------------------------------------------------------------------


@BOTH
def test_without_keys_it_is_market_data_alone(venue: str) -> None:
    exchange = create_exchange(venue)
    assert isinstance(exchange, VenueGateway)
    assert exchange.venue == venue
    assert (exchange.plan.private, exchange.plan.order_stream) == (None, None)
    with pytest.raises(ConfigError, match="goes with"):
        create(api_key="only-half")


def test_spot_has_no_funding_and_no_positions() -> None:
    plan = create(category=Category.SPOT).plan
    assert Channel.FUNDING not in plan.public[0].channels
    assert plan.positions is None
    assert Channel.FUNDING in create().plan.public[0].channels


@pytest.mark.parametrize(
    ("request_", "spent"),
    [
        (Request("POST", "/v5/order/create", lane=Lane.ENTRY), "/v5/order/create"),
        (Request("POST", "/v5/order/cancel", lane=Lane.URGENT), "/v5/order/cancel"),
        (Request("GET", "/v5/order/realtime?symbol=BTCUSDT"), "/v5/order/realtime"),
        (Request("GET", "/v5/market/time"), ""),
    ],
)
def test_a_request_is_paid_from_the_budgets_of_its_endpoint_and_its_address(
    request_: Request, spent: str
) -> None:
    rules = create().plan.budgets
    paid = {rule.name for rule in rules if rule.cost(request_)}
    assert paid == {"address-5s", spent} - {""}


def test_each_category_has_its_own_budget_of_orders() -> None:
    limits = [
        next(rule.limit for rule in create(category=each).plan.budgets if "create" in rule.name)
        for each in CATEGORIES.values()
    ]
    assert limits == [10, 20]


def test_orders_since_a_time_are_asked_for_in_milliseconds() -> None:
    history = create(**KEYS).plan.history
    assert history is not None
    request = history.request("BTCUSDT", 1_700_000_000_123_456_789, 1_700_000_100_000_000_000)
    assert request.target == (
        "/v5/order/history?symbol=BTCUSDT&category=linear&limit=50&startTime=1700000000123"
    )


def test_a_refused_subscription_ends_the_session_and_a_liquidation_does_not() -> None:
    private = create(**KEYS).plan.private
    assert private is not None
    with pytest.raises(Unavailable, match="subscribe refused"):
        private.decode(b'{"success":false,"ret_msg":"no","op":"subscribe","conn_id":"c"}', 1)
    frame = (
        b'{"topic":"position","data":[{"category":"linear","symbol":"BTCUSDT",'
        b'"positionStatus":"Liq"}]}'
    )
    (said,) = private.decode(frame, 1)
    assert isinstance(said, VenueStatus)


# --- over sockets -----------------------------------------------------------------------------


@BOTH
def test_it_trades_as_a_venue_must(venue: str) -> None:
    listing = usdt_perpetual("BTC", BYBIT) if venue == BYBIT else usdt_spot(BYBIT_SPOT, "BTC")
    listing = msgspec.structs.replace(listing, instrument=GUESTS.instrument(listing.instrument))
    books = [(listing, still_book(listing, 78_000.0, 50.0))]
    with running([BYBIT], still_market(books)) as venues:

        async def work() -> None:
            gateway = create(
                category=CATEGORIES[venue],
                symbols=["BTCUSDT"],
                rest_url=venues.rest_url(BYBIT),
                ws_url=venues.ws_url(BYBIT),
                **KEYS,
            )
            await trades_as_a_venue_must(gateway, "BTCUSDT", "USDT")

        asyncio.run(work())


@BOTH
@pytest.mark.parametrize("by_websocket", [True, False])
def test_it_starts_compares_and_trades_so_that_everything_ties_out(
    venue: str, by_websocket: bool
) -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        totals = {told.currency: told.total for told in engine.of(BalanceUpdate)}
        assert totals == {"USDT": D(100_000), "BTC": D(10)}
        assert subject.fees("BTCUSDT").taker_bps == (5.5 if venue == "bybit" else 10.0)
        await until(lambda: engine.books("BTCUSDT"))
        book = engine.books("BTCUSDT")[-1]
        assert (book.bids, book.asks) == (BIDS, ASKS)
        if by_websocket:
            await until(lambda: subject.account.channel.is_open)
        for client_id, side, price in (("a1", Side.BUY, "78000.1"), ("a2", Side.SELL, "77999.9")):
            subject.send([order(client_id, venue, side=side, price=D(price))], subject._clock_ns())
            await until(lambda: "filled" in engine.statuses(client_id))  # noqa: B023
            await until(lambda: engine.updates(client_id)[-1].fees)  # noqa: B023
        await asyncio.sleep(0.8)  # two comparisons
        assert engine.is_up
        assert not complaints(engine)
        usdt = await subject.aget_balance("USDT")
        assert isinstance(usdt, Balance)
        assert server.core.balance("USDT").total == usdt.total
        assert usdt.total < D(100_000)

    settings = {"orders_by_websocket": by_websocket}
    with_bybit(test, venue=venue, settings=settings)


def test_orders_go_by_websocket_while_it_is_open_and_by_rest_else() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        channel = subject.account.channel
        await until(lambda: channel.is_open)
        rests = order("a1", price=D(77_000), time_in_force=TimeInForce.GTC)
        subject.send([rests], subject._clock_ns())
        await until(lambda: "open" in engine.statuses("a1"))
        assert channel._ids == 1
        assert channel.stream is not None
        channel.stream.reconnect("a test")
        intent = CancelOrder(client_id="a1", venue="bybit", symbol="BTCUSDT")
        subject.send([intent], subject._clock_ns())
        await until(lambda: "canceled" in engine.statuses("a1"))
        await until(lambda: channel.is_open)

    with_bybit(test)


def test_a_position_is_compared_and_shown() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order("a1")], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        await asyncio.sleep(0.4)
        assert engine.is_up
        (position,) = await subject.aget_open_positions()
        assert (position.symbol, position.qty) == ("BTCUSDT", D("0.2"))

    with_bybit(test)


def test_funding_is_booked_and_ties_out() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order("a1")], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        announce(server.core, 0.001, server.core.now_ns + NS_PER_SECOND // 20, 78_000.0)
        await asyncio.sleep(0.06)
        show(server.core)
        await until(lambda: engine.of(FundingPayment))
        assert engine.of(FundingPayment)[0].amount < 0
        await asyncio.sleep(0.7)
        assert engine.is_up
        assert not complaints(engine)

    with_bybit(test)


@BOTH
def test_books_by_deltas_follow_and_come_back_after_a_loss(venue: str) -> None:
    key = LINEAR if venue == "bybit" else SPOT

    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        await until(lambda: engine.books("BTCUSDT"))
        show(server.core, bids=[(77_990.0, 1.0)], key=key)
        await until(lambda: engine.of(BookDelta))
        stream = subject.feed.connections[0].stream
        assert stream is not None
        stream.reconnect("a test")
        await until(lambda: engine.books("BTCUSDT")[-1].bids == [])
        await until(lambda: engine.books("BTCUSDT")[-1].bids == [(77_990.0, 1.0)])

    with_bybit(test, venue=venue)


def test_a_gap_is_mended_by_subscribing_again() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        await until(lambda: engine.books("BTCUSDT"))
        for price in (77_991.0, 77_992.0, 77_993.0):
            show(server.core, bids=[(price, 1.0)])
            await asyncio.sleep(0.03)
        await until(lambda: engine.books("BTCUSDT")[-1].bids[0][0] in (77_992.0, 77_993.0))
        assert subject.plan.codec.gaps() == {"BTCUSDT": 1}  # type: ignore[attr-defined]
        broken = [told for told in engine.of(BookDelta) if told.prev_seq == -1]
        assert len(broken) == 1
        assert subject.feed.connections[0].opened == 1

    script = """
        [[fault]]
        kind = "gap"
        what = "orderbook"
        nth = [2]
    """
    with_bybit(test, script)


@pytest.mark.parametrize("by_websocket", [True, False])
def test_an_order_of_which_the_answer_was_lost_is_found(by_websocket: bool) -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        if by_websocket:
            await until(lambda: subject.account.channel.is_open)
        subject.send([order("a1")], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        await asyncio.sleep(0.4)
        assert engine.is_up
        assert len(list(server.core.orders.all())) == 1

    script = """
        [[fault]]
        kind = "timeout"
        what = "POST /v5/order/create"
        delay_seconds = 0.3
    """
    with_bybit(test, script, settings={"orders_by_websocket": by_websocket})


@pytest.mark.parametrize("by_websocket", [True, False])
def test_an_order_that_never_arrived_is_declared_so_and_not_before(by_websocket: bool) -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        if by_websocket:
            await until(lambda: subject.account.channel.is_open)
        sent_ns = subject._clock_ns()
        subject.send([order("a1")], sent_ns)
        await until(lambda: "never_existed" in engine.statuses("a1"))
        assert engine.updates("a1")[-1].ts_ns - sent_ns > 400_000_000

    script = """
        [[fault]]
        kind = "drop"
        on = "request"
        what = "POST /v5/order/create"
    """
    settings = {"orders_by_websocket": by_websocket}
    quickly = GatewayTimes(
        **{**msgspec.structs.asdict(TIMES), "pursuit": Backoff(0.05, 0.1)}  # type: ignore[arg-type]
    )
    with_bybit(test, script, settings=settings, lingering_ns=100_000_000, times=quickly)


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
    with_bybit(test, script)


def test_maintenance_is_told() -> None:
    async def test(_server: VenueServer, _subject: VenueGateway, engine: Engine) -> None:
        await until(lambda: any("simulated" in told.reason for told in engine.of(VenueStatus)))
        await until(lambda: engine.is_up)

    script = """
        [[fault]]
        kind = "maintenance"
        from_seconds = 0.6
        until_seconds = 1.0
    """
    with_bybit(test, script)


def test_the_polling_face_asks_for_books_orders_and_balances() -> None:
    async def work() -> None:
        server = await served()
        subject = quick(pointed_at(server))
        try:
            book = await subject.aget_orderbook("BTCUSDT")
            assert book is not None
            assert book.bids == BIDS
            placed = await subject.acreate_order("BTCUSDT", "buy", "0.1", "77000")
            assert placed.status is OrderStatus.OPEN
            assert (await subject.acancel_order(placed)).status is OrderStatus.CANCELED
            wallets = subject.plan.wallets
            assert wallets is not None
            told = wallets.read(await subject.rest.ask(wallets.request))
            assert told["BTC"] == WalletState(can_deposit=True, can_withdraw=True)
        finally:
            await subject.astop()
            await server.stop()

    run(work)
