"""A session over real sockets, against simulators of the venues in a process of their own.

The same gateways, codecs and session that would trade at the venues themselves; only the addresses
and the keys are the simulators'. Nothing leaves this machine.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, cast

import msgspec
from rich.console import Console

from arbitrage.config import Settings
from arbitrage.config_tables import Market, MarketTable
from arbitrage.domain.decisions import Decision
from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.exchanges.registry import create_exchange
from arbitrage.live_session import LiveSession
from arbitrage.monitoring.terminal import TerminalTable, render_summary
from arbitrage.monitoring.words import words
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.running_session import loop_factory
from arbitrage.session_report import TradeLog, report_of
from arbitrage.session_view import SessionWatch
from arbitrage.sim.calibration import STAGED_DISLOCATIONS

_READY_SECONDS = 30.0
_END_SECONDS = 5.0
# Venues round what they book; a cent of the smallest currency is no missing coin.
_TOLERANCE = Decimal("0.01")
_KEY, _SECRET = "sim-key", "sim-secret"


class Addresses(msgspec.Struct):
    """Where one simulated venue listens."""

    rest: str
    ws: str


class _Ready(msgspec.Struct):
    ready: bool
    venues: dict[str, Addresses]


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

    async with _simulators(settings) as addresses:
        gateways = [
            gateway_of(name, at, _symbols(settings, name)) for name, at in addresses.items()
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
        owned = await _owned(settings, addresses)
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


@asynccontextmanager
async def _simulators(settings: Settings) -> AsyncIterator[Mapping[str, Addresses]]:
    """The venues of `settings`, simulated in a process of their own, on free ports."""
    market = settings.market
    arguments = [
        *("sim", "--json", "--seed", str(market.seed), "--time-scale", str(market.time_scale)),
        *(("--staged",) if market.staged else ()),
        *(argument for name in settings.venues for argument in ("--venue", f"{name}=0")),
    ]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "arbitrage.cli", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us; we end the venues when we are done
    )
    try:
        yield await _ready(process)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _END_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _ready(process: asyncio.subprocess.Process) -> Mapping[str, Addresses]:
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _READY_SECONDS)
    except TimeoutError as error:
        raise Unavailable(
            f"the simulators were not ready after {_READY_SECONDS:g} s; nothing was started"
        ) from error
    if not line:
        said = (await process.stderr.read()).decode(errors="replace").strip()
        raise ConfigError(said.removeprefix("arb: ") or "the simulators ended without a word")
    return msgspec.json.decode(line, type=_Ready).venues


def gateway_of(venue: str, at: Addresses, symbols: Sequence[str]) -> VenueGateway:
    """A gateway to a simulated venue. Raises `ConfigError` for a venue that has none."""
    if venue == "upbit":
        made = create_exchange(
            venue,
            symbols=symbols,
            access_key=_KEY,
            secret_key=_SECRET,
            rest_url=at.rest,
            ws_public_url=f"{at.ws}/websocket/v1",
            ws_private_url=f"{at.ws}/websocket/v1/private",
        )
    elif venue == "binance-usdm":
        made = create_exchange(
            venue, symbols=symbols, api_key=_KEY, secret=_SECRET, rest_url=at.rest, ws_url=at.ws
        )
    else:
        raise ConfigError(f"there is no gateway to {venue} yet; nothing was started")
    return cast(VenueGateway, made)


def _symbols(settings: Settings, venue: str) -> list[str]:
    """Every symbol of `venue` that a route or its FX needs, each once."""
    wanted: dict[str, None] = {}
    for table in settings.routes:
        for route in table.expanded():
            for of, symbol in route.markets:
                if of == venue:
                    wanted[symbol] = None
    for fx in (settings.fx, *(table.fx for table in settings.routes)):
        if fx is not None and fx.book is not None:
            of, _, symbol = fx.book.partition(":")
            if of == venue:
                wanted[symbol] = None
    return list(wanted)


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
        gateway = gateway_of(name, at, _symbols(settings, name))
        try:
            balances = await gateway.aget_balance()
        finally:
            await gateway.astop()
        assert isinstance(balances, Mapping)
        owned[name] = {currency: balance.total for currency, balance in balances.items()}
    return owned


def _note(market: MarketTable, language: str) -> str:
    """What a person must know of the market before believing a profit."""
    if market.time_scale == 1.0 and not market.staged:
        return ""
    return words(language)["simulated"].format(
        time_scale=market.time_scale,
        per_hour=STAGED_DISLOCATIONS.per_hour if market.staged else 0.0,
    )
