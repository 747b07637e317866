"""One open trade as the engine works on it: the public record plus what its orders still owe.

The rule of all corrections lives here, as an interval: with orders unresolved, the residual of
the two legs lies somewhere between the worst and the best of their outcomes. Only if the whole
interval is on one side of zero may anything be corrected, and by no more than its near end; so no
outcome of anything in flight can turn a correction into too much.
"""

from decimal import Decimal

from arbitrage.domain.errors import InvariantBroken
from arbitrage.domain.intents import Purpose
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.position import Position
from arbitrage.domain.trade import ArbitrageTrade, ExitReason, TradeLeg
from arbitrage.domain.units import ZERO


class TradeState:
    """A trade with its live orders. Quantities are base units."""

    __slots__ = (
        "carry",
        "entry_fx_b",
        "exit_edge_bps",
        "exit_reason",
        "hedge_attempts",
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

    def exit_qty(self, leg: TradeLeg) -> Decimal:
        """Signed base units that an exit may still order on `leg`: its position less what live
        orders could already take off it."""
        position = leg.position
        committed = ZERO
        for order, order_leg in self.orders.values():
            if order_leg is leg and order.intent.side.sign * position < 0:
                committed += order.unresolved_qty * leg.instrument.contract_multiplier
        left = abs(position) - committed
        if left <= 0:
            return ZERO
        return -left if position > 0 else left

    @property
    def is_in_doubt(self) -> bool:
        return any(order.status is OrderStatus.IN_DOUBT for order, _ in self.orders.values())

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
