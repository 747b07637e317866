"""Our orders as the arguments of ccxt's calls: exact amounts as text, on the market's grid.

ccxt cuts an amount to its lot and rounds a price to its tick without a word, so what is off the
grid is refused here; so is what ccxt does not say that the venue takes, since a venue that ignores
a condition would let the order rest.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from arbitrage.domain.errors import OrderRefused
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, OrderType, PlaceOrder, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.domain.units import plain
from arbitrage.exchanges.ccxt import facts

_CONDITIONS = {
    TimeInForce.IOC: "IOC",
    TimeInForce.FOK: "FOK",
    TimeInForce.POST_ONLY: "PO",
}
_is_client_id = re.compile(facts.CLIENT_ID_PATTERN).fullmatch


class Abilities(msgspec.Struct, frozen=True, kw_only=True):
    """What ccxt says that the venue takes and lists, for the kinds of market that are traded."""

    conditions: frozenset[TimeInForce] = frozenset()
    full_open_list: int = facts.SHORTEST_FULL_LIST
    full_ended_list: int = facts.SHORTEST_FULL_LIST

    @classmethod
    def of(cls, features: Mapping[str, Any] | None, symbols: Sequence[str]) -> "Abilities":
        """Read from ccxt's `features`; what is not said for each kind in `symbols` is not
        taken."""
        kinds = {(":" in symbol) for symbol in symbols} or {False}
        told = [_section(features or {}, is_perpetual=kind) for kind in sorted(kinds)]
        conditions = frozenset(
            condition
            for condition, name in _CONDITIONS.items()
            if all(_deep(section, "createOrder", "timeInForce", name) is True for section in told)
        )
        ended = [
            _deep(section, name, "limit")
            for section in told
            for name in ("fetchOrders", "fetchClosedOrders")
            if _deep(section, name) is not None
        ]
        return cls(
            conditions=conditions,
            full_open_list=_full([_deep(one, "fetchOpenOrders", "limit") for one in told]),
            full_ended_list=min(_full(ended), facts.ORDERS_PER_LIST),
        )


def _section(features: Mapping[str, Any], *, is_perpetual: bool) -> Any:
    return _deep(features, "swap", "linear") if is_perpetual else features.get("spot")


def _deep(tree: Any, *names: str) -> Any:
    for name in names:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree


def _full(limits: Sequence[Any]) -> int:
    """The length of a list that may have been cut, given what each of several is cut at."""
    told = [limit for limit in limits if isinstance(limit, int) and limit > 0]
    return min(told) if told and len(told) == len(limits) else facts.SHORTEST_FULL_LIST


def arguments(
    intent: PlaceOrder, instrument: Instrument, abilities: Abilities
) -> dict[str, object]:
    """The arguments of `create_order`. Raises `OrderRefused`, and then nothing was sent."""
    if _is_client_id(intent.client_id) is None:
        raise _refused(intent, "client_id", f"expected {facts.CLIENT_ID_PATTERN}")
    params: dict[str, object] = {"clientOrderId": intent.client_id}
    broken = _broken_rule(intent, instrument)
    if broken is not None:
        raise _refused(intent, broken, f"the market has {_rules(instrument)}")
    if instrument.is_perpetual and intent.reduce_only:
        params["reduceOnly"] = True
    if intent.order_type is OrderType.MARKET:
        if intent.side is Side.BUY and not instrument.is_perpetual:
            raise _refused(
                intent, "market_buy_by_quantity", "spot venues buy at market by cost; name a price"
            )
    else:
        params |= _limit_terms(intent, abilities)
    return {
        "symbol": intent.symbol,
        "type": intent.order_type.value,
        "side": intent.side.value,
        "amount": plain(intent.qty),
        "price": None if intent.price is None else plain(intent.price),
        "params": params,
    }


def _limit_terms(intent: PlaceOrder, abilities: Abilities) -> dict[str, object]:
    if intent.price is None:
        raise _refused(intent, "price", "a limit order needs one")
    condition = intent.time_in_force
    if condition is TimeInForce.GTC:
        return {}
    if condition not in abilities.conditions:
        raise _refused(
            intent, "time_in_force", f"ccxt does not say that it takes {condition.value}"
        )
    if condition is TimeInForce.POST_ONLY:
        return {"postOnly": True}
    return {"timeInForce": _CONDITIONS[condition]}


def _rules(instrument: Instrument) -> str:
    return (
        f"lots of {plain(instrument.lot_size)}, ticks of {plain(instrument.tick_size)}, quantities "
        f"from {plain(instrument.min_qty)} to {instrument.max_qty}, notionals from "
        f"{plain(instrument.min_notional)}"
    )


def _broken_rule(intent: PlaceOrder, instrument: Instrument) -> str | None:
    """Which rule of the market an order breaks. A market order has no price to break one with, and
    what reduces a position may be small."""
    is_limit = intent.order_type is OrderType.LIMIT and intent.price is not None
    price = intent.price if is_limit else instrument.tick_size
    assert price is not None
    broken = instrument.refusal(intent.qty, price)
    if broken == "min_notional" and (intent.reduce_only or not is_limit):
        return None
    return broken


def _refused(intent: PlaceOrder, reason: str, why: str) -> OrderRefused:
    return OrderRefused(
        f"{intent.venue} {intent.symbol} order {intent.client_id!r}: {reason}, {why}; nothing was "
        "sent",
        reason,
    )


def not_known_yet(intent: CancelOrder) -> OrderRefused:
    """Why a cancel cannot be sent at a venue that takes none by client id."""
    return OrderRefused(
        f"{intent.venue} {intent.symbol} order {intent.client_id!r}: the venue's own id is not "
        "known yet; the cancel is sent once it is",
        "unknown_order_id",
    )
