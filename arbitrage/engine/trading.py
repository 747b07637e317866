"""Trades from opening to close: what the engine does on each look at a route.

`tend` asks what the open trades need, `seek` whether a new one should be opened; `on_order_update`
takes fills in and looks at their trade again. Levels, not events: it ends in the same `drive`.
"""

from math import inf
from typing import TYPE_CHECKING

from arbitrage.domain.decisions import (
    Refusal,
    RiskChanged,
    TradeClosed,
    TradeClosing,
    TradeOpened,
)
from arbitrage.domain.events import FundingPayment, OrderUpdate
from arbitrage.domain.intents import Purpose
from arbitrage.domain.sides import Direction
from arbitrage.domain.trade import ArbitrageTrade, ExitReason, TradeLeg, TradePhase
from arbitrage.domain.units import NS_PER_SECOND, ZERO, decimal_of, plain
from arbitrage.engine import entry, exits, hedging
from arbitrage.engine.attribution import book_fill, book_leftovers, take_leftovers_back
from arbitrage.engine.freshness import unfit
from arbitrage.engine.open_trades import OpenTrades
from arbitrage.engine.risk import Level
from arbitrage.engine.route_state import RouteState
from arbitrage.engine.sizing import LegOrder, Opportunity
from arbitrage.engine.trade_state import Holding, TradeState
from arbitrage.engine.valuation import Valuation

if TYPE_CHECKING:
    from arbitrage.engine.engine import ArbitrageEngine


class Trading:
    """The trades of all routes of one engine."""

    def __init__(self, engine: "ArbitrageEngine") -> None:
        self._engine = engine
        self.trades_opened = 0
        self.open_trades = OpenTrades(engine.routes)
        self.valuation = Valuation(engine.routes, engine.markets, engine.rates, self.open_trades)

    # --- looking ------------------------------------------------------------------------------

    def tend(self, route: RouteState) -> None:
        """What the route's books, as they are now, ask for of what is there already."""
        now_ns = self._engine.now_ns
        if route.lacks_fx:
            self._refuse(route, None, "no_fx", 0.0)
        if route.observes and unfit(route, self._engine.venues, now_ns) is None:
            route.observe_premium(now_ns)
        for state in tuple(route.trades):
            self.drive(route, state, now_ns)

    def seek(self, route: RouteState) -> None:
        """Open a trade on a route that has an edge, or say why not."""
        now_ns = self._engine.now_ns
        spread_bps = route.spread_bps() if route.is_convergence else 0.0
        for direction in route.config.directions:
            cost_bps = route.cost_bps(direction, spread_bps=spread_bps)
            edge_bps = route.touch_edge_bps(direction) - cost_bps
            if edge_bps > 0.0:
                self._consider(route, direction, cost_bps, edge_bps, now_ns)

    def _consider(
        self,
        route: RouteState,
        direction: Direction,
        cost_bps: float,
        edge_bps: float,
        now_ns: int,
    ) -> None:
        engine = self._engine
        reason = entry.reason_against(route, direction, engine.venues, engine.risk, now_ns)
        if reason is not None:
            self._refuse(route, direction, reason, edge_bps)
            return
        is_limited = engine.risk.limits.max_gross_notional_usd < inf
        found = entry.opportunity(
            route,
            direction,
            cost_bps=cost_bps,
            edge_bps=edge_bps,
            accounts=engine.accounts,
            risk=engine.risk,
            usd_rate=self.valuation.usd_rate(route.a.instrument.quote),
            gross_usd=self.valuation.gross_usd() if is_limited else 0.0,
            kept=self.open_trades.kept,
        )
        if isinstance(found, str):
            self._refuse(route, direction, found, edge_bps)
            return
        for order in (found.a, found.b):
            refusal = engine.desk.risk_refusal(order.leg, order.side, order.price)
            if refusal is not None:
                self._refuse(route, direction, refusal, edge_bps)
                return
        self._open(route, found, now_ns)

    def _refuse(
        self, route: RouteState, direction: Direction | None, reason: str, edge_bps: float
    ) -> None:
        route.refusals[reason] = route.refusals.get(reason, 0) + 1
        self._engine.decisions.append(
            Refusal(self._engine.now_ns, route.name, direction, reason, edge_bps)
        )

    # --- opening ------------------------------------------------------------------------------

    def _open(self, route: RouteState, found: Opportunity, now_ns: int) -> None:
        """Both legs go out together."""
        self.trades_opened += 1
        direction = found.direction
        trade = ArbitrageTrade(
            trade_id=f"{self._engine.config.session}-t{self.trades_opened}",
            route=route.name,
            direction=direction,
            leg_a=TradeLeg(route.a.instrument, direction.side_a),
            leg_b=TradeLeg(route.b.instrument, direction.side_b),
            qty=found.qty,
            edge_bps=found.edge_bps,
            opened_ns=now_ns,
        )
        exit_edge_bps = 0.0  # an inventory trade has no way back
        if route.is_convergence:
            spread_bps = route.spread_bps()
            exit_edge_bps = route.expected_exit_edge_bps(direction, spread_bps=spread_bps)
        state = TradeState(
            trade, entry_fx_b=route.fx_of(route.b), exit_edge_bps=exit_edge_bps, carry=ZERO
        )
        hedging.pick_dust_up(route, state)
        route.trades.append(state)
        self.open_trades.changed()
        route.cooldown_until_ns = now_ns + _ns(route.config.min_seconds_between_entries)
        self._engine.decisions.append(TradeOpened(now_ns, trade))
        for leg, order in ((trade.leg_a, found.a), (trade.leg_b, found.b)):
            self._acquire(route, state, leg, order, now_ns)

    def _acquire(
        self, route: RouteState, state: TradeState, leg: TradeLeg, order: LegOrder, now_ns: int
    ) -> None:
        base_qty = order.qty * leg.instrument.contract_multiplier
        state.check_acquired(leg, base_qty, target=base_qty)
        self._engine.desk.place(
            route, state, leg, order.side, order.qty, order.price, Purpose.ENTRY, now_ns
        )

    # --- driving ------------------------------------------------------------------------------

    def drive(self, route: RouteState, state: TradeState, now_ns: int) -> None:
        """Order what the trade needs now, or move it on."""
        if self._engine.risk.level is Level.HALT:
            return
        if state.holdings is not None:
            self._judge_exit(route, state, state.holdings, now_ns)
            return
        residual = state.correction()
        if not hedging.needs_no_order(route, state, residual):
            self._correct(route, state, now_ns)
            return
        if state.orders:
            return
        state.forget_attempts()
        reason = hedging.finish_phase(route, state)
        if reason is not None:
            self._close(route, state, reason, now_ns)

    def _correct(self, route: RouteState, state: TradeState, now_ns: int) -> None:
        if state.hedge_attempts and now_ns < state.next_try_ns:
            return
        if state.unhedged_since_ns == 0:
            state.unhedged_since_ns = now_ns
        if hedging.is_exhausted(route, state):
            self._halt_route(route, state, "unhedged")
            return
        engine = self._engine
        order = hedging.correction(route, state, engine.accounts, engine.venues, now_ns)
        leg = None if order is None else (route.a if order.leg is state.trade.leg_a else route.b)
        if (
            order is None
            or leg is None
            or engine.desk.refusal(leg, order.side, order.qty, order.price) is not None
        ):
            waited_ns = now_ns - state.unhedged_since_ns
            if waited_ns >= _ns(engine.risk.limits.max_unhedged_seconds):
                self._halt_route(route, state, "max_unhedged")
            return
        base_qty = order.qty * order.leg.instrument.contract_multiplier
        state.check_correction(base_qty * order.side.sign, order.purpose)
        state.hedge_attempts += 1
        state.next_try_ns = hedging.retry_at(route, now_ns)
        engine.desk.place(
            route, state, order.leg, order.side, order.qty, order.price, order.purpose, now_ns
        )

    def _halt_route(self, route: RouteState, state: TradeState, reason: str) -> None:
        if route.halted_reason:
            return
        route.halted_reason = reason
        residual = f"{plain(state.residual)} {route.a.instrument.base}"
        text = f"{reason}: {residual} of {state.trade.trade_id}"
        self._engine.decisions.append(RiskChanged(self._engine.now_ns, route.name, "HALT", text))

    # --- closing ------------------------------------------------------------------------------

    def _judge_exit(
        self,
        route: RouteState,
        state: TradeState,
        holdings: tuple[Holding, Holding],
        now_ns: int,
    ) -> None:
        if now_ns < state.next_try_ns or unfit(route, self._engine.venues, now_ns) is not None:
            return
        prices = exits.unwinding(route, state, holdings)
        must_flatten = self._engine.risk.level >= Level.FLATTEN or route.is_flattening
        reason = exits.exit_reason(route, state, prices, now_ns, must_flatten=must_flatten)
        if reason is None:
            return
        state.next_try_ns = hedging.retry_at(route, now_ns)
        orders = exits.exit_orders(route, state, prices, self._engine.accounts)
        for order in orders:
            refusal = self._engine.desk.refusal(order.leg, order.side, order.qty, order.price)
            if refusal is not None:
                self._refuse(route, state.trade.direction, f"exit:{refusal}", prices.edge_bps)
                return
        trade = state.trade
        trade.phase = TradePhase.CLOSING
        state.exit_reason = reason
        state.wake()
        hedging.pick_dust_up(route, state)
        self._engine.decisions.append(TradeClosing(now_ns, trade))
        for order in orders:
            leg = trade.leg_a if order.leg is route.a else trade.leg_b
            self._engine.desk.place(
                route, state, leg, order.side, order.qty, order.price, Purpose.EXIT, now_ns
            )

    def _close(self, route: RouteState, state: TradeState, reason: ExitReason, now_ns: int) -> None:
        engine, trade = self._engine, state.trade
        book_leftovers(state, route.fx_of(route.b))
        trade.phase = TradePhase.CLOSED
        trade.closed_ns = now_ns
        trade.exit_reason = reason
        trade.pnl_usd = trade.pnl.total * decimal_of(
            self.valuation.usd_rate(route.a.instrument.quote)
        )
        route.trades.remove(state)
        self.open_trades.changed()
        route.totals.add(trade)
        engine.risk.book(trade.pnl_usd)
        self._cool_down(route, trade, now_ns)
        engine.decisions.append(TradeClosed(now_ns, trade))
        self._judge_portfolio(now_ns)

    def _cool_down(self, route: RouteState, trade: ArbitrageTrade, now_ns: int) -> None:
        pause_seconds = route.config.min_seconds_between_entries
        route.losses_in_a_row = route.losses_in_a_row + 1 if trade.pnl_usd < 0 else 0
        limits = self._engine.risk.limits
        if route.losses_in_a_row >= limits.max_consecutive_losses > 0:
            route.losses_in_a_row = 0
            pause_seconds = max(pause_seconds, limits.cooldown_seconds)
        route.cooldown_until_ns = max(route.cooldown_until_ns, now_ns + _ns(pause_seconds))

    # --- what comes back ----------------------------------------------------------------------

    def on_order_update(self, update: OrderUpdate) -> None:
        """Take in a venue's word on an order, then see what its trade needs."""
        taken = self._engine.desk.take_in(update)
        if taken is None:
            return
        placed, fill = taken
        route, state = placed.route, placed.state
        if fill is not None:
            self.open_trades.changed()
            if not state.trade.is_open:
                self._reopen(route, state)
            fx = route.fx_of(placed.leg_state)
            side = placed.order.intent.side
            book_fill(state, placed.leg, side, fill, fx=fx, rate_of=self.valuation.rate)
            state.wake()
        if state.trade.is_open:
            self.drive(route, state, update.ts_ns)

    def _reopen(self, route: RouteState, state: TradeState) -> None:
        """A fill or fee came after the close: what was booked is taken back, and the trade goes on
        in the phase that it ended in, until its residual is gone and it is closed again."""
        trade = state.trade
        self._engine.risk.book(-trade.pnl_usd)
        route.totals.add(trade, times=-1)
        if trade.pnl_usd < 0 and route.losses_in_a_row:
            route.losses_in_a_row -= 1
        take_leftovers_back(state)
        trade.phase = TradePhase.CLOSING if state.exit_reason else TradePhase.OPENING
        trade.closed_ns, trade.exit_reason = 0, None
        route.trades.append(state)
        self.open_trades.changed()

    def on_funding_payment(self, payment: FundingPayment) -> None:
        """Book funding, and share it among the trades that held the position."""
        engine = self._engine
        engine.accounts.fund(payment.venue, payment.currency, payment.amount)
        market = engine.markets.get(payment.venue, {}).get(payment.symbol)
        if market is None:
            return
        holders = [
            (route, state, leg)
            for route in market.routes
            for state in route.trades
            for leg in (state.trade.leg_a, state.trade.leg_b)
            if leg.position and _trades_on(leg, payment)
        ]
        held = sum((leg.position for _, _, leg in holders), ZERO)
        for route, state, leg in holders:
            if held == 0:
                return
            is_a = leg is state.trade.leg_a
            fx = route.fx_of(route.a if is_a else route.b)
            value = payment.amount * leg.position / held * fx
            state.trade.pnl.funding += value
            state.wake()
            if is_a:
                state.trade.pnl.leg_a += value
            else:
                state.trade.pnl.leg_b += value

    # --- time and money -----------------------------------------------------------------------

    def on_tick(self, now_ns: int) -> None:
        """Timers: the day, silent orders, open trades, the portfolio."""
        engine = self._engine
        if engine.risk.roll_day(now_ns):
            engine.decisions.append(RiskChanged(now_ns, "portfolio", "NORMAL", "new day"))
        engine.desk.ask_for_silent_orders(now_ns)
        self.drive_all(now_ns)
        self._judge_portfolio(now_ns)

    def drive_all(self, now_ns: int) -> None:
        """Look at every open trade of every route."""
        for route in self._engine.routes.values():
            for state in tuple(route.trades):
                self.drive(route, state, now_ns)

    def _judge_portfolio(self, now_ns: int) -> None:
        risk = self._engine.risk
        if risk.judge(self.valuation.open_pnl_usd(), self.valuation.net_delta_usd()):
            self._engine.decisions.append(
                RiskChanged(now_ns, "portfolio", risk.level.name, risk.reason)
            )


def _trades_on(leg: TradeLeg, payment: FundingPayment) -> bool:
    instrument = leg.instrument
    return (instrument.venue, instrument.symbol) == (payment.venue, payment.symbol)


def _ns(seconds: float) -> int:
    return int(seconds * NS_PER_SECOND)
