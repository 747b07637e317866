"""Comparing with the venue: what is heard, what is found, and when balances may be compared."""

from decimal import Decimal as D
from typing import Any

import msgspec
from net.loopback import until
from net.tiny_plan import Engine, order, with_gateway
from net.tiny_venue import TinyVenue

from arbitrage.domain.intents import TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.net.reconciliation import Reconciliation
from arbitrage.net.venue_gateway import VenueGateway

GTC = TimeInForce.GTC


def reconciliation(subject: VenueGateway) -> Reconciliation:
    return subject.account._reconciliation


async def resting(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> dict[str, Any]:
    subject.send([order(time_in_force=GTC)], subject._clock_ns())
    await until(lambda: engine.statuses("a1") == ["open"])
    venue.tells = False
    return venue.orders["a1"]


def status(subject: VenueGateway) -> OrderStatus:
    record = subject.account.records.get("a1")
    assert record is not None
    return record.order.status


def test_nothing_to_find_is_found_whole() -> None:
    async def test(_venue: TinyVenue, subject: VenueGateway, _engine: Engine) -> None:
        result = await reconciliation(subject).run()
        assert (result.findings, result.balances, result.is_whole) == ([], [], True)

    with_gateway(test)


def test_fills_that_we_missed_are_heard_from_the_list_of_open_orders() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.fill(await resting(venue, subject, engine), D("0.2"))
        result = await reconciliation(subject).run()
        assert engine.updates("a1")[-1].filled_qty == D("0.2")
        assert result.findings == []
        assert not result.is_whole  # an order is live, so balances are not compared

    with_gateway(test)


def test_an_order_that_is_open_for_us_alone_is_asked_for() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.fill(await resting(venue, subject, engine), D("0.5"))
        before = venue.count("GET /order")
        assert (await reconciliation(subject).run()).findings == []
        assert venue.count("GET /order") == before + 1
        assert status(subject) is OrderStatus.FILLED
        assert (await reconciliation(subject).run()).is_whole

    with_gateway(test)


def test_an_order_closed_for_us_and_open_at_the_venue_is_a_finding() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order()], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        venue.orders["a1"]["status"] = "open"
        result = await reconciliation(subject).run()
        assert result.findings == ["order a1 is filled for us and open at the venue"]

    with_gateway(test)


def test_a_list_that_may_have_been_cut_is_a_finding_and_proves_nothing() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        await resting(venue, subject, engine)
        before = venue.count("GET /order")
        result = await reconciliation(subject).run()
        assert result.findings == [
            "more open orders of BTC-PERP than can be listed",
            "more open orders of BTC-USD than can be listed",
            "more orders or fills of BTC-USD than can be listed",
        ]
        assert venue.count("GET /order") == before

    def narrow(plan: Any) -> Any:
        history = msgspec.structs.replace(plan.history, full_length=1)
        return msgspec.structs.replace(plan, open_orders_full=0, history=history)

    with_gateway(test, change=narrow)


def test_one_question_lists_the_open_orders_of_all_symbols_where_the_venue_has_it() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        before = venue.count("GET /open")
        venue.fill(await resting(venue, subject, engine), D("0.5"))
        assert (await reconciliation(subject).run()).findings == []
        assert venue.count("GET /open") == before + 1
        assert status(subject) is OrderStatus.FILLED

    with_gateway(test, lists_all_symbols=True)


def test_fees_come_from_the_list_of_fills_where_orders_do_not_tell_them() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        tell_fees = venue.orders
        subject.send([order()], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        assert (await reconciliation(subject).run()).findings == []
        assert venue.count("GET /orders") >= 2
        assert tell_fees

    def with_fills(plan: Any) -> Any:
        return msgspec.structs.replace(plan, fills=plan.history)

    with_gateway(test, change=with_fills)


def test_history_is_asked_for_only_where_we_have_traded_since() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        assert venue.count("GET /orders") == 0
        subject.send([order()], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        await reconciliation(subject).run()
        await reconciliation(subject).run()
        assert venue.count("GET /orders") == 1

    with_gateway(test)


def test_strangers_that_filled_are_named_until_they_are_accepted() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order()], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        venue.tells = False
        stranger = venue.strange_order()
        venue.fill(stranger, D(1))
        for _ in range(2):
            result = await reconciliation(subject).run()
            assert result.findings == [
                "order stranger filled and is not ours",
                "1 BTC is not ours by any fill",
                "-100.1 USD is not ours by any fill",
            ]
            assert [told.currency for told in result.balances] == ["BTC", "USD"]
        result = await reconciliation(subject).run(accept=True)
        assert result.findings == []
        assert (await reconciliation(subject).run()).findings == []

    with_gateway(test)


def test_a_cancelled_stranger_without_a_fill_has_done_nothing() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order()], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        venue.strange_order(status="canceled")
        assert (await reconciliation(subject).run()).findings == []

    with_gateway(test)


def test_balances_are_not_compared_across_a_fill_and_the_last_verdict_stays() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.balances["USD"] += 5
        compare = reconciliation(subject)
        assert (await compare.run()).findings == ["5 USD is not ours by any fill"]
        ask = subject.rest.ask

        async def with_a_fill_in_between(build: Any) -> Any:
            answer = await ask(build)
            if venue.calls[-1] == "GET /account":
                subject.send([order()], subject._clock_ns())
                await until(lambda: "filled" in engine.statuses("a1"))
            return answer

        subject.rest.ask = with_a_fill_in_between  # type: ignore[method-assign]
        result = await compare.run()
        subject.rest.ask = ask  # type: ignore[method-assign]
        assert not result.is_whole
        assert result.findings == ["5 USD is not ours by any fill"]

    with_gateway(test)
