"""Orders by websocket while that is open, by REST otherwise, in doubt wherever it is unclear."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal as D
from typing import Any

import pytest
from net.loopback import run, until
from net.tiny_plan import Engine, by_stream, gateway, order, record, tiny_plan
from net.tiny_venue import TinyVenue, tiny_venue

from arbitrage.domain.intents import CancelOrder, TimeInForce
from arbitrage.exchanges.order_gateway import Request
from arbitrage.net import order_channel
from arbitrage.net.backoff import Backoff
from arbitrage.net.budgets import BudgetRule
from arbitrage.net.heartbeat import SessionTerms
from arbitrage.net.http import PoolTerms
from arbitrage.net.venue_gateway import VenueGateway

Test = Callable[[TinyVenue, VenueGateway, Engine], Awaitable[None]]
PATIENT = PoolTerms(connections=3, timeout_seconds=5.0, wait_seconds=0.5)


def with_desk(
    test: Test,
    *,
    prepare: Callable[[TinyVenue], None] = lambda _venue: None,
    terms: SessionTerms | None = None,
    waits: bool = True,
    **changes: Any,
) -> None:
    """Run `test` with a gateway whose orders go by websocket."""

    async def work() -> None:
        async with tiny_venue() as venue:
            prepare(venue)
            plan = tiny_plan(venue, **changes)
            plan = by_stream(venue, plan, terms=terms or SessionTerms())
            subject, engine = gateway(plan), Engine()
            await subject.astart(engine)
            try:
                if waits:
                    await until(lambda: subject.account.channel.is_open)
                await test(venue, subject, engine)
            finally:
                await subject.astop()
            await subject.astop()

    run(work)


def orders_said(venue: TinyVenue) -> list[dict[str, Any]]:
    return [said for said in venue.desk_said if "do" in said]


def resting(client_id: str = "a1", **changes: Any) -> Any:
    return order(client_id, time_in_force=TimeInForce.GTC, price=D(90), **changes)


def cancel(client_id: str = "a1") -> CancelOrder:
    return CancelOrder(client_id=client_id, venue="tiny", symbol="BTC-USD")


# --- the open stream --------------------------------------------------------------------------


def test_orders_and_cancels_go_by_the_stream_and_their_answers_are_read_as_by_rest() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([resting()], 1)
        await until(lambda: engine.statuses("a1") == ["open"])
        subject.send([cancel()], 2)
        await until(lambda: engine.statuses("a1")[-1] == "canceled")
        subject.send([order("big", qty=D(5000))], 3)
        await until(lambda: engine.statuses("big") == ["rejected"])
        assert engine.updates("big")[0].reason == "too_large"
        assert venue.count("POST /order") == venue.count("DELETE /order") == 0
        said = orders_said(venue)
        assert [one["do"] for one in said] == ["POST /order", "DELETE /order", "POST /order"]
        assert len({one["re"] for one in said}) == 3

    def silent(venue: TinyVenue) -> None:
        venue.tells = False

    with_desk(test, prepare=silent)


def test_an_order_is_written_in_the_call_that_sends_it() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        stream = subject.account.channel.stream
        assert stream is not None
        written: list[bytes] = []
        current = stream._current
        assert current is not None
        assert current._transport is not None
        send = current.send
        current.send = lambda text: bool(written.append(text)) or send(text)  # type: ignore[method-assign]
        subject.send([order()], 1)
        assert len(written) == 1
        await until(lambda: "filled" in engine.statuses("a1"))
        assert len(orders_said(venue)) == 1

    with_desk(test)


def test_its_orders_are_charged_to_the_same_budgets() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order("a1"), order("a2")], subject._clock_ns())
        await until(lambda: engine.statuses("a2") == ["rejected"])
        assert engine.updates("a2")[0].reason == "rate_limited"
        await until(lambda: "filled" in engine.statuses("a1"))
        assert len(orders_said(venue)) == 1
        assert venue.count("POST /order") == 0

    def places(request: Request) -> int:
        return int(request.method == "WS")

    with_desk(test, budgets=(BudgetRule("orders", 1, 10**12, places),))


def test_an_order_that_the_venue_has_not_is_not_sent() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order(price=None)], 1)
        await until(lambda: engine.statuses("a1") == ["rejected"])
        assert engine.updates("a1")[0].reason == "no_market_orders"
        assert not orders_said(venue)

    with_desk(test)


def test_messages_that_answer_nothing_are_ignored(caplog: pytest.LogCaptureFixture) -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        (desk,) = venue.desk
        await desk.send_str('{"ch":"pong"}')
        await desk.send_str('{"re":"nobody","status":200,"body":{}}')
        await desk.send_str("torn")
        await until(lambda: subject.account.channel.unread == 1)
        subject.send([order()], 1)
        await until(lambda: "filled" in engine.statuses("a1"))

    with_desk(test)
    assert caplog.text.count("tiny orders: tiny: ") == 1


# --- in doubt ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["late", "after"])
def test_an_order_without_an_answer_is_in_doubt_asked_for_and_never_sent_again(fault: str) -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.tells = False
        venue.faults["WS POST /order"].append(fault)
        subject.send([order()], 1)
        await until(lambda: "filled" in engine.statuses("a1"))
        assert engine.statuses("a1")[0] == "in_doubt"
        assert len(orders_said(venue)) == 1
        assert venue.count("POST /order") == 0

    with_desk(test)


def test_an_order_that_never_arrived_is_found_nowhere() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.faults["WS POST /order"].append("before")
        subject.send([order()], 1)
        await until(lambda: "never_existed" in engine.statuses("a1"))
        assert len(orders_said(venue)) == 1
        assert not venue.orders

    with_desk(test)


def test_a_lost_connection_answers_everything_at_once_with_doubt() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.tells = False
        venue.faults["WS POST /order"].extend(["late", "after"])
        subject.send([order("a1"), order("a2")], 1)
        for one in ("a1", "a2"):
            await until(lambda one=one: engine.statuses(one)[:1] == ["in_doubt"])

    with_desk(test, orders=PATIENT)


def test_a_late_answer_changes_nothing() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.tells = False
        venue.faults["WS POST /order"].append("late")
        subject.send([order()], 1)
        await until(lambda: engine.statuses("a1") == ["in_doubt", "filled"])
        heard = len(engine.updates("a1"))
        (desk,) = venue.desk
        re = orders_said(venue)[0]["re"]
        await desk.send_str(f'{{"re":"{re}","status":400,"body":{{"error":"no"}}}}')
        await asyncio.sleep(0.01)
        assert len(engine.updates("a1")) == heard

    with_desk(test)


def test_a_cancel_without_an_answer_is_sent_again_only_once_the_order_is_known_to_be_open() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([resting()], 1)
        await until(lambda: engine.statuses("a1")[-1:] == ["open"])
        venue.faults["WS DELETE /order"].append("before")
        subject.send([cancel()], 2)
        await until(lambda: engine.statuses("a1")[-1] == "canceled")
        assert venue.orders["a1"]["status"] == "canceled"

    with_desk(test)


def test_stopping_leaves_orders_without_an_answer_in_doubt() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.tells = False
        venue.faults["WS POST /order"].append("late")
        subject.send([order()], 1)
        await until(lambda: "a1" in venue.orders)
        await subject.astop()
        await asyncio.sleep(0)
        assert engine.statuses("a1") == ["in_doubt"]

    with_desk(test, orders=PATIENT)


# --- REST instead -----------------------------------------------------------------------------


def test_while_the_stream_is_not_open_orders_go_by_rest() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        assert not subject.account.channel.is_open
        subject.send([resting()], 1)
        await until(lambda: engine.statuses("a1")[-1:] == ["open"])
        subject.send([cancel()], 2)
        await until(lambda: engine.statuses("a1")[-1] == "canceled")
        assert venue.count("POST /order") == venue.count("DELETE /order") == 1
        assert not orders_said(venue)
        venue.login = "accepted"
        await until(lambda: subject.account.channel.is_open)
        subject.send([order("a2")], 3)
        await until(lambda: "filled" in engine.statuses("a2"))
        assert len(orders_said(venue)) == 1
        assert engine.is_up

    def refuses(venue: TinyVenue) -> None:
        venue.login = "refused"

    with_desk(test, prepare=refuses, waits=False)


def test_a_session_that_the_venue_ends_is_opened_anew() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, _engine: Engine) -> None:
        await venue.desk[0].send_str('{"ch":"over"}')
        stream = subject.account.channel.stream
        assert stream is not None
        await until(lambda: stream.counts.opened == 2 and stream.is_open)
        assert stream.counts.last_reason == "the session is over"

    with_desk(test)


def test_what_is_more_than_the_stream_may_carry_goes_by_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(order_channel, "MAX_IN_FLIGHT", 1)

    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order("a1"), order("a2")], 1)
        for one in ("a1", "a2"):
            await until(lambda one=one: "filled" in engine.statuses(one))
        assert [one["query"]["id"] for one in orders_said(venue)] == ["a1"]
        assert venue.count("POST /order") == 1

    with_desk(test)


def test_an_order_that_finds_the_socket_lost_in_that_moment_is_not_sent() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        stream = subject.account.channel.stream
        assert stream is not None
        assert stream._current is not None
        stream._current.send = lambda _text: False  # type: ignore[method-assign]
        subject.send([order()], 1)
        await until(lambda: engine.statuses("a1") == ["rejected"])
        assert engine.updates("a1")[0].reason == "not_sent"
        assert not orders_said(venue)

    with_desk(test)


def test_an_address_that_cannot_be_read_is_a_failed_attempt() -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            asked: list[int] = []

            async def endpoint(_ask: Any) -> Any:
                asked.append(1)
                raise order_channel.MalformedData("no address")

            plan = by_stream(venue, tiny_plan(venue), endpoint=endpoint)
            subject = gateway(plan)
            await subject.astart(Engine())
            await until(lambda: len(asked) >= 2)
            assert not subject.account.channel.is_open
            await subject.astop()

    run(work)


# --- replacement ------------------------------------------------------------------------------


def test_a_planned_replacement_loses_no_answer() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        stream = subject.account.channel.stream
        assert stream is not None
        sent: list[str] = []
        while stream.counts.renewed < 3:
            sent.append(f"a{len(sent)}")
            subject.send([resting(sent[-1], qty=D("0.001"))], 1)
            await asyncio.sleep(0.002)
        for one in sent:
            await until(lambda one=one: engine.statuses(one)[-1:] == ["open"])
            assert engine.statuses(one)[0] == "open"
            assert record(subject, one).order.is_live
        assert venue.count("POST /order") == 0

    def silent(venue: TinyVenue) -> None:
        venue.tells = False

    with_desk(
        test,
        prepare=silent,
        terms=SessionTerms(life_seconds=0.03),
        orders=PoolTerms(connections=3, timeout_seconds=0.5, wait_seconds=0.5),
        reconnect=Backoff(0.001, 0.002),
    )


def test_without_keys_there_is_no_order_stream() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, _engine: Engine) -> None:
        await asyncio.sleep(0.01)
        assert not subject.account.channel.is_open
        assert not venue.desk

    with_desk(test, waits=False, private=None)
