"""Simulated venues in a process of their own, and gateways that are pointed at them.

Whatever a command does with real venues it can be tried with here: the same gateways and codecs,
only the addresses and the keys are the simulators'. Nothing leaves this machine.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec

from arbitrage.config_tables import MarketTable
from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.exchanges.registry import create_exchange
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.sim.serve import GUESTS

_READY_SECONDS = 30.0
_END_SECONDS = 5.0
_KEY, _SECRET, _PASSPHRASE = "sim-key", "sim-secret", "sim-pass"
_WITH_PASSPHRASE = frozenset({"okx"})


class Addresses(msgspec.Struct):
    """Where one simulated venue listens."""

    rest: str
    ws: str


class _Ready(msgspec.Struct):
    ready: bool
    venues: dict[str, Addresses]


def gateway_of(
    venue: str, at: Addresses, symbols: Sequence[str], *, has_keys: bool = True, **settings: Any
) -> VenueGateway:
    """A gateway to a simulated venue, with its account or for its market data alone. Raises
    `ConfigError` for a venue that has none."""
    keys = {"api_key": _KEY, "secret": _SECRET} if has_keys else {}
    if has_keys and venue in _WITH_PASSPHRASE:
        keys["passphrase"] = _PASSPHRASE
    made = create_exchange(
        venue, symbols=symbols, rest_url=at.rest, ws_url=at.ws, **keys, **settings
    )
    return cast(VenueGateway, made)


@asynccontextmanager
async def simulators(
    venues: Sequence[str], market: MarketTable | None = None
) -> AsyncIterator[Mapping[str, Addresses]]:
    """`venues` on free ports with a synthetic market, in a process of their own that ends with
    the block. Raises `ConfigError` for a venue without a simulator."""
    market = MarketTable() if market is None else market
    hosts = dict.fromkeys(GUESTS.host_of(name) for name in venues)
    arguments = [
        *(
            "sim",
            "--json",
            "--ends-with-input",
            "--seed",
            str(market.seed),
            "--time-scale",
            str(market.time_scale),
        ),
        *(("--staged",) if market.staged else ()),
        *(argument for name in hosts for argument in ("--venue", f"{name}=0")),
    ]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "arbitrage.cli", *arguments),
        stdin=asyncio.subprocess.PIPE,  # ends with us, however we end
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us; we end the venues when we are done
    )
    try:
        ready = await _ready(process)
        yield {name: ready[GUESTS.host_of(name)] for name in venues}
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
