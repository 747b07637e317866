"""Floats as whole numbers of a decimal unit, and back to the very same floats.

A price or quantity that a venue published is a decimal with few digits; the float in memory is its
nearest double. Stored is the count of units, an int64. Both ways are exact or refused: a value
that is not a whole number of units is an error, and what is read is bit for bit what was written.
"""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.units import decimal_of, plain

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

# A double holds every whole number up to the first and every power of ten up to 10**22 exactly; so
# the quotient of two such numbers is the double nearest to the true value, as parsing the decimal
# text gives it.
_EXACT_INTEGERS = 2**53
_LARGEST_TERM = 10**18
LARGEST_COUNT = 2**63 - 1


class OffGrid(MalformedData):
    """The value at `position` is not a whole number of units."""

    def __init__(self, position: int, value: float, step: Decimal) -> None:
        super().__init__(
            f"{value!r} is not a whole number of units of {plain(step)} that fits 64 bits"
        )
        self.position = position


class IntegerUnit:
    """The decimal `step` that one integer stands for.

    Raises `ConfigError` unless `step` is a positive number of at most 18 digits on either side
    of the point.
    """

    def __init__(self, step: Decimal) -> None:
        exponent = step.normalize().as_tuple().exponent
        if isinstance(exponent, int) and step > 0:
            self.step = step
            self._denominator = 10 ** max(0, -exponent)
            self._numerator = int(step * self._denominator)
            if max(self._numerator, self._denominator) <= _LARGEST_TERM:
                return
        raise ConfigError(f"unit is {step}; expected a positive decimal such as 0.01")

    def floats(self, counts: IntArray) -> FloatArray:
        """The doubles nearest to `counts` units."""
        n, d = self._numerator, self._denominator
        limit = _EXACT_INTEGERS // n
        floats = (counts * n if n != 1 else counts) / float(d)
        if counts.max(initial=0) > limit or counts.min(initial=0) < -limit:
            for position in np.flatnonzero(np.abs(counts) > limit).tolist():
                # Python divides integers of any size with one rounding.
                floats[position] = int(counts[position]) * n / d
        return floats

    def counts(self, values: FloatArray) -> IntArray:
        """How many units each of `values` is. Raises `OffGrid` for the first that is no whole
        number of units."""
        with np.errstate(over="ignore"):
            estimate = np.rint(values * (self._denominator / self._numerator))
        is_safe = np.abs(estimate) < _EXACT_INTEGERS  # False for NaN and infinities as well
        counts = np.where(is_safe, estimate, 0.0).astype(np.int64)
        for position in np.flatnonzero(self.floats(counts) != values).tolist():
            counts[position] = self._exact_count(position, float(values[position]))
        return counts

    def _exact_count(self, position: int, value: float) -> int:
        exact = decimal_of(value)
        if exact.is_finite():
            count = Fraction(exact) / Fraction(self.step)
            if count.denominator == 1 and abs(count.numerator) <= LARGEST_COUNT:
                return count.numerator
        raise OffGrid(position, value, self.step)
