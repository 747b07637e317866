"""Reads a new order from the parameters of a request, by the venue's rules and in its words.

One-way mode only: a `positionSide` other than BOTH is refused as the venue refuses it there.
Orders with a trigger are refused too; the venue takes them at its algo endpoints. GTD is not
simulated (developers.binance.com/docs/derivatives/usds-margined-futures, New-Order and
Common-Definition, read 2026-11-22). That prevention of self-trades expires the maker unless it is
asked otherwise is unconfirmed.
"""

from decimal import Decimal
from typing import Final

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.domain.units import EXACT, decimal_of
from arbitrage.sim.order_records import NewOrder
from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_client_ids import ClientIds
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_order_words import DEFAULT_SELF_TRADE, SELF_TRADE, SIDES
from arbitrage.sim.protocols.binance_params import choice, flag, illegal, market_of, number
from arbitrage.sim.protocols.binance_usdm_market import (
    MAX_OPEN_ORDERS,
    PRICE_BAND,
    mark_price,
    max_price,
    max_qty,
    price_digits,
)
from arbitrage.sim.protocols.binance_wire import Figures, digits_of
from arbitrage.sim.venue_core import SimVenueCore

_MAX_CLIENT_ID: Final = 36

_TIMES_IN_FORCE: Final = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "GTX": TimeInForce.POST_ONLY,
}
_TRIGGERED: Final = frozenset(
    {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
)


class OrderForm:
    """Reads orders for one account. Raises `BinanceRefusal` for what breaks a rule; minimums of
    notional, margin and the book itself are left to the core."""

    def __init__(self, core: SimVenueCore) -> None:
        self._core = core
        self._client_ids = ClientIds(core)

    def read(self, params: Params) -> NewOrder:
        """The order that the parameters ask for."""
        rules = market_of(params, self._core)
        side = SIDES[choice(params, "side", SIDES, -1117)]
        kind = params.get("type", "")
        if kind in _TRIGGERED:
            raise BinanceRefusal(-4120)
        is_market = choice(params, "type", ("LIMIT", "MARKET"), -1116) == "MARKET"
        if params.get("positionSide", "BOTH") != "BOTH":
            raise BinanceRefusal(-4061)
        condition = self._condition(params, is_market=is_market)
        qty = self._qty(params, rules, is_market=is_market)
        price = None if is_market else self._price(params, rules, side)
        if len(self._core.orders.open(rules.symbol)) >= MAX_OPEN_ORDERS:
            raise BinanceRefusal(-2025, "Reach max open order limit.")
        policy = params.get("selfTradePreventionMode", DEFAULT_SELF_TRADE)
        if policy not in SELF_TRADE:
            raise illegal("selfTradePreventionMode", f"({'|'.join(SELF_TRADE)})")
        return NewOrder(
            symbol=rules.symbol,
            side=side,
            order_type=OrderType.MARKET if is_market else OrderType.LIMIT,
            time_in_force=TimeInForce.IOC if is_market else _TIMES_IN_FORCE[condition],
            qty=qty,
            price=price,
            client_id=self._client_id(params),
            reduce_only=flag(params, "reduceOnly"),
            self_trade=SELF_TRADE[policy],
            wire={"type": kind, "timeInForce": condition, "selfTradePreventionMode": policy},
        )

    def _condition(self, params: Params, *, is_market: bool) -> str:
        if not is_market:
            return choice(params, "timeInForce", _TIMES_IN_FORCE, -1115)
        if "timeInForce" in params:
            raise BinanceRefusal(-1106, "Parameter 'timeInForce' sent when not required.")
        return "GTC"

    def _qty(self, params: Params, rules: Instrument, *, is_market: bool) -> Decimal:
        qty = number(params, "quantity")
        if not qty:
            raise BinanceRefusal(-4003)
        if digits_of(qty) > digits_of(rules.lot_size):
            raise BinanceRefusal(-1111)
        if EXACT.remainder(qty, rules.lot_size):
            raise BinanceRefusal(-4023)
        if qty < rules.min_qty:
            raise BinanceRefusal(-4004)
        if qty > max_qty(rules, is_market=is_market):
            raise BinanceRefusal(-4005)
        return qty

    def _price(self, params: Params, rules: Instrument, side: Side) -> Decimal:
        price = number(params, "price")
        if not price:
            raise BinanceRefusal(-4001)
        if digits_of(price) > price_digits(rules):
            raise BinanceRefusal(-1111)
        if price > max_price(rules):
            raise BinanceRefusal(-4002)
        if EXACT.remainder(price, rules.tick_size):
            raise BinanceRefusal(-4014)
        self._check_band(price, rules, side)
        return price

    def _check_band(self, price: Decimal, rules: Instrument, side: Side) -> None:
        """PERCENT_PRICE: how far a price may be on the side where it trades."""
        mark = decimal_of(mark_price(self._core, rules.symbol))
        bound = mark * (1 + PRICE_BAND * side.sign)
        if not mark or (price - bound) * side.sign <= 0:
            return
        shown = Figures(rules).price(bound)
        if side is Side.BUY:
            raise BinanceRefusal(-4016, f"Limit price can't be higher than {shown}.")
        raise BinanceRefusal(-4024, f"Limit price can't be lower than {shown}.")

    def _client_id(self, params: Params) -> str:
        if len(params.get("newClientOrderId", "")) > _MAX_CLIENT_ID:
            raise BinanceRefusal(-4015)
        return self._client_ids.read(params)
