"""How orders meet a book: walking its depth, and standing in the queue at a price.

Only the recorded market is shown; our own orders are not in it and never meet each other.

*Taking.* An order walks the opposite side best first and takes what is displayed, at the displayed
prices. What it took is gone until an update shows that level again: a snapshot or quote shows
every level, a delta the levels it names.

*Resting.* A limit order at rest fills at its own price, never more than what came to meet it:

- The book moved through it: the opposite side is displayed at its price or better. It fills up to
  the displayed quantity, which is thereby taken.
- A public trade of the opposite taker *beyond* its price filled it on the way, up to the trade's
  quantity. A trade *at* its price first serves the queue ahead.

*The queue* (`RestingOrder.ahead`) is everything displayed at the price when the order joined.
Trades at the price serve it; a displayed quantity smaller than the queue shortens it to that.
Otherwise cancellations are taken to be behind us, so a queue is never too short for want of
knowledge. A price beyond the depth displayed has an unknown queue: all that is displayed there
when it first comes into view stands ahead.

Limits of the model: the market does not react to us; an order that keeps standing in the way of a
recorded book is met anew by each update; hidden quantity and the venue's self-trade rules are not
modelled.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from arbitrage.domain.events import Levels
from arbitrage.domain.orders import Order
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO, decimal_of, floor_to
from arbitrage.exchanges.paper.exact import product, total


class Take(NamedTuple):
    """`qty` native units at `price`; `level` is that price as the book writes it."""

    level: float
    price: Decimal
    qty: Decimal


def walk(
    levels: Levels,
    taken: Mapping[float, Decimal],
    *,
    side: Side,
    qty: Decimal,
    limit: Decimal | None,
    lot_size: Decimal,
) -> list[Take]:
    """What an order on `side` for `qty` would take from `levels`, best first, within `limit`.

    `taken` is what is already gone, by level. A level gives whole lots only.
    """
    takes: list[Take] = []
    left = qty
    for level, shown in levels:
        if left <= 0:
            break
        price = decimal_of(level)
        if limit is not None and (price - limit) * side.sign > 0:
            break
        free = floor_to(decimal_of(shown) - taken.get(level, ZERO), lot_size)
        if free <= 0 or price <= 0:
            continue
        take = Take(level, price, min(free, left))
        takes.append(take)
        left -= take.qty
    return takes


def taken_qty(takes: list[Take]) -> Decimal:
    """Native quantity of all takes."""
    return total(*(take.qty for take in takes))


def taken_cost(takes: list[Take], multiplier: Decimal) -> Decimal:
    """Quote value of all takes."""
    return total(*(product(take.price, take.qty, multiplier) for take in takes))


class RestingOrder(msgspec.Struct):
    """A limit order at rest.

    `level` is its price as books write it. `ahead` is the queue before it, native; None where it
    cannot be seen. `opening_qty` is the part of a perpetual's order that needs margin, `locked`
    what is set aside for it.
    """

    order: Order
    level: float
    ahead: Decimal | None
    opening_qty: Decimal = ZERO
    locked: Decimal = ZERO

    @property
    def remaining(self) -> Decimal:
        """Native quantity not filled yet."""
        return self.order.intent.qty - self.order.filled_qty


def displayed_at(levels: Levels, level: float, side: Side) -> Decimal | None:
    """Quantity displayed at a price on the order's own side; None beyond the depth displayed."""
    for price, qty in levels:
        if price == level:
            return decimal_of(qty)
        if (price - level) * side.sign < 0:
            return ZERO
    return None if levels else ZERO


def shorten_queue(resting: RestingOrder, shown: Decimal | None) -> None:
    """Take in what is displayed now at the price of an order at rest."""
    if shown is not None:
        resting.ahead = shown if resting.ahead is None else min(resting.ahead, shown)


class TradeFlow:
    """One public trade on its way through the orders at rest, best price first.

    What it gives to the queue and to us together is never more than its quantity.
    """

    def __init__(self, level: float, qty: Decimal) -> None:
        self._level = level
        self._left = qty
        self._served = ZERO  # to others in the queue at the trade's own price

    def reach(self, resting: RestingOrder, lot_size: Decimal) -> Decimal:
        """What the trade gives to an order at its price or better, in whole lots."""
        if resting.level != self._level:
            resting.ahead = ZERO
        elif resting.ahead is None:
            return ZERO
        else:
            passed = min(max(resting.ahead - self._served, ZERO), self._left)
            self._served += passed
            self._left -= passed
            resting.ahead = max(resting.ahead - self._served, ZERO)
        given = floor_to(min(resting.remaining, self._left), lot_size)
        self._left -= given
        return given
