"""The arithmetic of two books: edges, the walk, prices of a size, the running premium.

Plain functions over sequences of floats, written once for two speeds: called as they are on lists
of `(price, qty)` tuples in the live path, and compiled by `engine.compiled` for `n x 2` arrays in
replay. They use nothing but indexing, arithmetic, `len` and `math`, so both readings are the same
program, equal to the last bit.

All prices are quote per base, all quantities native to their book; `multiplier` turns native into
base units. `buy_factor` is what one unit of ask price costs in all, `sell_factor` what one unit of
bid price yields in all, FX into the quote of the bought leg included.
"""

from collections.abc import Sequence
from math import exp2

Levels = Sequence[Sequence[float]]


def gross_edge_bps(bid: float, ask: float) -> float:
    """Edge of buying at `ask` and selling at `bid`, before costs, in basis points."""
    return (bid / ask - 1.0) * 10_000.0


def walk(
    asks: Levels,
    bids: Levels,
    buy_factor: float,
    sell_factor: float,
    min_ratio: float,
    ask_multiplier: float,
    bid_multiplier: float,
) -> tuple[float, float, float, float, float]:
    """Take from `asks` and `bids` at once while the marginal net edge stays above the threshold.

    A pair of levels is taken while `bid * sell_factor > ask * buy_factor * min_ratio`, where
    `min_ratio` is one plus the least net edge. Returns `(qty, cost, proceeds, worst_ask,
    worst_bid)`: base units, what they cost and yield with fees and FX inside, and the last prices
    touched (zero if nothing was taken). Exact on piecewise-linear books, O(levels).

    A book holds no padding: a level of price zero would pass for a gift.
    """
    qty = 0.0
    cost = 0.0
    proceeds = 0.0
    worst_ask = 0.0
    worst_bid = 0.0
    i = 0
    j = 0
    n_asks = len(asks)
    n_bids = len(bids)
    if n_asks == 0 or n_bids == 0:
        return qty, cost, proceeds, worst_ask, worst_bid
    ask = asks[0][0]
    bid = bids[0][0]
    ask_left = asks[0][1] * ask_multiplier
    bid_left = bids[0][1] * bid_multiplier
    while bid * sell_factor > ask * buy_factor * min_ratio:
        take = ask_left if ask_left < bid_left else bid_left
        qty += take
        cost += take * ask * buy_factor
        proceeds += take * bid * sell_factor
        worst_ask = ask
        worst_bid = bid
        ask_left -= take
        bid_left -= take
        if not ask_left > 0.0:  # in this form a quantity that is no number cannot stop the walk
            i += 1
            if i == n_asks:
                break
            ask = asks[i][0]
            ask_left = asks[i][1] * ask_multiplier
        if not bid_left > 0.0:
            j += 1
            if j == n_bids:
                break
            bid = bids[j][0]
            bid_left = bids[j][1] * bid_multiplier
    return qty, cost, proceeds, worst_ask, worst_bid


def take_price(levels: Levels, qty: float, multiplier: float) -> tuple[float, float, float]:
    """Price of taking `qty` base units from one side, best first.

    Returns `(avg_price, worst_price, filled)`: volume-weighted price and last price touched in
    quote per base, and the base units that the book holds of `qty`; zeros for an empty book.
    """
    filled = 0.0
    cost = 0.0
    worst = 0.0
    for i in range(len(levels)):
        price = levels[i][0]
        size = levels[i][1] * multiplier
        worst = price
        if size >= qty - filled:
            cost += (qty - filled) * price
            filled = qty
            break
        cost += size * price
        filled += size
    if filled <= 0.0:
        return 0.0, 0.0, 0.0
    return cost / filled, worst, filled


def decayed_mean(mean: float, value: float, elapsed: float, half_life: float) -> float:
    """A running mean that forgets half of the past in each `half_life` (same unit as `elapsed`)."""
    # A compiler turns a power of 0.5 into this and differs from the interpreter in the last bit.
    keep = exp2(-elapsed / half_life)
    return mean * keep + value * (1.0 - keep)
