"""One open trade as the engine works on it: the public record plus what its orders still owe.

The rule of all corrections lives here, as an interval: with orders unresolved, the residual of
the two legs lies somewhere between the worst and the best of their outcomes. Only if the whole
interval is on one side of zero may anything be corrected, and by no more than its near end; so no
outcome of anything in flight can turn a correction into too much.
"""

from decimal import Decimal

import msgspec

from arbitrage.domain.errors import InvariantBroken
from arbitrage.domain.intents import Purpose
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.position import Position
from arbitrage.domain.sides import Side
from arbitrage.domain.trade import ArbitrageTrade, ExitReason, TradeLeg
from arbitrage.domain.units import ZERO


class Holding(msgspec.Struct, frozen=True, gc=False):
    """What one leg of a trade at rest holds, in the floats that an exit is judged with.

    `qty` is what an exit would order and `fee_qty` what fees took of it, in base units;
    `entry_cost` is the quote that `qty` of a perpetual was opened at (spot: zero, its cost is
    booked already), `notional` the quote of the whole opening.
    """

    qty: float
    fee_qty: float
    entry_cost: float
    notional: float


class TradeState:
    """A trade with its live orders. Quantities are base units.

    A trade comes to *rest* when it is open, nothing is live and nothing is to be corrected; until
    something is filled or booked, only the books decide what it does next.
    """

    __slots__ = (
        "booked",
        "carry",
        "entry_fx_b",
        "exit_edge_bps",
        "exit_reason",
        "hedge_attempts",
        "holdings",
        "leftover_a",
        "leftover_b",
        "next_try_ns",
        "orders",
        "position_a",
        "position_b",
        "trade",
        "unhedged_since_ns",
    )

    def __init__(
        self, trade: ArbitrageTrade, *, entry_fx_b: Decimal, exit_edge_bps: float, carry: Decimal
    ) -> None:
        self.trade = trade
        self.entry_fx_b = entry_fx_b
        self.exit_edge_bps = exit_edge_bps
        self.carry = carry
        self.orders: dict[str, tuple[Order, TradeLeg]] = {}  # live ones, by client id
        self.position_a = Position()
        self.position_b = Position()
        self.hedge_attempts = 0
        self.next_try_ns = 0
        self.unhedged_since_ns = 0
        self.exit_reason: ExitReason | None = None
        self.holdings: tuple[Holding, Holding] | None = None  # of leg A and leg B, while at rest
        self.booked = 0.0
        # What each leg's holdings counted for when the trade was closed.
        self.leftover_a = ZERO
        self.leftover_b = ZERO

    @property
    def residual(self) -> Decimal:
        """Signed base units that should be zero: both legs, and dust carried in."""
        return self.trade.leg_a.position + self.trade.leg_b.position + self.carry

    def residual_range(self) -> tuple[Decimal, Decimal]:
        """Least and greatest residual that the unresolved orders can still lead to."""
        low = high = self.residual
        for order, leg in self.orders.values():
            open_qty = order.unresolved_qty * leg.instrument.contract_multiplier
            if order.intent.side.sign > 0:
                high += open_qty
            else:
                low -= open_qty
        return low, high

    def correction(self) -> Decimal:
        """Signed base units that may safely be traded now to undo the residual; zero if none."""
        low, high = self.residual_range()
        if low > 0:
            return -low
        if high < 0:
            return -high
        return ZERO

    def returnable(self, leg: TradeLeg, side: Side) -> Decimal:
        """Base units that `side` may still trade on `leg` on its way back to zero: what goes beyond
        would open the opposite position. An exit counts what was carried in or laid aside too."""
        position = leg.position if side is leg.side else leg.position + self.carry
        held = position * -side.sign
        for order, order_leg in self.orders.values():
            if order_leg is leg and order.intent.side is side:
                held -= order.unresolved_qty * leg.instrument.contract_multiplier
        return max(ZERO, held)

    def exit_qty(self, leg: TradeLeg) -> Decimal:
        """Base units that an exit may still order on `leg`: what it holds of its own side, but for
        what lies there against something else."""
        own = max(ZERO, leg.position * leg.side.sign)
        return min(own, self.returnable(leg, leg.side.opposite))

    @property
    def held_qty(self) -> Decimal:
        """Base units that both legs hold against each other."""
        return min(self.exit_qty(self.trade.leg_a), self.exit_qty(self.trade.leg_b))

    @property
    def is_in_doubt(self) -> bool:
        return any(order.status is OrderStatus.IN_DOUBT for order, _ in self.orders.values())

    def rest(self) -> None:
        """Take down what the legs hold and what is booked, in A's quote."""
        trade = self.trade
        self.booked = float(trade.pnl.total)
        self.holdings = (
            self._holding(trade.leg_a, self.position_a),
            self._holding(trade.leg_b, self.position_b),
        )

    def wake(self) -> None:
        """Something was filled or booked; the trade is to be looked at anew."""
        self.holdings = None

    def _holding(self, leg: TradeLeg, position: Position) -> Holding:
        qty = self.exit_qty(leg)
        entry_cost = position.entry_cost * qty / abs(leg.position) if position.qty else ZERO
        return Holding(float(qty), float(leg.base_fees), float(entry_cost), float(leg.entry_cost))

    def forget_attempts(self) -> None:
        """The next correction starts with a narrow band and a new clock, at once."""
        self.hedge_attempts = 0
        self.unhedged_since_ns = 0

    def check_acquired(self, leg: TradeLeg, ordered: Decimal, target: Decimal) -> None:
        """Assert the bound of every entry: what is reserved on a leg never passes its target.

        `ordered` is the base quantity about to be ordered on top. Raises `InvariantBroken`.
        """
        reserved = leg.entry_qty
        for order, order_leg in self.orders.values():
            if order_leg is leg and order.intent.side is leg.side:
                reserved += order.unresolved_qty * leg.instrument.contract_multiplier
        if reserved + ordered > target:
            raise InvariantBroken(
                f"trade {self.trade.trade_id} at {leg.instrument.venue}: reserved {reserved} and "
                f"ordering {ordered} exceed the target {target}; nothing is sent, halting"
            )

    def check_correction(self, signed_qty: Decimal, purpose: Purpose) -> None:
        """Assert the bound of every correction. Raises `InvariantBroken` if it could overshoot."""
        allowed = self.correction()
        if allowed * signed_qty < 0 or abs(signed_qty) > abs(allowed):
            raise InvariantBroken(
                f"trade {self.trade.trade_id}: a {purpose.value} of {signed_qty} exceeds what is "
                f"safe ({allowed}); nothing is sent, halting"
            )
