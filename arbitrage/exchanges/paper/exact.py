"""Sums and products of money that lose no digit.

The default context of `decimal` keeps 28 digits, which a price times a quantity times a fee rate
can exceed. What is locked for an order must never be a digit less than what the order then costs,
so everything that decides whether a balance suffices is computed with 60.
"""

from decimal import ROUND_DOWN, Context, Decimal

from arbitrage.domain.units import ONE, ZERO

EXACT = Context(prec=60)
_FEE_GRID = Decimal("1E-16")


def product(*factors: Decimal) -> Decimal:
    result = ONE
    for factor in factors:
        result = EXACT.multiply(result, factor)
    return result


def total(*terms: Decimal) -> Decimal:
    result = ZERO
    for term in terms:
        result = EXACT.add(result, term)
    return result


def fee_amount(amount: Decimal) -> Decimal:
    """`amount` on the grid of 1e-16, rounded towards zero.

    The grid keeps totals of fees within 28 digits for every reader; the direction keeps a fee
    within what was locked for it.
    """
    return amount.quantize(_FEE_GRID, rounding=ROUND_DOWN, context=EXACT)
