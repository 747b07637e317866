"""The record of one arbitrage trade: what each leg bought and sold, and what came of it.

Quantities are base units. Everything comes from fills; nothing here is planned or assumed.
"""

from decimal import Decimal
from enum import Enum

import msgspec

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.orders import Fill
from arbitrage.domain.sides import Direction, Side
from arbitrage.domain.units import ZERO


class TradePhase(Enum):
    """`OPENING` and `CLOSING` have orders to place; `OPEN` waits; `CLOSED` is history."""

    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class ExitReason(Enum):
    COMPLETE = "complete"  # an inventory trade, done when both legs are
    TAKE_PROFIT = "take_profit"
    SPREAD_REVERSAL = "spread_reversal"
    STOP_LOSS = "stop_loss"
    MAX_HOLDING = "max_holding"
    FUNDING = "funding"
    RISK = "risk"
    UNFILLED = "unfilled"  # no leg ever filled
    TAKEN_BACK = "taken_back"  # the other leg could not be had, the leader was reversed


class TradeLeg(msgspec.Struct):
    """One side of a trade. `side` is the side that opens it; `fees` are totals by currency."""

    instrument: Instrument
    side: Side
    entry_qty: Decimal = ZERO
    entry_cost: Decimal = ZERO
    exit_qty: Decimal = ZERO
    exit_cost: Decimal = ZERO
    base_fees: Decimal = ZERO
    fees: dict[str, Decimal] = {}

    def add(self, side: Side, fill: Fill) -> None:
        """Take in a fill of an order of this leg."""
        qty = fill.qty * self.instrument.contract_multiplier
        if side is self.side:
            self.entry_qty += qty
            self.entry_cost += fill.cost
        else:
            self.exit_qty += qty
            self.exit_cost += fill.cost
        for currency, amount in fill.fees:
            self.fees[currency] = self.fees.get(currency, ZERO) + amount
            if currency == self.instrument.base and not self.instrument.is_perpetual:
                self.base_fees += amount

    @property
    def position(self) -> Decimal:
        """Signed base units that this leg has added to what we own, fees in base taken off."""
        return (self.entry_qty - self.exit_qty) * self.side.sign - self.base_fees

    @property
    def entry_price(self) -> Decimal | None:
        """Average price of the opening fills, in quote per base."""
        return self.entry_cost / self.entry_qty if self.entry_qty else None

    @property
    def exit_price(self) -> Decimal | None:
        """Average price of the closing fills, in quote per base."""
        return self.exit_cost / self.exit_qty if self.exit_qty else None


class TradePnl(msgspec.Struct):
    """Where the result came from, in the quote currency of leg A.

    `price` is what the fills made at the FX of the opening, `fx` what the rate's move since then
    changed, `fees` what was paid (a cost is negative), `funding` what perpetuals paid or cost.
    `unvalued` names currencies of fees for which no rate is known; their amounts are in no sum.
    """

    price: Decimal = ZERO
    fx: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    leg_a: Decimal = ZERO
    leg_b: Decimal = ZERO
    unvalued: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal:
        return self.price + self.fx + self.fees + self.funding


class ArbitrageTrade(msgspec.Struct, kw_only=True):
    """One trade of one route, from its first intent to its last fill.

    `qty` is the base quantity that was aimed at; `edge_bps` the net edge it was opened for.
    `pnl_usd` is the realised result in US dollars at the FX of the fills, once closed.
    """

    trade_id: str
    route: str
    direction: Direction
    leg_a: TradeLeg
    leg_b: TradeLeg
    qty: Decimal
    edge_bps: float
    opened_ns: int
    phase: TradePhase = TradePhase.OPENING
    closed_ns: int = 0
    exit_reason: ExitReason | None = None
    pnl: TradePnl = msgspec.field(default_factory=TradePnl)
    pnl_usd: Decimal = ZERO

    @property
    def symbol(self) -> str:
        """The symbol of leg A."""
        return self.leg_a.instrument.symbol

    @property
    def symbol_a(self) -> str:
        return self.leg_a.instrument.symbol

    @property
    def symbol_b(self) -> str:
        return self.leg_b.instrument.symbol

    @property
    def is_open(self) -> bool:
        return self.phase is not TradePhase.CLOSED

    @property
    def residual_qty(self) -> Decimal:
        """Signed base units that the legs do not cancel: zero when hedged."""
        return self.leg_a.position + self.leg_b.position

    @property
    def qty_a(self) -> Decimal:
        """Base units that leg A opened with."""
        return self.leg_a.entry_qty

    @property
    def qty_b(self) -> Decimal:
        """Base units that leg B opened with."""
        return self.leg_b.entry_qty

    @property
    def entry_price_a(self) -> Decimal | None:
        return self.leg_a.entry_price

    @property
    def entry_price_b(self) -> Decimal | None:
        return self.leg_b.entry_price

    @property
    def exit_price_a(self) -> Decimal | None:
        return self.leg_a.exit_price

    @property
    def exit_price_b(self) -> Decimal | None:
        return self.leg_b.exit_price

    @property
    def pnl_a(self) -> Decimal:
        """Result of leg A in its quote, fees inside."""
        return self.pnl.leg_a

    @property
    def pnl_b(self) -> Decimal:
        """Result of leg B, in the quote of leg A, fees inside."""
        return self.pnl.leg_b
