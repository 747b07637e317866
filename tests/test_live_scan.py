"""Which routes there are between venues, and that the figures are those of `arb scan`."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store.builders import T0

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import BookDelta, BookSnapshot, Levels, MarketEvent
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.fx import FxBook
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.sides import Direction
from arbitrage.live_scan import LiveScan, ScanTerms, common_routes, fx_between, main_quote
from arbitrage.monitoring.spread_table import SpreadRow
from arbitrage.research.scan import scan
from arbitrage.research.scan_route import ScanRoute
from arbitrage.store.recording import Recording
from arbitrage.store.recording_writer import RecordingWriter

SECOND = 10**9
FEES = {"kr": 5.0, "bin": 4.0}


def market(venue: str, symbol: str, **changes: object) -> Instrument:
    base, _, quote = symbol.rpartition("-")
    fields = {"venue": venue, "symbol": symbol, "base": base, "quote": quote}
    return Instrument(**{**fields, **changes})  # type: ignore[arg-type]


def listed(*instruments: Instrument) -> dict[str, dict[str, Instrument]]:
    by_venue: dict[str, dict[str, Instrument]] = {}
    for each in instruments:
        by_venue.setdefault(each.venue, {})[each.symbol] = each
    return by_venue


PERP = {"kind": InstrumentKind.PERPETUAL, "settle": "USDT"}
ETH_KRW = market("kr", "ETH-KRW", min_notional=Decimal(5000))
ETH_PERP = market("bin", "ETH-USDT", lot_size=Decimal("0.001"), **PERP)
USDT_KRW = market("kr", "USDT-KRW")
KIMCHI = listed(ETH_KRW, USDT_KRW, market("kr", "ABC-KRW"), ETH_PERP, market("bin", "XYZ-USDT"))


def book(
    second: float, rules: Instrument, bid: float, ask: float, qty: float = 10.0, seq: int = 0
) -> BookSnapshot:
    bids: Levels = [(bid, qty), (bid * 0.999, qty)]
    asks: Levels = [(ask, qty), (ask * 1.001, qty)]
    ts_ns = T0 + int(second * SECOND)
    return BookSnapshot(ts_ns, rules.venue, rules.symbol, bids, asks, seq)


def live(*events: MarketEvent, terms: ScanTerms | None = None) -> LiveScan:
    found = LiveScan(
        KIMCHI, lambda leg: FeeSchedule(taker_bps=FEES[leg.venue]), terms or ScanTerms()
    )
    for event in events:
        found.on_event(event)
    return found


def row(found: LiveScan, second: float = 1.0) -> SpreadRow:
    (only,) = found.rows(T0 + int(second * SECOND))
    return only


FX = book(0.0, USDT_KRW, 1_400.0, 1_402.0, qty=1e6)
A = book(0.5, ETH_KRW, 3_600_000.0, 3_601_000.0)
B = book(0.9, ETH_PERP, 2_500.0, 2_501.0)


# --- which routes -------------------------------------------------------------------------------


def test_a_venue_is_read_in_the_quote_that_it_uses_most() -> None:
    markets = listed(
        market("kr", "ETH-KRW"), market("kr", "BTC-KRW"), market("kr", "ETH-BTC"), ETH_PERP
    )
    assert main_quote(markets["kr"]) == "KRW"
    pairs, alone = common_routes(markets)
    assert [(a.symbol, b.symbol) for a, b in pairs] == [("ETH-KRW", "ETH-USDT")]
    assert alone == {"kr": ["BTC"], "bin": []}


def test_every_pair_of_venues_and_every_kind_of_market_is_a_route() -> None:
    spot = market("bin", "ETHUSDT", base="ETH", quote="USDT")
    markets = listed(ETH_KRW, market("kr2", "ETH-KRW"), spot, ETH_PERP)
    pairs, _ = common_routes(markets)
    assert [(a.venue, a.symbol, b.venue, b.symbol) for a, b in pairs] == [
        ("kr", "ETH-KRW", "kr2", "ETH-KRW"),
        ("kr", "ETH-KRW", "bin", "ETH-USDT"),
        ("kr", "ETH-KRW", "bin", "ETHUSDT"),
        ("kr2", "ETH-KRW", "bin", "ETH-USDT"),
        ("kr2", "ETH-KRW", "bin", "ETHUSDT"),
    ]


def test_what_cannot_be_compared_is_refused_with_its_reason() -> None:
    with pytest.raises(ConfigError, match="no market of DOGE at kr, bin"):
        common_routes(KIMCHI, ["ETH", "DOGE"])
    with pytest.raises(ConfigError, match="no asset is listed at two"):
        common_routes(KIMCHI, ["ABC"])
    without_fx = listed(ETH_KRW, ETH_PERP)
    with pytest.raises(ConfigError, match=r"quoted in KRW and in USDT.*as a number"):
        LiveScan(without_fx, lambda _leg: FeeSchedule(), ScanTerms())
    with pytest.raises(ConfigError, match=r"fx kr:NOPE-KRW is no market of kr, bin"):
        LiveScan(KIMCHI, lambda _leg: FeeSchedule(), ScanTerms(fx="kr:NOPE-KRW"))
    with pytest.raises(ConfigError, match="notional is 0"):
        ScanTerms(notional_usd=0.0)


def test_the_fx_market_is_found_and_subscribed_to_and_is_no_asset_without_a_match() -> None:
    assert fx_between(KIMCHI, "KRW", "USDT") == FxBook("kr", "USDT-KRW")
    assert fx_between(KIMCHI, "KRW", "EUR") is None
    found = live()
    assert found.symbols == {"kr": ["USDT-KRW", "ETH-KRW"], "bin": ["ETH-USDT"]}
    assert found.only_at == {"kr": ["ABC"], "bin": ["XYZ"]}
    assert [rate.source for rate in found.fx(T0)] == ["kr:USDT-KRW"]


def test_a_rate_may_be_written_down() -> None:
    found = live(A, B, terms=ScanTerms(fx=1_401.0))
    (rate,) = found.fx(T0 + SECOND)
    assert (rate.source, rate.bid, rate.age_ms) == ("USDT/KRW fixed", 1_401.0, None)
    found.venues["kr"].is_up = found.venues["bin"].is_up = True
    assert row(found).state == ""
    assert found.symbols["kr"] == ["ETH-KRW"]


def test_a_venue_with_spot_and_perpetuals_says_which_is_which() -> None:
    spot = market("bin", "ETHUSDT", base="ETH", quote="USDT")
    found = LiveScan(
        listed(ETH_KRW, USDT_KRW, spot, ETH_PERP), lambda _: FeeSchedule(), ScanTerms()
    )
    legs = {(seen.leg_a, seen.leg_b) for seen in found.rows(T0)}
    assert legs == {("kr", "bin spot"), ("kr", "bin perp")}


# --- what it looks like -------------------------------------------------------------------------


def test_a_row_says_what_the_route_is_worth_and_how_old_it_is() -> None:
    seen = row(live(FX, A, B))
    assert seen.state == ""
    assert (seen.base, seen.leg_a, seen.leg_b) == ("ETH", "kr", "bin")
    assert (seen.age_a_ms, seen.age_b_ms) == (500.0, pytest.approx(100.0))
    assert seen.fx_mid == 1_401.0
    sold = 2_500.0 * 1_401.0 * (1 - 4e-4)
    assert seen.ab.touch_bps == pytest.approx((sold / (3_601_000.0 * (1 + 5e-4)) - 1) * 1e4)
    assert seen.ab.edge_bps == pytest.approx(seen.ab.touch_bps)
    bought = 2_501.0 * 1_401.0 * (1 + 4e-4)
    assert seen.ba.touch_bps == pytest.approx((3_600_000.0 * (1 - 5e-4) / bought - 1) * 1e4)
    assert seen.best == (Direction.LONG_B_SHORT_A, seen.ba)
    assert seen.ba.depth_usd == pytest.approx(10 * 2_501.0)


def test_a_notional_beyond_the_touch_pays_for_the_depth_and_beyond_the_book_is_unknown() -> None:
    small, deep, beyond = (
        row(live(FX, A, B, terms=ScanTerms(notional_usd=usd))).ab
        for usd in (1_000.0, 40_000.0, 80_000.0)
    )
    assert small.edge_bps is not None
    assert deep.edge_bps is not None
    assert deep.edge_bps < small.edge_bps == pytest.approx(small.touch_bps)
    assert beyond.edge_bps is None
    assert beyond.touch_bps == small.touch_bps


def test_what_keeps_a_route_from_being_traded_is_said() -> None:
    empty = BookSnapshot(T0 + SECOND, "bin", "ETH-USDT", [], [])
    gap = BookDelta(T0 + SECOND, "bin", "ETH-USDT", [(2_500.0, 1.0)], [], 9, 8)
    assert row(live(A, B)).state == "no_fx"
    assert row(live(FX, A, B, empty)).state == "empty_book"
    assert row(live(FX, A, B, gap)).state == "broken_book"
    assert row(live(FX, A, B), second=11.0).state == "stale_book"
    down = live(FX, A, B)
    down.venues["bin"].is_up = False
    assert row(down).state == "venue_down"
    for found in (live(), live(A, B), live(FX, A, B, empty), live(FX, A, B, gap)):
        seen = row(found)
        assert (seen.ab.edge_bps, seen.ba.touch_bps, seen.ab.qty) == (None, None, 0.0)
    nothing = row(live())
    assert (nothing.age_a_ms, nothing.premium_bps, nothing.fx_mid) == (None, None, None)


def test_taker_fees_that_were_given_replace_those_that_are_documented() -> None:
    given_ = row(live(FX, A, B, terms=ScanTerms(taker_bps={"kr": 0.0, "bin": 0.0})))
    assert given_.ab.touch_bps == pytest.approx(given_.ab.gross_bps)


def test_without_a_rate_to_dollars_the_touch_is_told_and_the_reason() -> None:
    markets = listed(ETH_KRW, market("kr2", "ETH-KRW"))
    found = LiveScan(markets, lambda _leg: FeeSchedule(), ScanTerms())
    other = BookSnapshot(A.ts_ns, "kr2", "ETH-KRW", A.bids[:], A.asks[:])
    found.on_event(A)
    found.on_event(other)
    seen = row(found)
    assert (seen.ab.edge_bps, seen.ab.depth_usd) == (None, None)
    assert seen.ab.touch_bps is not None
    assert found.note == "no rate of KRW in dollars: edges at the touch only; see --fx"
    assert live().note == ""


def test_a_market_of_one_venue_tells_dollars_where_no_route_needs_it() -> None:
    markets = listed(ETH_KRW, market("kr2", "ETH-KRW"), market("kr2", "USDT-KRW"))
    found = LiveScan(markets, lambda _leg: FeeSchedule(), ScanTerms())
    assert found.symbols == {"kr": ["ETH-KRW"], "kr2": ["ETH-KRW", "USDT-KRW"]}
    assert found.note == ""
    inverse = listed(
        market("x", "ETH-EUR"), market("y", "ETH-EUR"), market("y", "EUR-USD"), market("y", "A-EUR")
    )
    found = LiveScan(inverse, lambda _leg: FeeSchedule(), ScanTerms(notional_usd=120.0))
    for venue in ("x", "y"):
        found.on_event(BookSnapshot(T0, venue, "ETH-EUR", [(100.0, 1.0)], [(100.0, 1.0)]))
    found.on_event(BookSnapshot(T0, "y", "EUR-USD", [(1.2, 1.0)], [(1.2, 1.0)]))
    assert row(found, 0.0).ab.depth_usd == pytest.approx(120.0)
    assert row(found, 0.0).ab.edge_bps == pytest.approx(0.0)


# --- equal to a scan of a recording -------------------------------------------------------------

prices = st.integers(2_450_00, 2_550_00).map(lambda cents: cents / 100)
sizes = st.integers(1, 40_000).map(lambda lots: lots / 1000)


@settings(max_examples=40, deadline=None)
@given(a=prices, b=prices, spread=st.integers(0, 40), qty=sizes, fx=st.integers(1_390, 1_410))
def test_a_row_equals_what_a_scan_of_a_recording_of_the_same_moment_says(
    tmp_path_factory: pytest.TempPathFactory, a: float, b: float, spread: int, qty: float, fx: int
) -> None:
    krw = float(round(a * 1_400))
    books = [
        book(0.0, USDT_KRW, fx, fx + 1.0),
        book(0.5, ETH_KRW, krw, krw + 1_000.0 * (1 + spread), qty),
        book(0.9, ETH_PERP, b, round(b * (1 + spread / 10_000), 2) + 0.01, qty),
    ]
    books = [_on_grid(each) for each in books]
    path = tmp_path_factory.mktemp("moment") / "rec"
    with RecordingWriter(path) as writer:
        for rules in (ETH_KRW, USDT_KRW, ETH_PERP):
            writer.instrument(rules, Decimal("0.0001"), Decimal("0.0001"))
        for each in books:
            writer.write(each)
    route = ScanRoute(("kr", "ETH-KRW"), ("bin", "ETH-USDT"), "kr:USDT-KRW")
    told = scan(Recording(path), [route], taker_bps=FEES).routes[0]
    seen = row(live(*books, terms=ScanTerms(taker_bps=FEES)), 0.9)
    assert told.evaluations == 1
    for direction, crossing in (
        (Direction.LONG_A_SHORT_B, seen.ab),
        (Direction.LONG_B_SHORT_A, seen.ba),
    ):
        found = told.directions[direction]
        assert (found.qty, found.net_profit) == (crossing.qty, crossing.profit)
        assert crossing.gross_bps is not None
        assert found.above == {bps: int(crossing.gross_bps > bps) for bps in found.above}


def _on_grid(each: BookSnapshot) -> BookSnapshot:
    bids = [(round(price, 4), round(qty, 4)) for price, qty in each.bids]
    asks = [(round(price, 4), round(qty, 4)) for price, qty in each.asks]
    return BookSnapshot(each.ts_ns, each.venue, each.symbol, bids, asks)
