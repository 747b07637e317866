"""What may be traded and by which rules: ticks, lots, minimums, contract size.

Quantities of an instrument are *native*: base units for spot, contracts for a perpetual.
`contract_multiplier` turns native into base. Only linear perpetuals (settled in the quote
currency) are supported; an inverse contract is refused when it is built.
"""

from decimal import Decimal
from enum import Enum

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.sides import Side
from arbitrage.domain.symbols import base_and_quote, is_perpetual
from arbitrage.domain.units import EXACT, ONE, ZERO, ceil_to, decimal_of, floor_to

_divide, _remainder = EXACT.divide, EXACT.remainder  # found once, as in `units`


class InstrumentKind(Enum):
    SPOT = "spot"
    PERPETUAL = "perpetual"

    def __init__(self, word: str) -> None:
        self.is_perpetual = word == "perpetual"


class TickBand(msgspec.Struct, frozen=True):
    """From `from_price` upwards (in quote per base) the tick is `tick_size`."""

    from_price: Decimal
    tick_size: Decimal


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One market of one venue.

    `tick_size` is in quote per base; `tick_bands`, if given, overrides it by price (highest band
    first, each starting on its own grid and on that of the band below). `lot_size`, `min_qty` and
    `max_qty` are native quantities, `min_notional` is in quote.
    `initial_margin` is the share of notional that a perpetual locks (1 / leverage);
    `maintenance_margin` the share below which the venue liquidates.
    """

    venue: str
    symbol: str
    base: str
    quote: str
    kind: InstrumentKind = InstrumentKind.SPOT
    settle: str = ""
    tick_size: Decimal = Decimal("0.00000001")
    tick_bands: tuple[TickBand, ...] = ()
    lot_size: Decimal = Decimal("0.00000001")
    min_qty: Decimal = ZERO
    max_qty: Decimal | None = None
    min_notional: Decimal = ZERO
    contract_multiplier: Decimal = ONE
    initial_margin: Decimal = ONE
    maintenance_margin: Decimal = Decimal("0.005")

    def __post_init__(self) -> None:
        for name in ("tick_size", "lot_size", "contract_multiplier", "initial_margin"):
            if getattr(self, name) <= 0:
                raise ConfigError(
                    f"{self.venue} {self.symbol}: {name} is {getattr(self, name)}, "
                    "expected a positive number; the instrument is refused"
                )
        self._check_tick_bands()
        if self.is_perpetual and self.settle not in ("", self.quote):
            raise ConfigError(
                f"{self.venue} {self.symbol}: settles in {self.settle}, quoted in {self.quote}; "
                "only linear perpetuals are supported"
            )

    def _check_tick_bands(self) -> None:
        prices = [band.from_price for band in self.tick_bands]
        ticks = [*(band.tick_size for band in self.tick_bands), self.tick_size]
        is_sound = prices == sorted(set(prices), reverse=True) and min(ticks) > 0
        for price, tick, tick_below in zip(prices, ticks, ticks[1:], strict=False):
            if (
                not is_sound
                or EXACT.remainder(price, tick) != 0
                or EXACT.remainder(price, tick_below) != 0
            ):
                raise ConfigError(
                    f"{self.venue} {self.symbol}: tick band from {price} by {tick}; expected bands "
                    "from the highest price down, each starting on its own grid and on that of "
                    "the band below; the instrument is refused"
                )

    @classmethod
    def from_symbol(cls, venue: str, symbol: str) -> "Instrument":
        """An instrument with the finest rules, its currencies read from the symbol itself.

        Raises `ConfigError` for a symbol that cannot be read and for a perpetual that is, or may
        be, inverse or dated (`BTC/USD:BTC`, `BTC-USD-SWAP`, `BTC/USDT:USDT-240329`).
        """
        base, quote = base_and_quote(symbol)
        kind = InstrumentKind.PERPETUAL if is_perpetual(symbol) else InstrumentKind.SPOT
        settle = symbol.upper().partition(":")[2]
        if kind is InstrumentKind.PERPETUAL and quote == "USD" and not settle:
            raise ConfigError(
                f"{venue} {symbol}: does not say what it settles in and may be inverse; "
                "give the venue an Instrument for it"
            )
        return cls(venue=venue, symbol=symbol, base=base, quote=quote, kind=kind, settle=settle)

    @property
    def is_perpetual(self) -> bool:
        return self.kind.is_perpetual

    @property
    def base_lot(self) -> Decimal:
        """The lot in base units."""
        return self.lot_size * self.contract_multiplier

    def tick_at(self, price: Decimal) -> Decimal:
        """The tick that holds at `price`, in quote per base."""
        for band in self.tick_bands:
            if price >= band.from_price:
                return band.tick_size
        return self.tick_size

    def limit_price(self, price: float | Decimal, side: Side) -> Decimal:
        """`price` on the tick grid, rounded so that it never pays more nor sells for less.

        A purchase rounds down, a sale rounds up.
        """
        exact = decimal_of(price)
        tick = self.tick_at(exact)
        return floor_to(exact, tick) if side.is_buy else ceil_to(exact, tick)

    def native_qty(self, base_qty: float | Decimal) -> Decimal:
        """The largest tradable native quantity worth at most `base_qty` base units."""
        whole_lots = floor_to(decimal_of(base_qty), self.base_lot)
        native = _divide(whole_lots, self.contract_multiplier)
        if self.max_qty is not None and native > self.max_qty:
            return floor_to(self.max_qty, self.lot_size)
        return native

    def refusal(self, qty: Decimal, price: Decimal) -> str | None:
        """Why the venue would refuse `qty` (native) at `price`, or None if it would not."""
        is_on_grid = qty.is_finite() and qty > ZERO and not _remainder(qty, self.lot_size)
        if not is_on_grid:
            return "lot_size"
        if qty < self.min_qty:
            return "min_qty"
        if self.max_qty is not None and qty > self.max_qty:
            return "max_qty"
        is_on_grid = price.is_finite() and price > ZERO
        if not (is_on_grid and not _remainder(price, self.tick_at(price))):
            return "tick_size"
        if qty * self.contract_multiplier * price < self.min_notional:
            return "min_notional"
        return None
