"""Orders between us and the venue: lost, late, doubled, contradicted, and always resolved."""

import asyncio
from decimal import Decimal as D
from typing import Any

import pytest
from net.loopback import until
from net.tiny_plan import HASTY, Engine, order, record, with_gateway
from net.tiny_venue import TinyVenue

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.intents import CancelOrder, Purpose, QueryOrder, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.net.budgets import BudgetRule
from arbitrage.net.http import PoolTerms
from arbitrage.net.venue_gateway import VenueGateway

GTC = TimeInForce.GTC
CANCEL = CancelOrder(client_id="a1", venue="tiny", symbol="BTC-USD")


def status(subject: VenueGateway) -> str:
    return str(record(subject).order.status.value)


# --- the three outcomes -----------------------------------------------------------------------


def test_an_accepted_order_is_told_with_its_totals() -> None:
    async def test(_venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order()], 1)
        assert record(subject).order.status is OrderStatus.IN_FLIGHT
        await until(lambda: "filled" in engine.statuses("a1"))
        last = engine.updates("a1")[-1]
        assert (last.filled_qty, last.filled_cost, last.fees) == (
            D("0.5"),
            D(50),
            (("USD", D("0.05")),),
        )

    with_gateway(test)


def test_a_refused_order_is_told_with_the_venues_reason() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order(qty=D(5000))], 1)
        await until(lambda: engine.statuses("a1") == ["rejected"])
        assert engine.updates("a1")[0].reason == "too_large"
        await until(lambda: venue.count("GET /time") == 4)  # perhaps a clock was set

    with_gateway(test)


@pytest.mark.parametrize("fault", ["late", "after", "503"])
def test_an_order_without_a_clear_answer_is_asked_for_and_never_sent_again(fault: str) -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.tells = False
        venue.faults["POST /order"].append(fault)
        subject.send([order()], subject._clock_ns())
        if fault == "503":  # the venue has taken it all the same
            venue.place(
                {"id": "a1", "symbol": "BTC-USD", "side": "buy", "qty": "0.5"}
                | {"price": "100", "tif": "ioc"}
            )
        await until(lambda: "filled" in engine.statuses("a1"))
        assert engine.statuses("a1")[0] == "in_doubt"
        assert venue.count("POST /order") == 1
        assert venue.count("GET /order") >= 1
        assert engine.updates("a1")[-1].filled_qty == D("0.5")

    with_gateway(test)


def test_an_order_that_never_arrived_is_declared_so_only_after_it_cannot_arrive_any_more() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.faults["POST /order"].append("before")
        sent_ns = subject._clock_ns()
        subject.send([order()], sent_ns)
        await until(lambda: "never_existed" in engine.statuses("a1"))
        told = engine.updates("a1")
        assert [update.status.value for update in told] == ["in_doubt", "never_existed"]
        # Written by 40 ms after it was sent, and lingering 10 ms more.
        assert told[-1].ts_ns - sent_ns > 50_000_000
        assert venue.count("POST /order") == 1
        calls = venue.calls
        last_query = len(calls) - 1 - calls[::-1].index("GET /order")
        assert {"GET /open", "GET /orders"} <= set(calls[last_query:])

    with_gateway(test, orders=HASTY)


@pytest.mark.parametrize(
    "plan",
    [
        {"history": None},
        {"open_orders_full": 0},
        {"lingering_ns": 10**15},
    ],
)
def test_without_whole_lists_and_enough_time_nothing_is_declared(plan: dict[str, Any]) -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.faults["POST /order"].append("before")
        subject.send([order()], subject._clock_ns())
        await asyncio.sleep(0.06)  # from here on it cannot arrive any more
        asked = venue.count("GET /order")
        await until(lambda: venue.count("GET /order") >= asked + 5)
        assert engine.statuses("a1") == ["in_doubt"]
        assert status(subject) == "in_doubt"

    with_gateway(test, orders=HASTY, **plan)


def test_a_list_that_has_the_order_is_believed_over_the_question_that_found_none() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.tells = False
        venue.faults["POST /order"].append("after")
        venue.faults["GET /order"].extend(["404"] * 100)
        subject.send([order()], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        assert venue.count("POST /order") == 1
        assert "never_existed" not in engine.statuses("a1")

    with_gateway(test, orders=HASTY)


def test_lists_that_cannot_be_had_prove_nothing_yet() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.faults["POST /order"].append("before")
        venue.faults["GET /open"].extend(["503"] * 3)
        venue.bodies["GET /orders"] = b"not json"
        subject.send([order()], subject._clock_ns())
        await until(lambda: venue.count("GET /orders") >= 2)
        assert engine.statuses("a1") == ["in_doubt"]
        del venue.bodies["GET /orders"]
        await until(lambda: "never_existed" in engine.statuses("a1"))

    with_gateway(test, orders=HASTY)


def test_an_order_that_the_venue_has_spoken_of_is_never_said_not_to_have_existed() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.faults["POST /order"].append("before")
        subject.send([order(time_in_force=GTC)], subject._clock_ns())
        await until(lambda: engine.statuses("a1") == ["in_doubt"])
        await venue.push(venue.strange_order(id="a1", qty="0.5"), private=True)
        await until(lambda: "open" in engine.statuses("a1"))
        del venue.orders["a1"]
        subject.send([QueryOrder(client_id="a1", venue="tiny", symbol="BTC-USD")], 1)
        await until(lambda: engine.statuses("a1")[-1] == "in_doubt")
        await asyncio.sleep(0.06)  # from here on it cannot arrive any more
        asked = venue.count("GET /order")
        await until(lambda: venue.count("GET /order") >= asked + 5)
        assert "never_existed" not in engine.statuses("a1")

    with_gateway(test, orders=HASTY)


# --- from anywhere in any order ---------------------------------------------------------------


def test_the_stream_may_be_quicker_than_the_answer() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.faults["POST /order"].append("late")
        subject.send([order()], subject._clock_ns())
        await until(lambda: engine.statuses("a1")[:1] == ["filled"])
        await until(lambda: len(engine.statuses("a1")) >= 2)
        assert status(subject) == "filled"
        assert record(subject).order.filled_qty == D("0.5")
        assert venue.count("GET /order") == 0

    with_gateway(test)


def test_late_and_repeated_words_change_nothing() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order()], 1)
        await until(lambda: "filled" in engine.statuses("a1"))
        done = dict(venue.orders["a1"])
        early = done | {"status": "open", "filled": "0.2", "cost": "20", "fee": "0.02"}
        version = subject.account.records.version
        for word in (early, done, early, done):
            await venue.push(word, private=True)
        await until(lambda: len(engine.updates("a1")) >= 5)
        assert record(subject).order.filled_qty == D("0.5")
        assert record(subject).order.filled_cost == D(50)
        assert subject.account.records.version == version
        assert subject.health.is_up

    with_gateway(test)


def test_partial_fills_of_a_resting_order_are_counted_as_they_come() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order(time_in_force=GTC)], 1)
        await until(lambda: engine.statuses("a1") == ["open"])
        for qty in ("0.2", "0.3"):
            venue.fill(venue.orders["a1"], D(qty))
        await until(lambda: "filled" in engine.statuses("a1"))
        assert [update.filled_qty for update in engine.updates("a1")] == [D(0), D("0.2"), D("0.5")]

    with_gateway(test)


def test_totals_that_contradict_each_other_stop_the_venue_until_a_person_has_looked() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        subject.send([order(time_in_force=GTC)], 1)
        await until(lambda: engine.statuses("a1") == ["open"])
        await venue.push(venue.orders["a1"] | {"filled": "0.7", "cost": "70"}, private=True)
        await until(lambda: not engine.is_up)
        assert "never shrink nor pass the order" in engine.down_reason
        assert engine.updates("a1")[-1].filled_qty == D("0.7")  # the engine halts on it itself

    with_gateway(test)


def test_an_order_that_cannot_even_be_signed_was_never_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(_venue: TinyVenue, subject: VenueGateway, _engine: Engine) -> None:
        def keyless(*_args: object) -> Any:
            raise ConfigError("no keys")

        monkeypatch.setattr(subject.plan.codec, "place", keyless)
        with pytest.raises(ConfigError, match="no keys"):
            subject.send([order()], 1)
        assert "a1" not in subject.account.records
        assert not subject.account.records.has_live

    with_gateway(test)


# --- what was never written -------------------------------------------------------------------


def test_an_order_that_fits_no_budget_is_refused_at_once() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        for number in range(3):
            subject.send([order(f"a{number}")], 1)
        await until(lambda: all(engine.statuses(f"a{number}") for number in range(3)))
        assert engine.statuses("a2") == ["rejected"]
        assert engine.updates("a2")[0].reason == "rate_limited"
        assert venue.count("POST /order") == 2

    rule = BudgetRule(
        "orders",
        3,
        10**12,
        lambda request: request.method == "POST" and request.target.startswith("/order"),
    )
    with_gateway(test, budgets=(rule,))


def test_an_entry_that_finds_no_free_connection_is_refused_at_once() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.faults["POST /order"].append("hang")
        subject.send([order("a1"), order("a2")], 1)
        await until(lambda: engine.statuses("a2"))
        assert engine.statuses("a2") == ["rejected"]
        assert engine.updates("a2")[0].reason == "not_sent"

    with_gateway(test, orders=PoolTerms(connections=1, timeout_seconds=0.05))


def test_an_urgent_order_that_waited_in_vain_for_a_connection_was_not_sent() -> None:
    async def test(venue: TinyVenue, subject: VenueGateway, engine: Engine) -> None:
        venue.faults["POST /order"].append("hang")
        subject.send([order("a1"), order("a2", purpose=Purpose.HEDGE)], 1)
        await until(lambda: engine.statuses("a2"))
        assert (engine.statuses("a2"), engine.updates("a2")[0].reason) == (
            ["rejected"],
            "not_sent",
        )

    with_gateway(test, orders=PoolTerms(connections=1, timeout_seconds=0.05, wait_seconds=0.005))
