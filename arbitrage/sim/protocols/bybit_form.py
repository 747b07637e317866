"""Reads a new order from the parameters of a request, by the venue's rules and in its words.

One-way mode only: a `positionIdx` of hedge mode is refused as the venue refuses it there. Orders
with a trigger, with take profit or stop loss, and with borrowed coins are not simulated and are
refused (bybit-exchange.github.io/docs/v5/order/create-order, read 2026-11-22). That two orders of
one account meet unless `smpType` says otherwise is unconfirmed.
"""

import re
from decimal import Decimal
from typing import Final

from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.domain.units import EXACT, decimal_of
from arbitrage.sim.order_records import NewOrder, SelfTrade
from arbitrage.sim.protocols.bybit_errors import BybitRefusal, wrong
from arbitrage.sim.protocols.bybit_figures import PRICE_BAND, mark_price
from arbitrage.sim.protocols.bybit_markets import Market, Markets
from arbitrage.sim.protocols.bybit_params import Params, category_of, choice, number
from arbitrage.sim.protocols.bybit_wire import Category
from arbitrage.sim.venue_core import SimVenueCore

SIDES: Final = {"Buy": Side.BUY, "Sell": Side.SELL}
SIDE_NAMES: Final = {side: name for name, side in SIDES.items()}
MAX_OPEN_ORDERS: Final = 500
_TIMES_IN_FORCE: Final = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "PostOnly": TimeInForce.POST_ONLY,
}
_SELF_TRADE: Final = {
    "None": SelfTrade.MEET,
    "CancelMaker": SelfTrade.CANCEL_MAKER,
    "CancelTaker": SelfTrade.CANCEL_TAKER,
    "CancelBoth": SelfTrade.CANCEL_BOTH,
}
_NOT_SIMULATED: Final = (
    "triggerPrice",
    "takeProfit",
    "stopLoss",
    "slippageTolerance",
    "bboSideType",
)
_is_link_id = re.compile(r"[A-Za-z0-9_-]{1,36}").fullmatch

# Code of a wrong side, kind and condition of a spot order; those of the others are 10001.
_SPOT_CODES: Final = {"side": 170117, "orderType": 170116, "timeInForce": 170115}


class OrderForm:
    """Reads orders for one account. Raises `BybitRefusal` for what breaks a rule; lots, ticks,
    minimums, money and the book itself are left to the core."""

    def __init__(self, core: SimVenueCore, markets: Markets) -> None:
        self._core = core
        self._markets = markets

    def read(self, params: Params) -> NewOrder:
        """The order that the parameters ask for."""
        category = category_of(params)
        market = self._markets.market(category, params.get("symbol", ""))
        side = SIDES[choice(params, "side", SIDES, _invalid(category, "side"))]
        kind = choice(params, "orderType", ("Limit", "Market"), _invalid(category, "orderType"))
        self._check_simulated(params, category)
        is_market = kind == "Market"
        condition = "IOC" if is_market else params.get("timeInForce", "GTC")
        if condition not in _TIMES_IN_FORCE:
            raise _invalid(category, "timeInForce")
        policy = choice({"smpType": "None", **params}, "smpType", _SELF_TRADE, wrong("smpType"))
        qty = number(params, "qty")
        if not qty:
            raise wrong("qty invalid") if category is Category.LINEAR else BybitRefusal(170136)
        unit = self._unit(params, market, side, is_market=is_market)
        self._check_room(market)
        return NewOrder(
            symbol=market.key,
            side=side,
            order_type=OrderType.MARKET if is_market else OrderType.LIMIT,
            time_in_force=_TIMES_IN_FORCE[condition],
            qty=None if unit == "quoteCoin" else qty,
            cost=qty if unit == "quoteCoin" else None,
            price=None if is_market else self._price(params, market, side),
            client_id=_link_id(params),
            reduce_only=category is Category.LINEAR and params.get("reduceOnly") == "true",
            self_trade=_SELF_TRADE[policy],
            wire={
                "orderType": kind,
                "timeInForce": condition,
                "marketUnit": unit,
                "smpType": policy,
                "qty": params["qty"],
            },
        )

    def _check_simulated(self, params: Params, category: Category) -> None:
        """What the venue would do and the simulator does not, and the wrong position mode."""
        for name in _NOT_SIMULATED:
            if name in params:
                raise wrong(f"{name} is not simulated")
        if params.get("orderFilter", "Order") != "Order":
            raise wrong("orderFilter is not simulated")
        if params.get("isLeverage", "0") != "0":
            raise BybitRefusal(170036)
        if category is Category.LINEAR and params.get("positionIdx", "0") != "0":
            raise wrong("position idx not match position mode")

    def _unit(self, params: Params, market: Market, side: Side, *, is_market: bool) -> str:
        """What `qty` counts: of spot market orders a purchase is by cost unless it says not."""
        if market.category is Category.LINEAR or not is_market:
            return ""
        usual = "quoteCoin" if side is Side.BUY else "baseCoin"
        units = ("baseCoin", "quoteCoin")
        return choice({"marketUnit": usual, **params}, "marketUnit", units, wrong("marketUnit"))

    def _price(self, params: Params, market: Market, side: Side) -> Decimal:
        price, is_linear = number(params, "price"), market.category is Category.LINEAR
        if not price:
            raise wrong("price invalid") if is_linear else BybitRefusal(170130)
        if EXACT.remainder(price, market.rules.tick_size):
            raise wrong("Price invalid") if is_linear else BybitRefusal(170134)
        if is_linear:
            mark = decimal_of(mark_price(self._core, market.key))
            bound = mark * (1 + PRICE_BAND * side.sign)
            if mark and (price - bound) * side.sign > 0:
                raise BybitRefusal(110003)
        return price

    def _check_room(self, market: Market) -> None:
        if len(self._core.orders.open(market.key)) >= MAX_OPEN_ORDERS:
            raise BybitRefusal(110020 if market.category is Category.LINEAR else 170210)


def _link_id(params: Params) -> str:
    given = params.get("orderLinkId", "")
    if given and _is_link_id(given) is None:
        raise wrong("orderLinkId invalid")
    return given


def _invalid(category: Category, name: str) -> BybitRefusal:
    return (
        BybitRefusal(_SPOT_CODES[name]) if category is Category.SPOT else wrong(f"{name} invalid")
    )
