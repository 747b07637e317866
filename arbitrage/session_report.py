"""What a finished session amounts to: trades, results by route, refusals, balances, the digest.

The numbers are read from the engine's ledger and totals; nothing is computed twice.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from arbitrage.domain.decisions import Decision, TradeClosed
from arbitrage.domain.intents import IntentDigest
from arbitrage.domain.trade import ArbitrageTrade, TradePnl
from arbitrage.domain.units import ZERO, ns_to_seconds, plain
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.engine.route_state import RouteState, RouteTotals
from arbitrage.engine.session import Session

MAX_TRADES_KEPT = 100_000


class TradeLog:
    """Collects closed trades from a session's decisions; what is beyond the bound is counted.

    A trade that a late fill reopened is closed again: it is the same record, and is kept once.
    """

    def __init__(self) -> None:
        self._trades: dict[str, ArbitrageTrade] = {}
        self.left_out = 0

    @property
    def trades(self) -> list[ArbitrageTrade]:
        """In the order in which they first closed."""
        return list(self._trades.values())

    def __call__(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            if isinstance(decision, TradeClosed) and decision.trade.trade_id not in self._trades:
                if len(self._trades) < MAX_TRADES_KEPT:
                    self._trades[decision.trade.trade_id] = decision.trade
                else:
                    self.left_out += 1


def report(session: Session, log: TradeLog) -> dict[str, Any]:
    """The session as plain data, ready for JSON. Amounts are text, exact and without exponent."""
    owned = {gateway.venue: gateway.balances() for gateway in session.gateways}
    return report_of(session.engine, log, owned=owned, events=session.events, digest=session.digest)


def report_of(
    engine: ArbitrageEngine,
    log: TradeLog,
    *,
    owned: Mapping[str, Mapping[str, Decimal]],
    events: int,
    digest: IntentDigest,
    tolerance: Decimal = ZERO,
) -> dict[str, Any]:
    """`report` of any session; `owned` is what its venues say we own, by venue and currency, and
    ties out with the ledger within `tolerance`."""
    venues = sorted(owned)
    ledger = engine.accounts.ledger
    return {
        "events": events,
        "trades": [trade_row(trade) for trade in log.trades],
        "trades_left_out": log.left_out,
        "routes": {name: _route_row(route) for name, route in engine.routes.items()},
        "pnl_usd": _amount(engine.risk.realised_usd),
        "refusals": refusals(engine),
        "balances": {
            venue: {name: plain(amount) for name, amount in ledger.balances(venue).items()}
            for venue in venues
        },
        "positions": {
            venue: {
                symbol: plain(position.qty)
                for (at, symbol), (_, position) in sorted(engine.accounts.positions.items())
                if at == venue
            }
            for venue in venues
        },
        "ledger_residual": {name: plain(value) for name, value in ledger.residual().items()},
        "ties_out": ties_out(engine, owned, tolerance),
        "orders_sent": engine.desk.orders_sent,
        "risk_level": engine.risk.level.name,
        "digest": digest.hexdigest(),
    }


def ties_out(
    engine: ArbitrageEngine,
    owned: Mapping[str, Mapping[str, Decimal]],
    tolerance: Decimal = ZERO,
) -> bool:
    """Whether the ledger says of every balance what the venues themselves say."""
    ledger = engine.accounts.ledger
    return all(
        abs(ledger.balance(venue, currency) - total) <= tolerance
        for venue, totals in owned.items()
        for currency, total in totals.items()
    )


def refusals(engine: ArbitrageEngine) -> dict[str, int]:
    """How often each reason stood in the way, all routes together, most frequent first."""
    total: dict[str, int] = {}
    for route in engine.routes.values():
        for reason, count in route.refusals.items():
            total[reason] = total.get(reason, 0) + count
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


def _route_row(route: RouteState) -> dict[str, Any]:
    totals = route.totals
    return {
        "currency": route.a.instrument.quote,
        "trades": totals.trades,
        "losses": totals.losses,
        "open_trades": len(route.trades),
        **_split(totals),
        "pnl_usd": _amount(totals.pnl_usd),
        "dust": plain(route.dust),
        "halted": route.halted_reason,
        "refusals": dict(sorted(route.refusals.items())),
    }


def trade_row(trade: ArbitrageTrade) -> dict[str, Any]:
    """One closed trade as plain data."""
    return {
        "trade_id": trade.trade_id,
        "route": trade.route,
        "direction": trade.direction.value,
        "opened": ns_to_seconds(trade.opened_ns),
        "closed": ns_to_seconds(trade.closed_ns),
        "exit_reason": trade.exit_reason.value if trade.exit_reason else None,
        "qty_a": plain(trade.qty_a),
        "qty_b": plain(trade.qty_b),
        "entry_price_a": _amount(trade.entry_price_a),
        "entry_price_b": _amount(trade.entry_price_b),
        "exit_price_a": _amount(trade.exit_price_a),
        "exit_price_b": _amount(trade.exit_price_b),
        "edge_bps": round(trade.edge_bps, 4),
        **_split(trade.pnl),
        "pnl_usd": _amount(trade.pnl_usd),
    }


def _split(result: RouteTotals | TradePnl) -> dict[str, str]:
    """A result in A's quote: its parts as they are shown, and what these add up to."""
    names = ("price", "fx", "fees", "funding")
    parts = {name: _rounded(getattr(result, name)) for name in names}
    parts["pnl"] = sum(parts.values(), ZERO)
    return {name: plain(value) for name, value in parts.items()}


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else plain(_rounded(value))


def _rounded(value: Decimal) -> Decimal:
    """Exact up to 1e-8, which is below every venue's smallest unit."""
    return round(value, 8)
