"""Questions and orders by REST: budgets, retries of what is harmless, and connections by loop."""

import asyncio
from random import Random
from typing import Any, ClassVar

import pytest
from net.loopback import run, soon
from net.tiny_codec import SECOND, TinyCodec
from net.tiny_plan import tiny_plan
from net.tiny_venue import TinyVenue, tiny_venue

from arbitrage.domain.errors import RateLimited, Unavailable
from arbitrage.exchanges.order_gateway import Answer, BudgetReading, Lane, Request
from arbitrage.net import rest as rest_module
from arbitrage.net.arrival_clock import stamp
from arbitrage.net.budgets import BudgetRule
from arbitrage.net.rest import Rest

ACCOUNT = Request("GET", "/account", lane=Lane.ACCOUNT)


def with_rest(test: Any, **changes: Any) -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            rest = Rest(tiny_plan(venue, **changes), clock_ns=stamp, random=Random(1))
            await test(venue, rest)
            await rest.close()

    run(work)


def test_a_question_opens_what_it_needs_and_is_built_for_the_venues_time() -> None:
    async def test(venue: TinyVenue, rest: Rest) -> None:
        rest.offset.add(sent_ns=0, venue_ns=10**18, received_ns=0)
        asked: list[int] = []

        def build(now_ns: int) -> Request:
            asked.append(now_ns)
            return ACCOUNT

        answer = await rest.ask(build)
        assert answer.status == 200
        assert asked[0] - 10**18 > 10**18
        with pytest.raises(Unavailable):  # orders have connections of their own
            await soon(rest.send(Request("POST", "/order", lane=Lane.ENTRY), 1))
        await rest.open()
        assert venue.count("GET /account") == 1

    with_rest(test)


def test_a_question_without_an_answer_is_asked_once_more_freshly_built() -> None:
    async def test(venue: TinyVenue, rest: Rest) -> None:
        venue.faults["GET /account"].append("before")
        built: list[int] = []
        answer = await rest.ask(lambda now_ns: (built.append(now_ns), ACCOUNT)[1])
        assert answer.status == 200
        assert len(set(built)) == 2
        venue.faults["GET /account"].extend(["before", "before"])
        with pytest.raises(Unavailable, match=r"GET /account: no answer within 0\.5 s"):
            await rest.ask(lambda _now_ns: ACCOUNT)

    with_rest(test)


def test_what_is_not_a_get_is_never_asked_twice() -> None:
    async def test(venue: TinyVenue, rest: Rest) -> None:
        venue.faults["POST /session"].append("after")
        with pytest.raises(Unavailable):
            await rest.ask(lambda _now_ns: Request("POST", "/session"))
        assert venue.count("POST /session") == 1

    with_rest(test)


def test_a_question_waits_for_its_budget_and_an_order_does_not() -> None:
    async def test(venue: TinyVenue, rest: Rest) -> None:
        await rest.open()
        for _ in range(3):
            await rest.ask(lambda _now_ns: ACCOUNT)
        assert venue.count("GET /account") == 3
        now_ns = stamp()
        rest.budgets.spend(Request("GET", "/x", lane=Lane.URGENT), now_ns)
        with pytest.raises(RateLimited):
            rest.send(Request("POST", "/order", lane=Lane.URGENT), now_ns)

    window_ns = SECOND // 50
    with_rest(test, budgets=(BudgetRule("weight", 2, window_ns, lambda request: request.weight),))


def test_a_wait_that_is_too_long_is_told_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_module, "MAX_WAIT_SECONDS", 0.01)

    async def test(_venue: TinyVenue, rest: Rest) -> None:
        rest.budgets.blocked_until_ns = stamp() + 60 * SECOND
        with pytest.raises(RateLimited):
            await rest.ask(lambda _now_ns: ACCOUNT)

    with_rest(test)


@pytest.mark.parametrize(("status", "is_ban"), [("429", False), ("418", True)])
def test_being_told_to_stay_away_is_obeyed(status: str, is_ban: bool) -> None:
    async def test(venue: TinyVenue, rest: Rest) -> None:
        await rest.open()
        venue.faults["GET /account"].append(status)
        started = stamp()
        assert (await rest.ask(lambda _now_ns: ACCOUNT)).status == int(status)
        with pytest.raises(RateLimited):
            rest.send(Request("POST", "/order", lane=Lane.URGENT), stamp())
        assert (rest.budgets.blocked_until_ns > started) is is_ban
        assert (await rest.ask(lambda _now_ns: ACCOUNT)).status == 200
        assert stamp() - started > 30_000_000

    with_rest(test)


def test_what_headers_say_of_budgets_is_believed() -> None:
    async def test(venue: TinyVenue, rest: Rest) -> None:
        venue.headers["X-Used"] = "500"
        await rest.ask(lambda _now_ns: ACCOUNT)
        assert rest.budgets.used(stamp())["weight"] == (500, 1000)

    with_rest(test)


def test_nothing_is_sent_before_it_is_open() -> None:
    async def test(_venue: TinyVenue, rest: Rest) -> None:
        with pytest.raises(Unavailable, match="not open"):
            rest.send(Request("POST", "/order"), 1)

    with_rest(test)


def test_the_clock_is_measured_where_the_venue_tells_it() -> None:
    async def test(venue: TinyVenue, rest: Rest) -> None:
        venue.clock_ahead_ns = 7 * SECOND
        await rest.sync_clock()
        assert rest.offset.uncertainty_ns is not None
        assert abs(rest.offset.offset_ns - 7 * SECOND) <= rest.offset.uncertainty_ns

    with_rest(test)


def test_without_a_clock_of_the_venue_ours_is_taken() -> None:
    async def test(venue: TinyVenue, rest: Rest) -> None:
        await rest.sync_clock()
        assert rest.offset.offset_ns == 0
        assert venue.calls == []

    with_rest(test, clock=None)


def test_waiting_ends_with_the_connections() -> None:
    async def test(_venue: TinyVenue, rest: Rest) -> None:
        await rest.open()
        waiting = asyncio.create_task(rest.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        await rest.close()
        await soon(waiting)

    with_rest(test)


def test_each_event_loop_has_its_own_connections() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            rest = Rest(tiny_plan(venue), clock_ns=stamp, random=Random(1))

            async def ask_once() -> int:
                status = (await rest.ask(lambda _now_ns: ACCOUNT)).status
                await rest.close()
                return status

            await rest.ask(lambda _now_ns: ACCOUNT)
            elsewhere = await asyncio.to_thread(asyncio.run, ask_once())
            assert elsewhere == 200
            assert (await rest.ask(lambda _now_ns: ACCOUNT)).status == 200
            await rest.close()
            await rest.close()

    run(work)


# --- another host -----------------------------------------------------------------------------


def test_another_host_is_asked_over_a_connection_for_this_once() -> None:
    async def test(venue: TinyVenue, rest: Rest) -> None:
        async with tiny_venue() as other:
            other.headers = {"x-used": "900"}
            answer = await rest.ask_at(other.url, lambda _now_ns: ACCOUNT)
            assert answer.status == 200
            assert (other.count("GET /account"), venue.count("GET /account")) == (1, 0)
            assert rest.budgets.used(stamp())["weight"][0] == 1
            other.faults["GET /account"].append("before")
            with pytest.raises(Unavailable, match=r"tiny GET /account: no answer within 0\.5 s"):
                await rest.ask_at(other.url, lambda _now_ns: ACCOUNT)

    with_rest(test)


@pytest.mark.parametrize("is_named", [False, True])
def test_without_another_host_it_is_the_plans(is_named: bool) -> None:
    async def test(venue: TinyVenue, rest: Rest) -> None:
        await rest.ask_at(venue.url if is_named else "", lambda _now_ns: ACCOUNT)
        assert venue.count("GET /account") == 1

    with_rest(test)


def test_another_host_that_is_not_there_is_unavailable_and_leaves_nothing() -> None:
    async def test(_venue: TinyVenue, rest: Rest) -> None:
        async with tiny_venue() as other:
            gone = other.url
        with pytest.raises(Unavailable, match="nothing was sent"):
            await rest.ask_at(gone, lambda _now_ns: ACCOUNT)

    with_rest(test)


def test_readings_are_told_with_the_path_that_was_asked() -> None:
    class Listening(TinyCodec):
        paths: ClassVar[list[str]] = []

        def budgets(self, answer: Answer, endpoint: str = "") -> list[BudgetReading]:
            self.paths.append(endpoint)
            return super().budgets(answer, endpoint)

    async def test(_venue: TinyVenue, rest: Rest) -> None:
        await rest.ask(lambda _now_ns: Request("GET", "/fee?symbol=BTC-USD"))
        await rest.ask(lambda _now_ns: ACCOUNT)
        assert Listening.paths == ["/fee", "/account"]

    with_rest(test, codec=Listening())
