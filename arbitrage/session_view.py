"""Fills a `SessionView` from a running session: what its person sees, nothing it acts on."""

from collections import deque
from collections.abc import Iterable, Sequence

from arbitrage.domain.decisions import Decision, RiskChanged, TradeOpened
from arbitrage.domain.sides import Direction
from arbitrage.domain.trade import ArbitrageTrade
from arbitrage.domain.units import BPS, NS_PER_MS, NS_PER_SECOND, decimal_of
from arbitrage.engine.entry import route_notional_usd
from arbitrage.engine.exits import marked_pnl
from arbitrage.engine.route_state import RouteState
from arbitrage.engine.trade_state import TradeState
from arbitrage.monitoring.view import (
    Alert,
    OpenTradeView,
    PnlView,
    RouteView,
    SessionView,
    Severity,
    VenueState,
    VenueView,
    refusal_counts,
)
from arbitrage.running_session import RunningSession
from arbitrage.session_report import refusals

_STALE_MS = 5_000.0
_REMEMBERED_ALERTS = 50
_SEVERITY = {"HALT": Severity.ERROR, "NORMAL": Severity.INFO}


class SessionWatch:
    """Keeps what a view needs beside the session itself: counts of trades, and alerts."""

    def __init__(self, *, mode: str, note: str = "") -> None:
        self.mode = mode
        self.note = note
        self.opened = 0
        self.alerts: deque[Alert] = deque(maxlen=_REMEMBERED_ALERTS)

    def on_decisions(self, decisions: Sequence[Decision]) -> None:
        """Count and keep what a person wants to know of."""
        for decision in decisions:
            if isinstance(decision, TradeOpened):
                self.opened += 1
            elif isinstance(decision, RiskChanged):
                why = f" ({decision.reason})" if decision.reason else ""
                severity = _SEVERITY.get(decision.level, Severity.WARNING)
                text = f"{decision.scope}: {decision.level}{why}"
                self.alerts.append(Alert(severity, text))

    def view(self, runner: RunningSession) -> SessionView:
        """The session as it stands now."""
        engine = runner.engine
        now_ns = runner.now_ns
        elapsed = max(1e-9, (now_ns - runner.started_ns) / NS_PER_SECOND)
        steps = sorted(runner.step_ns)
        routes = [self._route(runner, route) for route in engine.routes.values()]
        return SessionView(
            mode=self.mode,
            elapsed_seconds=elapsed,
            events=runner.events,
            events_per_second=runner.events / elapsed,
            venues=[self._venue(runner, name) for name in runner.venues],
            routes=routes,
            pnl=_sum(route.pnl for route in routes),
            trades_opened=self.opened,
            trades_closed=sum(route.trades for route in routes),
            refusals=refusal_counts(refusals(engine)),
            loop_p50_us=steps[len(steps) // 2] / 1e3 if steps else None,
            loop_p99_us=steps[len(steps) * 99 // 100] / 1e3 if steps else None,
            open_trades=[
                self._open_trade(runner, route, state)
                for route in engine.routes.values()
                for state in route.trades
            ],
            risk_level=engine.risk.level.name,
            alerts=list(self.alerts),
            note=self.note,
        )

    def _venue(self, runner: RunningSession, name: str) -> VenueView:
        times = [ts_ns for (venue, _), ts_ns in runner.last_event_ns.items() if venue == name]
        age_ms = None if not times else max(0.0, (runner.now_ns - max(times)) / NS_PER_MS)
        known = runner.engine.venues.get(name)
        if (known is not None and not known.is_up) or age_ms is None:
            state = VenueState.DOWN
        else:
            state = VenueState.STALE if age_ms > _STALE_MS else VenueState.UP
        return VenueView(
            name=name,
            state=state,
            last_age_ms=age_ms,
            events=runner.events_by_venue.get(name, 0),
            latency_p50_ms=runner.lateness_ns / NS_PER_MS,
            reason="" if known is None else known.reason,
        )

    def _route(self, runner: RunningSession, route: RouteState) -> RouteView:
        usd_rate = runner.engine.trading.valuation.usd_rate(route.a.instrument.quote)
        premium = route.premium()
        direction, edge_bps = _best_edge(route)
        top = max(route.refusals.items(), key=lambda item: item[1], default=("", 0))
        totals = route.totals
        return RouteView(
            name=route.name,
            label=route.a.instrument.base,
            premium_bps=None if premium is None else premium * BPS,
            direction=direction,
            edge_bps=edge_bps,
            open_trades=len(route.trades),
            position_usd=route_notional_usd(route, usd_rate),
            pnl=PnlView(
                price_usd=float(totals.price) * usd_rate,
                fx_usd=float(totals.fx) * usd_rate,
                fees_usd=float(totals.fees) * usd_rate,
                funding_usd=float(totals.funding) * usd_rate,
            ),
            trades=totals.trades,
            top_refusal=top[0],
            top_refusal_count=top[1],
        )

    def _open_trade(
        self, runner: RunningSession, route: RouteState, state: TradeState
    ) -> OpenTradeView:
        engine = runner.engine
        usd_rate = engine.trading.valuation.usd_rate(route.a.instrument.quote)
        trade: ArbitrageTrade = state.trade
        mid = route.a.market.mid or 0.0
        return OpenTradeView(
            trade_id=trade.trade_id,
            route=route.a.instrument.base,
            direction=trade.direction,
            phase=trade.phase.value,
            notional_usd=abs(float(trade.leg_a.position)) * mid * usd_rate,
            edge_bps=trade.edge_bps,
            age_seconds=(engine.now_ns - trade.opened_ns) / NS_PER_SECOND,
            pnl_usd=float(marked_pnl(route, state) * decimal_of(usd_rate)),
        )


def _best_edge(route: RouteState) -> tuple[Direction | None, float | None]:
    """The better direction and its net edge after every cost, at the touch."""
    a, b = route.a.market, route.b.market
    if route.lacks_fx or not (a.bids and a.asks and b.bids and b.asks):
        return None, None
    spread_bps = route.spread_bps() if route.is_convergence else 0.0
    edges = {
        direction: route.touch_edge_bps(direction)
        - route.cost_bps(direction, spread_bps=spread_bps)
        for direction in route.config.directions
    }
    best = max(edges, key=lambda direction: edges[direction])
    return best, edges[best]


def _sum(results: Iterable[PnlView]) -> PnlView:
    total = PnlView()
    for each in results:
        total.price_usd += each.price_usd
        total.fx_usd += each.fx_usd
        total.fees_usd += each.fees_usd
        total.funding_usd += each.funding_usd
    return total
