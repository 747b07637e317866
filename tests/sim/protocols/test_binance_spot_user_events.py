from typing import Any

import pytest
from sim_spot import FIGURES, limit, market, pass_trade, place, spot_core
from sim_usdm import NOW_NS

from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import OrderChanged
from arbitrage.sim.protocols.binance_spot_user_events import (
    account_position,
    execution_report,
    stream_terminated,
)
from arbitrage.sim.venue_core import SimVenueCore

NOW_MS = NOW_NS // 1_000_000


class Told:
    """The reports of everything that happens at a core."""

    def __init__(self) -> None:
        self.core: SimVenueCore = spot_core()
        self.reports: list[Any] = []
        self.cancel_id = ""
        self.core.listen(self._on_event)

    def _on_event(self, event: object) -> None:
        if isinstance(event, OrderChanged):
            report = execution_report(
                event,
                FIGURES["BTCUSDT"],
                cancel_id=self.cancel_id,
                execution_id=len(self.reports) + 1,
                now_ns=NOW_NS,
            )
            if report is not None:
                self.reports.append(report)

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(each["x"], each["X"]) for each in self.reports]


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_taker_is_new_then_trades_until_it_is_filled(told: Told) -> None:
    place(told.core, limit(price="78000.2", quantity="0.75", newClientOrderId="mine"))
    assert told.steps == [("NEW", "NEW"), ("TRADE", "PARTIALLY_FILLED"), ("TRADE", "FILLED")]
    new, first, last = told.reports
    assert (new["c"], new["C"], new["z"], new["t"], new["N"], new["w"]) == (
        "mine",
        "",
        "0.00000000",
        -1,
        None,
        True,
    )
    assert (first["l"], first["L"], first["n"], first["N"], first["t"], first["m"]) == (
        "0.50000000",
        "78000.10000000",
        "0.00050000",
        "BTC",
        1,
        False,
    )
    assert (last["z"], last["Z"], last["w"]) == ("0.75000000", "58500.10000000", False)
    assert (last["E"], last["T"], last["O"]) == (NOW_MS, NOW_MS, NOW_MS)
    assert [each["I"] for each in told.reports] == [1, 2, 3]


def test_a_cancel_has_a_name_of_its_own(told: Told) -> None:
    order = place(told.core, limit(newClientOrderId="mine"))
    told.cancel_id = "its cancel"
    told.core.cancel(order)
    assert told.steps[-1] == ("CANCELED", "CANCELED")
    assert (told.reports[-1]["c"], told.reports[-1]["C"]) == ("its cancel", "mine")


def test_what_cannot_be_filled_expires_under_its_own_name(told: Told) -> None:
    place(told.core, market("SELL", quantity="1.6", newClientOrderId="mine"))
    assert told.steps[-1] == ("EXPIRED", "EXPIRED")
    assert (told.reports[-1]["c"], told.reports[-1]["z"]) == ("mine", "1.50000000")
    assert told.reports[0]["w"] is False


def test_prevention_of_self_trades_is_a_step_of_its_own(told: Told) -> None:
    place(told.core, limit("SELL", "78000.1", "0.2"))
    place(told.core, limit(price="78000.1", quantity="0.6", timeInForce="IOC"))
    prevented = next(each for each in told.reports if each["x"] == "TRADE_PREVENTION")
    assert (prevented["S"], prevented["X"], prevented["A"]) == (
        "SELL",
        "EXPIRED_IN_MATCH",
        "0.20000000",
    )


def test_an_order_made_smaller_lives_on(told: Told) -> None:
    place(told.core, limit("SELL", "78000.1", "0.2"))
    policy = {"selfTradePreventionMode": "DECREMENT", "timeInForce": "IOC"}
    place(told.core, limit(price="78000.1", quantity="0.6", **policy))
    assert ("TRADE_PREVENTION", "NEW") in told.steps


def test_a_maker_is_told_as_one(told: Told) -> None:
    place(told.core, limit(quantity="0.2"))
    pass_trade(told.core, 76_999.0, 0.1, Side.SELL)
    assert (told.reports[-1]["m"], told.reports[-1]["X"]) == (True, "PARTIALLY_FILLED")
    assert told.reports[-1]["w"] is True


def test_balances_are_told_with_what_orders_lock(told: Told) -> None:
    place(told.core, limit(price="77000", quantity="0.1"))
    event = account_position(told.core, ["USDT"])
    assert event["B"] == [{"a": "USDT", "f": "92300.00000000", "l": "7700.00000000"}]
    assert stream_terminated(NOW_NS) == {"e": "eventStreamTerminated", "E": NOW_MS}
