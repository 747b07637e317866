"""The book that a simulated venue shows: the market's, less what we took, with our own orders.

A real venue's book holds everybody's orders, and what was taken is gone from it. The recorded or
generated market knows of neither, so both are worked in here before a book is shown.
"""

from decimal import Decimal

from arbitrage.domain.events import Levels
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO, decimal_of
from arbitrage.exchanges.paper.market import PaperMarket


def public_levels(market: PaperMarket, lot_size: Decimal) -> tuple[Levels, Levels]:
    """Bids and asks, best first. The lists are the market's own where nothing is worked in."""
    if not (market.resting or market.taken_bids or market.taken_asks):
        return market.bids, market.asks
    bids = _worked_in(market.bids, market.taken_bids, _own(market, Side.BUY), lot_size)
    asks = _worked_in(market.asks, market.taken_asks, _own(market, Side.SELL), lot_size)
    return sorted(bids, reverse=True), sorted(asks)


def _own(market: PaperMarket, side: Side) -> dict[float, Decimal]:
    """Native quantity of our orders at rest by price."""
    own: dict[float, Decimal] = {}
    for resting in market.by_priority(side):
        own[resting.level] = own.get(resting.level, ZERO) + resting.remaining
    return own


def _worked_in(
    levels: Levels, taken: dict[float, Decimal], own: dict[float, Decimal], lot_size: Decimal
) -> Levels:
    """Levels in no order; what is left below a lot is not shown."""
    shown: Levels = []
    for price, qty in levels:
        left = qty
        if price in taken or price in own:
            exact = decimal_of(qty) - taken.get(price, ZERO)
            exact = max(exact, ZERO) + own.pop(price, ZERO)
            left = float(exact) if exact >= lot_size else 0.0
        if left > 0:
            shown.append((price, left))
    shown.extend((price, float(qty)) for price, qty in own.items())
    return shown
