"""The runner as a stranger calls it: it sees, trades, closes and counts, and never pretends."""

import time
from typing import Any

import pytest
from two_venues import FACES, A, B, Rig, Step, book, one_step, owned

from arbitrage import (
    ArbitrageConfig,
    ArbitrageEngine,
    ArbitrageLiveConfig,
    ArbitrageLiveRunner,
    MarketDataProvider,
    MetricsCollector,
    OrderBookSnapshot,
    PaperExchange,
    RestMarketDataProvider,
    RiskLimits,
    WebSocketMarketDataProvider,
)
from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.trade import ExitReason

step = pytest.fixture(params=FACES)(one_step)


# --- seeing -------------------------------------------------------------------------------------


def test_a_step_without_any_book_is_no_success(step: Step) -> None:
    rig = Rig()
    assert step(rig.runner) is False
    assert (rig.stats["loop_count"], rig.stats["failed_loop_count"]) == (1, 1)


@pytest.mark.parametrize("shown", ["a", "b"])
def test_a_step_that_sees_one_book_alone_is_no_success(step: Step, shown: str) -> None:
    rig = Rig()
    getattr(rig, f"show_{shown}")(99_000, 99_001)
    assert step(rig.runner) is False
    assert rig.stats["total_trades_opened"] == 0


def test_a_step_that_sees_both_books_is_a_success(step: Step) -> None:
    rig = Rig()
    rig.premium(0)
    assert step(rig.runner) is True
    assert rig.stats["failed_loop_count"] == 0


def test_a_book_that_has_grown_old_is_not_seen(step: Step) -> None:
    rig = Rig()
    rig.premium(-2)
    rig.wait(5.1)
    rig.show_b(100_000, 100_001)
    assert step(rig.runner) is False
    assert rig.stats["total_trades_opened"] == 0


def test_books_are_as_old_as_the_engine_allows_them_to_be(step: Step) -> None:
    rig = Rig(engine={"max_book_age_seconds": 60.0})
    rig.premium(0)
    rig.wait(59)
    assert step(rig.runner) is True


def test_a_fresh_book_is_not_traded_against_one_that_could_not_be_seen(step: Step) -> None:
    rig = Rig()
    rig.premium(0)
    assert step(rig.runner)
    rig.b.get_orderbook = lambda _: None  # type: ignore[method-assign]
    rig.show_a(130_000_000, 130_000_001)
    assert step(rig.runner) is False
    assert rig.stats["total_trades_opened"] == 0


class Broken(PaperExchange):
    """An exchange whose books cannot be read."""

    in_memory = True

    def __init__(self, error: Exception, **balances: int) -> None:
        super().__init__(initial_balance=balances)
        self.error = error

    def get_orderbook(self, symbol: str) -> OrderBookSnapshot | None:  # noqa: ARG002
        raise self.error


ERRORS = [Unavailable("down"), TimeoutError(), ConnectionError("reset"), RuntimeError("a bug")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_exchange_that_fails_makes_the_step_fail(step: Step, error: Exception) -> None:
    rig = Rig(b=Broken(error, USDT=100))
    rig.premium(-5)
    assert step(rig.runner) is False
    assert (rig.stats["failed_loop_count"], rig.stats["total_trades_opened"]) == (1, 0)


class Books(MarketDataProvider):
    """A provider of a user's own, which knows bare symbols alone."""

    def __init__(self, *books: OrderBookSnapshot) -> None:
        self.books = {one.symbol: one for one in books}
        self.error: Exception | None = None

    def get_latest_snapshot(self, symbol: str) -> OrderBookSnapshot | None:
        if self.error is not None and symbol == B:
            raise self.error
        return self.books.get(symbol)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_provider_that_fails_makes_the_step_fail_and_is_tried_again(
    step: Step, error: Exception
) -> None:
    rig = Rig(market_data_provider=Books())
    rig.runner.provider.books = {  # type: ignore[attr-defined]
        A: book(A, 1.4e8, 1.4e8 + 1, at=rig.clock.now),
        B: book(B, 1e5, 1e5 + 1, at=rig.clock.now),
    }
    rig.runner.provider.error = error  # type: ignore[attr-defined]
    assert step(rig.runner) is False
    assert type(error).__name__ in rig.stats["last_error"]
    rig.runner.provider.error = None  # type: ignore[attr-defined]
    assert step(rig.runner) is True


def test_the_book_of_each_leg_is_that_of_its_own_exchange(step: Step) -> None:
    """Both exchanges list both symbols; B's leg must not be priced from A's book."""
    rig = Rig()
    rig.premium(0)
    rig.a.set_orderbook(B, book(B, 150_000, 150_001, at=rig.clock.now))
    assert step(rig.runner)
    assert rig.stats["total_trades_opened"] == 0


@pytest.mark.parametrize("kind", [RestMarketDataProvider, WebSocketMarketDataProvider])
def test_a_provider_may_know_the_exchanges_by_names_of_its_own(step: Step, kind: Any) -> None:
    a, b = PaperExchange({"KRW": 10**8}), PaperExchange({"USDT": 10**5})
    rig = Rig(a, b, market_data_provider=kind({"korea": a, "world": b}, clock=lambda: 1.7e9))
    rig.runner.provider.start()
    rig.premium(-2)
    assert step(rig.runner) is True
    assert not rig.is_flat


# --- trading ------------------------------------------------------------------------------------


def test_a_wide_premium_is_traded_on_both_exchanges(step: Step) -> None:
    rig = Rig()
    rig.premium(-2)
    assert step(rig.runner) is True
    assert rig.stats["total_trades_opened"] == 1
    (short,) = rig.b.get_open_positions()
    assert owned(rig.a, "BTC") == -short.qty > 0
    assert rig.stats["active_orders"] == 0


def test_a_return_of_the_premium_closes_the_trade_with_orders_and_the_profit_is_real(
    step: Step,
) -> None:
    rig = Rig()
    rig.premium(-2)
    step(rig.runner)
    rig.wait(1)
    rig.premium(0)
    assert step(rig.runner) is True
    assert rig.is_flat
    assert rig.stats["total_trades_closed"] == 1
    assert rig.stats["total_pnl_usd"] == pytest.approx(float(rig.gained_usd()))
    assert rig.stats["total_pnl_usd"] == pytest.approx(1000 * 0.0204, rel=0.02)
    assert rig.runner.recent_trades[-1].exit_reason is ExitReason.SPREAD_REVERSAL


@pytest.mark.parametrize(
    "symbol", ["BTC/USDT:USDT", "BTC-USDT-SWAP", "BTC-USDT-PERP", "BTC-USDC-SWAP"]
)
def test_a_perpetual_is_sold_without_owning_the_coin(step: Step, symbol: str) -> None:
    quote = "USDC" if "USDC" in symbol else "USDT"
    rig = Rig(b=PaperExchange(initial_balance={quote: 10_000}), symbols=(A, symbol))
    rig.premium(-2)
    assert step(rig.runner) is True
    assert rig.b.get_open_positions()[0].symbol == symbol


def test_one_symbol_on_two_exchanges_of_one_name_is_a_route(step: Step) -> None:
    a = PaperExchange(initial_balance={"USDT": 10_000, "BTC": 1})
    b = PaperExchange(initial_balance={"USDT": 10_000, "BTC": 1})
    rig = Rig(a, b, symbols=("BTC-USDT", "BTC-USDT"), engine={"fx": None})
    rig.show_a(100_000, 100_001)
    rig.show_b(102_000, 102_001)
    assert step(rig.runner) is True
    assert owned(a, "BTC") > 1 > owned(b, "BTC")


def test_two_markets_of_one_exchange_are_a_route(step: Step) -> None:
    both = PaperExchange(initial_balance={"KRW": 100_000_000, "USDT": 10_000})
    rig = Rig(both, both)
    rig.premium(-2)
    assert step(rig.runner) is True
    assert rig.stats["total_trades_opened"] == 1


def test_the_books_of_the_three_pieces_are_those_of_a_step() -> None:
    rig = Rig()
    assert rig.runner.build_snapshot() is None
    rig.premium(-2)
    snapshot = rig.runner.build_snapshot()
    assert snapshot is not None
    assert (snapshot.a.symbol, snapshot.b.symbol, snapshot.fx) == (A, B, None)
    (trade,) = rig.runner.process_snapshot(snapshot)
    assert (rig.stats["active_orders"], rig.is_flat) == (2, True)
    orders = rig.runner.execute_trades([trade])
    assert [order.symbol for order in orders] == [A, B]
    assert trade.qty_a == trade.qty_b == orders[0].filled_qty > 0
    assert (rig.stats["active_orders"], rig.is_flat) == (0, False)


def test_a_trade_that_was_not_executed_is_sent_by_the_next_step() -> None:
    rig = Rig()
    rig.premium(-2)
    snapshot = rig.runner.build_snapshot()
    assert snapshot is not None
    rig.runner.process_snapshot(snapshot)
    assert rig.runner.run_once() is True
    assert not rig.is_flat
    assert rig.stats["total_trades_opened"] == 1


def test_executing_nothing_sends_nothing() -> None:
    assert Rig().runner.execute_trades([]) == []


# --- configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "live"},
        {"data_source": "carrier pigeon"},
        {"max_runtime_seconds": -1.0},
        {"poll_interval_seconds": float("nan")},
        {"max_position_usd": float("inf")},
        {"max_concurrent_trades": 0},
    ],
)
def test_a_wrong_term_is_refused_with_its_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        ArbitrageLiveConfig(A, B, **wrong)


def test_two_legs_of_different_assets_are_refused() -> None:
    with pytest.raises(ConfigError, match="both legs of a route trade the same asset"):
        Rig(symbols=("KRW-BTC", "ETH/USDT:USDT"))


# --- figures ------------------------------------------------------------------------------------


def test_stats_have_every_name_before_and_after_the_first_step(step: Step) -> None:
    rig = Rig()
    names = {
        *("elapsed_seconds", "loop_count", "total_trades_opened", "total_trades_closed"),
        *("total_pnl_usd", "active_orders", "avg_loop_time_ms"),
    }
    assert names <= set(rig.stats)
    assert rig.stats["elapsed_seconds"] == rig.stats["avg_loop_time_ms"] == 0
    rig.premium(0)
    step(rig.runner)
    rig.wait(3)
    assert rig.stats["elapsed_seconds"] == pytest.approx(3)
    assert rig.stats["avg_loop_time_ms"] > 0


def test_metrics_are_told_what_the_step_saw(step: Step) -> None:
    metrics = MetricsCollector()
    rig = Rig(metrics_collector=metrics)
    step(rig.runner)
    assert metrics.get_metrics()["spread_bps"] is None
    rig.show_a(137_200_000, 137_200_001)
    rig.show_b(100_000, 100_001)
    step(rig.runner, A)
    seen = metrics.get_metrics()
    assert seen["spread_bps"] == pytest.approx((140_000_000 / 137_200_001 - 1) * 1e4)
    assert (seen["trades_opened_total"], seen["data_source"]) == (1, "rest")
    assert seen["symbols"][A]["trades_opened_total"] == 1
    assert metrics.get_health()["status"] == "ok"


def test_a_stream_is_reported_as_connected_when_it_is(step: Step) -> None:
    metrics = MetricsCollector()
    rig = Rig(live={"data_source": "ws"}, metrics_collector=metrics)
    step(rig.runner)
    assert metrics.get_metrics()["ws_connected"] is False
    rig.premium(-2)
    assert step(rig.runner) is True
    assert metrics.get_metrics()["ws_connected"] is True
    assert (rig.stats["total_trades_opened"], metrics.get_health()["status"]) == (1, "ok")


def test_every_decision_can_be_listened_to() -> None:
    heard: list[str] = []
    rig = Rig(on_decision=lambda decision: heard.append(type(decision).__name__))
    rig.premium(-2)
    rig.runner.run_once()
    rig.wait(1)
    rig.premium(0)
    rig.runner.run_once()
    assert heard == ["TradeOpened", "TradeClosing", "TradeClosed"]


# --- as a stranger ------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", [None, RestMarketDataProvider, WebSocketMarketDataProvider])
def test_the_documented_calls_work_on_the_clock_of_the_machine(step: Step, provider: Any) -> None:
    exchange_a = PaperExchange(initial_balance={"KRW": 10_000_000})
    exchange_b = PaperExchange(initial_balance={"USDT": 10_000}, fees=FeeSchedule(taker_bps=2.0))
    books = provider and provider(exchanges={"a": exchange_a, "b": exchange_b})
    if books:
        books.start()
    runner = ArbitrageLiveRunner(
        engine=ArbitrageEngine(ArbitrageConfig(30.0, 5.0, 5.0, 5.0, 1000.0, fx=1400.0)),
        exchange_a=exchange_a,
        exchange_b=exchange_b,
        config=ArbitrageLiveConfig(symbol_a=A, symbol_b=B, risk_limits=RiskLimits()),
        market_data_provider=books,
        metrics_collector=MetricsCollector(buffer_size=200),
    )
    now = time.time()
    exchange_a.set_orderbook(A, OrderBookSnapshot(A, now, [(1.37e8, 1.0)], [(1.371e8, 1.0)]))
    exchange_b.set_orderbook(B, OrderBookSnapshot(B, now, [(100_000, 1.0)], [(100_010, 1.0)]))
    assert step(runner) is True
    assert runner.get_stats()["total_trades_opened"] == 1
