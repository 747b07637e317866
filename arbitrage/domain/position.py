"""A signed position at average cost, as every linear perpetual venue keeps it.

`qty` is native and signed, `entry_cost` is the quote value at which it was opened (never
negative). Reducing realises the difference between the fill and the average; what is realised is
rounded to 1e-12 of the quote so that digits cannot grow without bound.
"""

from decimal import ROUND_DOWN, Context, Decimal

import msgspec

from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO

_SMALLEST = Decimal("1E-12")
# Downwards, so that what is left of an entry cost is never negative; wide, so that a product of
# two full amounts is exact before it is divided.
_SHARES = Context(prec=60, rounding=ROUND_DOWN)


class Position(msgspec.Struct):
    qty: Decimal = ZERO
    entry_cost: Decimal = ZERO

    def avg_entry_price(self, multiplier: Decimal) -> Decimal:
        """Average price in quote per base; zero when flat."""
        return self.entry_cost / (abs(self.qty) * multiplier) if self.qty else ZERO

    def apply(self, side: Side, qty: Decimal, cost: Decimal) -> Decimal:
        """Take in a fill of `qty` native worth `cost` quote; returns the PnL realised, in quote."""
        signed = qty * side.sign
        if self.qty * signed >= 0:
            self.qty += signed
            self.entry_cost += cost
            return ZERO
        closing = min(qty, abs(self.qty))
        closed_entry = _share(self.entry_cost, closing, abs(self.qty))
        closed_exit = _share(cost, closing, qty)
        realised = (closed_exit - closed_entry) * -side.sign
        opens_other_side = qty > closing
        self.qty += signed
        self.entry_cost = cost - closed_exit if opens_other_side else self.entry_cost - closed_entry
        if self.qty == 0:
            self.entry_cost = ZERO
        return realised

    def unrealised_pnl(self, mark_price: Decimal, multiplier: Decimal) -> Decimal:
        """PnL in quote if the position were closed at `mark_price`, fees aside."""
        value = abs(self.qty) * multiplier * mark_price
        return value - self.entry_cost if self.qty >= 0 else self.entry_cost - value


def _share(cost: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """`cost * part / whole`, rounded down to the smallest amount that is kept."""
    exact = _SHARES.divide(_SHARES.multiply(cost, part), whole)
    return _SHARES.quantize(exact, _SMALLEST)
