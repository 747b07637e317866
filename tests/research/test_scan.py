"""A scan against brute force, and against figures that others computed of recorded books."""

from decimal import Decimal
from pathlib import Path

import pytest
from research.scans import AB, BA, FREE, ROUTE, SECOND, book, found, recorded, touch
from store.builders import T0

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import (
    BookDelta,
    BookSnapshot,
    MarketEvent,
    MarketTrade,
)
from arbitrage.domain.fx import FixedFx, FxBook, FxFeed, FxQuote
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.sides import Side
from arbitrage.research.edge_series import BUCKETS
from arbitrage.research.scan import scan
from arbitrage.research.scan_result import THRESHOLDS_BPS
from arbitrage.research.scan_route import ScanRoute, parse_route, parse_taker_bps
from arbitrage.store.levels_csv import import_levels_csv
from arbitrage.store.recording import Recording

# --- which moments count ----------------------------------------------------------------------


def evaluations(path: Path, events: list[MarketEvent], max_age: float = 10.0) -> int:
    recording = recorded(path, events)
    return scan(recording, [ROUTE], taker_bps=FREE, max_age_seconds=max_age).evaluations


def test_books_of_one_moment_are_two_evaluations_in_recorded_order(tmp_path: Path) -> None:
    events: list[MarketEvent] = [touch(0, "a", 99, 100), touch(0, "b", 99, 100)]
    assert evaluations(tmp_path, [*events, touch(1, "a", 99, 100), touch(1, "b", 99, 100)]) == 3


def test_a_book_of_exactly_the_greatest_age_is_fresh(tmp_path: Path) -> None:
    events: list[MarketEvent] = [touch(0, "a", 99, 100), touch(10, "b", 99, 100)]
    assert evaluations(tmp_path, events) == 1


def test_a_book_a_nanosecond_older_is_not(tmp_path: Path) -> None:
    late = touch(10, "b", 99, 100)
    late.ts_ns += 1
    assert evaluations(tmp_path, [touch(0, "a", 99, 100), late]) == 0


def test_trades_and_other_markets_are_no_evaluations(tmp_path: Path) -> None:
    events = [
        touch(0, "a", 99, 100),
        touch(1, "b", 99, 100),
        MarketTrade(T0 + 2 * SECOND, "a", "KRW-ETH", 100.0, 1.0, Side.BUY),
        touch(3, "b", 1, 2, symbol="ETH-USDT"),
    ]
    assert evaluations(tmp_path, events) == 1


def test_deltas_keep_a_book_until_one_is_missing(tmp_path: Path) -> None:
    whole = BookSnapshot(T0, "a", "KRW-ETH", [(99.0, 1.0)], [(100.0, 1.0)], seq=1)
    follows = BookDelta(T0 + 2, "a", "KRW-ETH", [(99.5, 1.0)], [], seq=2, prev_seq=1)
    gap = BookDelta(T0 + 3, "a", "KRW-ETH", [(99.9, 1.0)], [], seq=4, prev_seq=3)
    mended = BookSnapshot(T0 + 5, "a", "KRW-ETH", [(99.0, 1.0)], [(100.0, 1.0)], seq=9)
    other = [touch(0, "b", 98, 99.25), touch(0, "b", 98, 99.25)]
    other[1].ts_ns = T0 + 4
    events = [whole, other[0], follows, gap, other[1], mended]
    result = scan(recorded(tmp_path, events), [ROUTE], taker_bps=FREE)
    assert result.evaluations == 3  # the first of b, the delta that follows, the whole book
    assert found(result, BA).above[0] == 1


# --- sizes and rules --------------------------------------------------------------------------


def instrument(venue: str, **rules: str) -> Instrument:
    exact = {name: Decimal(value) for name, value in rules.items()}
    return Instrument(venue=venue, symbol="KRW-ETH", base="ETH", quote="KRW", **exact)  # type: ignore[arg-type]


OFFER: list[MarketEvent] = [
    book(0, "a", [(90.0, 9.0)], [(100.0, 1.0), (101.0, 0.78)]),
    book(1, "b", [(102.0, 5.0)], [(110.0, 9.0)]),
]


@pytest.mark.parametrize(
    ("rules_a", "rules_b", "qty", "profit"),
    [
        ({}, {}, 1.78, 2.78),
        ({"lot_size": "0.1"}, {"lot_size": "0.05"}, 1.7, 2.7),
        ({"lot_size": "0.01"}, {"lot_size": "0.89"}, 1.78, 2.78),
        ({"lot_size": "0.3"}, {"lot_size": "0.2"}, 1.2, 2.2),
        ({"lot_size": "2"}, {}, 0.0, 0.0),
        ({"max_qty": "1.5"}, {}, 1.5, 2.5),
        ({"min_qty": "1.78"}, {}, 1.78, 2.78),
        ({}, {"min_qty": "1.79"}, 0.0, 0.0),
        ({"min_notional": "178.78"}, {"min_notional": "181.56"}, 1.78, 2.78),
        ({"min_notional": "178.79"}, {}, 0.0, 0.0),
        ({}, {"min_notional": "181.57"}, 0.0, 0.0),
    ],
)
def test_a_size_obeys_the_rules_of_both_venues(
    tmp_path: Path, rules_a: dict[str, str], rules_b: dict[str, str], qty: float, profit: float
) -> None:
    markets = instrument("a", **rules_a), instrument("b", **rules_b)
    recording = recorded(tmp_path, OFFER, *markets)
    it = found(scan(recording, [ROUTE], taker_bps=FREE), AB)
    assert it.opportunities == (qty > 0)
    assert (it.qty, it.net_profit) == (pytest.approx(qty), pytest.approx(profit))
    free = found(scan(recording, [ROUTE], taker_bps=FREE, ignore_rules=True), AB)
    assert free.qty == pytest.approx(1.78)


def test_a_threshold_is_passed_only_from_above(tmp_path: Path) -> None:
    events: list[MarketEvent] = [touch(0, "a", 90, 10_000), touch(1, "b", 10_014.99, 10_050)]
    recording = recorded(tmp_path, [*events, touch(20, "a", 90, 100), touch(21, "b", 100, 110)])
    it = found(scan(recording, [ROUTE], taker_bps=FREE, min_edge_bps=15.0), AB)
    assert it.above == {0: 1, 9: 1, 15: 0, 30: 0}
    assert it.opportunities == 0
    assert found(scan(recording, [ROUTE], taker_bps=FREE), AB).opportunities == 1


def test_fees_of_both_legs_are_paid(tmp_path: Path) -> None:
    recording = recorded(tmp_path, OFFER)
    it = found(scan(recording, [ROUTE], taker_bps={"a": 50.0, "b": 40.0}, ignore_rules=True), AB)
    assert it.qty == pytest.approx(1.78)
    cost, proceeds = (100 + 0.78 * 101) * 1.005, 1.78 * 102 * 0.996
    assert it.net_profit == pytest.approx(proceeds - cost)


def test_contracts_are_sized_in_base_units(tmp_path: Path) -> None:
    perpetual = Instrument(
        venue="b",
        symbol="KRW-ETH",
        base="ETH",
        quote="KRW",
        kind=InstrumentKind.PERPETUAL,
        lot_size=Decimal(1),
        contract_multiplier=Decimal("0.1"),
    )
    recording = recorded(tmp_path, OFFER, instrument("a"), perpetual)
    it = found(scan(recording, [ROUTE], taker_bps=FREE), AB)
    assert it.qty == pytest.approx(0.5)  # five contracts are on the bid


# --- FX ---------------------------------------------------------------------------------------


CROSS: list[MarketEvent] = [
    touch(0, "a", 1_400_000, 1_401_000),
    touch(1, "fx", 1395, 1400, symbol="KRW-USDT"),
    touch(2, "b", 1010, 1011, symbol="ETH-USDT"),
]


def cross(fx: object) -> ScanRoute:
    return ScanRoute(("a", "KRW-ETH"), ("b", "ETH-USDT"), fx)  # type: ignore[arg-type]


@pytest.mark.parametrize("fx", [FxBook("fx", "KRW-USDT"), "fx:KRW-USDT"])
def test_spot_legs_are_compared_at_the_executable_rate(tmp_path: Path, fx: object) -> None:
    result = scan(recorded(tmp_path, CROSS), [cross(fx)], taker_bps=FREE, max_age_seconds=2)
    assert result.evaluations == 1
    it = found(result, AB)
    assert it.opportunities == 1
    assert it.net_profit == pytest.approx(1010 * 1395 - 1_401_000)
    assert found(result, BA).above[0] == 0


def test_a_rate_may_be_a_number_or_a_feed(tmp_path: Path) -> None:
    rate = FxQuote(T0, "USDT", "KRW", 1395.0, 1400.0, "bank")
    recording = recorded(tmp_path, [rate, *CROSS])
    for fx in (1395.0, FixedFx("USDT", "KRW", 1395.0), FxFeed("USDT", "KRW")):
        result = scan(recording, [cross(fx)], taker_bps=FREE)
        assert found(result, AB).net_profit == pytest.approx(1010 * 1395 - 1_401_000)


def test_profit_is_in_the_quote_of_leg_a_both_ways(tmp_path: Path) -> None:
    events = [*CROSS[:2], touch(2, "b", 990, 995, symbol="ETH-USDT")]
    result = scan(recorded(tmp_path, events), [cross("fx:KRW-USDT")], taker_bps=FREE)
    assert found(result, BA).net_profit == pytest.approx(1_400_000 - 995 * 1400)
    assert result.routes[0].quote == "KRW"


@pytest.mark.parametrize("rate_second", [None, -1])
def test_without_a_fresh_rate_nothing_is_evaluated(tmp_path: Path, rate_second: int | None) -> None:
    rates = [] if rate_second is None else [touch(rate_second, "fx", 1395, 1400, "KRW-USDT")]
    recording = recorded(tmp_path, [*rates, CROSS[0], CROSS[2]])
    result = scan(recording, [cross("fx:KRW-USDT")], taker_bps=FREE, max_age_seconds=2)
    assert result.evaluations == 0


def test_an_empty_fx_book_sets_no_rate(tmp_path: Path) -> None:
    empty = book(1, "fx", [], [], symbol="KRW-USDT")
    recording = recorded(tmp_path, [CROSS[0], empty, CROSS[2]])
    assert scan(recording, [cross("fx:KRW-USDT")], taker_bps=FREE).evaluations == 0


# --- many routes, progress, series ------------------------------------------------------------


def test_every_route_counts_its_own_evaluations(tmp_path: Path) -> None:
    again = touch(3, "fx", 1395, 1400, symbol="KRW-USDT")
    recording = recorded(tmp_path, [*CROSS, again, touch(4, "b", 1_402_000, 1_403_000)])
    back = ScanRoute(("b", "ETH-USDT"), ("a", "KRW-ETH"), "fx:KRW-USDT")
    result = scan(recording, [ROUTE, cross("fx:KRW-USDT"), back], taker_bps=FREE)
    assert [route.evaluations for route in result.routes] == [1, 1, 1]
    assert result.evaluations == 3
    there, reverse = (route.directions for route in result.routes[1:])
    assert there[AB].opportunities == reverse[BA].opportunities == 1


def test_progress_is_told_in_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arbitrage.research.scan._EVENTS_PER_PROGRESS", 1)
    told: list[int] = []
    scan(recorded(tmp_path, OFFER), [ROUTE], taker_bps=FREE, on_progress=told.append)
    assert told == [1, 2]


def test_a_series_is_kept_on_request(tmp_path: Path) -> None:
    recording = recorded(tmp_path, OFFER)
    assert scan(recording, [ROUTE], taker_bps=FREE).routes[0].series is None
    result = scan(recording, [ROUTE], taker_bps={"a": 10.0, "b": 10.0}, keeps_series=True)
    series = result.routes[0].series
    assert series is not None
    assert series.lines[AB].last[BUCKETS - 1] == pytest.approx(200.0)
    assert series.lines[AB].opportunities[BUCKETS - 1] == 1
    assert series.lines[BA].opportunities[BUCKETS - 1] == 0
    assert result.routes[0].breakeven_bps[AB] == pytest.approx((1.001 / 0.999 - 1) * 1e4)


def test_an_empty_recording_has_no_series(tmp_path: Path) -> None:
    result = scan(recorded(tmp_path, []), [ROUTE], taker_bps=FREE, keeps_series=True)
    assert result.evaluations == 0
    assert result.routes[0].series is None


# --- refusals ---------------------------------------------------------------------------------


def test_a_market_that_is_not_recorded_is_refused(tmp_path: Path) -> None:
    recording = recorded(tmp_path, [])
    with pytest.raises(ConfigError, match=r"c:KRW-ETH is not in .*recorded is a:KRW-ETH, b:ETH"):
        scan(recording, [parse_route("a:KRW-ETH,c:KRW-ETH")], taker_bps=FREE)
    with pytest.raises(ConfigError, match="c:KRW-USDT is not in"):
        scan(recording, [cross("c:KRW-USDT")], taker_bps=FREE)


def test_quotes_that_cannot_be_compared_are_refused(tmp_path: Path) -> None:
    recording = recorded(tmp_path, [])
    with pytest.raises(
        ConfigError, match=r"KRW-ETH is quoted in KRW, ETH-USDT in USDT; give the FX"
    ):
        scan(recording, [cross(None)], taker_bps=FREE)
    with pytest.raises(ConfigError, match="fx is EUR/KRW"):
        scan(recording, [cross(FxFeed("EUR", "KRW"))], taker_bps=FREE)


def test_a_fee_for_a_venue_without_a_leg_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="taker fee of upbti: no route has a leg there"):
        scan(recorded(tmp_path, []), [ROUTE], taker_bps={"upbti": 5.0})


@pytest.mark.parametrize(
    "options",
    [{"min_edge_bps": float("nan")}, {"max_age_seconds": -1.0}, {"max_age_seconds": float("inf")}],
)
def test_terms_that_are_no_numbers_are_refused(tmp_path: Path, options: dict[str, float]) -> None:
    (name,) = options
    with pytest.raises(ConfigError, match=name):
        scan(recorded(tmp_path, []), [ROUTE], taker_bps=FREE, **options)  # type: ignore[arg-type]


# --- recorded books ---------------------------------------------------------------------------


@pytest.mark.realdata
def test_the_recorded_books_give_the_figures_that_others_computed(
    tmp_path: Path, eth_books: Path
) -> None:
    for venue in ("upbit", "bithumb"):
        import_levels_csv(
            eth_books / f"{venue}_KRW-ETH.csv.gz",
            tmp_path / "rec",
            venue=venue,
            symbol="KRW-ETH",
            timezone="Asia/Seoul",
        )
    result = scan(
        Recording(tmp_path / "rec"),
        [parse_route("upbit:KRW-ETH,bithumb:KRW-ETH")],
        taker_bps=parse_taker_bps("upbit=5,bithumb=4"),
        ignore_rules=True,
    )
    assert result.evaluations == 8081
    route = result.routes[0]
    shares = [f"{route.share_above(BA, threshold):.2%}" for threshold in THRESHOLDS_BPS]
    assert shares == ["69.68%", "21.19%", "3.32%", "0.00%"]
    assert found(result, BA).above[30] == 0
    assert f"{route.share_above(AB, 0):.2%}" == "0.17%"
    assert found(result, BA).opportunities == 1702
    assert round(found(result, BA).qty, 4) == 3747.2912
    assert round(found(result, BA).net_profit, 1) == 5_489_795.5
    assert found(result, AB).opportunities == 0
