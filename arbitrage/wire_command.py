"""A session over real sockets, against simulators of the venues in a process of their own.

The same gateways, codecs and session that would trade at the venues themselves; only the addresses
and the keys are the simulators'. Nothing leaves this machine.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from rich.console import Console

from arbitrage.config import Settings
from arbitrage.config_tables import Market, MarketTable
from arbitrage.domain.decisions import Decision
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import ONE, ZERO
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.live_session import LiveSession
from arbitrage.monitoring.terminal import TerminalTable, render_summary
from arbitrage.monitoring.words import words
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.running_session import loop_factory
from arbitrage.session_report import TradeLog, report_of
from arbitrage.session_view import SessionWatch
from arbitrage.sim.calibration import STAGED_DISLOCATIONS
from arbitrage.simulators import Addresses, gateway_of, simulators

# Venues round what they book; a cent of the smallest currency is no missing coin.
_TOLERANCE = Decimal("0.01")


def run_wire(
    settings: Settings, *, seconds: float | None, language: str, shows_table: bool
) -> dict[str, Any]:
    """Trade on simulated venues over sockets until `seconds` have passed or a signal comes;
    returns the session's report. Raises `ConfigError` for a venue without a simulator."""
    words(language)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_run(settings, seconds, language, shows_table))


async def _run(
    settings: Settings, seconds: float | None, language: str, shows_table: bool
) -> dict[str, Any]:
    log = TradeLog()
    watch = SessionWatch(mode="demo", note=_note(settings.market, language))

    def on_decisions(decisions: Sequence[Decision]) -> None:
        log(decisions)
        watch.on_decisions(decisions)

    async with simulators(list(settings.venues), settings.market) as addresses:
        gateways = [
            gateway_of(name, at, settings.symbols()[name], **_share(addresses, name))
            for name, at in addresses.items()
        ]
        engine = await _engine(settings, gateways)
        table = TerminalTable(language=language) if shows_table else None
        session = LiveSession(
            engine,
            gateways,
            on_decisions=on_decisions,
            on_refresh=None if table is None else lambda now: table.update(watch.view(now)),
        )
        if table is None:
            await session.arun(seconds)
        else:
            with table:
                await session.arun(seconds)
        owned = _apart(engine, addresses, await _owned(settings, addresses))
    if shows_table:
        console = Console()
        console.print(render_summary(watch.view(session), width=console.width, language=language))
    return report_of(
        engine,
        log,
        owned=owned,
        events=session.events,
        digest=session.digest,
        tolerance=_TOLERANCE,
    )


async def _engine(settings: Settings, gateways: Sequence[VenueGateway]) -> ArbitrageEngine:
    """An engine of the routes that starts from what the venues will say we own."""
    instruments: dict[Market, Instrument] = {}
    fees: dict[Market, FeeSchedule] = {}
    for gateway in gateways:
        await gateway.aload()
        for symbol in gateway.symbols:
            instruments[gateway.venue, symbol] = gateway.instrument(symbol)
            fees[gateway.venue, symbol] = gateway.fees(symbol)
    config = settings.engine_config(instruments, fees)
    # Client ids must differ from those of every run before; the venues remember them.
    session = f"{config.session[:8]}{int(time.time()) % 10**8:08d}"
    return ArbitrageEngine(msgspec.structs.replace(config, opening_balances={}, session=session))


async def _owned(
    settings: Settings, addresses: Mapping[str, Addresses]
) -> dict[str, dict[str, Decimal]]:
    """What the venues say we own at the end, asked anew."""
    owned: dict[str, dict[str, Decimal]] = {}
    for name, at in addresses.items():
        gateway = gateway_of(name, at, settings.symbols()[name])
        try:
            balances = await gateway.aget_balance()
        finally:
            await gateway.astop()
        assert isinstance(balances, Mapping)
        owned[name] = {currency: balance.total for currency, balance in balances.items()}
    return owned


def _share(addresses: Mapping[str, Addresses], venue: str) -> dict[str, Any]:
    """The setting of a gateway whose wallet is also that of others, at the same address."""
    sharing = sum(at.rest == addresses[venue].rest for at in addresses.values())
    return {"wallet_share": ONE / sharing} if sharing > 1 else {}


def _apart(
    engine: ArbitrageEngine,
    addresses: Mapping[str, Addresses],
    owned: Mapping[str, Mapping[str, Decimal]],
) -> dict[str, dict[str, Decimal]]:
    """What is owned by venue. Of venues with one wallet the last answers for what the ledger does
    not give to the others, so that it ties out if they do together."""
    ledger, apart = engine.accounts.ledger, {}
    for venue, totals in owned.items():
        sharing = [name for name in owned if addresses[name].rest == addresses[venue].rest]
        others = [ledger.balances(name) for name in sharing if name != venue]
        mine = {
            currency: total - sum((other.get(currency, ZERO) for other in others), ZERO)
            for currency, total in totals.items()
        }
        is_last = venue == sharing[-1]
        apart[venue] = mine if is_last else dict(ledger.balances(venue))
    return apart


def _note(market: MarketTable, language: str) -> str:
    """What a person must know of the market before believing a profit."""
    if market.time_scale == 1.0 and not market.staged:
        return ""
    return words(language)["simulated"].format(
        time_scale=market.time_scale,
        per_hour=STAGED_DISLOCATIONS.per_hour if market.staged else 0.0,
    )
