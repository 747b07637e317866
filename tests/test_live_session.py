"""The live session against gateways that answer like venues, without a wire."""

import asyncio
import time
from collections.abc import Callable, Iterable
from decimal import Decimal as D

import pytest

from arbitrage.domain.decisions import Decision, TradeClosed, TradeOpened
from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import BookSnapshot, Event, MarketEvent
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, Intent, PlaceOrder
from arbitrage.engine.config import ArbitrageConfig
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.exchanges.paper.venue import PaperVenue
from arbitrage.live_session import LiveSession

A, B = "alpha", "beta"
SYMBOL = "BTC/USDT"


class PaperGateway:
    """A live gateway whose venue is a paper venue: answers come in a later turn of the loop."""

    broke: asyncio.Future[None]

    def __init__(self, venue: str, *, is_silent: bool = False) -> None:
        self.venue = venue
        self.sent: list[Intent] = []
        self.is_running = False
        self._is_silent = is_silent
        self._paper = PaperVenue(venue, balances={"USDT": D(100_000), "BTC": D(10)})
        self._on_event: Callable[[Event], None] = lambda _event: None

    async def astart(self, on_event: Callable[[Event], None]) -> None:
        self.is_running = True
        self._on_event = on_event

    async def astop(self) -> None:
        self.is_running = False

    async def wait(self) -> None:
        self.broke = asyncio.get_running_loop().create_future()
        await self.broke

    def send(self, intents: Iterable[Intent], now_ns: int) -> None:
        self.sent += intents
        if not self._is_silent:
            self._paper.send(self.sent[-1:], now_ns)
            asyncio.get_running_loop().call_soon(self._answer)

    def _answer(self) -> None:
        while self._paper.next_due_ns < 2**63 - 1:
            event = self._paper.pop_due()
            if event is not None:
                self._on_event(event)

    def show(self, bid: float, ts_ns: int | None = None) -> None:
        """Push a book one unit wide around `bid`."""
        ts_ns = time.time_ns() if ts_ns is None else ts_ns
        bids, asks = [(bid, 5.0)], [(bid + 1.0, 5.0)]
        event = BookSnapshot(ts_ns, self.venue, SYMBOL, bids, asks)
        self._paper.on_event(event)
        self._on_event(event)


def engine_of(**terms: object) -> ArbitrageEngine:
    funds = {"USDT": D(100_000), "BTC": D(10)}
    config = ArbitrageConfig(
        opening_balances={A: funds, B: funds},
        tick_seconds=0.02,
        **terms,  # type: ignore[arg-type]
    )
    engine = ArbitrageEngine(config)
    engine.add_route(
        config.route(Instrument.from_symbol(A, SYMBOL), Instrument.from_symbol(B, SYMBOL))
    )
    return engine


class Kept:
    """Keeps what a session writes down."""

    def __init__(self) -> None:
        self.events: list[MarketEvent] = []

    def write(self, event: MarketEvent) -> None:
        self.events.append(event)


async def until(is_so: Callable[[], bool]) -> None:
    for _ in range(400):
        if is_so():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came about")


def test_a_book_leads_to_orders_within_the_callback_and_a_trade_opens_and_closes() -> None:
    async def run() -> None:
        gateways = [PaperGateway(A), PaperGateway(B)]
        decisions: list[Decision] = []
        kept = Kept()
        looks: list[int] = []
        session = LiveSession(
            engine_of(),
            gateways,
            on_decisions=decisions.extend,
            record=kept,
            on_refresh=lambda it: looks.append(it.events),
            refresh_seconds=0.01,
        )
        task = asyncio.create_task(session.arun())
        await until(lambda: all(gateway.is_running for gateway in gateways))
        gateways[0].show(10_000.0)
        gateways[1].show(10_200.0)
        assert [len(gateway.sent) for gateway in gateways] == [1, 1]
        await until(lambda: not session.engine.accounts.live_orders())
        gateways[0].show(10_000.0)
        gateways[1].show(10_000.0)
        await until(lambda: any(isinstance(each, TradeClosed) for each in decisions))
        session.stop()
        await task
        assert sum(isinstance(each, TradeOpened) for each in decisions) == 1
        assert session.engine.risk.realised_usd > 0
        assert len(kept.events) == 4
        assert session.digest.count == 4
        assert looks
        assert not any(gateway.is_running for gateway in gateways)

    asyncio.run(run())


def test_time_never_goes_back_at_the_door() -> None:
    async def run() -> None:
        gateways = [PaperGateway(A), PaperGateway(B)]
        session = LiveSession(engine_of(), gateways)
        task = asyncio.create_task(session.arun(0.1))
        await until(lambda: all(gateway.is_running for gateway in gateways))
        now_ns = time.time_ns()
        gateways[0].show(10_000.0, now_ns)
        gateways[1].show(10_000.0, now_ns - 1_000)
        assert session.engine.now_ns == now_ns
        await task

    asyncio.run(run())


def test_the_end_cancels_what_no_venue_has_answered() -> None:
    async def run() -> None:
        gateways = [PaperGateway(A, is_silent=True), PaperGateway(B)]
        session = LiveSession(engine_of(), gateways)
        session.end_seconds = 0.05
        task = asyncio.create_task(session.arun())
        await until(lambda: all(gateway.is_running for gateway in gateways))
        gateways[0].show(10_000.0)
        gateways[1].show(10_200.0)
        session.stop()
        await task
        placed = [each for each in gateways[0].sent if isinstance(each, PlaceOrder)]
        canceled = {each.client_id for each in gateways[0].sent if isinstance(each, CancelOrder)}
        assert canceled == {each.client_id for each in placed}
        assert [order.intent.venue for order in session.engine.accounts.live_orders()] == [A]

    asyncio.run(run())


def test_a_cancelled_session_still_closes_its_gateways() -> None:
    async def run() -> None:
        gateways = [PaperGateway(A), PaperGateway(B)]
        task = asyncio.create_task(LiveSession(engine_of(), gateways).arun())
        await until(lambda: all(gateway.is_running for gateway in gateways))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not any(gateway.is_running for gateway in gateways)

    asyncio.run(run())


def test_a_route_without_a_gateway_is_refused() -> None:
    with pytest.raises(ConfigError, match="beta"):
        LiveSession(engine_of(), [PaperGateway(A)])


def test_run_ends_by_itself_after_its_seconds() -> None:
    session = LiveSession(engine_of(), [PaperGateway(A), PaperGateway(B)])
    session.run(0.05)
    assert session.now_ns - session.started_ns >= 50_000_000


def test_what_breaks_inside_a_gateway_ends_the_session_and_is_raised() -> None:
    async def run() -> None:
        gateways = [PaperGateway(A), PaperGateway(B)]
        task = asyncio.create_task(LiveSession(engine_of(), gateways).arun())
        await until(lambda: all(hasattr(gateway, "broke") for gateway in gateways))
        gateways[0].broke.set_exception(ValueError("a bug"))
        with pytest.raises(ValueError, match="a bug"):
            await task
        assert not any(gateway.is_running for gateway in gateways)

    asyncio.run(run())
