"""Orders of which nothing but a question will tell the end, and cancels that must get through."""

import asyncio
from decimal import Decimal as D

from net.loopback import until
from net.tiny_plan import Engine, order, record, times, with_gateway
from net.tiny_venue import TinyVenue

from arbitrage.domain.intents import CancelOrder, QueryOrder, TimeInForce
from arbitrage.net.backoff import Backoff
from arbitrage.net.http import PoolTerms
from arbitrage.net.venue_gateway import VenueGateway

GTC = TimeInForce.GTC
CANCEL = CancelOrder(client_id="a1", venue="tiny", symbol="BTC-USD")


def test_an_order_that_cannot_rest_and_stays_open_is_asked_for() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.tells = False
        venue.bodies["POST /order"] = (
            b'{"id":"a1","status":"open","filled":"0","cost":"0"}'  # an asynchronous accept
        )
        subject.send([order()], subject._clock_ns())
        await until(lambda: engine.statuses("a1") == ["open"])
        venue.place(
            {"id": "a1", "symbol": "BTC-USD", "side": "buy", "qty": "0.5"}
            | {"price": "100", "tif": "ioc"}
        )
        await until(lambda: "filled" in engine.statuses("a1"))

    with_gateway(test)


def test_an_order_that_may_rest_is_left_alone() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order(time_in_force=GTC)], subject._clock_ns())
        await until(lambda: engine.statuses("a1") == ["open"])
        await asyncio.sleep(0.03)
        assert venue.count("GET /order") == 0

    with_gateway(test)


def test_questions_that_fail_say_nothing() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.tells = False
        venue.faults["POST /order"].append("after")
        venue.faults["GET /order"].extend(["503", "before", "before", "500"])
        subject.send([order()], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        assert engine.statuses("a1") == ["in_doubt", "filled"]

    with_gateway(test)


def test_a_question_of_which_the_answer_was_lost_is_asked_once_more_at_once() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.tells = False
        venue.faults["POST /order"].append("after")
        venue.faults["GET /order"].append("before")
        subject.send([order()], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        assert venue.count("GET /order") == 2

    with_gateway(test, times=times(pursuit=Backoff(60.0, 60.0)))


def test_the_engine_may_ask_before_it_is_due() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.tells = False
        venue.faults["POST /order"].append("after")
        venue.faults["GET /order"].append("503")
        subject.send([order()], subject._clock_ns())
        await until(lambda: venue.count("GET /order") == 1 and not record(subject).is_asking)
        await asyncio.sleep(0.01)
        assert venue.count("GET /order") == 1
        subject.send([QueryOrder(client_id="a1", venue="tiny", symbol="BTC-USD")], 1)
        await until(lambda: "filled" in engine.statuses("a1"))

    with_gateway(test, times=times(pursuit=Backoff(60.0, 60.0)))


def test_the_engine_may_ask_for_an_order_that_rests_and_is_told_again_of_one_that_ended() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order(time_in_force=GTC)], subject._clock_ns())
        await until(lambda: engine.statuses("a1") == ["open"])
        venue.tells = False
        venue.fill(venue.orders["a1"], D("0.5"))
        question = QueryOrder(client_id="a1", venue="tiny", symbol="BTC-USD")
        subject.send([question], subject._clock_ns())
        await until(lambda: engine.statuses("a1") == ["open", "filled"])
        assert venue.count("GET /order") == 1
        subject.send([question], subject._clock_ns())
        await until(lambda: len(engine.updates("a1")) == 3)
        again = engine.updates("a1")[-1]
        assert (again.status.value, again.filled_qty, again.fees) == (
            "filled",
            D("0.5"),
            (("USD", D("0.05")),),
        )
        assert venue.count("GET /order") == 1

    with_gateway(test)


# --- cancelling -------------------------------------------------------------------------------


def test_a_cancel_is_sent_once_and_its_answer_closes_the_order() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order(time_in_force=GTC)], 1)
        await until(lambda: engine.statuses("a1") == ["open"])
        subject.send([CANCEL, CANCEL], 2)
        await until(lambda: "canceled" in engine.statuses("a1"))
        subject.send([CANCEL], 3)
        assert venue.count("DELETE /order") == 1

    with_gateway(test)


def test_a_cancel_that_is_not_obeyed_is_sent_again_once_the_order_is_known_to_be_open() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order(time_in_force=GTC)], 1)
        await until(lambda: engine.statuses("a1") == ["open"])
        venue.faults["DELETE /order"].extend(["before", "503"])
        subject.send([CANCEL], 2)
        await until(lambda: "canceled" in engine.statuses("a1"))
        assert venue.count("DELETE /order") == 3
        first, *_, last = [
            index for index, call in enumerate(venue.calls) if call == "DELETE /order"
        ]
        assert "GET /order" in venue.calls[first:last]

    with_gateway(test)


def test_a_cancel_that_could_not_be_sent_is_sent_when_the_order_was_asked_for() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order(time_in_force=GTC)], subject._clock_ns())
        await until(lambda: engine.statuses("a1") == ["open"])
        subject.rest.budgets.blocked_until_ns = subject._clock_ns() + 30_000_000
        subject.send([CANCEL], subject._clock_ns())
        assert not record(subject).is_canceling
        await until(lambda: "canceled" in engine.statuses("a1"))
        assert venue.count("DELETE /order") == 1

    with_gateway(test)


def test_a_cancel_that_waited_in_vain_is_sent_again() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order(time_in_force=GTC)], subject._clock_ns())
        await until(lambda: engine.statuses("a1") == ["open"])
        venue.faults["POST /order"].append("hang")
        subject.send([order("a2")], subject._clock_ns())
        subject.send([CANCEL], subject._clock_ns())
        await until(lambda: "canceled" in engine.statuses("a1"))
        assert venue.count("DELETE /order") == 1

    with_gateway(test, orders=PoolTerms(connections=1, timeout_seconds=0.03, wait_seconds=0.002))


def test_a_fill_that_wins_the_race_against_a_cancel_is_counted() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.tells = False
        subject.send([order(time_in_force=GTC)], subject._clock_ns())
        await until(lambda: engine.statuses("a1") == ["open"])
        venue.fill(venue.orders["a1"], D("0.5"))
        subject.send([CANCEL], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        assert record(subject).order.filled_qty == D("0.5")

    with_gateway(test)
