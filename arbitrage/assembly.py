"""Puts a session together: settings and markets in, engine and paper venues out.

Replay and paper trading are the same session; they differ in where its events come from.
"""

from collections.abc import Callable, Mapping, Sequence

from arbitrage.config import Settings
from arbitrage.config_tables import Market
from arbitrage.domain.decisions import Decision
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.engine.session import Session
from arbitrage.exchanges.paper.venue import PaperVenue


def build_session(
    settings: Settings,
    instruments: Mapping[Market, Instrument],
    fees: Mapping[Market, FeeSchedule] | None = None,
    *,
    on_decisions: Callable[[Sequence[Decision]], None] | None = None,
) -> Session:
    """A session of the routes of `settings` on paper venues that trade `instruments`.

    Raises `ConfigError` if a route's market is not among them, or its costs are not known.
    """
    own_fees = fees or {}
    engine = ArbitrageEngine(settings.engine_config(instruments, own_fees))
    venues = [
        PaperVenue(
            name,
            instruments={
                symbol: instrument
                for (venue, symbol), instrument in instruments.items()
                if venue == name
            },
            fees={
                symbol: schedule
                for venue, symbol in instruments
                if venue == name
                and (schedule := settings.fees_of((venue, symbol), own_fees)) is not None
            },
            balances=table.balances,
            latency_ns=table.latency_ns,
            answer_latency_ns=table.answer_latency_ns,
        )
        for name, table in settings.venues.items()
    ]
    return Session(engine, venues, on_decisions=on_decisions)
