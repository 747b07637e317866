"""What the engine and its arithmetic cost: the check, the walk, a book's update, a whole step."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import cycle
from math import inf

from arbitrage.bench.measure import Figure, per_call_us, seconds_each
from arbitrage.domain.events import BookSnapshot, Levels
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.order_book import OrderBook
from arbitrage.engine.config import ArbitrageConfig, RiskLimits
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.engine.sizing import depth_within


def levels(best: float, step: float, depth: int) -> Levels:
    """`depth` levels of one unit from `best`, each `step` further away."""
    return [(best + step * level, 1.0) for level in range(depth)]


def engine_with_route() -> ArbitrageEngine:
    """An engine with one funded USDT route of two spot venues."""
    funds = {"USDT": Decimal(10_000_000), "BTC": Decimal(1_000)}
    config = ArbitrageConfig(
        opening_balances={"x": funds, "y": funds},
        risk_limits=RiskLimits(max_orders_per_second=inf),
    )
    engine = ArbitrageEngine(config)
    engine.add_route(
        config.route(
            Instrument.from_symbol("x", "BTC/USDT"), Instrument.from_symbol("y", "BTC/USDT")
        )
    )
    return engine


def figures(quick: bool) -> Iterator[Figure]:
    cases: list[tuple[str, Callable[[], object], float | None]] = [
        ("check with early exit", _check(), 0.15),
        ("two-book walk, 8 levels a side", _walk(), 3.0),
        ("book update, 1,000 levels", _update(1_000), None),
        ("engine step, quiet book event", _quiet_step(), None),
        ("engine step, edge to two intents", _trading_step(), None),
    ]
    for name, call, goal in cases:
        p50, p99 = per_call_us(call, seconds=seconds_each(quick))
        yield Figure(name=name, p50=p50, p99=p99, goal=goal)


def _check() -> Callable[[], object]:
    engine = engine_with_route()
    route = next(iter(engine.routes.values()))
    for venue, market in (("x", route.a.market), ("y", route.b.market)):
        assert market.venue == venue
        market.replace(levels(99.99, -0.01, 30), levels(100.01, 0.01, 30), 0, 1)
    return route.has_edge


def _walk() -> Callable[[], object]:
    asks, bids = levels(100.0, 0.01, 30), levels(100.35, -0.01, 30)
    return lambda: depth_within(asks, bids, 1.0005, 0.9995, 1.001, 1.0, 1.0)


def _update(depth: int) -> Callable[[], object]:
    book = OrderBook()
    book.replace(levels(99.99, -0.01, depth), levels(100.01, 0.01, depth), 0)
    changes = cycle([(100.05, 0.0), (100.05, 1.0), (100.21, 2.0), (100.01, 0.0), (100.01, 1.0)])
    nothing: Levels = []

    def update() -> None:
        book.apply(nothing, [next(changes)], 1)

    return update


def _quiet_step() -> Callable[[], object]:
    engine = engine_with_route()
    event = BookSnapshot(1, "x", "BTC/USDT", levels(99.99, -0.01, 15), levels(100.01, 0.01, 15))
    other = BookSnapshot(1, "y", "BTC/USDT", levels(99.99, -0.01, 15), levels(100.01, 0.01, 15))
    engine.step(other)
    return lambda: engine.step(event)


def _trading_step() -> Callable[[], object]:
    """An edge that is traded at every call: each starts from the same fresh state."""
    wide = BookSnapshot(1, "y", "BTC/USDT", levels(101.99, -0.01, 15), levels(102.01, 0.01, 15))
    low = BookSnapshot(1, "x", "BTC/USDT", levels(99.99, -0.01, 15), levels(100.01, 0.01, 15))
    engine = engine_with_route()
    engine.step(low)
    route = next(iter(engine.routes.values()))

    def trade() -> object:
        step = engine.step(wide)
        for state in route.trades:
            for order, _ in state.orders.values():
                engine.accounts.release(order)
        route.trades.clear()
        route.cooldown_until_ns = 0
        return step

    return trade
