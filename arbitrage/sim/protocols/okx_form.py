"""Reads a new order from the parameters of a request, by the venue's rules and in its words.

Net mode with crossed margin for swaps, cash for spot: what the simulated account is set to. Other
modes are refused as wrong parameters, as is everything with a trigger (www.okx.com/docs-v5/en,
order-book-trading-trade-post-place-order, read 2026-11-22).
"""

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Final

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.domain.units import EXACT, plain
from arbitrage.sim.order_records import NewOrder, SelfTrade
from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_markets import Markets, max_qty
from arbitrage.sim.protocols.okx_orders import SIDES
from arbitrage.sim.protocols.okx_params import needed, positive
from arbitrage.sim.protocols.okx_wire import Params

_is_client_id = re.compile(r"[A-Za-z0-9]{1,32}").fullmatch
_is_tag = re.compile(r"[A-Za-z0-9]{0,16}").fullmatch

_TIMES_IN_FORCE: Final = {
    "limit": TimeInForce.GTC,
    "post_only": TimeInForce.POST_ONLY,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
    "market": TimeInForce.IOC,
    "optimal_limit_ioc": TimeInForce.IOC,
}
_AT_MARKET: Final = ("market", "optimal_limit_ioc")
_SELF_TRADE: Final = {
    "cancel_maker": SelfTrade.CANCEL_MAKER,
    "cancel_taker": SelfTrade.CANCEL_TAKER,
    "cancel_both": SelfTrade.CANCEL_BOTH,
}
DEFAULT_SELF_TRADE: Final = "cancel_maker"
_UNITS: Final = ("base_ccy", "quote_ccy")


class OrderForm:
    """Reads orders for one account. Raises `OkxRefusal` for what breaks a rule; balances, margin
    and the book itself are left to the core."""

    def __init__(self, markets: Markets) -> None:
        self._markets = markets

    def read(self, params: Params) -> NewOrder:
        """The order that the parameters ask for."""
        rules = self._markets.rules(needed(params, "instId"))
        side = SIDES[_one_of(params, "side", SIDES)]
        kind = _one_of(params, "ordType", _TIMES_IN_FORCE)
        is_market = kind in _AT_MARKET
        if kind == "optimal_limit_ioc" and not rules.is_perpetual:
            raise OkxRefusal("51000", "ordType")
        _check_modes(params, rules)
        unit = self._unit(params, rules, side) if is_market else ""
        size = positive(params, "sz")
        if unit != "quote_ccy":
            _check_qty(size, rules, is_market=is_market)
        policy = params.get("stpMode") or DEFAULT_SELF_TRADE
        if policy not in _SELF_TRADE:
            raise OkxRefusal("51000", "stpMode")
        return NewOrder(
            symbol=rules.symbol,
            side=side,
            order_type=OrderType.MARKET if is_market else OrderType.LIMIT,
            time_in_force=_TIMES_IN_FORCE[kind],
            qty=None if unit == "quote_ccy" else size,
            cost=size if unit == "quote_ccy" else None,
            price=None if is_market else self._price(params, rules, side),
            client_id=_client_id(params),
            reduce_only=_reduces(params, rules),
            self_trade=_SELF_TRADE[policy],
            wire={
                "ordType": kind,
                "tdMode": params["tdMode"],
                "tgtCcy": unit,
                "lever": self._markets.leverage(rules.symbol) if rules.is_perpetual else "",
                "stpMode": policy,
                "tag": params.get("tag", ""),
            },
        )

    def _unit(self, params: Params, rules: Instrument, side: Side) -> str:
        """What the size of a market order of spot counts: purchases go by cost unless they say
        otherwise."""
        if rules.is_perpetual:
            return ""
        unit = params.get("tgtCcy") or ("quote_ccy" if side is Side.BUY else "base_ccy")
        if unit not in _UNITS:
            raise OkxRefusal("51000", "tgtCcy")
        return unit

    def _price(self, params: Params, rules: Instrument, side: Side) -> Decimal:
        if not params.get("px"):
            raise OkxRefusal("51204")
        price = positive(params, "px")
        if EXACT.remainder(price, rules.tick_size):
            raise OkxRefusal("51150")
        limit = self._markets.price_limit(rules.symbol, side)
        if limit is not None and (price - limit) * side.sign > 0:
            limits = [self._markets.price_limit(rules.symbol, each) for each in SIDES.values()]
            raise OkxRefusal("51006", *(plain(each) for each in limits if each is not None))
        return price


def _check_modes(params: Params, rules: Instrument) -> None:
    if needed(params, "tdMode") != ("cross" if rules.is_perpetual else "cash"):
        raise OkxRefusal("51000", "tdMode")
    if params.get("posSide", "") not in ("", "net"):
        raise OkxRefusal("51000", "posSide")


def _check_qty(qty: Decimal, rules: Instrument, *, is_market: bool) -> None:
    if qty < rules.min_qty:
        raise OkxRefusal("51020")
    if EXACT.remainder(qty, rules.lot_size):
        raise OkxRefusal("51121")
    most = max_qty(rules, is_market=is_market)
    if most is not None and qty > most:
        if not rules.is_perpetual:
            raise OkxRefusal("51203", plain(most))
        raise OkxRefusal("51202") if is_market else OkxRefusal("51101", plain(most))


def _client_id(params: Params) -> str:
    """The id that was given; an order may go without."""
    given = params.get("clOrdId", "")
    if given and _is_client_id(given) is None:
        raise OkxRefusal("51000", "clOrdId")
    if _is_tag(params.get("tag", "")) is None:
        raise OkxRefusal("51000", "tag")
    return given


def _reduces(params: Params, rules: Instrument) -> bool:
    word = params.get("reduceOnly") or "false"
    if word not in ("true", "false"):
        raise OkxRefusal("51000", "reduceOnly")
    if word == "true" and not rules.is_perpetual:
        raise OkxRefusal("51205")
    return word == "true"


def _one_of(params: Params, name: str, allowed: Collection[str]) -> str:
    text = needed(params, name)
    if text not in allowed:
        raise OkxRefusal("51000", name)
    return text
