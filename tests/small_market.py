"""A small market and the settings that trade it: three assets, KRW spot against perpetuals."""

from decimal import Decimal
from pathlib import Path

from arbitrage.config import Settings, parse
from arbitrage.config_tables import Market
from arbitrage.domain.events import MarketEvent
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.paper_runner import market_generator
from arbitrage.sim.market import MarketGenerator
from arbitrage.store.recording import Recording
from arbitrage.store.recording_writer import RecordingWriter

START_NS = 1_800_000_000 * NS_PER_SECOND
D = Decimal

SMALL = """
[session]
id = "t"

[market]
kind = "kimchi"
seed = 3
time_scale = 600
staged = true
depth = 5
bases = ["BTC", "ETH", "XRP"]

[venues.upbit]
latency_ms = 40
balances = { KRW = 50000000.5 }

[venues.binance-usdm]
latency_ms = 60
answer_latency_ms = 30
balances = { USDT = 50000 }

[fx]
book = "upbit:KRW-USDT"

[terms]
kind = "convergence"
min_edge_bps = 2
slippage_bps = 4
max_position_usd = 2000
exit_half_life_seconds = 5
max_holding_seconds = 10
min_seconds_between_entries = 0.5

[[routes]]
a = "upbit:KRW-{base}"
b = "binance-usdm:{base}USDT"
bases = ["BTC", "ETH", "XRP"]
"""


def small(*changes: tuple[str, str]) -> Settings:
    """The small settings with pieces of their text replaced."""
    text = SMALL
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return parse(text, "small.toml")


def generator_of(settings: Settings) -> MarketGenerator:
    return market_generator(settings.market)


def fees_of(settings: Settings) -> dict[Market, FeeSchedule]:
    """What trading the settings' simulated markets costs."""
    return dict(generator_of(settings).fees())


def instruments_of(settings: Settings) -> dict[Market, Instrument]:
    return {(each.venue, each.symbol): each for each in generator_of(settings).instruments()}


def events_of(settings: Settings, seconds: float) -> list[MarketEvent]:
    duration_ns = round(seconds * NS_PER_SECOND)
    return list(generator_of(settings).events(START_NS, duration_ns=duration_ns))


def record(path: Path, settings: Settings, events: list[MarketEvent]) -> Recording:
    """A recording of `events` with the rules and fees of their markets."""
    fees = generator_of(settings).fees()
    with RecordingWriter(path) as writer:
        for market, instrument in instruments_of(settings).items():
            writer.instrument(instrument, fees=fees[market])
        for event in events:
            writer.write(event)
    return Recording(path)
