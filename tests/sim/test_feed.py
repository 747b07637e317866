import asyncio
from collections.abc import Iterable

import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import Funding, MarketEvent, MarketTrade
from arbitrage.domain.fx import FxQuote
from arbitrage.domain.sides import Side
from arbitrage.sim.feed import MAX_LAG_NS, MarketFeed


def trade(ts_ns: int) -> MarketTrade:
    return MarketTrade(ts_ns, "sim", "KRW-BTC", 1.0, 1.0, Side.BUY)


class Desk:
    def __init__(self, *events: MarketEvent) -> None:
        self.now_ns = 1_000
        self.fed: list[MarketEvent] = []
        self.starts: list[int] = []
        self._events = events
        self.feed = MarketFeed(self._source, [self.fed.append], clock_ns=lambda: self.now_ns)

    def _source(self, now_ns: int) -> Iterable[MarketEvent]:
        self.starts.append(now_ns)
        return iter(
            [
                trade(event.ts_ns) if isinstance(event, MarketTrade) else event
                for event in self._events
            ]
        )

    @property
    def stamps(self) -> list[int]:
        return [event.ts_ns for event in self.fed]


def test_events_come_when_their_time_has_come() -> None:
    desk = Desk(trade(50), trade(60), trade(90))
    assert desk.feed.pump() == 10
    assert desk.stamps == [1_000]
    desk.now_ns += 10
    assert desk.feed.pump() == 30
    assert desk.stamps == [1_000, 1_010]


def test_a_source_that_ends_begins_again_from_now() -> None:
    desk = Desk(trade(50), trade(60))
    desk.feed.pump()
    desk.now_ns = 1_010
    desk.feed.pump(2)
    assert desk.stamps == [1_000, 1_010, 1_010]
    assert desk.starts == [1_000, 1_010]


def test_who_slept_too_long_goes_on_from_now() -> None:
    desk = Desk(trade(50), trade(60), trade(70))
    desk.feed.pump()
    desk.now_ns += 2 * MAX_LAG_NS
    assert desk.feed.pump() == 10
    assert desk.stamps == [1_000, desk.now_ns]


def test_who_is_a_little_late_catches_up() -> None:
    desk = Desk(trade(50), trade(60), trade(70), trade(10_000))
    desk.feed.pump()
    desk.now_ns += 25
    desk.feed.pump()
    assert desk.stamps == [1_000, 1_010, 1_020]


def test_settlements_move_with_their_market_and_fx_quotes_are_left_out() -> None:
    quote = FxQuote(60, "USDT", "KRW", 1.0, 1.0, "x")
    desk = Desk(Funding(50, "sim", "BTCUSDT", 0.0, 150), quote, trade(1_000_000))
    desk.now_ns = 1_100
    desk.feed.pump()
    desk.now_ns += 10
    desk.feed.pump()
    (funding,) = desk.fed
    assert isinstance(funding, Funding)
    assert funding.next_ts_ns == 1_200


def test_an_empty_market_is_refused() -> None:
    with pytest.raises(ConfigError, match="no event"):
        Desk().feed.pump()


def test_a_pump_stops_where_it_is_told() -> None:
    desk = Desk(trade(50), trade(50), trade(50))
    assert desk.feed.pump(2) == 0
    assert len(desk.fed) == 2


def test_it_runs_until_it_is_stopped() -> None:
    desk = Desk(trade(50), trade(1_000_000_000))

    async def run() -> None:
        running = asyncio.create_task(desk.feed.run())
        while not desk.fed:
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())
    assert desk.stamps == [1_000]
