"""How OKX shows orders and fills."""

from decimal import Decimal
from typing import Any

import pytest
from sim_okx import (
    FEES,
    NOW_NS,
    SPOT,
    SWAP,
    limit,
    okx_core,
    pass_trade,
    place,
    swap,
)

from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import OrderChanged
from arbitrage.sim.order_records import SimOrder
from arbitrage.sim.protocols.okx_orders import fill_object, order_object, push_object
from arbitrage.sim.protocols.okx_wire import Ids
from arbitrage.sim.venue_core import SimVenueCore

IDS = Ids(NOW_NS)


class Told:
    """A core, and the pushes that follow from it."""

    def __init__(self) -> None:
        self.core: SimVenueCore = okx_core()
        self.changes: list[OrderChanged] = []
        self.core.listen(
            lambda event: self.changes.append(event) if isinstance(event, OrderChanged) else None
        )

    def object(self, order: SimOrder) -> Any:
        symbol = order.request.symbol
        return order_object(order, self.core.instruments[symbol], FEES[symbol], IDS, None)

    def pushes(self) -> list[Any]:
        rules = self.core.instruments
        made = [
            push_object(
                change,
                rules[change.order.request.symbol],
                FEES[change.order.request.symbol],
                IDS,
            )
            for change in self.changes
        ]
        return [one for one in made if one is not None]


def test_a_resting_order_is_live_and_owes_nothing() -> None:
    told = Told()
    shown = told.object(place(told.core, limit(clOrdId="s1")))
    assert (shown["state"], shown["accFillSz"], shown["avgPx"]) == ("live", "0", "")
    assert (shown["instType"], shown["clOrdId"], shown["px"]) == ("SPOT", "s1", "77000")
    assert (shown["fee"], shown["feeCcy"], shown["cancelSource"]) == ("0", "BTC", "")


def test_a_filled_swap_has_its_average_and_its_fee() -> None:
    told = Told()
    shown = told.object(place(told.core, swap(sz="75")))
    assert (shown["state"], shown["accFillSz"], shown["sz"]) == ("filled", "75", "75")
    assert shown["avgPx"] == "78000.1333333333333333"
    assert (shown["fee"], shown["feeCcy"], shown["lever"]) == ("-29.25005", "USDT", "5")
    assert (shown["fillSz"], shown["tradeId"]) == ("25", "2")


def test_a_push_per_step_with_the_totals_of_that_step() -> None:
    told = Told()
    place(told.core, limit(sz="0.7", px="78000.2"))
    pushes = told.pushes()
    assert [one["state"] for one in pushes] == ["live", "partially_filled", "filled"]
    assert [one["accFillSz"] for one in pushes] == ["0", "0.5", "0.7"]
    assert [one["avgPx"] for one in pushes][:2] == ["0", "78000.1"]
    assert sum(Decimal(one["fillFee"]) for one in pushes) == Decimal("-0.0007")
    assert [pushes[0]["fee"], pushes[2]["fee"]] == ["0", "-0.0007"]
    assert pushes[1]["execType"] == "T"


def test_a_maker_s_fill_is_told_as_one() -> None:
    told = Told()
    order = place(told.core, limit(px="78000", sz="1"))
    pass_trade(told.core, 77_990.0, 0.25, Side.SELL)
    assert told.pushes()[-1]["execType"] == "M"
    rules = told.core.instruments[SPOT]
    shown = fill_object(order, order.fills[0], rules, Decimal("0.0008"), IDS)
    assert (shown["execType"], shown["feeRate"], shown["feeCcy"]) == ("M", "-0.0008", "BTC")
    assert shown["fee"] == "-0.0002"


def test_a_fill_of_a_swap_has_no_rate() -> None:
    told = Told()
    order = place(told.core, swap("sell"))
    rules = told.core.instruments[SWAP]
    shown = fill_object(order, order.fills[0], rules, Decimal("0.0005"), IDS)
    assert (shown["feeRate"], shown["subType"], shown["instType"]) == ("", "2", "SWAP")


@pytest.mark.parametrize(
    ("params", "source"),
    [
        (limit(ordType="ioc", px="78000.1", sz="0.8"), "14"),
        (limit(ordType="fok", px="78000.1", sz="0.8"), "13"),
        (limit(ordType="post_only", px="78000.1"), "31"),
    ],
)
def test_what_the_venue_cancels_says_why(params: dict[str, str], source: str) -> None:
    told = Told()
    shown = told.object(place(told.core, params))
    assert (shown["state"], shown["cancelSource"]) == ("canceled", source)
    assert told.pushes()[-1]["state"] == "canceled"


def test_a_cancelled_order_says_that_its_owner_did_it() -> None:
    told = Told()
    order = place(told.core, limit())
    told.core.cancel(order)
    assert told.object(order)["cancelSource"] == "1"
    other = place(told.core, limit())
    told.core.cancel(other, "withdrawn")
    assert told.object(other)["cancelSource"] == "0"


def test_an_order_by_cost_shows_its_cost() -> None:
    told = Told()
    shown = told.object(place(told.core, limit(ordType="market", px="", sz="7800.01")))
    assert (shown["sz"], shown["tgtCcy"], shown["accFillSz"]) == ("7800.01", "quote_ccy", "0.1")
