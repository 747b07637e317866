"""Orders reach ccxt exact, on the grid, and only with what the venue is known to take."""

from decimal import Decimal as D
from typing import Any

import pytest

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.intents import CancelOrder, OrderType, PlaceOrder, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.exchanges.ccxt import facts, orders
from arbitrage.exchanges.ccxt.orders import Abilities, arguments

SPOT = Instrument(
    venue="ccxt:x",
    symbol="BTC/KRW",
    base="BTC",
    quote="KRW",
    tick_size=D(1000),
    lot_size=D("0.00000001"),
    max_qty=D(10),
    min_notional=D(5000),
)
SWAP = Instrument(
    venue="ccxt:x",
    symbol="BTC/USDT:USDT",
    base="BTC",
    quote="USDT",
    kind=InstrumentKind.PERPETUAL,
    tick_size=D("0.1"),
    lot_size=D(1),
    min_notional=D(100),
    contract_multiplier=D("0.01"),
)
ALL = Abilities(conditions=frozenset(TimeInForce) - {TimeInForce.GTC})


def intent(**changes: Any) -> PlaceOrder:
    return PlaceOrder(
        **{
            "client_id": "s00000001",
            "venue": "ccxt:x",
            "symbol": "BTC/KRW",
            "side": Side.BUY,
            "qty": D("3.5E-4"),
            "price": D(108_000_000),
            **changes,
        }
    )


def test_amounts_and_prices_are_text_without_exponent() -> None:
    assert arguments(intent(), SPOT, ALL) == {
        "symbol": "BTC/KRW",
        "type": "limit",
        "side": "buy",
        "amount": "0.00035",
        "price": "108000000",
        "params": {"clientOrderId": "s00000001", "timeInForce": "IOC"},
    }


@pytest.mark.parametrize(
    ("condition", "params"),
    [
        (TimeInForce.GTC, {}),
        (TimeInForce.IOC, {"timeInForce": "IOC"}),
        (TimeInForce.FOK, {"timeInForce": "FOK"}),
        (TimeInForce.POST_ONLY, {"postOnly": True}),
    ],
)
def test_conditions_go_by_ccxts_names(condition: TimeInForce, params: dict[str, Any]) -> None:
    made = arguments(intent(time_in_force=condition), SPOT, ALL)["params"]
    assert made == {"clientOrderId": "s00000001", **params}


def test_a_condition_that_might_be_ignored_is_not_sent() -> None:
    with pytest.raises(OrderRefused, match="does not say that it takes ioc") as told:
        arguments(intent(), SPOT, Abilities())
    assert told.value.reason == "time_in_force"
    assert arguments(intent(time_in_force=TimeInForce.GTC), SPOT, Abilities())


def test_market_orders_sell_spot_and_do_both_on_perpetuals() -> None:
    at_market = {"order_type": OrderType.MARKET, "price": None}
    sale = arguments(intent(side=Side.SELL, **at_market), SPOT, ALL)
    assert (sale["type"], sale["price"]) == ("market", None)
    with pytest.raises(OrderRefused) as told:
        arguments(intent(**at_market), SPOT, ALL)
    assert told.value.reason == "market_buy_by_quantity"
    assert arguments(intent(symbol=SWAP.symbol, qty=D(2), **at_market), SWAP, ALL)


def test_only_a_perpetual_is_reduced() -> None:
    reduced = arguments(intent(symbol=SWAP.symbol, qty=D(2), reduce_only=True), SWAP, ALL)
    assert reduced["params"] == {
        "clientOrderId": "s00000001",
        "reduceOnly": True,
        "timeInForce": "IOC",
    }
    assert "reduceOnly" not in str(arguments(intent(reduce_only=True), SPOT, ALL))


def test_what_reduces_may_be_small() -> None:
    small = {"symbol": SWAP.symbol, "qty": D(1), "price": D(100)}
    assert arguments(intent(reduce_only=True, **small), SWAP, ALL)
    with pytest.raises(OrderRefused, match="min_notional"):
        arguments(intent(**small), SWAP, ALL)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"qty": D("0.000000001")}, "lot_size"),
        ({"qty": D(11)}, "max_qty"),
        ({"qty": D(0)}, "lot_size"),
        ({"price": D(108_000_500)}, "tick_size"),
        ({"price": D("NaN")}, "tick_size"),
        ({"qty": D("0.00000001")}, "min_notional"),
        ({"price": None}, "price"),
        ({"client_id": "has blank"}, "client_id"),
        ({"client_id": "x" * 27}, "client_id"),
    ],
)
def test_what_the_venue_would_refuse_or_ccxt_would_bend_is_not_sent(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(OrderRefused, match="nothing was sent") as told:
        arguments(intent(**changes), SPOT, ALL)
    assert told.value.reason == reason


def test_a_cancel_without_the_venues_id_waits_for_it() -> None:
    cancel = CancelOrder(client_id="s1", venue="ccxt:x", symbol="BTC/KRW")
    assert orders.not_known_yet(cancel).reason == "unknown_order_id"


# --- what the venue takes -------------------------------------------------------------------------

TAKES_ALL = {"IOC": True, "FOK": True, "PO": True, "GTC": True}
FEATURES: dict[str, Any] = {
    "spot": {
        "createOrder": {"timeInForce": {**TAKES_ALL, "FOK": False}},
        "fetchOpenOrders": {"limit": 100},
        "fetchOrders": None,
        "fetchClosedOrders": {"limit": 1000},
    },
    "swap": {
        "linear": {
            "createOrder": {"timeInForce": TAKES_ALL},
            "fetchOpenOrders": {"limit": None},
            "fetchOrders": {"limit": 50},
        }
    },
}


def test_abilities_are_those_of_every_kind_that_is_traded() -> None:
    spot = Abilities.of(FEATURES, ["BTC/KRW"])
    assert spot.conditions == {TimeInForce.IOC, TimeInForce.POST_ONLY}
    assert (spot.full_open_list, spot.full_ended_list) == (100, facts.ORDERS_PER_LIST)
    swap = Abilities.of(FEATURES, ["BTC/USDT:USDT"])
    assert TimeInForce.FOK in swap.conditions
    assert (swap.full_open_list, swap.full_ended_list) == (facts.SHORTEST_FULL_LIST, 50)
    both = Abilities.of(FEATURES, ["BTC/KRW", "BTC/USDT:USDT"])
    assert both.conditions == spot.conditions
    assert both.full_open_list == facts.SHORTEST_FULL_LIST


@pytest.mark.parametrize("features", [None, {}, {"spot": None}, {"spot": {"createOrder": None}}])
def test_where_ccxt_says_nothing_nothing_is_taken_for_granted(features: Any) -> None:
    assert Abilities.of(features, []) == Abilities()
