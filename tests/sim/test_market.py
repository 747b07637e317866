"""The generated market: reproducible, in order, legal, and calibrated."""

import hashlib
import subprocess
import sys
from collections import Counter
from itertools import islice
from statistics import fmean, pstdev

import msgspec
import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import BookSnapshot, Funding, MarketEvent, MarketTrade
from arbitrage.domain.units import NS_PER_SECOND, decimal_of
from arbitrage.sim.calibration import (
    DEMO_TIME_SCALE,
    MEASURED_DISLOCATIONS,
    STAGED_DISLOCATIONS,
    Dislocations,
)
from arbitrage.sim.listings import BASES, krw_spot
from arbitrage.sim.market import SLOT_NS, MarketGenerator, MarketSpec, kimchi_spec, krw_pair_spec

START_NS = 1_760_000_000 * NS_PER_SECOND
QUIET = Dislocations(per_hour=0.0, min_bps=0.0, mean_excess_bps=1.0, half_life_seconds=60.0)
DEMO = kimchi_spec(time_scale=DEMO_TIME_SCALE, dislocations=STAGED_DISLOCATIONS)


def events(spec: MarketSpec, seed: int, seconds: float) -> list[MarketEvent]:
    generator = MarketGenerator(spec, seed)
    return list(generator.events(START_NS, duration_ns=int(seconds * NS_PER_SECOND)))


def books(spec: MarketSpec, seed: int, seconds: float) -> list[BookSnapshot]:
    return [event for event in events(spec, seed, seconds) if isinstance(event, BookSnapshot)]


def digest(spec: MarketSpec, seed: int, seconds: float = 5.0) -> str:
    return hashlib.sha256(msgspec.json.encode(events(spec, seed, seconds))).hexdigest()


def mid(book: BookSnapshot) -> float:
    return (book.bids[0][0] + book.asks[0][0]) / 2


def test_same_seed_gives_the_same_events() -> None:
    assert digest(DEMO, 1) == digest(DEMO, 1)


def test_another_seed_gives_another_market() -> None:
    assert digest(DEMO, 1) != digest(DEMO, 2)


def test_a_generator_can_be_read_twice_even_at_once() -> None:
    generator = MarketGenerator(kimchi_spec(BASES[:2]), 1)
    first, second = (generator.events(START_NS) for _ in range(2))
    assert [next(first) for _ in range(50)] == [next(second) for _ in range(50)]


def test_events_do_not_depend_on_the_hash_seed_or_the_process() -> None:
    code = (
        "import hashlib, msgspec\n"
        "from arbitrage.sim.market import MarketGenerator, kimchi_spec\n"
        f"events = MarketGenerator(kimchi_spec({BASES[:3]!r}), 9)"
        f".events({START_NS}, duration_ns=10**9)\n"
        "print(hashlib.sha256(msgspec.json.encode(list(events))).hexdigest())\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("0", "4242")
    }
    assert printed == {digest(kimchi_spec(BASES[:3]), 9, 1.0)}


def test_events_are_known_by_their_digest_on_every_machine() -> None:
    # A change of this digest is a change of every simulated session: make it knowingly.
    assert digest(kimchi_spec(), 1, 2.0)[:16] == "efb68111555627bd"


def test_time_never_goes_back_and_stays_within_the_duration() -> None:
    stamps = [event.ts_ns for event in events(DEMO, 3, 10.0)]
    assert stamps == sorted(stamps)
    assert stamps[0] == START_NS
    assert START_NS + 9.8e9 < stamps[-1] < START_NS + 10e9


def test_every_market_shows_its_book_within_the_first_slot() -> None:
    spec = kimchi_spec()
    seen = {(book.venue, book.symbol) for book in books(spec, 1, SLOT_NS / NS_PER_SECOND)}
    assert len(seen) == len(spec.listings) == 41


def test_the_fx_book_comes_first() -> None:
    first = next(MarketGenerator(kimchi_spec(), 1).events(START_NS))
    assert isinstance(first, BookSnapshot)
    assert first.symbol == "KRW-USDT"


@pytest.mark.parametrize("spec", [DEMO, krw_pair_spec(BASES[:5], depth=5)])
def test_every_book_is_legal_on_its_venue(spec: MarketSpec) -> None:
    rules = {
        (listing.instrument.venue, listing.instrument.symbol): listing.instrument
        for listing in spec.listings
    }
    for book in books(spec, 4, 3.0):
        instrument = rules[book.venue, book.symbol]
        bids, asks = [price for price, _ in book.bids], [price for price, _ in book.asks]
        assert len(bids) == len(asks) == spec.depth
        assert bids == sorted(set(bids), reverse=True)
        assert asks == sorted(set(asks))
        assert bids[0] < asks[0]
        for price, qty in (*book.bids, *book.asks):
            exact = decimal_of(price)
            assert exact % instrument.tick_at(exact) == 0
            assert qty > 0
            assert decimal_of(qty) % instrument.lot_size == 0


def test_no_market_is_silent_for_more_than_two_seconds() -> None:
    last: dict[str, int] = {}
    for book in books(kimchi_spec(), 5, 20.0):
        assert book.ts_ns - last.get(book.symbol, book.ts_ns) <= 2 * NS_PER_SECOND
        last[book.symbol] = book.ts_ns


def test_cadence_is_the_calibrated_one() -> None:
    counts = Counter(book.venue for book in books(kimchi_spec(BASES[:10]), 6, 60.0))
    assert counts["upbit"] / 11 / 60 == pytest.approx(3.0, rel=0.1)
    assert counts["binance-usdm"] / 10 / 60 == pytest.approx(8.0, rel=0.1)


def test_public_trades_are_at_a_touch_just_shown() -> None:
    last: dict[str, BookSnapshot] = {}
    trades = 0
    for event in events(kimchi_spec(BASES[:4]), 7, 20.0):
        if isinstance(event, BookSnapshot):
            last[event.symbol] = event
        elif isinstance(event, MarketTrade):
            trades += 1
            book = last[event.symbol]
            assert event.price in (book.bids[0][0], book.asks[0][0])
            assert event.ts_ns == book.ts_ns
    assert trades > 50


def test_funding_is_announced_for_perpetuals_only_with_the_next_boundary() -> None:
    announced = [
        each for each in events(kimchi_spec(BASES[:3]), 8, 31.0) if isinstance(each, Funding)
    ]
    assert {each.symbol for each in announced} == {"BTCUSDT", "ETHUSDT", "XRPUSDT"}
    assert len(announced) == 3 * 4
    eight_hours = 8 * 3600 * NS_PER_SECOND
    for each in announced:
        assert each.next_ts_ns % eight_hours == 0
        assert 0 < each.next_ts_ns - each.ts_ns <= eight_hours
        assert abs(each.rate) < 0.001
        assert each.mark_price > 0


def test_premium_of_the_books_stays_near_its_calibrated_values() -> None:
    spec = kimchi_spec(["BTC"], depth=1, time_scale=21_600.0, dislocations=QUIET)
    mids: dict[str, float] = {}
    premiums = []
    for book in books(spec, 9, 1_500.0):
        mids[book.symbol] = mid(book)
        if book.symbol == "KRW-BTC" and len(mids) == 3:
            premiums.append((mids["KRW-BTC"] / mids["BTCUSDT"] / mids["KRW-USDT"] - 1) * 1e4)
    # 10.7 of the spot premium, 3.0 of the perpetual's basis, 2 of the FX book's tick.
    assert pstdev(premiums) == pytest.approx(11.4, rel=0.12)
    assert fmean(premiums) == pytest.approx(0.8, abs=5.0)


def test_krw_eth_spread_is_like_the_recorded_one() -> None:
    spreads = [
        (book.asks[0][0] - book.bids[0][0]) / mid(book) * 1e4
        for book in books(krw_pair_spec(["ETH"], depth=5), 10, 900.0)
        if book.symbol == "KRW-ETH"
    ]
    assert fmean(spreads) == pytest.approx(5.6, abs=1.2)


def test_demo_market_dislocates_some_premium_within_half_a_minute() -> None:
    mids: dict[str, float] = {}
    widest: dict[str, float] = {}
    for book in books(DEMO, 11, 30.0):
        mids[book.symbol] = mid(book)
        base = book.symbol.removeprefix("KRW-")
        if base in BASES and f"{base}USDT" in mids:
            premium = (mids[book.symbol] / mids[f"{base}USDT"] / mids["KRW-USDT"] - 1) * 1e4
            widest[base] = max(widest.get(base, 0.0), abs(premium))
    assert sum(premium > 40 for premium in widest.values()) >= 3


def test_instruments_and_fees_name_the_same_markets() -> None:
    generator = MarketGenerator(kimchi_spec(BASES[:2]), 1)
    names = [(each.venue, each.symbol) for each in generator.instruments()]
    assert names == list(generator.fees())
    assert names[0] == ("upbit", "KRW-USDT")
    assert generator.fees()["binance-usdm", "BTCUSDT"].taker_bps == 5.0


def test_a_hurried_or_staged_market_is_not_as_measured() -> None:
    assert kimchi_spec().as_measured
    assert not kimchi_spec(time_scale=60.0).as_measured
    assert not kimchi_spec(dislocations=STAGED_DISLOCATIONS).as_measured
    assert krw_pair_spec(dislocations=MEASURED_DISLOCATIONS).as_measured


def test_events_are_endless_without_a_duration() -> None:
    endless = MarketGenerator(kimchi_spec(["BTC"]), 1).events(START_NS)
    assert len(list(islice(endless, 3_000))) == 3_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"listings": ()}, "no listings"),
        ({"listings": (krw_spot("upbit", "BTC"),) * 2}, "more than once: upbit:KRW-BTC"),
        ({"depth": 0}, "depth is 0; expected 1 to 50"),
        ({"depth": 51}, "depth is 51"),
        ({"time_scale": 0.0}, "time_scale is 0.0; expected more than 0"),
        ({"time_scale": 1e6}, "time_scale is 1000000.0"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        msgspec.structs.replace(kimchi_spec(), **change)
