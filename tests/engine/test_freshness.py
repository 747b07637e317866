from collections.abc import Callable

import pytest
from engine.builders import Rig, krw_usdt, route, spot

from arbitrage.domain.events import BookDelta, VenueStatus
from arbitrage.domain.fx import FxBook, FxFeed, FxQuote
from arbitrage.domain.instrument import Instrument
from arbitrage.engine.config import RouteConfig
from arbitrage.engine.freshness import unfit

KRW_ROUTE = {"a": spot("alpha", "KRW"), "b": spot("beta", "USDT")}


def fresh(config: RouteConfig | None = None) -> Rig:
    rig = Rig(config or route(max_book_age_seconds=2.0, max_leg_skew_seconds=1.0))
    rig.show((99.0, 100.0), (99.0, 100.0))
    return rig


def why(rig: Rig) -> str | None:
    return unfit(rig.route, rig.engine.venues, rig.now_ns)


def test_young_whole_books_of_venues_that_are_up_are_fit() -> None:
    assert why(fresh()) is None


def go_down(rig: Rig) -> None:
    rig.feed(VenueStatus(rig.now_ns, "beta", False, "maintenance"))


def lose_a_delta(rig: Rig) -> None:
    rig.feed(BookDelta(rig.now_ns, "alpha", "USDT-BTC", [], [], seq=9, prev_seq=8))


def lose_a_side(rig: Rig) -> None:
    rig.book(rig.route.b.instrument, [(99.0, 1.0)], [])


def cross(rig: Rig) -> None:
    rig.a(100.0, 100.0)


def age(rig: Rig) -> None:
    rig.wait(2.1)


def leave_one_behind(rig: Rig) -> None:
    rig.wait(1.5).b(99.0, 100.0)


def jump(rig: Rig) -> None:
    rig.b(200.0, 201.0)


def own_a_riddle(rig: Rig) -> None:
    rig.engine.venues["alpha"].unexplained["BTC"] = "1 BTC from nowhere"


FAILURES: list[tuple[Callable[[Rig], None], str]] = [
    (go_down, "venue_down"),
    (own_a_riddle, "unexplained_balance"),
    (lose_a_delta, "broken_book"),
    (lose_a_side, "empty_book"),
    (cross, "crossed_book"),
    (age, "stale_book"),
    (leave_one_behind, "leg_skew"),
    (jump, "implausible_jump"),
]


@pytest.mark.parametrize(("break_it", "reason"), FAILURES, ids=[reason for _, reason in FAILURES])
def test_one_failed_proof_is_the_reason(break_it: Callable[[Rig], None], reason: str) -> None:
    rig = fresh(route(max_book_age_seconds=2.0, max_leg_skew_seconds=1.0, max_jump_bps=5000.0))
    break_it(rig)
    assert why(rig) == reason


def test_proofs_are_tried_in_one_order() -> None:
    rig = fresh(route(max_book_age_seconds=2.0, max_leg_skew_seconds=1.0, max_jump_bps=100.0))
    rig.wait(3.0).b(200.0, 201.0)
    market, venue = rig.route.a.market, rig.engine.venues["alpha"]
    market.bids, market.asks, market.is_broken, venue.is_up = [], [(1.0, 1.0)], True, False
    venue.unexplained["BTC"] = "a riddle"
    found = [why(rig)]
    venue.is_up = True
    found.append(why(rig))
    venue.unexplained.clear()
    found.append(why(rig))
    market.is_broken = False
    found.append(why(rig))
    market.bids = [(1.0, 1.0)]
    found.append(why(rig))
    market.asks = [(2.0, 1.0)]
    found.append(why(rig))
    market.ts_ns += 1_500_000_000
    found.append(why(rig))
    market.ts_ns = rig.now_ns
    found.append(why(rig))
    assert found == [
        "venue_down",
        "unexplained_balance",
        "broken_book",
        "empty_book",
        "crossed_book",
        "stale_book",
        "leg_skew",
        "implausible_jump",
    ]


def test_a_snapshot_mends_what_a_gap_broke() -> None:
    rig = fresh()
    lose_a_delta(rig)
    assert why(rig) == "broken_book"
    rig.a(99.0, 100.0)
    assert why(rig) is None


def test_a_book_stamped_in_the_future_is_stale() -> None:
    rig = fresh()
    rig.route.a.market.ts_ns += 10**10
    assert why(rig) == "stale_book"


# --- the rate ---------------------------------------------------------------------------------


def test_quotes_that_differ_without_a_rate_are_no_fx() -> None:
    assert why(fresh(route(**KRW_ROUTE))) == "no_fx"


def test_a_rate_that_never_came_is_no_fx() -> None:
    assert why(fresh(route(**KRW_ROUTE, fx=FxFeed("USDT", "KRW")))) == "no_fx"


def test_a_fixed_rate_never_ages() -> None:
    rig = fresh(route(**KRW_ROUTE, fx=krw_usdt(1.0), max_book_age_seconds=1e9))
    rig.wait(1e6)
    assert why(rig) is None


def test_an_old_rate_is_stale_and_the_same_rate_again_mends_it() -> None:
    config = route(
        **KRW_ROUTE, fx=FxFeed("USDT", "KRW"), max_fx_age_seconds=3.0, max_book_age_seconds=1e9
    )
    rig = fresh(config)
    rig.feed(FxQuote(rig.now_ns, "USDT", "KRW", 1.0, 1.0))
    assert why(rig) is None
    rig.wait(3.1)
    assert why(rig) == "stale_fx"
    rig.feed(FxQuote(rig.now_ns, "USDT", "KRW", 1.0, 1.0))
    assert why(rig) is None


def test_a_rate_from_a_venue_that_is_down_is_no_proof() -> None:
    rig = Rig(route(**KRW_ROUTE, fx=FxBook("gamma", "KRW-USDT")))
    rig.touch(Instrument.from_symbol("gamma", "KRW-USDT"), 1.0, 1.0001)
    rig.show((99.0, 100.0), (99.0, 100.0))
    assert why(rig) is None
    rig.feed(VenueStatus(rig.now_ns, "gamma", False))
    assert why(rig) == "venue_down"
