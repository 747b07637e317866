"""Reads a new order from the parameters of a request, by Binance spot's rules and in its words.

LIMIT, LIMIT_MAKER and MARKET, by quantity or, for MARKET, by cost; orders with a trigger are
refused as on a market that does not take them (github.com/binance/binance-spot-api-docs,
rest-api.md and filters.md, read 2026-11-22).
"""

from collections.abc import Collection
from decimal import Decimal
from typing import Final

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.domain.units import EXACT, decimal_of
from arbitrage.sim.order_records import NewOrder, SelfTrade
from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_client_ids import ClientIds
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_order_words import DEFAULT_SELF_TRADE, SELF_TRADE, SIDES
from arbitrage.sim.protocols.binance_params import choice, illegal, market_of, number
from arbitrage.sim.protocols.binance_spot_errors import filter_failure, rejection
from arbitrage.sim.protocols.binance_spot_market import (
    ASK_BAND,
    BID_BAND,
    DIGITS,
    MAX_NOTIONAL,
    MAX_OPEN_ORDERS,
    average_price,
    max_price,
    max_qty,
)
from arbitrage.sim.protocols.binance_wire import digits_of
from arbitrage.sim.venue_core import SimVenueCore

_TIMES_IN_FORCE: Final = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
}
_TYPES: Final = ("LIMIT", "LIMIT_MAKER", "MARKET")
_TRIGGERED: Final = {
    "STOP_LOSS": "Stop loss orders",
    "STOP_LOSS_LIMIT": "Stop loss limit orders",
    "TAKE_PROFIT": "Take profit orders",
    "TAKE_PROFIT_LIMIT": "Take profit limit orders",
}
_SELF_TRADE: Final = {**SELF_TRADE, "DECREMENT": SelfTrade.REDUCE}


class SpotForm:
    """Reads orders for one account. Raises `BinanceRefusal` for what breaks a rule; the least
    notional, balances and the book itself are left to the core."""

    def __init__(self, core: SimVenueCore) -> None:
        self._core = core
        self._client_ids = ClientIds(core)

    def read(self, params: Params) -> NewOrder:
        """The order that the parameters ask for."""
        rules = market_of(params, self._core)
        side = SIDES[choice(params, "side", SIDES, -1117)]
        kind = self._kind(params)
        is_market = kind == "MARKET"
        condition = self._condition(params, kind)
        cost = self._cost(params) if is_market else None
        qty = self._qty(params, rules, is_market=is_market) if cost is None else None
        price = None if is_market else self._price(params, rules, side)
        if price is not None and qty is not None and price * qty > MAX_NOTIONAL:
            raise filter_failure("NOTIONAL")
        if len(self._core.orders.open(rules.symbol)) >= MAX_OPEN_ORDERS:
            raise filter_failure("MAX_NUM_ORDERS")
        policy = params.get("selfTradePreventionMode", DEFAULT_SELF_TRADE)
        if policy not in _SELF_TRADE:
            raise illegal("selfTradePreventionMode", f"({'|'.join(_SELF_TRADE)})")
        return NewOrder(
            symbol=rules.symbol,
            side=side,
            order_type=OrderType.MARKET if is_market else OrderType.LIMIT,
            time_in_force=_time_in_force(kind, condition),
            qty=qty,
            cost=cost,
            price=price,
            client_id=self._client_ids.read(params),
            self_trade=_SELF_TRADE[policy],
            wire={"type": kind, "timeInForce": condition, "selfTradePreventionMode": policy},
        )

    def _kind(self, params: Params) -> str:
        kind = params.get("type", "")
        if kind in _TRIGGERED:
            raise rejection(f"{_TRIGGERED[kind]} are not supported for this symbol.")
        return choice(params, "type", _TYPES, -1116)

    def _condition(self, params: Params, kind: str) -> str:
        """The time in force, as the venue shows it; only LIMIT orders are asked for one."""
        if kind == "LIMIT":
            _require_absent(params, ("quoteOrderQty",))
            return choice(params, "timeInForce", _TIMES_IN_FORCE, -1115)
        absent = ("timeInForce", "price") if kind == "MARKET" else ("timeInForce", "quoteOrderQty")
        _require_absent(params, absent)
        return "GTC"

    def _cost(self, params: Params) -> Decimal | None:
        """The cost of a market order by cost; None for one by quantity."""
        if "quoteOrderQty" not in params:
            if "quantity" not in params:
                raise BinanceRefusal(
                    -1102,
                    "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
                )
            return None
        if "quantity" in params:
            raise BinanceRefusal(-1128, "Combination of optional parameters invalid.")
        return _amount(params, "quoteOrderQty")

    def _qty(self, params: Params, rules: Instrument, *, is_market: bool) -> Decimal:
        qty = _amount(params, "quantity")
        if EXACT.remainder(qty, rules.lot_size) or qty < rules.min_qty:
            raise filter_failure("LOT_SIZE")
        if qty > max_qty(rules, is_market=False):
            raise filter_failure("LOT_SIZE")
        if is_market and qty > max_qty(rules, is_market=True):
            raise filter_failure("MARKET_LOT_SIZE")
        return qty

    def _price(self, params: Params, rules: Instrument, side: Side) -> Decimal:
        price = _amount(params, "price")
        if price > max_price(rules) or EXACT.remainder(price, rules.tick_size):
            raise filter_failure("PRICE_FILTER")
        average = decimal_of(average_price(self._core, rules.symbol))
        lowest, highest = BID_BAND if side is Side.BUY else ASK_BAND
        if average and not lowest * average <= price <= highest * average:
            raise filter_failure("PERCENT_PRICE_BY_SIDE")
        return price


def _time_in_force(kind: str, condition: str) -> TimeInForce:
    if kind == "MARKET":
        return TimeInForce.IOC
    return TimeInForce.POST_ONLY if kind == "LIMIT_MAKER" else _TIMES_IN_FORCE[condition]


def _require_absent(params: Params, names: Collection[str]) -> None:
    for name in names:
        if name in params:
            raise BinanceRefusal(-1106, f"Parameter '{name}' sent when not required.")


def _amount(params: Params, name: str) -> Decimal:
    """A number above zero of at most `DIGITS` digits."""
    value = number(params, name)
    if digits_of(value) > DIGITS:
        raise BinanceRefusal(-1111, f"Parameter '{name}' has too much precision.")
    if not value:
        raise BinanceRefusal(-1013, f"Invalid {name}.")
    return value
