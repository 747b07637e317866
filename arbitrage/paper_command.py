"""A paper session from settings to summary: market, engine, recording and table put together."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

from arbitrage.assembly import build_session
from arbitrage.config import Settings
from arbitrage.domain.decisions import Decision
from arbitrage.monitoring.terminal import TerminalTable, render_summary
from arbitrage.monitoring.words import words
from arbitrage.paper_runner import PaperRunner, market_generator
from arbitrage.session_report import TradeLog, report
from arbitrage.session_view import SessionWatch
from arbitrage.sim.market import MarketSpec
from arbitrage.store.recording_writer import RecordingWriter


def run_paper(
    settings: Settings,
    *,
    seconds: float | None,
    record: Path | None,
    language: str,
    shows_table: bool,
) -> dict[str, Any]:
    """Trade until `seconds` have passed or a signal comes; returns the session's report.

    With `record`, the market is written there as a recording. Raises `ConfigError` for settings
    that name markets the simulation does not have, and for an unknown language.
    """
    say = words(language)
    generator = market_generator(settings.market)
    instruments = {
        (instrument.venue, instrument.symbol): instrument for instrument in generator.instruments()
    }
    log = TradeLog()
    watch = SessionWatch(mode="paper", note=_note(generator.spec, say))

    def on_decisions(decisions: Sequence[Decision]) -> None:
        log(decisions)
        watch.on_decisions(decisions)

    fees = generator.fees()
    session = build_session(settings, instruments, fees, on_decisions=on_decisions)
    with ExitStack() as stack:
        writer = None
        if record is not None:
            writer = stack.enter_context(RecordingWriter(record))
            for market, instrument in instruments.items():
                writer.instrument(instrument, fees=fees[market])
        table = stack.enter_context(TerminalTable(language=language)) if shows_table else None
        runner = PaperRunner(
            session,
            generator.events(time.time_ns()),
            record=writer,
            on_refresh=None if table is None else lambda now: table.update(watch.view(now)),
        )
        runner.run(seconds)
    if shows_table:
        console = Console()
        console.print(render_summary(watch.view(runner), width=console.width, language=language))
    return report(session, log)


def _note(spec: MarketSpec, say: Mapping[str, str]) -> str:
    """What a person must know of the market before believing a profit."""
    if spec.as_measured:
        return ""
    return say["simulated"].format(time_scale=spec.time_scale, per_hour=spec.dislocations.per_hour)
