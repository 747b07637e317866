"""A look at a route: nothing without a rate, and the same whether it is counted or not."""

from math import isnan

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.fx import FxBook, FxFeed, FxQuote
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Direction
from arbitrage.engine.config import LegConfig
from arbitrage.research.route_watch import Look, RouteBooks, RouteWatch, watched_route

A, B = (Instrument.from_symbol(*of) for of in (("a", "KRW-ETH"), ("b", "ETH-USDT")))
BUY_A = Direction.LONG_A_SHORT_B


def watch(fx: FxBook | FxFeed) -> tuple[RouteBooks, RouteWatch]:
    legs = (LegConfig(instrument=A), LegConfig(instrument=B))
    config = watched_route(*legs, fx, min_edge_bps=0.0, max_age_seconds=1.0)
    books = RouteBooks()
    return books, RouteWatch(config, books, 10**9, ignore_rules=True)


def book(rules: Instrument, bid: float, ask: float) -> BookSnapshot:
    return BookSnapshot(1, rules.venue, rules.symbol, [(bid, 1.0)], [(ask, 1.0)])


def test_without_a_rate_there_is_nothing_to_take() -> None:
    books, subject = watch(FxFeed("USDT", "KRW"))
    for event in (book(A, 100.0, 101.0), book(B, 1.0, 1.1)):
        assert list(books.take_in(event)) == [subject]
    look = subject.look(BUY_A)
    assert isnan(look.edge_bps)
    assert look[1:] == (0.0, 0.0)
    assert list(books.take_in(FxQuote(1, "USDT", "KRW", 202.0, 202.0))) == []
    assert subject.look(BUY_A) == Look(10_000.0, 1.0, 101.0)


def test_a_rate_from_a_book_knows_its_venue() -> None:
    books, subject = watch(FxBook("c", "KRW-USDT"))
    books.take_in(BookSnapshot(1, "c", "KRW-USDT", [(202.0, 1.0)], [(203.0, 1.0)]))
    assert subject.route.fx is not None
    assert (subject.route.fx.venue, subject.route.fx.bid) == ("c", 202.0)
    assert subject.result.evaluations == 0


def test_what_is_watched_is_no_older_than_it_may_be() -> None:
    _, subject = watch(FxFeed("USDT", "KRW"))
    config = subject.route.config
    ages = (config.max_book_age_seconds, config.max_fx_age_seconds, config.max_leg_skew_seconds)
    assert ages == (1.0, 1.0, 1.0)
    assert config.slippage_bps == 0.0
