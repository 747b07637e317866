"""The whole gateway against a made-up venue, over real sockets."""

import asyncio
from collections.abc import Callable
from decimal import Decimal as D

import pytest
from net.loopback import run, soon, until
from net.tiny_plan import Engine, gateway, order, times, tiny_plan, with_gateway
from net.tiny_venue import TinyVenue, tiny_venue

from arbitrage.domain.errors import ConfigError, OrderRefused, Unavailable
from arbitrage.domain.events import BalanceUpdate, BookSnapshot, VenueStatus
from arbitrage.domain.intents import CancelOrder, QueryOrder
from arbitrage.exchanges.order_gateway import Channel, Request
from arbitrage.net import rest as rest_module
from arbitrage.net.budgets import BudgetRule
from arbitrage.net.venue_gateway import VenueGateway

# --- start and stop ---------------------------------------------------------------------------


def test_starting_opens_everything_compares_the_account_and_only_then_is_up() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        told = engine.of(VenueStatus)
        assert not told[0].is_up
        assert told[-1].is_up
        assert engine.of(BalanceUpdate) == [
            BalanceUpdate(engine.of(BalanceUpdate)[0].ts_ns, "tiny", "USD", D(10_000)),
            BalanceUpdate(engine.of(BalanceUpdate)[1].ts_ns, "tiny", "BTC", D(1)),
        ]
        assert venue.count("GET /time") == 3
        assert subject.fees("BTC-USD").taker_bps == 7.5
        assert subject.instrument("BTC-PERP").is_perpetual
        assert subject.health.is_up
        await until(lambda: venue.subscriptions == [["book:BTC-USD", "book:BTC-PERP"]])

    with_gateway(test)


def test_fees_that_the_budget_does_not_allow_to_ask_for_are_the_documented_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rest_module, "MAX_WAIT_SECONDS", 0.0)

    async def test(_venue: TinyVenue, subject: VenueGateway, _engine: Engine) -> None:
        assert subject.fees("BTC-USD").taker_bps == 7.5
        assert subject.fees("BTC-PERP").taker_bps == 10.0

    def is_fee(request: Request) -> int:
        return int(request.target.startswith("/fee"))

    with_gateway(test, budgets=(BudgetRule("fees", 1, 10**12, is_fee),))


def test_symbols_are_split_over_connections() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, _engine: Engine) -> None:
        await until(lambda: len(venue.subscriptions) == 2)
        assert sorted(venue.subscriptions) == [
            ["book:BTC-PERP"],
            ["book:BTC-USD", "book:ETH-USD"],
        ]
        assert subject.feed.is_open

    with_gateway(test, ("BTC-USD", "ETH-USD", "BTC-PERP"))


def test_without_keys_it_is_market_data_alone() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        assert engine.is_up
        assert not venue.private
        assert venue.count("GET /account") == venue.count("GET /fee") == 0
        assert subject.fees("BTC-USD").taker_bps == 10.0
        await venue.push_book()
        await until(engine.books)

    with_gateway(test, private=None, clock=None)


def test_a_gateway_starts_once() -> None:
    async def test(_venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        with pytest.raises(ConfigError, match="starts once"):
            await subject.astart(engine)

    with_gateway(test)


@pytest.mark.parametrize(
    ("prepare", "error", "why"),
    [
        (lambda venue: venue.faults["GET /account"].extend(["401"] * 50), Unavailable, "bad key"),
        (lambda venue: venue.faults["GET /fee"].append("401"), ConfigError, "bad key"),
        (lambda venue: venue.refuses_sockets.add("/market"), Unavailable, "no market data"),
        (lambda venue: venue.refuses_sockets.add("/private"), Unavailable, "account stream"),
        (lambda venue: venue.faults["GET /markets"].extend(["503"]), Unavailable, "http 503"),
    ],
)
def test_a_start_that_does_not_succeed_says_why_and_leaves_nothing(
    prepare: Callable[[TinyVenue], None], error: type[Exception], why: str
) -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            prepare(venue)
            plan = tiny_plan(venue, times=times(start_seconds=0.1))
            engine = Engine()
            with pytest.raises(error, match=why):
                await gateway(plan).astart(engine)
            assert not engine.is_up

    run(work)


def test_a_host_that_is_not_there_is_unavailable() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            plan = tiny_plan(venue)
        with pytest.raises(Unavailable, match="nothing was sent"):
            await gateway(plan).astart(Engine())

    run(work)


def test_a_symbol_that_the_venue_does_not_list_is_refused() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            with pytest.raises(ConfigError, match="does not trade DOGE-USD"):
                await gateway(tiny_plan(venue), ["BTC-USD", "DOGE-USD"]).astart(Engine())

    run(work)


def test_a_channel_that_the_venue_does_not_serve_is_refused() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            with pytest.raises(ConfigError, match="tiny has no stream of funding"):
                gateway(tiny_plan(venue), channels=[Channel.BOOK, Channel.FUNDING])

    run(work)


def test_starting_can_be_cancelled_and_leaves_nothing() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            venue.faults["GET /account"].extend(["hang"] * 5)
            starting = asyncio.create_task(gateway(tiny_plan(venue)).astart(Engine()))
            await until(lambda: venue.count("GET /account"))
            starting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starting

    run(work)


def test_an_error_of_the_engine_is_raised_to_whoever_waits() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        def broken(event: object) -> None:
            if isinstance(event, BookSnapshot) and event.bids:
                raise KeyError("ours")

        engine.on_event = broken
        await venue.push_book()
        with pytest.raises(KeyError, match="ours"):
            await soon(subject.wait())

    with_gateway(test)


def test_an_error_of_the_engine_on_an_answer_is_raised_too() -> None:
    async def test(_venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        def broken(_event: object) -> None:
            raise KeyError("ours")

        engine.on_event = broken
        subject.send([order()], 1)
        with pytest.raises(KeyError, match="ours"):
            await soon(subject.wait())

    with_gateway(test, hears_errors=True)


def test_an_error_while_starting_is_raised_by_astart() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            engine = Engine()

            def broken(event: object) -> None:
                if isinstance(event, BalanceUpdate):
                    raise KeyError("ours")

            engine.on_event = broken
            with pytest.raises(KeyError, match="ours"):
                await gateway(tiny_plan(venue)).astart(engine)

    run(work)


# --- the hot path -----------------------------------------------------------------------------


def test_an_order_leaves_inside_the_callback_of_the_frame_that_caused_it() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        def decide(event: object) -> None:
            if isinstance(event, BookSnapshot) and event.bids:
                engine.on_event = None
                subject.send([order()], event.ts_ns)
                assert subject.account.records.get("a1") is not None

        engine.on_event = decide
        await venue.push_book()
        await until(lambda: "filled" in engine.statuses("a1"))
        assert venue.count("POST /order") == 1

    with_gateway(test)


def test_events_of_several_gateways_share_one_line_of_time() -> None:
    async def work() -> None:
        async with tiny_venue() as one, tiny_venue() as other:
            engine = Engine()
            gateways = [gateway(tiny_plan(venue, private=None)) for venue in (one, other)]
            for subject in gateways:
                await subject.astart(engine)
            for _ in range(5):
                await asyncio.gather(one.push_book(), other.push_book())
            await until(lambda: len(engine.books()) == 10)
            for subject in gateways:
                await subject.astop()

    run(work)


def test_refused_and_unknown_intents_are_told_apart() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order("big", qty=D(5000)), order("market", price=None)], 1)
        await until(lambda: engine.statuses("big") and engine.statuses("market"))
        assert [engine.updates(one)[0].reason for one in ("big", "market")] == [
            "too_large",
            "no_market_orders",
        ]
        with pytest.raises(OrderRefused, match="used before"):
            subject.send([order("big")], 2)
        with pytest.raises(ConfigError, match="does not trade"):
            subject.send([order("x", symbol="DOGE-USD")], 2)
        subject.send(
            [
                CancelOrder(client_id="nobody", venue="tiny", symbol="BTC-USD"),
                QueryOrder(client_id="nobody", venue="tiny", symbol="BTC-USD"),
            ],
            2,
        )
        assert venue.count("POST /order") == 1

    with_gateway(test)
