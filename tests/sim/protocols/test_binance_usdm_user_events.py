from decimal import Decimal
from typing import Any

import pytest
from sim_usdm import BIDS, FIGURES, NOW_NS, RULES, limit, market, pass_trade, place, show, usdm_core

from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import Change, FundingPaid, OrderChanged
from arbitrage.sim.protocols.binance_usdm_user_events import (
    account_update,
    funding_update,
    liquidation_update,
    listen_key_expired,
    order_trade_update,
    trade_lite,
)
from arbitrage.sim.venue_core import SimVenueCore

BTC = FIGURES["BTCUSDT"]
NOW_MS = NOW_NS // 1_000_000


class Desk:
    """A core, and every order event that it gave rise to."""

    def __init__(self) -> None:
        self.core: SimVenueCore = usdm_core()
        self.changes: list[OrderChanged] = []
        self.core.listen(self._hear)

    def _hear(self, event: object) -> None:
        if isinstance(event, OrderChanged):
            self.changes.append(event)

    @property
    def told(self) -> list[Any]:
        """The bodies of the events so far."""
        events = [order_trade_update(each, BTC, now_ns=NOW_NS) for each in self.changes]
        return [event["o"] for event in events if event is not None]

    @property
    def steps(self) -> list[tuple[str, str, str]]:
        return [(each["x"], each["X"], each["er"]) for each in self.told]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_taker_is_told_step_by_step_with_the_totals_of_each_step(desk: Desk) -> None:
    place(desk.core, limit(price="78000.2", quantity="0.75", newClientOrderId="mine"))
    new, first, last = desk.told
    assert (new["x"], new["X"], new["z"], new["ap"], new["c"]) == (
        "NEW",
        "NEW",
        "0.000",
        "0.00000",
        "mine",
    )
    assert "N" not in new
    assert (first["x"], first["X"], first["l"], first["z"], first["L"]) == (
        "TRADE",
        "PARTIALLY_FILLED",
        "0.500",
        "0.500",
        "78000.1",
    )
    assert (last["X"], last["l"], last["z"], last["ap"]) == (
        "FILLED",
        "0.250",
        "0.750",
        "78000.13333",
    )
    assert (last["N"], last["n"], last["m"]) == ("USDT", "9.75002500", False)
    assert last["t"] > first["t"] > 0


def test_a_maker_is_told_that_it_is_one(desk: Desk) -> None:
    place(desk.core, limit(quantity="0.3"))
    pass_trade(desk.core, 76_999.0, 0.1, Side.SELL)
    assert (desk.told[-1]["m"], desk.told[-1]["b"], desk.told[-1]["a"]) == (
        True,
        "15400.00000000",
        "0.00000000",
    )


def test_the_end_of_an_order_says_why(desk: Desk) -> None:
    desk.core.cancel(place(desk.core, limit()))
    assert desk.steps[-1] == ("CANCELED", "CANCELED", "0")
    place(desk.core, limit(timeInForce="IOC"))
    assert desk.steps[-1] == ("EXPIRED", "EXPIRED", "2")
    show(desk.core, BIDS, [(78_000.3, 1.0)])
    place(desk.core, limit("SELL", "78000.1", "0.2"))
    place(desk.core, limit(price="78000.1", timeInForce="IOC"))
    assert ("EXPIRED", "EXPIRED_IN_MATCH", "1") in desk.steps


def test_the_profit_of_a_fill_is_told(desk: Desk) -> None:
    place(desk.core, market(quantity="0.5"))
    place(desk.core, market("SELL", quantity="0.5"))
    assert desk.told[-1]["rp"] == "-0.05000000"


def test_what_prevention_takes_off_is_not_told_by_itself(desk: Desk) -> None:
    order = place(desk.core, limit())
    prevented = OrderChanged(NOW_NS, order, Change.PREVENTED)
    assert order_trade_update(prevented, BTC, now_ns=NOW_NS) is None


def test_a_fill_in_brief_has_no_totals(desk: Desk) -> None:
    place(desk.core, market(quantity="0.1"))
    changed = desk.changes[1]
    assert changed.fill is not None
    told = trade_lite(changed, changed.fill, BTC, now_ns=NOW_NS)
    assert told | {"e": "TRADE_LITE", "S": "BUY", "L": "78000.1", "l": "0.100"} == told
    assert "z" not in told


def test_positions_are_told_with_the_wallet_behind_them(desk: Desk) -> None:
    place(desk.core, market(quantity="0.1"))
    told = account_update(desk.core, ["BTCUSDT"], {"BTCUSDT": Decimal("1.5")})["a"]
    (balance,), (position,) = told["B"], told["P"]
    assert told["m"] == "ORDER"
    assert (balance["a"], balance["wb"], balance["bc"]) == (
        "USDT",
        "99996.09999500",
        "0.00000000",
    )
    assert (position["s"], position["pa"], position["ep"], position["cr"]) == (
        "BTCUSDT",
        "0.100",
        "78000.10000",
        "1.50000000",
    )


def test_funding_tells_the_change_and_its_symbol_without_a_position(desk: Desk) -> None:
    paid = FundingPaid(NOW_NS, "BTCUSDT", "USDT", Decimal("-3.9"), Decimal("0.0001"))
    told = funding_update(desk.core, paid)
    assert (told["e"], told["T"]) == ("ACCOUNT_UPDATE", NOW_MS)
    assert (told["a"]["m"], told["a"]["P"], told["a"]["S"]) == ("FUNDING_FEE", [], "BTCUSDT")
    assert told["a"]["B"][0]["bc"] == "-3.90000000"


@pytest.mark.parametrize(("qty", "side"), [("0.5", "SELL"), ("-0.5", "BUY")])
def test_a_liquidation_is_an_order_of_the_venue(qty: str, side: str) -> None:
    told = liquidation_update(RULES["BTC"], Decimal(qty), 70_000.0, order_id=9, now_ns=NOW_NS)
    order = told["o"]
    assert order["c"].startswith("autoclose-")
    assert (order["S"], order["z"], order["X"], order["x"]) == (
        side,
        "0.500",
        "FILLED",
        "CALCULATED",
    )


def test_the_end_of_a_key_names_it() -> None:
    assert listen_key_expired("abc", now_ns=NOW_NS)["listenKey"] == "abc"
