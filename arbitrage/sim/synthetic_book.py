"""One simulated order book: levels that stay while the price does, drawn anew where it moves.

The book is told where its touch is. It keeps the levels that still stand, draws those that the
move uncovered, and changes one quantity per update. It knows nothing of time or of why prices
move; it is never crossed and always on the listing's tick and lot grids.
"""

from random import Random
from typing import Final

from arbitrage.domain.events import BookSnapshot, Level, Levels, MarketTrade
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.sim import calibration as cal
from arbitrage.sim.listings import Listing
from arbitrage.sim.price_grid import PriceGrid
from arbitrage.sim.processes import TABLE_BITS, Bits, lognormal_table, step_table

_SIZES: Final = lognormal_table(1.0, cal.LEVEL_LOG_SD)
_TOUCH_SIZES: Final = lognormal_table(cal.TOUCH_SHARE, cal.TOUCH_LOG_SD)


class _Quantities:
    """Draws quantities on the lot grid around a median."""

    __slots__ = ("_bits", "_denominator", "_lots", "_numerator")

    def __init__(self, instrument: Instrument, median_base: float, rng: Random) -> None:
        self._bits: Bits = rng.getrandbits
        self._numerator, self._denominator = instrument.lot_size.as_integer_ratio()
        self._lots = median_base / float(instrument.base_lot)

    def draw(self, sizes: tuple[float, ...], share: float = 1.0) -> float:
        """A native quantity of at least one lot; `sizes` are multiples of the median."""
        lots = 1 + int(sizes[self._bits(TABLE_BITS)] * share * self._lots)
        return lots * self._numerator / self._denominator


class _BookSide:
    """The levels of one side, best first, beside their prices in units of the grid."""

    __slots__ = ("_bits", "_depth", "_gaps", "_grid", "_quantities", "_sign", "levels", "units")

    def __init__(
        self,
        side: Side,
        grid: PriceGrid,
        gaps: tuple[int, ...],
        quantities: _Quantities,
        rng: Random,
        *,
        depth: int,
    ) -> None:
        self._sign = side.sign
        self._grid = grid
        self._gaps = gaps
        self._quantities = quantities
        self._bits: Bits = rng.getrandbits
        self._depth = depth
        self.units: list[int] = []
        self.levels: Levels = []

    def move_touch(self, best: int) -> None:
        """Make `best` the best price: levels before it are gone, new ones fill what opens up."""
        units, levels, sign = self.units, self.levels, self._sign
        gone = 0
        for price in units:
            if (price - best) * sign <= 0:
                break
            gone += 1
        del units[:gone], levels[:gone]
        standing = units[0] if units else None
        fresh: list[int] = []
        price = best
        while len(fresh) < self._depth and (standing is None or (price - standing) * sign > 0):
            fresh.append(price)
            price = self._behind(price)
        units[:0] = fresh
        levels[:0] = [self._level(price, _SIZES) for price in fresh]
        if fresh:
            levels[0] = self._level(best, _TOUCH_SIZES)
        del units[self._depth :], levels[self._depth :]
        while len(units) < self._depth:
            units.append(self._behind(units[-1]))
            levels.append(self._level(units[-1], _SIZES))

    def redraw(self, position: int) -> None:
        """Give the level at `position` another quantity."""
        sizes = _SIZES if position else _TOUCH_SIZES
        self.levels[position] = self._level(self.units[position], sizes)

    def _behind(self, units: int) -> int:
        gap = self._gaps[self._bits(TABLE_BITS)]
        if self._sign > 0:
            return self._grid.on_grid(units - gap * self._grid.tick(units - 1))
        return self._grid.on_grid(units + gap * self._grid.tick(units))

    def _level(self, units: int, sizes: tuple[float, ...]) -> Level:
        return self._grid.price(units), self._quantities.draw(sizes)


class SyntheticBook:
    """A book of `depth` levels a side for a listing.

    It starts around `price` (quote per base), one base unit being worth `usd` US dollars.
    """

    def __init__(
        self, listing: Listing, rng: Random, *, price: float, usd: float, depth: int
    ) -> None:
        instrument = listing.instrument
        self._venue, self._symbol = instrument.venue, instrument.symbol
        self._random = rng.random
        self._bits: Bits = rng.getrandbits
        self._grid = grid = PriceGrid(instrument)
        start = grid.floor(price)
        gap = listing.gap_bps * 1e-4 * start / grid.tick(start)
        gaps = step_table(round(max(gap, cal.LEAST_GAP_TICKS), 2))
        self._quantities = quantities = _Quantities(instrument, listing.level_usd / usd, rng)
        self._depth = depth
        self._bids = _BookSide(Side.BUY, grid, gaps, quantities, rng, depth=depth)
        self._asks = _BookSide(Side.SELL, grid, gaps, quantities, rng, depth=depth)
        self._seq = 0

    def update(self, ts_ns: int, low: float, high: float) -> BookSnapshot:
        """The book once its touch encloses `low` to `high` (quote per base), as tightly as ticks
        allow."""
        bids, asks, grid = self._bids, self._asks, self._grid
        best_bid = grid.floor(low)
        if not self._seq or bids.units[0] != best_bid:
            bids.move_touch(best_bid)
        best_ask = grid.above(grid.floor(high))
        if not self._seq or asks.units[0] != best_ask:
            asks.move_touch(best_ask)
        # The touch changes twice as often as any level behind it: it stands for two positions.
        place = int(self._random() * 2 * (self._depth + 1))
        side = bids if place & 1 else asks
        side.redraw(max((place >> 1) - 1, 0))
        self._seq += 1
        return BookSnapshot(
            ts_ns, self._venue, self._symbol, bids.levels[:], asks.levels[:], self._seq
        )

    def on_grid(self, price: float) -> float:
        """`price` rounded down to the tick grid."""
        return self._grid.price(self._grid.floor(price))

    def trade(self, ts_ns: int) -> MarketTrade:
        """A public trade at the touch, of no more than what stands there."""
        side = Side.BUY if self._bits(1) else Side.SELL
        price, standing = (self._asks if side is Side.BUY else self._bids).levels[0]
        qty = min(standing, self._quantities.draw(_SIZES, cal.TRADE_SIZE_SHARE))
        return MarketTrade(ts_ns, self._venue, self._symbol, price, qty, side)
