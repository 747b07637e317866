"""Runs the engine over a recording, with paper venues in recorded time.

The same session as paper trading, as fast as it can be read. The same recording and settings give
the same digest, on any machine.
"""

import gc
from collections.abc import Callable
from typing import Any

from arbitrage.assembly import build_session
from arbitrage.config import Settings
from arbitrage.domain.events import MarketEvent
from arbitrage.session_report import TradeLog, report
from arbitrage.store.recording import Recording

_REPORT_EVERY = 50_000


def replay(
    recording: Recording,
    settings: Settings,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Replay all of `recording`; returns the session's report as plain data.

    `on_progress` is called now and then with the number of events so far. Raises `ConfigError`
    for a route to a market that was not recorded.
    """
    log = TradeLog()
    session = build_session(settings, recording.instruments, recording.fees, on_decisions=log)
    last_ns = 0
    take_in = session.on_event
    event: MarketEvent
    # Events and books are young garbage without cycles; looking for cycles among them costs more
    # than everything else the collector could find.
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        for count, event in enumerate(recording.events(), start=1):
            take_in(event)
            if on_progress is not None and count % _REPORT_EVERY == 0:
                on_progress(count)
            last_ns = event.ts_ns
    finally:
        if was_collecting:
            gc.enable()
    session.settle(last_ns)
    return report(session, log)
