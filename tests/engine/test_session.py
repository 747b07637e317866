import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from decimal import Decimal
from heapq import heappop, heappush
from pathlib import Path

import pytest
from engine.builders import T0, D, at, rich, route, spot
from engine.fault_scenario import FaultRun

from arbitrage.domain.decisions import Decision, TradeClosed, TradeOpened
from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import (
    Books,
    BookSnapshot,
    Command,
    CommandKind,
    Event,
    FundingPayment,
    MarketTrade,
    OrderUpdate,
    Tick,
)
from arbitrage.domain.fx import FxQuote
from arbitrage.domain.intents import Intent, IntentDigest, PlaceOrder, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.engine.config import ArbitrageConfig, RouteConfig
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.engine.session import NEVER, SETTLE_SECONDS, Session, VenueMarketEvent

LATENCY_NS = 250_000_000
TESTS = Path(__file__).resolve().parent.parent


class ObedientGateway:
    """Fills every order whole at its limit, a quarter of a second later."""

    def __init__(self, venue: str, *, answers: bool = True) -> None:
        self.venue = venue
        self.next_due_ns = NEVER
        self.shown: list[VenueMarketEvent] = []
        self.sent: list[tuple[int, Intent]] = []
        self._answers = answers
        self._due: list[tuple[int, int, Event | None]] = []

    def on_event(self, event: VenueMarketEvent) -> None:
        self.shown.append(event)

    def send(self, intents: Iterable[Intent], now_ns: int) -> None:
        for intent in intents:
            self.sent.append((now_ns, intent))
            if isinstance(intent, PlaceOrder) and self._answers:
                assert intent.price is not None
                cost = intent.qty * intent.price
                due_ns = now_ns + LATENCY_NS
                filled = OrderStatus.FILLED
                self.plan(due_ns, OrderUpdate(due_ns, intent.client_id, filled, intent.qty, cost))

    def plan(self, due_ns: int, event: Event | None) -> None:
        heappush(self._due, (due_ns, len(self._due), event))
        self.next_due_ns = self._due[0][0]

    def pop_due(self) -> Event | None:
        event = heappop(self._due)[2]
        self.next_due_ns = self._due[0][0] if self._due else NEVER
        return event

    def balances(self) -> Mapping[str, Decimal]:
        return {}


class ListeningEngine(ArbitrageEngine):
    """Writes down what it was told, in order."""

    def __init__(self, config: ArbitrageConfig) -> None:
        super().__init__(config)
        self.heard: list[tuple[float, str]] = []

    def step(self, event: Event):  # type: ignore[no-untyped-def]
        self.heard.append(((event.ts_ns - T0) / 1e9, type(event).__name__))
        return super().step(event)


class Stage:
    """A session of one route over two venues."""

    def __init__(self, *, answers: bool = True, config: RouteConfig | None = None) -> None:
        config = config or route()
        settings = ArbitrageConfig(routes=(config,), opening_balances=rich(config))
        self.engine = ListeningEngine(settings)
        self.alpha = ObedientGateway("alpha", answers=answers)
        self.beta = ObedientGateway("beta", answers=answers)
        self.decisions: list[Decision] = []
        self.session = Session(
            self.engine, [self.alpha, self.beta], on_decisions=self.decisions.extend
        )

    def book(self, seconds: float, venue: str, bid: float, ask: float) -> None:
        levels = [(bid, 5.0)], [(ask, 5.0)]
        self.session.on_event(BookSnapshot(at(seconds), venue, "USDT-BTC", *levels))

    def trade(self, seconds: float = 0.0) -> None:
        self.book(seconds, "alpha", 99.0, 100.0)
        self.book(seconds, "beta", 103.0, 104.0)


# --- one line of time -------------------------------------------------------------------------


def test_at_one_instant_answers_come_before_ticks_and_ticks_before_market_events() -> None:
    stage = Stage()
    stage.book(0.0, "alpha", 99.0, 100.0)
    stage.alpha.plan(at(1.0), FundingPayment(at(1.0), "alpha", "USDT-BTC", "USDT", D(1)))
    stage.beta.plan(at(1.0), FundingPayment(at(1.0), "beta", "USDT-BTC", "USDT", D(1)))
    stage.session.advance(T0)
    stage.book(1.0, "beta", 99.0, 100.0)
    assert stage.engine.heard == [
        (0.0, "BookSnapshot"),
        (1.0, "FundingPayment"),
        (1.0, "FundingPayment"),
        (1.0, "Tick"),
        (1.0, "BookSnapshot"),
    ]


def test_ticks_stand_on_a_grid_whatever_the_events() -> None:
    stage = Stage()
    stage.book(0.3, "alpha", 99.0, 100.0)
    stage.book(3.7, "beta", 99.0, 100.0)
    ticks = [seconds for seconds, name in stage.engine.heard if name == "Tick"]
    assert ticks == [1.0, 2.0, 3.0]


def test_an_order_is_sent_at_its_step_and_answered_in_its_time() -> None:
    stage = Stage()
    stage.trade()
    assert [type(each) for each in stage.decisions] == [TradeOpened]
    assert [ts_ns for ts_ns, _ in (*stage.alpha.sent, *stage.beta.sent)] == [T0, T0]
    stage.book(0.2, "alpha", 99.0, 100.0)
    assert stage.engine.heard[-1][1] == "BookSnapshot"
    stage.book(0.3, "alpha", 99.0, 103.0)
    assert [name for _, name in stage.engine.heard[-3:]] == ["OrderUpdate"] * 2 + ["BookSnapshot"]
    assert isinstance(stage.decisions[-1], TradeClosed)


def test_what_is_the_venues_own_affair_is_not_told_to_the_engine() -> None:
    stage = Stage()
    stage.book(0.0, "alpha", 99.0, 100.0)
    stage.alpha.plan(at(0.5), None)
    stage.session.advance(at(0.6))
    assert [name for _, name in stage.engine.heard] == ["BookSnapshot"]


def test_each_venue_sees_its_own_market_before_the_engine_acts_on_it() -> None:
    stage = Stage()
    books = [
        BookSnapshot(T0, "alpha", "USDT-BTC", [(99.0, 5.0)], [(100.0, 5.0)]),
        BookSnapshot(T0, "beta", "USDT-BTC", [(103.0, 5.0)], [(104.0, 5.0)]),
        BookSnapshot(T0, "gamma", "USDT-BTC", [(103.0, 5.0)], [(104.0, 5.0)]),
    ]
    stage.session.on_event(Books(T0, books))
    assert (stage.alpha.shown, stage.beta.shown) == ([books[0]], [books[1]])
    assert len(stage.alpha.sent) == 1
    public = MarketTrade(at(0.1), "alpha", "USDT-BTC", 100.0, 1.0, Side.BUY)
    stage.session.on_event(public)
    stage.session.on_event(FxQuote(at(0.2), "USDT", "KRW", 1.0, 1.0))
    stage.session.on_event(Command(at(0.2), CommandKind.PAUSE))
    assert stage.alpha.shown == [books[0], public]
    assert stage.session.events == 4


def test_a_gateway_that_schedules_on_seeing_a_book_is_heard_in_time() -> None:
    stage = Stage()
    stage.book(0.0, "alpha", 99.0, 100.0)
    payment = FundingPayment(at(0.5), "alpha", "USDT-BTC", "USDT", D(1))
    stage.alpha.on_event = lambda _: stage.alpha.plan(at(0.5), payment)  # type: ignore[method-assign]
    stage.book(0.4, "alpha", 99.0, 100.0)
    stage.book(0.6, "beta", 99.0, 100.0)
    assert [name for _, name in stage.engine.heard[-2:]] == ["FundingPayment", "BookSnapshot"]


def test_a_route_to_a_venue_without_a_gateway_is_refused_before_it_starts() -> None:
    engine = ArbitrageEngine(ArbitrageConfig(routes=(route(spot("alpha"), spot("delta")),)))
    with pytest.raises(ConfigError, match="no gateway for delta"):
        Session(engine, [ObedientGateway("alpha")])


def test_without_gateways_or_routes_time_still_passes() -> None:
    session = Session(ArbitrageEngine(), [])
    session.on_event(Tick(T0))
    session.on_event(Tick(at(5.0)))
    assert session.engine.now_ns == at(5.0)


# --- the end ----------------------------------------------------------------------------------


def test_settling_lets_orders_and_what_follows_arrive() -> None:
    stage = Stage()
    stage.trade()
    stage.session.settle(T0)
    assert stage.engine.accounts.live_orders() == []
    assert isinstance(stage.decisions[-1], TradeClosed)


def test_settling_asks_for_what_never_answers_and_ends_all_the_same() -> None:
    stage = Stage(answers=False)
    stage.trade()
    stage.session.settle(T0)
    assert len(stage.engine.accounts.live_orders()) == 2
    assert stage.engine.now_ns == at(SETTLE_SECONDS)
    assert any(isinstance(intent, QueryOrder) for _, intent in stage.alpha.sent)


# --- the same again ---------------------------------------------------------------------------


def test_the_digest_is_of_every_intent_and_its_time() -> None:
    stage = Stage()
    stage.trade()
    expected = IntentDigest()
    expected.add(T0, (stage.alpha.sent[0][1], stage.beta.sent[0][1]))
    assert stage.session.digest.hexdigest() == expected.hexdigest()
    assert stage.session.digest.count == 2


def digest_of(seed: int) -> str:
    run = FaultRun(seed)
    run.run()
    return run.session.digest.hexdigest()


def test_the_same_events_give_the_same_digest() -> None:
    assert digest_of(7) == digest_of(7)
    assert digest_of(7) != digest_of(8)


def test_the_digest_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "from engine.fault_scenario import FaultRun\n"
        "for seed in (1, 2, 3):\n"
        "    run = FaultRun(seed); run.run(); print(run.session.digest.hexdigest())\n"
    )
    found = set()
    for hash_seed in ("0", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(TESTS)}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout)
    (told,) = found
    assert len(set(told.split())) == 3
