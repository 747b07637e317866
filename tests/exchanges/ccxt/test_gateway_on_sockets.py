"""A gateway through ccxt on simulated venues over sockets: trading, losses and faults."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal as D
from random import Random
from typing import Any

import msgspec
import pytest
from exchanges.ccxt.rigs import ccxt_upbit, ccxt_usdm
from net.loopback import until
from net.tiny_plan import Engine
from sim_upbit import ASKS, BIDS, show, upbit
from sim_usdm import announce, setup
from sim_usdm import show as show_usdm

from arbitrage.domain.errors import Unavailable
from arbitrage.domain.events import BalanceUpdate, FundingPayment
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.intents import CancelOrder, PlaceOrder, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.ccxt import facts
from arbitrage.net.backoff import Backoff
from arbitrage.net.http import PoolTerms
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.protocols.binance_usdm import BinanceUsdmProtocol
from arbitrage.sim.server import VenueServer

SPOT, SWAP = "BTC/KRW", "BTC/USDT:USDT"
Test = Callable[[VenueServer, VenueGateway, Engine], Awaitable[None]]


def quick(made: VenueGateway, **changes: Any) -> VenueGateway:
    """The same gateway, less patient."""
    times = msgspec.structs.replace(
        made.plan.times,
        recheck_seconds=0.05,
        reconcile_seconds=0.3,
        silent_order_seconds=0.02,
        settle_seconds=0.005,
    )
    changes = {
        "times": times,
        "reconnect": Backoff(0.01, 0.05),
        "orders": PoolTerms(connections=3, timeout_seconds=0.5),
        **changes,
    }
    plan = msgspec.structs.replace(made.plan, **changes)
    return VenueGateway(plan, symbols=made.symbols, random=Random(1))


def with_upbit(test: Test, script: str = "", **changes: Any) -> None:
    async def work() -> None:
        server = VenueServer(upbit(time.time_ns), faults=FaultPlan.parse(script))
        await server.start()
        subject, engine = quick(ccxt_upbit(server.rest_url, server.ws_url), **changes), Engine()
        try:
            await subject.astart(engine)
            await until(lambda: engine.is_up)
            await test(server, subject, engine)
        finally:
            await subject.astop()
            await server.stop()

    asyncio.run(work())


def with_usdm(test: Test, clock: Any = time.time_ns) -> None:
    async def work() -> None:
        protocol = BinanceUsdmProtocol(setup(clock))
        server = VenueServer(protocol)
        await server.start()
        show_usdm(protocol.core)
        subject, engine = quick(ccxt_usdm(server.rest_url, server.ws_url)), Engine()
        try:
            await subject.astart(engine)
            await until(lambda: engine.is_up)
            await test(server, subject, engine)
        finally:
            await subject.astop()
            await server.stop()

    asyncio.run(work())


def order(client_id: str, **changes: Any) -> PlaceOrder:
    return PlaceOrder(
        **{
            "client_id": f"{time.time_ns():x}{client_id}",
            "venue": "ccxt:upbit",
            "symbol": SPOT,
            "side": Side.BUY,
            "qty": D("0.2"),
            "price": D(100_001_000),
            "time_in_force": TimeInForce.IOC,
            **changes,
        }
    )


def test_it_compares_and_trades_so_that_everything_ties_out() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        totals = {told.currency: told.total for told in engine.of(BalanceUpdate)}
        assert totals == {"KRW": D(300_000_000), "BTC": D(10)}
        assert subject.fees(SPOT) == FeeSchedule(taker_bps=5.0, maker_bps=5.0)
        await until(lambda: engine.books(SPOT))
        assert (engine.books(SPOT)[-1].bids, engine.books(SPOT)[-1].asks) == (BIDS, ASKS)
        placed = order("a1", qty=D("0.7"))
        subject.send([placed], subject._clock_ns())
        await until(lambda: "canceled" in engine.statuses(placed.client_id))
        last = engine.updates(placed.client_id)[-1]
        assert (last.filled_qty, last.filled_cost) == (D("0.5"), D("50000500"))
        assert last.fees == (("KRW", D("25000.25")),)
        await asyncio.sleep(0.8)  # two comparisons
        assert engine.is_up
        assert await subject.aget_balance("KRW") == Balance("KRW", D("249974499.75"))
        assert len(list(server.core.orders.all())) == 1

    with_upbit(test)


def test_a_position_ties_out_while_it_is_open() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        placed = order("a1", venue="ccxt:binanceusdm", symbol=SWAP, price=D("78000.1"))
        subject.send([placed], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses(placed.client_id))
        show_usdm(server.core, bids=[(70_000.0, 1.0)], asks=[(70_000.1, 1.0)])
        await asyncio.sleep(0.8)  # two comparisons, with an unrealised loss
        assert engine.is_up
        (held,) = await subject.aget_open_positions()
        assert (held.symbol, held.qty, held.entry_price) == (SWAP, D("0.2"), D("78000.1"))
        assert held.unrealised_pnl < -1000

    with_usdm(test)


def test_funding_is_booked_so_that_it_ties_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "FUNDING_SECONDS", 0.05)

    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        placed = order("a1", venue="ccxt:binanceusdm", symbol=SWAP, price=D("78000.1"))
        subject.send([placed], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses(placed.client_id))
        soon_ns = time.time_ns() + 20_000_000
        announce(server.core, 0.0001, soon_ns, 78_000.0)
        await asyncio.sleep(0.03)
        announce(server.core, 0.0001, soon_ns + 10**12, 78_000.0)
        await until(lambda: engine.of(FundingPayment))
        (paid,) = engine.of(FundingPayment)
        assert (paid.symbol, paid.currency, paid.amount) == (SWAP, "USDT", D("-1.56"))
        await asyncio.sleep(0.5)
        await until(lambda: engine.is_up)
        assert len(engine.of(FundingPayment)) == 1

    with_usdm(test)


def test_books_are_dropped_with_the_connection_and_come_back() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        await until(lambda: engine.books(SPOT))
        connection = subject.feed.connections[0]
        assert connection.stream is not None
        connection.stream.reconnect("a test")
        await until(lambda: engine.books(SPOT)[-1].bids == [])
        await until(lambda: engine.books(SPOT)[-1].bids == BIDS)
        show(server.core, bids=[(99_000_000.0, 1.0)])
        await until(lambda: engine.books(SPOT)[-1].bids == [(99_000_000.0, 1.0)])

    with_upbit(test)


def test_a_restart_of_the_venue_is_survived() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        account = subject.account.stream
        assert account is not None
        await until(lambda: account.stream.counts.last_reason)
        assert not engine.is_up
        await until(lambda: engine.is_up)
        assert account.stream.counts.reconnects > 0
        await until(lambda: engine.books(SPOT)[-1].bids == BIDS)

    script = """
        [[fault]]
        kind = "restart"
        from_seconds = 1.0
        until_seconds = 1.3
    """
    with_upbit(test, script)


def test_an_order_that_the_venue_takes_back_is_cancelled() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        placed = order("a1", price=D(90_000_000), time_in_force=TimeInForce.GTC)
        subject.send([placed], subject._clock_ns())
        await until(lambda: "canceled" in engine.statuses(placed.client_id))
        assert not server.core.orders.open()

    script = """
        [[fault]]
        kind = "refused_after_accepted"
        what = "POST /v1/orders"
        delay_seconds = 0.05
    """
    with_upbit(test, script)


def test_an_order_of_which_the_answer_was_lost_is_found_and_not_sent_again() -> None:
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
        what = "POST /v1/orders"
        delay_seconds = 0.8
    """
    with_upbit(test, script)


def test_an_order_that_never_arrived_is_declared_so_and_not_before() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        placed, sent_ns = order("a1"), subject._clock_ns()
        subject.send([placed], sent_ns)
        await until(lambda: "never_existed" in engine.statuses(placed.client_id))
        assert engine.statuses(placed.client_id) == ["in_doubt", "never_existed"]
        assert engine.updates(placed.client_id)[-1].ts_ns - sent_ns > 600_000_000
        assert list(server.core.orders.all()) == []

    script = """
        [[fault]]
        kind = "drop"
        on = "request"
        what = "POST /v1/orders"
    """
    with_upbit(test, script, lingering_ns=100_000_000)


def test_a_resting_order_fills_by_a_push_and_another_is_cancelled() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        rests = {"price": D(99_999_000), "time_in_force": TimeInForce.GTC}
        first, second = order("a1", **rests), order("a2", **rests)
        subject.send([first, second], subject._clock_ns())
        for placed in (first, second):
            await until(lambda placed=placed: "open" in engine.statuses(placed.client_id))
        show(server.core, asks=[(99_999_000.0, 0.3)])
        await until(lambda: "filled" in engine.statuses(first.client_id))
        cancel = CancelOrder(client_id=second.client_id, venue="ccxt:upbit", symbol=SPOT)
        subject.send([cancel], subject._clock_ns())
        await until(lambda: "canceled" in engine.statuses(second.client_id))
        last = engine.updates(second.client_id)[-1]
        assert (last.filled_qty, last.filled_cost) == (D("0.1"), D("9999900"))

    with_upbit(test)


def test_what_cannot_be_paid_is_refused() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        placed = order("a1", qty=D(1_000), price=D(100_000_000))
        subject.send([placed], subject._clock_ns())
        await until(lambda: "rejected" in engine.statuses(placed.client_id))
        assert engine.updates(placed.client_id)[-1].reason.startswith("InsufficientFunds")

    with_upbit(test)


def test_the_polling_face_asks_for_books_orders_and_balances() -> None:
    async def work() -> None:
        server = VenueServer(upbit(time.time_ns))
        await server.start()
        subject = quick(ccxt_upbit(server.rest_url, server.ws_url))
        try:
            book = await subject.aget_orderbook(SPOT)
            assert book is not None
            assert book.bids == BIDS
            placed = await subject.acreate_order(SPOT, "buy", "0.1", "90000000")
            assert placed.status is OrderStatus.OPEN
            krw = await subject.aget_balance("KRW")
            assert isinstance(krw, Balance)
            assert (krw.locked, krw.total) == (D("9004500"), D(300_000_000))
            assert (await subject.acancel_order(placed)).status is OrderStatus.CANCELED
            assert await subject.aget_open_positions() == []
        finally:
            await subject.astop()
            await server.stop()

    asyncio.run(work())


def test_a_wrong_key_is_told_at_the_start() -> None:
    async def work() -> None:
        server = VenueServer(upbit(time.time_ns))
        await server.start()
        subject = quick(ccxt_upbit(server.rest_url, server.ws_url, secret="wrong"))
        try:
            with pytest.raises(Unavailable, match=r"AuthenticationError upbit.*jwt_verification"):
                await subject.astart(Engine())
        finally:
            await server.stop()

    asyncio.run(work())
