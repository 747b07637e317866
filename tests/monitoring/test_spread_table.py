"""What a person reads of the spreads, at the sizes that terminals have."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from arbitrage.domain.sides import Direction
from arbitrage.monitoring.spread_table import (
    CrossingView,
    FxView,
    SpreadRow,
    SpreadView,
    render_spreads,
)
from arbitrage.monitoring.view import VenueState, VenueView

SIZES = [(140, 40), (100, 30), (80, 24), (60, 16)]


def row(number: int, **changes: object) -> SpreadRow:
    fields: dict[str, object] = {
        "route": f"upbit:KRW-C{number},binance-usdm:C{number}USDT",
        "base": f"C{number}",
        "leg_a": "upbit",
        "leg_b": "binance-usdm",
        "premium_bps": 12.3,
        "ab": CrossingView(edge_bps=-20.0 - number, touch_bps=-19.5, depth_usd=12_345.0),
        "ba": CrossingView(edge_bps=3.4 - number, touch_bps=3.9 - number, depth_usd=1_234.0),
        "age_a_ms": 120.0,
        "age_b_ms": 35.0,
        "fx_mid": 1_391.5,
    }
    return SpreadRow(**(fields | changes))  # type: ignore[arg-type]


def view(*rows: SpreadRow, **changes: object) -> SpreadView:
    fields: dict[str, object] = {
        "ts_ns": 1,
        "elapsed_seconds": 75.0,
        "notional_usd": 1_000.0,
        "venues": [
            VenueView(name="upbit", state=VenueState.UP, last_age_ms=23.0, events=900),
            VenueView(name="binance-usdm", reason="not there; trying again in 3 s"),
        ],
        "fx": [
            FxView(source="upbit:KRW-USDT", bid=1_391.0, ask=1_392.0, age_ms=234.0),
            FxView(source="USDT/KRW fixed", bid=0.000123, ask=0.000123),
            FxView(source="bithumb:KRW-USDT"),
        ],
        "rows": list(rows),
        "route_count": len(rows),
        "only_at": {"upbit": ["AAA", "BBB"], "binance-usdm": []},
    }
    return SpreadView(**(fields | changes))  # type: ignore[arg-type]


def shown(seen: SpreadView, width: int = 140, height: int | None = None) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(render_spreads(seen, width=width, height=height))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_fits_any_terminal_and_edges_are_never_cut(width: int, height: int) -> None:
    lines = shown(view(*map(row, range(50))), width, height)
    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    text = "\n".join(lines)
    assert "-20.0" in text
    assert "+3.4" in text
    assert "more routes" in text


def test_venues_rates_assets_without_a_match_and_notes_are_told() -> None:
    text = "\n".join(shown(view(row(0), note="no rate of KRW in dollars")))
    for said in (
        "scan  00:01:15   1 routes",
        "net bps of $1,000",
        "A upbit, B binance-usdm",
        "upbit up  newest 23 ms  900 events",
        "binance-usdm down",
        "not there; trying again in 3 s",
        "FX upbit:KRW-USDT  1,391.0 / 1,392.0  234 ms",
        "FX USDT/KRW fixed  0.000123",
        "FX bithumb:KRW-USDT  - / -",
        "unmatched, only at upbit (2): AAA, BBB",
        "no rate of KRW in dollars",
    ):
        assert said in text
    assert "only at binance-usdm" not in text


def test_what_is_not_fit_to_trade_on_says_why_and_comes_last() -> None:
    stale, good, thin, nothing = (
        row(0, state="stale_book"),
        row(1),
        row(2, ab=CrossingView(touch_bps=-1.0), ba=CrossingView(touch_bps=-2.0)),
        row(3, ab=CrossingView(), ba=CrossingView(), state="no_fx", age_a_ms=None, fx_mid=None),
    )
    ranked = sorted([stale, thin, nothing, good], key=lambda one: one.rank, reverse=True)
    assert ranked == [good, thin, stale, nothing]
    lines = shown(view(*ranked))
    assert "2 not fit to trade on" in lines[0]
    assert any(line.startswith("C0") and line.rstrip().endswith("stale_book") for line in lines)


def test_the_better_direction_is_that_of_the_notional() -> None:
    assert row(0).best[0] is Direction.LONG_B_SHORT_A
    better = CrossingView(edge_bps=9.0, touch_bps=-5.0)
    assert row(0, ab=better).best == (Direction.LONG_A_SHORT_B, better)


def test_more_than_two_venues_are_named_in_each_row() -> None:
    lines = shown(view(row(0), row(1, leg_a="bithumb")))
    assert "A upbit" not in lines[0]
    assert any("bithumb" in line and "C1" in line for line in lines)


def test_before_anything_is_known_there_is_an_empty_table() -> None:
    assert any("Asset" in line for line in shown(view()))
