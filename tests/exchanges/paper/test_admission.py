from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import OrderType, PlaceOrder, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.exchanges.paper.account import Account
from arbitrage.exchanges.paper.admission import (
    limit_of,
    margin_needed,
    may_rest,
    money_refusal,
    opening_qty,
    rule_refusal,
)
from arbitrage.exchanges.paper.market import PaperMarket

RULES = Instrument(
    venue="v",
    symbol="KRW-BTC",
    base="BTC",
    quote="KRW",
    tick_size=Decimal("0.5"),
    lot_size=Decimal("0.01"),
    min_qty=Decimal("0.02"),
    max_qty=Decimal(5),
    min_notional=Decimal(10),
)
FEES = FeeSchedule(taker_bps=10.0)


def order(qty: str = "1", price: str | None = "100", **fields: Any) -> PlaceOrder:
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    values: dict[str, Any] = {"side": Side.BUY, "order_type": kind} | fields
    return PlaceOrder(
        client_id="s1",
        venue="v",
        symbol="KRW-BTC",
        qty=Decimal(qty),
        price=None if price is None else Decimal(price),
        **values,
    )


def market(*, is_known: bool = True) -> PaperMarket:
    shown = PaperMarket("KRW-BTC")
    if is_known:
        shown.replace([(99.0, 1.0)], [(100.0, 1.0), (101.25, 1.0)], 1)
    return shown


@pytest.mark.parametrize(
    ("intent", "reason"),
    [
        (order(), None),
        (order(qty="NaN"), "lot_size"),
        (order(qty="0.015"), "lot_size"),
        (order(qty="-1"), "lot_size"),
        (order(qty="0.01"), "min_qty"),
        (order(qty="5.01"), "max_qty"),
        (order(qty="1E19"), "max_qty"),
        (order(price="100.3"), "tick_size"),
        (order(price="-1"), "tick_size"),
        (order(price="1E19"), "max_price"),
        (order(price="Infinity"), "price_missing"),
        (order(price=None, order_type=OrderType.LIMIT), "price_missing"),
        (order(qty="0.05"), "min_notional"),
        (order(qty="0.05", price=None), "min_notional"),
        (order(qty="0.1", price=None), None),
    ],
)
def test_the_rules_of_the_market_are_asked_first(intent: PlaceOrder, reason: str | None) -> None:
    assert rule_refusal(intent, RULES, market()) == reason


@pytest.mark.parametrize(
    ("intent", "reason"),
    [
        (order(price=None), "no_book"),
        (order(time_in_force=TimeInForce.IOC), "no_book"),
        (order(time_in_force=TimeInForce.FOK), "no_book"),
        (order(time_in_force=TimeInForce.GTC), None),
        (order(time_in_force=TimeInForce.POST_ONLY), None),
    ],
)
def test_only_what_may_rest_is_taken_without_a_book(intent: PlaceOrder, reason: str | None) -> None:
    assert rule_refusal(intent, RULES, market(is_known=False)) == reason


def test_a_market_order_has_no_limit_and_never_rests() -> None:
    priced = order(price="100", order_type=OrderType.MARKET, time_in_force=TimeInForce.GTC)
    assert limit_of(priced) is None
    assert not may_rest(priced)
    assert limit_of(order()) == 100


def money(intent: PlaceOrder, **balances: str) -> str | None:
    account = Account("v", {name: Decimal(amount) for name, amount in balances.items()})
    shown = market()
    takes = shown.takes(intent.side, intent.qty, limit_of(intent), RULES.lot_size)
    return money_refusal(intent, RULES, FEES, account, shown, takes)


def test_a_limit_buy_needs_its_limit_and_the_fee_on_top() -> None:
    assert money(order(price="102"), KRW="102.102") is None
    assert money(order(price="102"), KRW="102.101") == "insufficient_balance"


def test_a_market_buy_needs_what_it_would_take() -> None:
    assert money(order(qty="2", price=None), KRW="201.45125") is None
    assert money(order(qty="2", price=None), KRW="201.45") == "insufficient_balance"


def test_a_sale_needs_the_coin() -> None:
    assert money(order(side=Side.SELL), BTC="1") is None
    assert money(order(side=Side.SELL), BTC="0.99", KRW="1000000") == "insufficient_balance"
    assert money(order(side=Side.SELL, price=None), KRW="1000000") == "insufficient_balance"


def test_only_what_enlarges_a_position_needs_margin(
    perpetual_of: Callable[..., Instrument],
) -> None:
    rules = perpetual_of()
    account = Account("v", {"USDT": Decimal(100)})
    account.margin.position(rules).position.apply(Side.BUY, Decimal(3), Decimal(300))
    shown = market()
    qty = Decimal(5)
    sell = order(qty="5", side=Side.SELL)
    assert opening_qty(sell, rules, account, shown, qty) == 2
    assert opening_qty(order(qty="5"), rules, account, shown, qty) == 5
    assert opening_qty(order(side=Side.SELL, reduce_only=True), rules, account, shown, qty) == 0
    assert opening_qty(sell, RULES, account, shown, qty) == 0


def test_margin_covers_a_share_of_the_notional_and_the_fee(
    perpetual_of: Callable[..., Instrument],
) -> None:
    rules = perpetual_of(contract_multiplier="0.01")
    assert margin_needed(rules, FEES, Decimal(100), Decimal(5)) == Decimal("0.505")


def test_a_sale_on_margin_needs_margin_for_the_price_it_would_get(
    perpetual_of: Callable[..., Instrument],
) -> None:
    rules = perpetual_of(initial_margin="1")
    shown = market()
    sell = order(side=Side.SELL, price="50")
    takes = shown.takes(Side.SELL, Decimal(1), Decimal(50), Decimal(1))
    poor, rich = (Account("v", {"USDT": Decimal(amount)}) for amount in ("99", "99.2"))
    assert money_refusal(sell, rules, FEES, poor, shown, takes) == "insufficient_margin"
    assert money_refusal(sell, rules, FEES, rich, shown, takes) is None
