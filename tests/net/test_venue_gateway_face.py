"""The gateway as an exchange that people and runners call: asked, driven, and listened to."""

import asyncio
import threading
from decimal import Decimal as D

import pytest
from net.loopback import run, until
from net.tiny_plan import Engine, gateway, order, tiny_plan, with_gateway
from net.tiny_venue import TinyVenue, tiny_venue

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.intents import TimeInForce
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.domain.orders import OrderStatus
from arbitrage.exchanges.base import Balance
from arbitrage.net.venue_gateway import VenueGateway


def test_the_polling_face_needs_no_start() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            subject = gateway(tiny_plan(venue))
            book = await subject.aget_orderbook("BTC-USD")
            assert book is not None
            assert (book.best_bid, book.best_ask) == (99.0, 101.0)
            assert await subject.aget_orderbook("DOGE-USD") is None
            assert venue.count("GET /markets") == 1
            venue.faults["GET /book"].append("503")
            with pytest.raises(Unavailable):
                await subject.aget_orderbook("BTC-USD")
            await subject.astop()

    run(work)


def test_orders_by_hand_are_placed_asked_for_and_cancelled() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            subject = gateway(tiny_plan(venue))
            await subject.aload()
            filled = await subject.acreate_order(
                "BTC-USD", "buy", "0.5", "100", time_in_force="ioc"
            )
            assert (filled.status, filled.filled_qty) == (OrderStatus.FILLED, D("0.5"))
            resting = await subject.acreate_order("BTC-USD", "sell", "0.5", "200")
            assert resting.status is OrderStatus.OPEN
            assert (await subject.aget_order(resting)).status is OrderStatus.OPEN
            canceled = await subject.acancel_order(resting.client_id)
            assert canceled.status is OrderStatus.CANCELED
            assert (await subject.acancel_order(resting)).status is OrderStatus.CANCELED
            assert (await subject.aget_order(filled)).status is OrderStatus.FILLED
            again = await subject.asubmit(filled.intent)
            assert (again.status, again.reason) == (OrderStatus.REJECTED, "duplicate_client_id")
            for asked in (subject.aget_order, subject.acancel_order):
                with pytest.raises(KeyError, match="was sent from here"):
                    await asked("nobody")
            await subject.astop()

    run(work)


def test_an_order_without_an_answer_comes_back_in_doubt() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            subject = gateway(tiny_plan(venue))
            venue.faults["POST /order"].append("after")
            sent = await subject.asubmit(order())
            assert sent.status is OrderStatus.IN_DOUBT
            assert (await subject.aget_order("a1")).status is OrderStatus.FILLED
            assert venue.count("POST /order") == 1
            await subject.astop()

    run(work)


def test_a_cancel_that_is_not_answered_leaves_the_order_to_be_asked_for() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            subject = gateway(tiny_plan(venue))
            resting = await subject.asubmit(order(time_in_force=TimeInForce.GTC))
            venue.faults["DELETE /order"].append("after")
            assert (await subject.acancel_order(resting)).status is OrderStatus.CANCELED
            assert venue.count("GET /order") == 1
            await subject.astop()

    run(work)


def test_balances_and_positions_are_asked_for() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            venue.positions["BTC-PERP"] = D("-2")
            subject = gateway(tiny_plan(venue))
            assert await subject.aget_balance("USD") == Balance("USD", D(10_000))
            assert await subject.aget_balance("XYZ") == Balance("XYZ", D(0))
            assert set(await subject.aget_balance()) == {"USD", "BTC"}  # type: ignore[arg-type]
            (position,) = await subject.aget_open_positions()
            assert (position.symbol, position.qty) == ("BTC-PERP", D("-2"))
            subject.plan = tiny_plan(
                venue,
                positions=None,
                balances=lambda _answer: {"USD": Balance("USD", D(1), D(2))},
            )
            assert await subject.aget_open_positions() == []
            assert await subject.aget_balance("USD") == Balance("USD", D(1), D(2))
            await subject.astop()

    run(work)


def test_the_sync_face_drives_the_async_one_and_mixes_with_it() -> None:
    ready, box = threading.Event(), []

    def thread() -> None:
        async def main() -> None:
            loop, over = asyncio.get_running_loop(), asyncio.Event()
            async with tiny_venue() as venue:
                box.extend([venue, loop, over])
                ready.set()
                await over.wait()

        asyncio.run(main())

    server = threading.Thread(target=thread)
    server.start()
    ready.wait(3)
    venue, loop, over = box
    subject = gateway(tiny_plan(venue))
    try:
        assert subject.instrument("BTC-USD").base == "BTC"
        assert subject.get_orderbook("BTC-USD") is not None
        assert subject.submit(order()).status is OrderStatus.FILLED

        async def work() -> None:
            assert await subject.aget_orderbook("BTC-USD") is not None
            await subject.astop()

        run(work)
        assert subject.get_balance("BTC") == Balance("BTC", D("1.5"))
    finally:
        subject.close()
        subject.close()
        loop.call_soon_threadsafe(over.set)
        server.join()


def test_in_async_code_markets_must_be_loaded_before_they_are_named() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            subject = gateway(tiny_plan(venue))
            with pytest.raises(ConfigError, match="await aload"):
                subject.instrument("BTC-USD")
            await subject.astop()

    run(work)


def test_client_ids_are_never_used_twice() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            now = iter(range(10**18, 10**19, 2_000_000))
            gateways = [gateway(tiny_plan(venue), clock_ns=now.__next__) for _ in range(3)]
            ids = [one.next_client_id() for one in gateways for _ in range(100)]
            assert len(set(ids)) == 300
            assert all(one.isalnum() and len(one) <= 20 for one in ids)

    run(work)


# --- listeners --------------------------------------------------------------------------------


def test_books_are_shown_to_those_who_subscribe_until_they_end_it() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        shown: list[OrderBookSnapshot] = []
        end = subject.subscribe(shown.append)
        await venue.push_book()
        await until(lambda: shown)
        assert (shown[0].symbol, shown[0].best_bid) == ("BTC-USD", 99.0)
        end()
        await venue.push_book()
        await until(lambda: len(engine.books()) == 2)
        assert len(shown) == 1

    with_gateway(test)


def test_books_kept_by_diffs_are_shown_whole_also_to_those_who_come_late() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        await until(engine.books)
        shown: list[OrderBookSnapshot] = []
        subject.subscribe(shown.append)
        await until(lambda: shown)
        await venue.push_diff(b=[[99.5, 2.0]])
        await until(lambda: shown[-1].best_bid == 99.5)
        assert shown[-1].bids == [(99.5, 2.0), (99.0, 1.0)]

    with_gateway(test, ["BTC-USD"], diffs=True)
