from typing import Any

import pytest
from engine.builders import (
    CHEAP_A,
    DEAR_B,
    T0,
    D,
    Rig,
    at,
    convergence,
    krw_usdt,
    rich,
    route,
    spot,
)

from arbitrage.domain.decisions import NOTHING, RiskChanged
from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import (
    BalanceUpdate,
    BookDelta,
    BookQuote,
    Books,
    BookSnapshot,
    Funding,
    MarketTrade,
    OrderUpdate,
    Tick,
    VenueStatus,
)
from arbitrage.domain.fx import FxBook, FxFeed, FxQuote
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Direction, Side
from arbitrage.engine.config import ArbitrageConfig
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.engine.risk import Level

KRW_LEGS = {"a": spot("alpha", "KRW"), "b": spot("beta")}
SYMBOL = "USDT-BTC"


# --- the door ---------------------------------------------------------------------------------


def test_an_event_that_changes_nothing_gives_nothing() -> None:
    assert Rig(route()).a(99.0, 100.0) is NOTHING
    assert ArbitrageEngine().step(Tick(T0)) is NOTHING


def test_time_never_goes_back() -> None:
    rig = Rig(route())
    rig.tick(1.0)
    with pytest.raises(MalformedData, match="time never goes back"):
        rig.feed(Tick(at(0.5)))
    assert rig.engine.now_ns == at(1.0)
    rig.feed(Tick(at(1.0)))  # the same moment is no step back


def test_what_is_no_event_is_refused_by_name() -> None:
    with pytest.raises(MalformedData, match="FxBook is not an event"):
        ArbitrageEngine().step(FxBook("upbit", "KRW-USDT"))  # type: ignore[arg-type]


def test_a_step_carries_everything_of_its_event_and_nothing_of_the_one_before() -> None:
    rig = Rig(route())
    rig.show(CHEAP_A, DEAR_B)
    assert (len(rig.last.intents), len(rig.last.decisions)) == (2, 1)
    assert rig.tick() is NOTHING


def test_the_same_events_give_the_same_steps() -> None:
    def steps() -> list[Any]:
        rig = Rig(convergence())
        made = [rig.show(CHEAP_A, DEAR_B, qty=10.0)]
        made.append(rig.answer(rig.placed[0]))
        made.append(rig.answer(rig.placed[1], "4"))
        made.append(rig.wait(1.0).show((102.0, 103.0), (100.0, 101.0)))
        return made

    assert steps() == steps()


# --- routes -----------------------------------------------------------------------------------


def test_a_route_can_be_added_while_running_and_only_once() -> None:
    rig = Rig()
    rig.engine.add_route(route())
    with pytest.raises(ConfigError, match="'r' exists already"):
        rig.engine.add_route(route())
    assert list(rig.engine.routes) == ["r"]


def test_two_routes_share_the_book_of_a_market_and_are_both_looked_at() -> None:
    rig = Rig(route(), route(spot("alpha"), spot("gamma"), name="s"))
    rig.b(*DEAR_B, 3.0)
    rig.touch(spot("gamma"), *DEAR_B, 3.0)
    rig.a(*CHEAP_A, 3.0)
    assert [(order.venue, order.trade_id) for order in rig.new_orders] == [
        ("alpha", "s-t1"),
        ("beta", "s-t1"),
        ("alpha", "s-t2"),
        ("gamma", "s-t2"),
    ]


def test_opening_balances_may_be_written_as_any_number() -> None:
    config = ArbitrageConfig(opening_balances={"alpha": {"USDT": 0.1, "BTC": D(2)}})  # type: ignore[dict-item]
    accounts = ArbitrageEngine(config).accounts
    assert accounts.ledger.balances("alpha") == {"BTC": 2, "USDT": D("0.1")}


# --- market events ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        BookSnapshot(T0, "alpha", "USDT-ETH", [(1.0, 1.0)], [(2.0, 1.0)]),
        BookSnapshot(T0, "omega", SYMBOL, [(1.0, 1.0)], [(2.0, 1.0)]),
        BookDelta(T0, "omega", SYMBOL, [], [], 2, 1),
        BookQuote(T0, "omega", SYMBOL, 1.0, 1.0, 2.0, 1.0),
        Funding(T0, "omega", SYMBOL, 0.1, 0),
        Books(T0, [BookSnapshot(T0, "omega", SYMBOL, [(1.0, 1.0)], [(2.0, 1.0)])]),
        MarketTrade(T0, "alpha", SYMBOL, 100.0, 1.0, Side.BUY),
    ],
)
def test_markets_that_no_route_needs_change_nothing(event: Any) -> None:
    assert Rig(route()).feed(event) is NOTHING


def test_a_quote_is_a_book_of_one_level() -> None:
    rig = Rig(route())
    rig.a(*CHEAP_A)
    rig.feed(BookQuote(T0, "beta", SYMBOL, 103.0, 2.0, 104.0, 5.0))
    assert [order.qty for order in rig.new_orders] == [2, 2]


@pytest.mark.parametrize("ask", [(0.0, 5.0), (100.0, 0.0)])
def test_a_quote_of_no_price_or_no_size_is_an_empty_side_and_no_gift(
    ask: tuple[float, float],
) -> None:
    rig = Rig(route())
    rig.b(*DEAR_B)
    assert rig.feed(BookQuote(T0, "alpha", SYMBOL, 99.0, 5.0, *ask)) is NOTHING
    assert rig.route.a.market.asks == []


def test_deltas_keep_the_book_current() -> None:
    rig = Rig(route())
    rig.a(*CHEAP_A)
    rig.book(spot("beta"), [(99.0, 1.0)], [(104.0, 1.0)], seq=4)
    rig.feed(BookDelta(T0, "beta", SYMBOL, [(103.0, 2.0)], [], seq=5, prev_seq=4))
    assert [order.qty for order in rig.new_orders] == [2, 2]


def test_books_seen_together_are_never_looked_at_by_halves() -> None:
    """A new A with an old B would be an edge that never was."""
    rig = Rig(route())
    rig.show((99.0, 100.0), (99.0, 100.0))
    rig.show((103.0, 104.0), (103.0, 104.0))
    assert rig.last is NOTHING


def test_books_seen_together_may_be_older_than_the_moment_of_looking() -> None:
    rig = Rig(route(max_book_age_seconds=2.0, max_leg_skew_seconds=9.0))
    books = [
        BookSnapshot(at(0.0), "alpha", SYMBOL, [(99.0, 1.0)], [(100.0, 1.0)]),
        BookSnapshot(at(3.0), "beta", SYMBOL, [(103.0, 1.0)], [(104.0, 1.0)]),
    ]
    rig.feed(Books(at(3.0), books))
    assert rig.reasons == ["stale_book"]


def test_a_changed_rate_is_passed_on_to_the_routes_that_use_it() -> None:
    fx = FxBook("upbit", "KRW-USDT")
    rig = Rig(route(**KRW_LEGS, fx=fx))
    rig.a(99_000.0, 100_000.0)
    rig.b(100.0, 101.0)
    rig.feed(BookSnapshot(T0, "upbit", "KRW-USDT", [(990.0, 1.0)], [(991.0, 1.0)]))
    assert rig.new_orders == []
    rig.feed(BookSnapshot(T0, "upbit", "KRW-USDT", [(1010.0, 1.0)], [(1011.0, 1.0)]))
    assert len(rig.new_orders) == 2


@pytest.mark.parametrize("is_together", [True, False])
def test_an_fx_book_among_others_counts_before_the_routes_are_looked_at(is_together: bool) -> None:
    rig = Rig(route(**KRW_LEGS, fx=FxBook("upbit", "KRW-USDT")))
    books = [
        BookSnapshot(T0, "alpha", "KRW-BTC", [(99_000.0, 1.0)], [(100_000.0, 1.0)]),
        BookSnapshot(T0, "beta", SYMBOL, [(100.0, 1.0)], [(101.0, 1.0)]),
        BookSnapshot(T0, "upbit", "KRW-USDT", [(1010.0, 1.0)], [(1011.0, 1.0)]),
    ]
    if is_together:
        rig.feed(Books(T0, books))
        assert rig.reasons == []
    else:
        for book in books:
            rig.feed(book)
    assert len(rig.placed) == 2


def test_an_fx_book_that_is_broken_empty_or_the_same_moves_no_rate() -> None:
    rig = Rig(route(**KRW_LEGS, fx=FxBook("upbit", "KRW-USDT")))
    rig.feed(BookSnapshot(T0, "upbit", "KRW-USDT", [(1000.0, 1.0)], [(1002.0, 1.0)], seq=1))
    rig.feed(BookSnapshot(at(1), "upbit", "KRW-USDT", [], [(5.0, 1.0)], seq=2))
    rig.feed(BookDelta(at(2), "upbit", "KRW-USDT", [(7.0, 1.0)], [], seq=9, prev_seq=8))
    rate = rig.route.fx
    assert rate is not None
    assert (rate.mid, rate.ts_ns) == (1001.0, T0)
    rig.feed(BookSnapshot(at(3), "upbit", "KRW-USDT", [(1000.0, 1.0)], [(1002.0, 1.0)], seq=10))
    assert rate.ts_ns == at(3)


@pytest.mark.parametrize("source", [FxFeed("USDT", "KRW"), FxBook("upbit", "KRW-USDT")])
def test_two_routes_on_one_source_share_its_rate(source: Any) -> None:
    fx = source
    second = route(spot("gamma", "KRW"), spot("delta"), name="s", fx=fx)
    rig = Rig(route(**KRW_LEGS, fx=fx), second)
    rig.feed(FxQuote(T0, "USDT", "KRW", 1000.0, 1001.0))
    rig.feed(BookSnapshot(T0, "upbit", "KRW-USDT", [(1000.0, 1.0)], [(1001.0, 1.0)]))
    rates = [each.fx for each in rig.engine.routes.values()]
    assert rates[0] is rates[1]
    assert [each.fx_sell_b for each in rig.engine.routes.values()] == [1000.0, 1000.0]


def test_a_book_can_be_a_leg_and_an_fx_source_at_once() -> None:
    """USDT itself, bought at one Korean venue and sold at another, prices the other routes."""
    usdt_a = spot("alpha", "KRW").from_symbol("alpha", "KRW-USDT")
    usdt_b = spot("alpha", "KRW").from_symbol("beta", "KRW-USDT")
    tether = route(usdt_a, usdt_b, name="tether", fx=FxBook("alpha", "KRW-USDT"))
    rig = Rig(tether)
    rig.touch(usdt_b, 1010.0, 1011.0)
    rig.touch(usdt_a, 1000.0, 1001.0)
    assert len(rig.new_orders) == 2


def test_funding_changes_what_a_position_is_expected_to_cost() -> None:
    rig = Rig(convergence(expected_holding_seconds=8 * 3600.0))
    before = rig.route.worth_ab
    rig.funding(rig.route.b.instrument, 0.001)
    assert rig.route.worth_ab > before


# --- what happens to us -----------------------------------------------------------------------


def test_a_balance_that_no_fill_explains_stops_entries_at_its_venue_until_a_person_looked() -> None:
    rig = Rig(route())
    rig.feed(BalanceUpdate(T0, "beta", "USDT", D(10) ** 10))
    assert rig.last is NOTHING
    rig.feed(BalanceUpdate(T0, "beta", "USDT", D(10) ** 10 - D("0.00000005")))
    (told,) = rig.risk_changes
    assert (told.scope, told.level) == ("beta", "REDUCE_ONLY")
    assert told.reason == "-0.00000005 USDT at beta is not ours by any fill"
    rig.show(CHEAP_A, DEAR_B)
    assert rig.reasons == ["unexplained_balance"]
    rig.resume()
    rig.show(CHEAP_A, DEAR_B)
    assert len(rig.new_orders) == 2


def test_a_balance_of_a_venue_that_no_route_needs_is_kept_all_the_same() -> None:
    rig = Rig()
    rig.feed(BalanceUpdate(T0, "omega", "USDT", D(7)))
    rig.feed(BalanceUpdate(T0, "omega", "USDT", D(8)))
    assert rig.balance("omega", "USDT") == 8
    assert rig.engine.venues["omega"].unexplained


def test_a_venue_that_goes_down_and_comes_up_is_told_once_each() -> None:
    rig = Rig(route())
    for is_up in (False, False, True, True):
        rig.feed(VenueStatus(T0, "beta", is_up, "maintenance"))
    assert [(each.scope, each.level) for each in rig.risk_changes] == [
        ("beta", "REDUCE_ONLY"),
        ("beta", "NORMAL"),
    ]
    rig.feed(VenueStatus(T0, "omega", False))
    assert not rig.engine.venues["omega"].is_up


def test_a_broken_invariant_halts_instead_of_raising() -> None:
    rig = Rig(route())
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    step = rig.feed(OrderUpdate(T0, a.client_id, OrderStatus.OPEN, D(11), D(1100)))
    (told,) = step.decisions
    assert isinstance(told, RiskChanged)
    assert (told.scope, told.level) == ("portfolio", "HALT")
    assert a.client_id in told.reason
    assert [intent.client_id for intent in step.intents] == [a.client_id, b.client_id]
    assert rig.cancels == list(step.intents)


def test_orders_of_the_step_that_broke_are_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(route())
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    rig.answer(a)
    state = rig.state
    monkeypatch.setattr(type(state), "returnable", lambda *_: D(0))
    monkeypatch.setattr(type(state), "correction", lambda _: iter_corrections.pop())
    iter_corrections = [D(-10), D(-20), D(-20)]
    rig.answer(b, "0")
    assert rig.engine.risk.level is Level.HALT
    assert rig.new_orders == []


def test_a_halted_engine_stays_halted_and_goes_on_counting() -> None:
    rig = Rig(route())
    rig.show(CHEAP_A, DEAR_B, qty=10.0)
    a, b = rig.placed
    rig.feed(OrderUpdate(T0, a.client_id, OrderStatus.OPEN, D(11), D(1100)))
    rig.feed(OrderUpdate(T0, a.client_id, OrderStatus.OPEN, D(11), D(1100)))
    assert len(rig.risk_changes) == 1
    rig.answer(b, "4")
    assert rig.balance("beta", "BTC") == 10_000 - 4
    rig.show(CHEAP_A, DEAR_B)
    assert rig.new_orders == []


# --- end to end, in numbers -------------------------------------------------------------------


def test_the_kimchi_premium_in_won_and_dollars() -> None:
    """LESSONS 26: a thousand dollars at 1,300 won are 1.3 million won of coin, once."""
    config = route(**KRW_LEGS, fx=krw_usdt(1300.0), max_position_usd=1000.0)
    rig = Rig(config, balances=rich(config))
    rig.show((133_900.0, 134_000.0), (99.9, 100.0), qty=50.0)
    a, b = rig.placed
    assert (a.side, a.qty, b.qty) == (Side.SELL, D("9.708"), D("9.708"))  # 1000 / 103, rounded down
    rig.fill_all()
    (trade,) = rig.closed
    assert trade.direction is Direction.LONG_B_SHORT_A
    assert trade.pnl.total == D("9.708") * (133_900 - 130_000)
    assert trade.pnl_usd == pytest.approx(D("9.708") * 3)
