"""Perpetual positions of one account: margin, equity, and when the venue liquidates.

Margin is crossed: all positions that settle in one currency stand on the account's balance of it.

    used      = sum of initial_margin * entry cost  + orders' margin + unrealised loss, if any
    equity    = balance not locked by spot orders   + unrealised PnL at the mark
    liquidate when equity < sum of maintenance_margin * notional at the mark

Unrealised profit is no margin. The mark is the middle of the book last seen with two sides.

Looking at every book in full would be dear, so each position carries a band of marks (`guard_low`
to `guard_high`) inside which no combination of moves can reach the threshold: each position may
use up an equal share of the headroom. Only a mark outside its band asks for the full sum.
"""

from collections.abc import Iterator
from decimal import Decimal
from math import inf

import msgspec

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.position import Position
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ZERO, decimal_of
from arbitrage.exchanges.paper.exact import product, total


class PerpetualPosition(msgspec.Struct):
    """A position with its mark price (quote per base) and the band that needs no second look."""

    instrument: Instrument
    position: Position
    mark_price: float = 0.0
    guard_low: float = -inf
    guard_high: float = inf

    @property
    def unrealised_pnl(self) -> Decimal:
        """PnL in quote if closed at the mark, fees aside."""
        mark = decimal_of(self.mark_price)
        return self.position.unrealised_pnl(mark, self.instrument.contract_multiplier)

    @property
    def notional(self) -> Decimal:
        """Quote value at the mark, never negative."""
        multiplier = self.instrument.contract_multiplier
        return product(abs(self.position.qty), multiplier, decimal_of(self.mark_price))

    @property
    def margin(self) -> Decimal:
        """What the position locks, in quote."""
        return product(self.instrument.initial_margin, self.position.entry_cost)

    def reducible(self, side: Side) -> Decimal:
        """Native quantity that an order on `side` could close."""
        return abs(self.position.qty) if self.position.qty * side.sign < 0 else ZERO


class Margin:
    """Positions by settlement currency, and what their orders at rest set aside."""

    def __init__(self) -> None:
        self._positions: dict[str, dict[str, PerpetualPosition]] = {}
        self._locked: dict[str, Decimal] = {}

    def position(self, instrument: Instrument) -> PerpetualPosition:
        """The position in an instrument, flat if there was none."""
        positions = self._positions.setdefault(instrument.quote, {})
        held = positions.get(instrument.symbol)
        if held is None:
            held = positions[instrument.symbol] = PerpetualPosition(instrument, Position())
        return held

    def open_in(self, currency: str) -> list[PerpetualPosition]:
        """Positions settled in `currency` that are not flat, by symbol."""
        positions = self._positions.get(currency)
        if not positions:
            return []
        return [held for _, held in sorted(positions.items()) if held.position.qty]

    def open_positions(self) -> Iterator[PerpetualPosition]:
        """Every position that is not flat."""
        for currency in sorted(self._positions):
            yield from self.open_in(currency)

    @property
    def currencies(self) -> list[str]:
        """Currencies in which anything was ever traded on margin."""
        return sorted(self._positions)

    def lock(self, currency: str, amount: Decimal) -> None:
        """Set margin aside for an order at rest; a negative amount gives it back."""
        self._locked[currency] = total(self._locked.get(currency, ZERO), amount)

    def used(self, currency: str) -> Decimal:
        """What of the balance of `currency` stands behind positions and orders."""
        positions = self.open_in(currency)
        pnl = total(*(held.unrealised_pnl for held in positions))
        margins = (held.margin for held in positions)
        return total(*margins, self._locked.get(currency, ZERO), -min(pnl, ZERO))

    def headroom(self, currency: str, cash: Decimal) -> Decimal:
        """Equity above the maintenance requirement; negative means liquidation.

        `cash` is the balance without what spot orders lock.
        """
        headroom = cash
        for held in self.open_in(currency):
            requirement = product(held.instrument.maintenance_margin, held.notional)
            headroom = total(headroom, held.unrealised_pnl, -requirement)
        return headroom

    def guard(self, currency: str, cash: Decimal) -> bool:
        """Renew the bands; returns whether the account is above the maintenance requirement."""
        positions = self.open_in(currency)
        if not positions:
            return True
        headroom = self.headroom(currency, cash)
        share = float(headroom) / len(positions)
        for held in positions:
            rules = held.instrument
            per_price = float(
                abs(held.position.qty) * rules.contract_multiplier * (1 + rules.maintenance_margin)
            )
            reach = share / per_price
            held.guard_low, held.guard_high = held.mark_price - reach, held.mark_price + reach
        return headroom >= 0
