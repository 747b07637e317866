"""A market's prices as whole numbers, so that a book is on the tick grid by construction.

A price is a count of *units*, one `per_unit`-th of the quote currency, of which every tick of the
market is a multiple. `price` divides once, so its float is the one nearest to the decimal that a
venue would print.
"""

from bisect import bisect_right
from math import lcm

from arbitrage.domain.instrument import Instrument, TickBand
from arbitrage.domain.units import ZERO

_NO_PRICE_IS_HIGHER = 1 << 200


class PriceGrid:
    """The tick grid of an instrument; where the tick changes with the price, so does the step."""

    __slots__ = ("_from", "_starts", "_tick", "_ticks", "_until", "per_unit")

    def __init__(self, instrument: Instrument) -> None:
        bands = (TickBand(ZERO, instrument.tick_size), *reversed(instrument.tick_bands))
        values = [value for band in bands for value in (band.from_price, band.tick_size)]
        self.per_unit = lcm(*(value.as_integer_ratio()[1] for value in values))
        self._starts = [int(band.from_price * self.per_unit) for band in bands]
        self._ticks = [int(band.tick_size * self.per_unit) for band in bands]
        self._from, self._until, self._tick = 0, 0, 0

    def tick(self, units: int) -> int:
        """The tick that holds at a price; both in units, `units` at least zero."""
        if not self._from <= units < self._until:
            band = bisect_right(self._starts, units)
            self._from, self._tick = self._starts[band - 1], self._ticks[band - 1]
            self._until = self._starts[band] if band < len(self._starts) else _NO_PRICE_IS_HIGHER
        return self._tick

    def on_grid(self, units: int) -> int:
        """The highest grid price that is at most `units`."""
        return units - units % self.tick(units)

    def floor(self, price: float) -> int:
        """The highest grid price, in units, that is at most `price` in quote per base."""
        return self.on_grid(int(price * self.per_unit))

    def above(self, units: int) -> int:
        """The next grid price up."""
        return units + self.tick(units)

    def price(self, units: int) -> float:
        """The price in quote per base."""
        return units / self.per_unit
