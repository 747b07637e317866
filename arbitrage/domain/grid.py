"""Floats rounded to the multiples of a step: prices to ticks, quantities to lots.

A float stands for the shortest decimal that reads back as it, here as everywhere. To round that
decimal exactly takes longer than to find an edge, so a float that lies clearly between two
multiples, or is the very double of one, is counted in floats; what is left is counted exactly.
Both ways come to the same digits.
"""

from decimal import Decimal
from math import inf, nextafter

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.domain.units import EXACT, decimal_of

_divmod, _multiply = EXACT.divmod, EXACT.multiply  # found once, as in `units`

# A count of steps is the product of three rounded numbers; this bounds its error, as a share.
_ERROR = 2.0**-50
_MOST_STEPS = 2.0**40
# No two decimals of so many digits have the same double.
_FIFTEEN_DIGITS = 10**15


class Grid:
    """The multiples of `step`, a positive decimal. They are written with the digits of `step`."""

    __slots__ = ("_denominator", "_most_steps", "_numerator", "_steps_per_unit", "step")

    def __init__(self, step: Decimal) -> None:
        self.step = step
        self._numerator, self._denominator = step.as_integer_ratio()
        self._steps_per_unit = self._denominator / self._numerator
        digits = int(step.scaleb(-int(step.as_tuple().exponent)))
        self._most_steps = min(_MOST_STEPS, _FIFTEEN_DIGITS / digits - 1.0)

    def floor(self, value: float) -> Decimal:
        """The largest multiple that is at most `value`; equal to `units.floor_to`."""
        return _multiply(self.floor_count(value), self.step)

    def ceil(self, value: float) -> Decimal:
        """The smallest multiple that is at least `value`; equal to `units.ceil_to`."""
        return _multiply(self.ceil_count(value), self.step)

    def floor_count(self, value: float) -> int:
        """How many steps `floor` is. Raises `decimal.InvalidOperation` unless `value` is finite."""
        steps = value * self._steps_per_unit
        if 0.0 <= steps < self._most_steps:
            whole = int(steps)
            error = steps * _ERROR
            if error < steps - whole < 1.0 - error:
                return whole
            nearest = int(steps + 0.5)
            if nearest * self._numerator / self._denominator == value:
                return nearest
        count, rest = _divmod(decimal_of(value), self.step)
        return -(rest < 0) + int(count)

    def ceil_count(self, value: float) -> int:
        """How many steps `ceil` is. Raises as `floor_count`."""
        steps = value * self._steps_per_unit
        if 0.0 <= steps < self._most_steps:
            whole = int(steps)
            error = steps * _ERROR
            if error < steps - whole < 1.0 - error:
                return whole + 1
            nearest = int(steps + 0.5)
            if nearest * self._numerator / self._denominator == value:
                return nearest
        count, rest = _divmod(decimal_of(value), self.step)
        return (rest > 0) + int(count)


class PriceGrid:
    """`Instrument.limit_price` for floats: the tick grid of each band of prices, highest first."""

    __slots__ = ("_bands", "_lowest")

    def __init__(self, instrument: Instrument) -> None:
        self._lowest = Grid(instrument.tick_size)
        self._bands = [
            (_least_float(band.from_price), Grid(band.tick_size)) for band in instrument.tick_bands
        ]

    def limit_price(self, price: float, side: Side) -> Decimal:
        """`price` on the tick grid, never paying more nor selling for less."""
        grid = self._lowest
        for from_price, of_band in self._bands:
            if price >= from_price:
                grid = of_band
                break
        return grid.floor(price) if side.is_buy else grid.ceil(price)


def _least_float(bound: Decimal) -> float:
    """The smallest float whose decimal is at least `bound`."""
    nearest = float(bound)
    return nearest if decimal_of(nearest) >= bound else nextafter(nearest, inf)
