"""What we own and what is spoken for: the ledger, positions, and reservations of live orders.

`available` is sized from folds over reservations, so an order whose outcome is unknown keeps its
money until it is known. The venue's own word on a balance is taken as the opening, and later
compared: what does not tie out is booked as an adjustment and reported.
"""

from collections.abc import Mapping
from decimal import Decimal

from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.ledger import ADJUSTMENT, FUNDING, OPENING, Ledger
from arbitrage.domain.orders import Fill, Order
from arbitrage.domain.position import Position
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ONE, ZERO

NOTHING_KEPT: Mapping[tuple[str, str], Decimal] = {}


class Accounts:
    """Balances at all venues, folded from fills."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.positions: dict[tuple[str, str], tuple[Instrument, Position]] = {}
        self._live: dict[str, dict[str, tuple[Order, Instrument, FeeSchedule]]] = {}
        self._opened: set[tuple[str, str]] = set()
        # By venue and currency; a fill of a perpetual takes its entry out, to be folded anew.
        self._margins: dict[tuple[str, str], Decimal] = {}

    def open(self, venue: str, currency: str, amount: Decimal) -> None:
        """Book an opening balance."""
        self._opened.add((venue, currency))
        self.ledger.transfer(OPENING, venue, currency, amount)

    def confirm(self, venue: str, currency: str, total: Decimal) -> Decimal:
        """Take the venue's word for a balance; returns what we cannot explain, or zero.

        The first word is the opening. While orders are live at the venue its word is about a
        moment that we do not know, so it is not compared.
        """
        if (venue, currency) not in self._opened:
            self.open(venue, currency, total - self.ledger.balance(venue, currency))
            return ZERO
        if self._live.get(venue):
            return ZERO
        difference = total - self.ledger.balance(venue, currency)
        if difference:
            self.ledger.transfer(ADJUSTMENT, venue, currency, difference)
        return difference

    def fund(self, venue: str, currency: str, amount: Decimal) -> None:
        """Book a funding payment; a positive amount was received."""
        self.ledger.transfer(FUNDING, venue, currency, amount)

    def place(self, order: Order, instrument: Instrument, fees: FeeSchedule) -> None:
        """Reserve what `order` may spend."""
        live = self._live.get(instrument.venue)
        if live is None:
            live = self._live[instrument.venue] = {}
        live[order.intent.client_id] = (order, instrument, fees)

    def fill(self, instrument: Instrument, side: Side, fill: Fill) -> Decimal:
        """Book a fill; returns the PnL realised on a perpetual position, in quote."""
        self._margins.pop((instrument.venue, instrument.quote), None)
        return self.ledger.fill(instrument, side, fill, self._position(instrument))

    def release(self, order: Order) -> None:
        """Forget the reservation of an order that is no longer live."""
        self._live.get(order.intent.venue, {}).pop(order.intent.client_id, None)

    def _position(self, instrument: Instrument) -> Position | None:
        if not instrument.is_perpetual:
            return None
        key = (instrument.venue, instrument.symbol)
        known = self.positions.get(key)
        if known is None:
            known = self.positions[key] = (instrument, Position())
        return known[1]

    def available(self, venue: str, currency: str) -> Decimal:
        """What could be spent of `currency` at `venue` whatever becomes of our live orders."""
        free = self.ledger.balance(venue, currency)
        live = self._live.get(venue)
        if live:
            for order, instrument, fees in live.values():
                free -= _reserve(order, instrument, fees, currency)
        if self.positions:
            margin = self._margins.get((venue, currency))
            if margin is None:
                margin = self._margins[venue, currency] = self.margin(venue, currency)
            free -= margin
        return free

    def margin(self, venue: str, currency: str) -> Decimal:
        """What our positions of perpetuals lock of `currency` at `venue`."""
        margin = ZERO
        for instrument, position in self.positions.values():
            if instrument.venue == venue and instrument.quote == currency:
                margin += position.entry_cost * instrument.initial_margin
        return margin

    def affordable(
        self,
        instrument: Instrument,
        fees: FeeSchedule,
        side: Side,
        price: Decimal,
        *,
        kept: Mapping[tuple[str, str], Decimal] = NOTHING_KEPT,
    ) -> Decimal:
        """Base units that could be traded on `side` at `price` (quote per base), never negative.

        A perpetual needs margin only beyond what reduces its position. `kept`, by venue and
        currency, is not to be spent.
        """
        venue = instrument.venue
        is_perpetual = instrument.is_perpetual
        is_sale_of_spot = not (side.is_buy or is_perpetual)
        currency = instrument.base if is_sale_of_spot else instrument.quote
        free = self.available(venue, currency)
        if kept:
            free -= kept.get((venue, currency), ZERO)
        if free < ZERO:
            free = ZERO
        if is_sale_of_spot:
            return free
        factor = fees.exact_buy_factor
        if not is_perpetual:
            return free / (price * factor)
        reducible = ZERO
        known = self.positions.get((venue, instrument.symbol))
        if known is not None and known[1].qty * side.sign < 0:
            reducible = abs(known[1].qty) * instrument.contract_multiplier
        return reducible + free / (price * (instrument.initial_margin + factor - 1))

    def reduces(self, instrument: Instrument, side: Side, qty: Decimal) -> bool:
        """Whether `qty` (native) on `side` can only reduce our position, whatever becomes of live
        orders. Several routes may net on one position, so a leg's own holding does not say."""
        known = self.positions.get((instrument.venue, instrument.symbol))
        if known is None or known[1].qty * side.sign >= 0:
            return False
        for order, of, _ in self._live.get(instrument.venue, {}).values():
            if of.symbol == instrument.symbol and order.intent.side is side:
                qty += order.unresolved_qty
        return qty <= abs(known[1].qty)

    def live_orders(self) -> list[Order]:
        """Every order that a venue might still fill, oldest first by venue."""
        return [order for live in self._live.values() for order, _, _ in live.values()]


def _reserve(order: Order, instrument: Instrument, fees: FeeSchedule, currency: str) -> Decimal:
    """What the unresolved part of `order` may still take of `currency`."""
    intent = order.intent
    open_base = order.unresolved_qty * instrument.contract_multiplier
    if not (instrument.is_perpetual or intent.side.is_buy):
        return open_base if currency == instrument.base else ZERO
    if currency != instrument.quote or intent.price is None:
        return ZERO
    share = ONE
    if instrument.is_perpetual:
        share = ZERO if intent.reduce_only else instrument.initial_margin
    if fees.manner is not FeeManner.RECEIVED:
        share += fees.rate(is_maker=False)
    return open_base * intent.price * share
