"""Bithumb's plan, and its gateway against the simulated venue over real sockets."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal as D
from random import Random
from typing import Any

import msgspec
import pytest
from exchanges.venue_contract import trades_as_a_venue_must
from net.loopback import run, until
from net.tiny_plan import Engine
from sim_bithumb import ASKS, BIDS, bithumb, show
from sim_venues import running, still_book, still_market

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.events import BalanceUpdate
from arbitrage.domain.intents import CancelOrder, PlaceOrder, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.bithumb.gateway import create
from arbitrage.exchanges.order_gateway import Channel, Lane, Request
from arbitrage.exchanges.registry import create_exchange
from arbitrage.net.backoff import Backoff
from arbitrage.net.http import PoolTerms
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import GatewayTimes
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.listings import BITHUMB, krw_spot
from arbitrage.sim.server import VenueServer
from arbitrage.simulators import Addresses, gateway_of

KEYS = {"api_key": "sim-key", "secret": "sim-secret"}
TIMES = GatewayTimes(
    recheck_seconds=0.05, reconcile_seconds=0.3, silent_order_seconds=0.02, settle_seconds=0.005
)
Test = Callable[[VenueServer, VenueGateway, Engine], Awaitable[None]]


def pointed_at(server: VenueServer, keys: dict[str, str] | None = None) -> VenueGateway:
    return create(
        symbols=["KRW-BTC", "KRW-ETH"],
        rest_url=server.rest_url,
        ws_url=server.ws_url,
        **(KEYS if keys is None else keys),  # type: ignore[arg-type]
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


def with_bithumb(test: Test, script: str = "", **changes: Any) -> None:
    async def work() -> None:
        server = VenueServer(bithumb(time.time_ns), faults=FaultPlan.parse(script))
        await server.start()
        subject, engine = quick(pointed_at(server), **changes), Engine()
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
            "client_id": f"{time.time_ns():x}{client_id}",
            "venue": "bithumb",
            "symbol": "KRW-BTC",
            "side": Side.BUY,
            "qty": D("0.2"),
            "price": D(100_001_000),
            "time_in_force": TimeInForce.IOC,
            **changes,
        }
    )


# --- the plan ---------------------------------------------------------------------------------


def test_without_keys_it_is_market_data_alone() -> None:
    exchange = create_exchange("bithumb")
    assert isinstance(exchange, VenueGateway)
    assert exchange.plan.private is None
    with pytest.raises(ConfigError, match="empty"):
        create(api_key="only-half")


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (Request("POST", "/v2/orders", lane=Lane.ENTRY), "private"),
        (Request("DELETE", "/v2/order?client_order_id=a", lane=Lane.URGENT), "private"),
        (Request("GET", "/v1/accounts", lane=Lane.ACCOUNT), "private"),
        (Request("GET", "/v1/orderbook?markets=KRW-BTC"), "public"),
        (Request("GET", "/v1/market/all"), "public"),
    ],
)
def test_a_request_is_paid_from_the_budget_of_its_kind(request_: Request, kind: str) -> None:
    rules = create().plan.budgets
    assert [rule.name for rule in rules if rule.cost(request_)] == [kind]


def test_a_stale_feed_is_not_kept_alive_by_the_venues_answers_to_pings() -> None:
    (streams,) = create().plan.public
    assert streams.terms.heartbeat is not None
    assert streams.terms.heartbeat.text == b""
    assert streams.channels == {Channel.BOOK, Channel.QUOTE, Channel.TRADES}


def test_what_the_venue_says_of_a_private_session_ends_it() -> None:
    private = create(**KEYS).plan.private
    assert private is not None
    with pytest.raises(Unavailable, match="INVALID_AUTH"):
        private.decode(b'{"error":{"name":"INVALID_AUTH","message":"no"}}', 1)
    assert private.decode(b'{"status":"UP"}', 1) == ()


def test_the_venue_tells_nothing_of_a_keys_rights_but_which_wallets_work() -> None:
    plan = create(**KEYS).plan
    assert plan.key_check is None
    assert plan.wallets is not None


# --- over sockets -----------------------------------------------------------------------------


def test_it_starts_compares_and_trades_so_that_everything_ties_out() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        totals = {told.currency: told.total for told in engine.of(BalanceUpdate)}
        assert totals == {"KRW": D(300_000_000), "BTC": D(10)}
        assert subject.fees("KRW-BTC").taker_bps == 4.0
        await until(lambda: engine.books("KRW-BTC"))
        book = engine.books("KRW-BTC")[-1]
        assert (book.bids, book.asks) == (BIDS, ASKS)
        placed = order("a1")
        subject.send([placed], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses(placed.client_id))
        last = engine.updates(placed.client_id)[-1]
        assert (last.filled_qty, last.filled_cost) == (D("0.2"), D("20000200"))
        assert last.fees == (("KRW", D("8000.08")),)
        asked = subject.rest.budgets.used(subject._clock_ns())["private"]
        await asyncio.sleep(0.8)  # two comparisons
        assert engine.is_up
        assert asked[1] == 140
        krw = await subject.aget_balance("KRW")
        assert krw == Balance("KRW", D("279991799.92"))
        assert server.core.balance("KRW").total == D("279991799.92")

    with_bithumb(test)


def test_books_are_dropped_with_the_connection_and_fresh_within_a_second() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        await until(lambda: engine.books("KRW-BTC"))
        started = asyncio.get_running_loop().time()
        connection = subject.feed.connections[0]
        assert connection.stream is not None
        connection.stream.reconnect("a test")
        await until(lambda: engine.books("KRW-BTC")[-1].bids == [])
        await until(lambda: engine.books("KRW-BTC")[-1].bids == BIDS)
        assert asyncio.get_running_loop().time() - started < 1.0
        show(server.core, bids=[(99_000_000.0, 1.0)])
        await until(lambda: engine.books("KRW-BTC")[-1].bids == [(99_000_000.0, 1.0)])

    with_bithumb(test)


def test_an_order_of_which_the_answer_was_lost_is_found() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        placed = order("a1")
        subject.send([placed], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses(placed.client_id))
        assert len(list(server.core.orders.all())) == 1
        await asyncio.sleep(0.4)
        assert engine.is_up

    script = """
        [[fault]]
        kind = "timeout"
        what = "POST /v2/orders"
        delay_seconds = 0.3
    """
    with_bithumb(test, script)


def test_an_order_that_never_arrived_is_declared_so_and_not_before() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        placed, sent_ns = order("a1"), subject._clock_ns()
        subject.send([placed], sent_ns)
        await until(lambda: "never_existed" in engine.statuses(placed.client_id))
        assert engine.statuses(placed.client_id) == ["in_doubt", "never_existed"]
        assert engine.updates(placed.client_id)[-1].ts_ns - sent_ns > 400_000_000
        assert list(server.core.orders.all()) == []

    script = """
        [[fault]]
        kind = "drop"
        on = "request"
        what = "POST /v2/orders"
    """
    with_bithumb(test, script, lingering_ns=100_000_000)


def test_resting_orders_are_cancelled_and_a_lost_stream_is_made_up_for() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        placed = order("a1", price=D(90_000_000), time_in_force=TimeInForce.GTC)
        subject.send([placed], subject._clock_ns())
        await until(lambda: engine.statuses(placed.client_id)[-1:] == ["open"])
        assert subject.account.stream is not None
        subject.account.stream.stream.reconnect("a test")
        await until(lambda: not engine.is_up)
        await until(lambda: engine.is_up)
        intent = CancelOrder(client_id=placed.client_id, venue="bithumb", symbol="KRW-BTC")
        subject.send([intent], subject._clock_ns())
        await until(lambda: "canceled" in engine.statuses(placed.client_id))
        assert not server.core.orders.open()

    with_bithumb(test)


def test_the_polling_face_asks_for_books_orders_and_balances() -> None:
    async def work() -> None:
        server = VenueServer(bithumb(time.time_ns))
        await server.start()
        subject = quick(pointed_at(server))
        try:
            book = await subject.aget_orderbook("KRW-BTC")
            assert book is not None
            assert book.bids == BIDS
            placed = await subject.acreate_order("KRW-BTC", "buy", "0.1", "90000000")
            assert placed.status is OrderStatus.OPEN
            krw = await subject.aget_balance("KRW")
            assert isinstance(krw, Balance)
            assert (krw.locked, krw.total) == (D("9003600"), D(300_000_000))
            assert (await subject.acancel_order(placed)).status is OrderStatus.CANCELED
            assert await subject.aget_open_positions() == []
        finally:
            await subject.astop()
            await server.stop()

    run(work)


def test_a_wrong_key_is_told_at_the_start() -> None:
    async def work() -> None:
        server = VenueServer(bithumb(time.time_ns))
        await server.start()
        subject = quick(pointed_at(server, {**KEYS, "secret": "wrong"}))
        try:
            with pytest.raises(Unavailable, match="jwt_verification"):
                await subject.astart(Engine())
        finally:
            await server.stop()

    run(work)


def test_it_trades_as_a_venue_must() -> None:
    listing = krw_spot(BITHUMB, "BTC")
    market = still_market([(listing, still_book(listing, 100_000_000.0, 0.5))])
    with running([BITHUMB], market) as venues:
        subject = gateway_of(
            BITHUMB, Addresses(venues.rest_url(BITHUMB), venues.ws_url(BITHUMB)), ["KRW-BTC"]
        )
        # The venue publishes no name for missing funds, so its lists must tell.
        subject = quick(subject, lingering_ns=100_000_000)
        asyncio.run(trades_as_a_venue_must(subject, "KRW-BTC", "KRW"))


def test_an_order_without_funds_is_in_doubt_until_the_lists_lack_it() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        placed = order("a1", qty=D(1000))
        subject.send([placed], subject._clock_ns())
        await until(lambda: "never_existed" in engine.statuses(placed.client_id))
        first = engine.updates(placed.client_id)[0]
        assert (first.status, first.reason) == (
            OrderStatus.IN_DOUBT,
            "http 400 insufficient_funds_bid",
        )
        assert list(server.core.orders.all()) == []

    with_bithumb(test, lingering_ns=100_000_000)


def test_a_part_of_an_ioc_order_ends_with_what_it_bought() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        placed = order("a1", qty=D("0.8"))
        subject.send([placed], subject._clock_ns())
        await until(lambda: "canceled" in engine.statuses(placed.client_id))
        last = engine.updates(placed.client_id)[-1]
        assert (last.filled_qty, last.filled_cost) == (D("0.5"), D("50000500"))
        assert last.fees == (("KRW", D("20000.2")),)
        (known,) = server.core.orders.all()
        assert known.filled_qty == D("0.5")

    with_bithumb(test)


def test_a_cancel_that_lost_its_race_ends_filled() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        placed = order("a1", price=D(99_000_000), time_in_force=TimeInForce.GTC)
        subject.send([placed], subject._clock_ns())
        await until(lambda: engine.statuses(placed.client_id)[-1:] == ["open"])
        intent = CancelOrder(client_id=placed.client_id, venue="bithumb", symbol="KRW-BTC")
        subject.send([intent], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses(placed.client_id))
        assert engine.updates(placed.client_id)[-1].filled_qty == D("0.2")
        assert not server.core.orders.open()

    script = """
        [[fault]]
        kind = "cancel_race"
        what = "DELETE"
    """
    with_bithumb(test, script)


def test_the_venues_clock_is_the_one_that_is_signed_with() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        placed = order("a1")
        subject.send([placed], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses(placed.client_id))
        assert subject.account.stream is not None
        subject.account.stream.stream.reconnect("a test")
        await until(lambda: not engine.is_up)
        await until(lambda: engine.is_up)

    script = """
        [[fault]]
        kind = "clock_skew"
        skew_seconds = 600.0
    """
    with_bithumb(test, script)


def test_dust_and_padding_are_no_levels() -> None:
    async def test(server: VenueServer, _subject: VenueGateway, engine: Engine) -> None:
        show(server.core, bids=[(100_000_000.0, 0.00004), (99_999_000.0, 0.12345678)])
        await until(lambda: engine.books("KRW-BTC")[-1].bids == [(99_999_000.0, 0.1235)])

    with_bithumb(test)


def test_without_a_token_the_account_stream_ends_and_is_opened_anew() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        assert subject.account.stream is not None
        subject.account.stream.on_message(b'{"error":{"name":"INVALID_AUTH","message":"no"}}', 1)
        await until(lambda: not engine.is_up)
        await until(lambda: engine.is_up)

    with_bithumb(test)
