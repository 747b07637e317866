"""One simulated venue without any protocol: a market that moves, one account, its orders.

Built on the paper venue's matching and clearing, so there is one matching engine in the house.
What is added is what a real venue has besides: order and trade ids, client-id rules, single
fills, self-trade rules, a public book in which our own orders are seen, a tape, and listeners.

A core does no I/O and reads no clock but the one it is given. Protocols ask and command it and
turn what it tells (`core_events`) into frames. Two times are kept apart: the true one, in which
things happen, and the one on the venue's own clock (`now_ns`), which a fault may skew; all stamps
that leave a core are of the latter.
"""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from functools import partial

import msgspec

from arbitrage.domain.events import (
    BalanceUpdate,
    BookDelta,
    BookQuote,
    BookSnapshot,
    Event,
    Funding,
    MarketEvent,
    MarketTrade,
    VenueStatus,
)
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import ONE, ZERO
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.paper.clearing import Clearing
from arbitrage.exchanges.paper.execution import Execution
from arbitrage.exchanges.paper.margin import PerpetualPosition
from arbitrage.exchanges.paper.market import PaperMarket
from arbitrage.sim.core_events import (
    BalanceChanged,
    Change,
    CoreEvent,
    FundingPaid,
    Liquidated,
    OrderChanged,
    PositionChanged,
)
from arbitrage.sim.order_placement import OrderPlacement
from arbitrage.sim.order_records import ClientIdRule, NewOrder, OrderRecords, SimOrder
from arbitrage.sim.public_book import public_levels
from arbitrage.sim.tape import Tape

Listener = Callable[[CoreEvent], None]


class VenueSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue starts with: its markets, and one account with its keys and balances.

    `fees` are by symbol, or one schedule for all. `clock_ns` is the true time.
    """

    venue: str
    instruments: tuple[Instrument, ...]
    fees: Mapping[str, FeeSchedule] | FeeSchedule
    balances: Mapping[str, Decimal]
    clock_ns: Callable[[], int]
    api_key: str = "sim-key"
    secret: str = "sim-secret"
    passphrase: str = "sim-pass"


class SimVenueCore:
    """A venue as `setup` says.

    `client_ids` says when a client id may come back. An order refused for one of `kept_refusals`
    (words of the paper venue, and `fok_not_filled`) is taken in and cancelled instead.

    `skew_ns` is how far the venue's clock is ahead; `is_frozen(symbol)` whether its public book
    stands still while the market goes on. Both belong to fault scripts.
    """

    def __init__(
        self,
        setup: VenueSetup,
        *,
        client_ids: ClientIdRule,
        kept_refusals: Collection[str] = (),
    ) -> None:
        self.venue = setup.venue
        self.instruments = {each.symbol: each for each in setup.instruments}
        self.skew_ns = 0
        self.is_frozen: Callable[[str], bool] = lambda _symbol: False
        unbound = {
            symbol: msgspec.structs.replace(rules, min_qty=ZERO, min_notional=ZERO, max_qty=None)
            for symbol, rules in self.instruments.items()
        }
        self._clearing = Clearing(setup.venue, unbound, setup.fees, setup.balances)
        self._placement = OrderPlacement(
            self._clearing,
            self.instruments,
            client_ids=client_ids,
            kept_refusals=kept_refusals,
            stamp=lambda: self.now_ns,
            tell=self._on_order,
            execution_of=partial(Execution, announce=self._on_liquidation),
        )
        self._execution = self._placement.execution
        self._clock_ns = setup.clock_ns
        self._true_ns = 0
        self._books: dict[str, BookSnapshot] = {}
        self._tapes: dict[str, Tape] = {symbol: Tape() for symbol in self.instruments}
        self._funding: dict[str, Funding] = {}
        self._settled_ns: dict[str, int] = {}
        self._next_settlement_ns: int | None = None
        self._told_balances = {name: self.balance(name) for name in self.currencies}
        self._is_trade_passing = False
        self._is_next_cancel_raced = False
        self._listeners: list[Listener] = []

    # --- time ----------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        """The time on the venue's own clock."""
        return self._advance() + self.skew_ns

    def _advance(self) -> int:
        self._true_ns = max(self._true_ns, self._clock_ns())
        return self._true_ns

    def catch_up(self) -> int:
        """Let what is due by now happen (funding settlements); returns the true time."""
        now_ns = self._advance()
        if self._next_settlement_ns is not None and now_ns >= self._next_settlement_ns:
            for funding in list(self._funding.values()):
                if self._settled_ns.get(funding.symbol, 0) < funding.next_ts_ns <= now_ns:
                    self._settle(funding, now_ns)
            self._plan_settlement()
        return now_ns

    # --- listening -----------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every event from now on. It must not command the core."""
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        self._listeners.remove(listener)

    def _tell(self, event: CoreEvent) -> None:
        for listener in tuple(self._listeners):
            listener(event)

    # --- the market ----------------------------------------------------------------------------

    def on_market(self, event: MarketEvent) -> None:
        """Take in what happened in the market, now, whatever its stamp says.

        Events of other venues, of symbols that are not listed, and FX quotes are ignored.
        """
        symbol = getattr(event, "symbol", "")
        if getattr(event, "venue", "") != self.venue or symbol not in self.instruments:
            return
        now_ns = self.catch_up()
        market = self._clearing.market(symbol)
        match event:
            case BookSnapshot():
                market.replace(event.bids, event.asks, event.seq)
            case BookDelta():
                market.change(event)
            case BookQuote():
                market.quote(event)
            case MarketTrade():
                self._pass_trade(market, event, now_ns)
                return
            case Funding():
                self._funding[symbol] = event
                self._plan_settlement()
                self._tell(event)
                return
        self._look(market, now_ns)
        self._publish(market)

    def _look(self, market: PaperMarket, now_ns: int) -> None:
        """Let orders at rest and a position see the book as just shown."""
        is_alarming = market.has_position and self._clearing.is_mark_alarming(market)
        if market.resting:
            self._execution.meet_book(market, now_ns)
        if is_alarming or market.resting:
            self._execution.check_margin(now_ns)
        market.refresh_quiet()

    def _pass_trade(self, market: PaperMarket, trade: MarketTrade, now_ns: int) -> None:
        self._print(trade, next(self._placement.trade_ids))
        if market.resting:
            self._is_trade_passing = True
            self._execution.meet_trade(market, trade, now_ns)
            self._is_trade_passing = False
            self._execution.check_margin(now_ns)

    def _print(self, trade: MarketTrade, trade_id: int) -> None:
        trade.ts_ns = self.now_ns
        self._tell(self._tapes[trade.symbol].print(trade, trade_id))

    def _publish(self, market: PaperMarket) -> None:
        """Show the public book as it is now, unless it is frozen."""
        if not market.is_known or self.is_frozen(market.symbol):
            return
        known = self._books.get(market.symbol)
        lot_size = self.instruments[market.symbol].lot_size
        bids, asks = public_levels(market, lot_size)
        book = BookSnapshot(
            self.now_ns, self.venue, market.symbol, bids, asks, known.seq + 1 if known else 1
        )
        self._books[market.symbol] = book
        if bids and asks:
            self._tapes[market.symbol].open_at(bids[0][0])
        self._tell(book)

    def book(self, symbol: str) -> BookSnapshot | None:
        """The public book as last shown, with our own orders in it; None before the first.

        `seq` rises by one with every book of a symbol.
        """
        return self._books.get(symbol)

    def tape(self, symbol: str) -> Tape:
        """Public trades and the figures of the day. Raises `KeyError` for an unlisted symbol."""
        return self._tapes[symbol]

    def funding(self, symbol: str) -> Funding | None:
        """The latest announced funding of a perpetual."""
        return self._funding.get(symbol)

    def fees(self, symbol: str) -> FeeSchedule:
        """What the account pays on a market."""
        return self._clearing.fees(symbol)

    # --- orders --------------------------------------------------------------------------------

    @property
    def orders(self) -> OrderRecords:
        """Every order that is remembered. Read only."""
        return self._placement.records

    def place(self, wanted: NewOrder) -> SimOrder:
        """Take in an order and match it at once; the answer may be filled or cancelled already.

        Raises `OrderRefused`; its `reason` is a word of the paper venue (see `PaperVenue`), or
        `fok_not_filled`. A cancelled order's reason may also be `self_trade` or `withdrawn`.
        """
        now_ns = self.catch_up()
        order = self._placement.place(wanted, now_ns)
        self._execution.check_margin(now_ns)
        self._after_change(wanted.symbol)
        return order

    def refusal(self, wanted: NewOrder) -> str | None:
        """Why an order would be refused now, None if it would not; for test endpoints."""
        self.catch_up()
        return self._placement.refusal(wanted)

    def cancel(self, order: SimOrder, reason: str = "") -> bool:
        """Cancel an order; False if it was closed already. `reason` says why, if the venue does it
        on its own."""
        now_ns = self.catch_up()
        if self._is_next_cancel_raced:
            self._is_next_cancel_raced = False
            self._fill_from_market(order, now_ns)
        was_open = self._placement.cancel(order, now_ns, reason)
        self._after_change(order.request.symbol)
        return was_open

    def race_next_cancel(self) -> None:
        """Let the market fill the order that is cancelled next just before the cancel."""
        self._is_next_cancel_raced = True

    def _fill_from_market(self, order: SimOrder, now_ns: int) -> None:
        """A public trade through an order at rest, and through those that stand before it."""
        wanted = order.request
        if not order.is_open or wanted.price is None:
            return
        market = self._clearing.market(wanted.symbol)
        before = [
            resting.remaining
            for resting in market.by_priority(wanted.side)
            if (resting.level - float(wanted.price)) * wanted.side.sign >= 0
        ]
        tick = self.instruments[wanted.symbol].tick_at(wanted.price)
        beyond = float(wanted.price - tick * wanted.side.sign)
        qty = float(sum(before, ZERO))
        trade = MarketTrade(0, self.venue, wanted.symbol, beyond, qty, wanted.side.opposite)
        self._pass_trade(market, trade, now_ns)

    def doom_next_order(self, is_doomed: bool) -> None:
        """Whether the next order is taken in but kept from matching until `withdraw_doomed`."""
        self._placement.is_next_doomed = is_doomed

    def withdraw_doomed(self) -> None:
        """Cancel, with the reason `withdrawn`, what was doomed."""
        self._placement.withdraw_doomed(self.catch_up())

    def _on_order(self, changed: OrderChanged) -> None:
        self._tell(changed)
        if changed.change is not Change.TRADE or changed.fill is None:
            return
        fill, wanted = changed.fill, changed.order.request
        if not fill.is_maker or not self._is_trade_passing:
            taker_side = wanted.side.opposite if fill.is_maker else wanted.side
            price, qty = float(fill.price), float(fill.qty)
            trade = MarketTrade(0, self.venue, wanted.symbol, price, qty, taker_side)
            self._print(trade, fill.trade_id)
        self._tell_balances()
        if self.instruments[wanted.symbol].is_perpetual:
            self._tell(PositionChanged(self.now_ns, wanted.symbol))

    def _after_change(self, symbol: str) -> None:
        self._tell_balances()
        self._publish(self._clearing.market(symbol))

    # --- the account ---------------------------------------------------------------------------

    @property
    def currencies(self) -> list[str]:
        """Every currency ever held, by name."""
        return list(self._clearing.account.totals())

    def balance(self, currency: str) -> Balance:
        """One currency; margin in use and unrealised losses count as locked."""
        account = self._clearing.account
        owned = account.total(currency)
        available = min(max(account.available(currency), ZERO), owned)
        return Balance(currency, available, owned - available)

    def position(self, symbol: str) -> PerpetualPosition:
        """The position in a perpetual with its mark, flat if there never was one."""
        return self._clearing.account.margin.position(self._clearing.instrument(symbol))

    def initial_margin(self, symbol: str) -> Decimal:
        """The share of notional that a perpetual locks: one over the leverage."""
        return self._clearing.instrument(symbol).initial_margin

    def set_leverage(self, symbol: str, leverage: int) -> None:
        """Change the leverage of a perpetual's position and orders."""
        self._clearing.set_initial_margin(symbol, ONE / leverage)
        self._tell_balances()

    def _tell_balances(self) -> None:
        """Tell what changed since it was last told."""
        for currency in self.currencies:
            now, told = self.balance(currency), self._told_balances.get(currency)
            if now == told:
                continue
            self._told_balances[currency] = now
            delta = now.total - (told.total if told else ZERO)
            self._tell(BalanceChanged(self.now_ns, currency, now.available, now.locked, delta))

    # --- funding and liquidation ---------------------------------------------------------------

    def _plan_settlement(self) -> None:
        due = (
            funding.next_ts_ns
            for funding in self._funding.values()
            if funding.next_ts_ns > self._settled_ns.get(funding.symbol, 0)
        )
        self._next_settlement_ns = min(due, default=None)

    def _settle(self, funding: Funding, now_ns: int) -> None:
        """Book the funding that fell due, by the last word before it, once."""
        self._settled_ns[funding.symbol] = funding.next_ts_ns
        market = self._clearing.market(funding.symbol)
        if not market.has_position:
            return
        currency, amount = self._clearing.fund(market, funding)
        rate = Decimal(repr(funding.rate))
        self._tell(FundingPaid(self.now_ns, funding.symbol, currency, amount, rate))
        self._execution.check_margin(now_ns)
        self._tell_balances()

    def _on_liquidation(self, event: Event, _now_ns: int) -> None:
        match event:
            case BalanceUpdate():
                self._tell_balances()
            case VenueStatus():
                symbols = tuple(event.reason.removeprefix("liquidation: ").split(", "))
                for symbol in symbols:
                    self._placement.position_was_closed(symbol)
                    self._tell(PositionChanged(self.now_ns, symbol))
                self._tell(Liquidated(self.now_ns, symbols))
