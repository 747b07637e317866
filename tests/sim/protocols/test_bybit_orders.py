from decimal import Decimal

import pytest
from sim_bybit import (
    LINEAR,
    SPOT,
    announce,
    bybit_core,
    ids_of,
    limit,
    market,
    markets_of,
    pass_trade,
    place,
)

from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import FundingPaid
from arbitrage.sim.protocols.bybit_orders import (
    execution_object,
    funding_object,
    liquidation_object,
    order_object,
)
from arbitrage.sim.protocols.bybit_wire import Json
from arbitrage.sim.venue_core import SimVenueCore

BOTH = pytest.mark.parametrize("category", ["linear", "spot"])


def told(core: SimVenueCore, params: dict[str, str]) -> Json:
    """An order as it is told once it was placed."""
    order = place(core, params)
    return order_object(order, markets_of(core).by_key[order.request.symbol], ids_of(core))


@BOTH
def test_an_order_at_rest_is_new(category: str) -> None:
    row = told(bybit_core(), limit(category=category, orderLinkId="a1"))
    assert (row["orderStatus"], row["rejectReason"], row["cancelType"]) == (
        "New",
        "EC_NoError",
        "UNKNOWN",
    )
    assert (row["symbol"], row["orderLinkId"], row["side"]) == ("BTCUSDT", "a1", "Buy")
    assert Decimal(row["leavesQty"]) == Decimal("0.01")
    assert (row["leavesValue"], row["avgPrice"], row["cumFeeDetail"]) == ("770", "", {})


def test_what_only_one_category_tells() -> None:
    linear = told(bybit_core(), limit())
    spot = told(bybit_core(), market("Sell", category="spot"))
    assert (linear["createType"], "marketUnit" in linear) == ("CreateByUser", False)
    assert (spot["marketUnit"], "createType" in spot) == ("baseCoin", False)


@pytest.mark.parametrize(
    ("category", "fees"), [("linear", {"USDT": "21.4500275"}), ("spot", {"BTC": "0.0005"})]
)
def test_a_filled_order_tells_its_totals_and_fees(category: str, fees: dict[str, str]) -> None:
    row = told(bybit_core(), limit(price="78000.1", qty="0.5", category=category))
    assert (row["orderStatus"], row["avgPrice"]) == ("Filled", "78000.1")
    assert Decimal(row["cumExecQty"]) == Decimal("0.5")
    assert Decimal(row["leavesQty"]) == 0
    assert row["cumFeeDetail"] == fees


@pytest.mark.parametrize(
    ("category", "status"), [("linear", "Cancelled"), ("spot", "PartiallyFilledCanceled")]
)
def test_what_an_ioc_order_could_not_take_is_told_by_category(category: str, status: str) -> None:
    params = limit(price="78000.1", qty="0.8", category=category, timeInForce="IOC")
    row = told(bybit_core(), params)
    assert (row["orderStatus"], row["rejectReason"]) == (status, "EC_NoImmediateQtyToFill")
    assert Decimal(row["leavesQty"]) == 0


@BOTH
@pytest.mark.parametrize(
    ("condition", "reason"),
    [("PostOnly", "EC_PostOnlyWillTakeLiquidity"), ("FOK", "EC_NoEnoughQtyToFill")],
)
def test_an_order_that_cannot_be_served_is_cancelled_with_its_reason(
    category: str, condition: str, reason: str
) -> None:
    params = limit(price="78000.1", qty="0.8", category=category, timeInForce=condition)
    row = told(bybit_core(), params)
    assert (row["orderStatus"], row["rejectReason"]) == ("Cancelled", reason)


def test_a_partial_fill_and_a_cancel_are_told() -> None:
    core = bybit_core()
    order = place(core, limit(price="77999.9", qty="2"))
    pass_trade(core, 77_999.0, 0.5, Side.SELL)
    btc, ids = markets_of(core).by_key[LINEAR], ids_of(core)
    assert order_object(order, btc, ids)["orderStatus"] == "PartiallyFilled"
    core.cancel(order)
    row = order_object(order, btc, ids)
    assert (row["orderStatus"], row["cancelType"]) == ("Cancelled", "CancelByUser")


def test_an_order_by_cost_keeps_its_words() -> None:
    row = told(bybit_core(), market(qty="3900", category="spot"))
    assert (row["qty"], row["marketUnit"], row["orderStatus"]) == ("3900", "quoteCoin", "Filled")
    assert row["price"] == "0"


@pytest.mark.parametrize(("category", "coin", "pnl"), [("linear", "", "0"), ("spot", "BTC", "")])
def test_an_execution_tells_what_is_left_and_the_coin_of_spot(
    category: str, coin: str, pnl: str
) -> None:
    core = bybit_core()
    order = place(core, limit(price="78000.2", qty="0.75", category=category, orderLinkId="a1"))
    btc = markets_of(core).by_key[order.request.symbol]
    rows = [execution_object(order, fill, btc, ids_of(core), core) for fill in order.fills]
    assert [Decimal(row["leavesQty"]) for row in rows] == [Decimal("0.25"), 0]
    assert [row["execPrice"] for row in rows] == ["78000.1", "78000.2"]
    first = rows[0]
    assert (first["execType"], first["feeCurrency"], first["execPnl"]) == ("Trade", coin, pnl)
    assert (first["orderLinkId"], first["category"]) == ("a1", category)
    assert first["execValue"] == "39000.05"


def test_funding_is_an_execution_without_an_order_of_ours() -> None:
    core = bybit_core()
    heard: list[FundingPaid] = []
    core.listen(lambda event: heard.append(event) if isinstance(event, FundingPaid) else None)
    place(core, market(qty="0.1"))
    announce(core, 0.001, core.now_ns + 1, 78_000.0)
    core._clock_ns.now_ns += 10  # type: ignore[attr-defined]
    core.catch_up()
    row = funding_object(heard[0], markets_of(core).by_key[LINEAR], core)
    assert (row["execType"], row["orderLinkId"], row["side"]) == ("Funding", "", "Buy")
    assert Decimal(row["execFee"]) == -heard[0].amount > 0


def test_a_liquidation_is_told_as_a_bust_trade() -> None:
    core = bybit_core()
    row = liquidation_object(markets_of(core).by_key[SPOT], core)
    assert (row["execType"], row["category"]) == ("BustTrade", "spot")
