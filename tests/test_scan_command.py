"""Watching simulated venues over sockets: the table, its JSON, and how it ends."""

from collections.abc import Iterator

import msgspec
import pytest
from rich.console import Console
from sim_venues import RunningVenues, running

from arbitrage import scan_command as module
from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.live_scan import ScanTerms
from arbitrage.monitoring.spread_table import SpreadView
from arbitrage.monitoring.view import VenueState
from arbitrage.scan_command import LiveScanTerms, run_live_scan
from arbitrage.sim.serve import synthetic_market
from arbitrage.simulators import Addresses

UPBIT, USDM = "upbit", "binance-usdm"
NOWHERE = Addresses("http://127.0.0.1:1", "ws://127.0.0.1:1")


@pytest.fixture(scope="module")
def venues() -> Iterator[RunningVenues]:
    with running([UPBIT, USDM], synthetic_market([UPBIT, USDM], 1, bases=["BTC", "ETH"])) as all_:
        yield all_


def terms(venues: RunningVenues, **changes: object) -> LiveScanTerms:
    servers = venues.venues.servers
    first = LiveScanTerms(
        venues=(UPBIT, USDM),
        seconds=1.5,
        refresh_seconds=0.1,
        addresses={name: Addresses(one.rest_url, one.ws_url) for name, one in servers.items()},
    )
    return msgspec.structs.replace(first, **changes)


def test_all_common_assets_are_seen_with_edges_in_both_directions(venues: RunningVenues) -> None:
    views: list[SpreadView] = []
    last = run_live_scan(terms(venues), on_view=views.append)
    assert len(views) > 3
    assert {row.base for row in last.rows} == {"BTC", "ETH"}
    assert [row.rank for row in last.rows] == sorted((r.rank for r in last.rows), reverse=True)
    for row in last.rows:
        assert row.state == ""
        assert row.ab.edge_bps is not None
        assert row.ba.edge_bps is not None
        assert row.ab.edge_bps + row.ba.edge_bps < 0  # both cannot pay after fees and spreads
        assert row.fx_mid
    assert [(venue.name, venue.state) for venue in last.venues] == [
        (UPBIT, VenueState.UP),
        (USDM, VenueState.UP),
    ]
    assert last.fx[0].source == "upbit:KRW-USDT"
    assert msgspec.json.decode(msgspec.json.encode(last), type=SpreadView) == last


def test_documented_fees_are_taken_unless_others_are_given(venues: RunningVenues) -> None:
    free = ScanTerms(taker_bps={UPBIT: 0.0, USDM: 0.0}, bases=("BTC",))
    (row,) = run_live_scan(terms(venues, scan=free), on_view=lambda _view: None).rows
    assert row.ab.touch_bps == pytest.approx(row.ab.gross_bps)
    (row,) = run_live_scan(terms(venues, top=1), on_view=lambda _view: None).rows
    assert row.ab.gross_bps is not None
    assert row.ab.touch_bps is not None
    assert row.ab.gross_bps - row.ab.touch_bps > 5.0


def test_what_cannot_be_compared_is_refused(venues: RunningVenues) -> None:
    for scan in (ScanTerms(bases=("DOGE",)), ScanTerms(fx="upbit:KRW-NOPE")):
        with pytest.raises(ConfigError, match=r"DOGE|KRW-NOPE"):
            run_live_scan(terms(venues, scan=scan), on_view=lambda _view: None)


def test_arguments_that_make_no_sense_are_refused() -> None:
    for said in (
        {"venues": ()},
        {"venues": (UPBIT,)},
        {"venues": (UPBIT, UPBIT)},
        {"venues": (UPBIT, USDM), "top": 0},
        {"venues": (UPBIT, USDM), "refresh_seconds": 0.0},
        {"venues": (UPBIT, USDM), "scan": ScanTerms(taker_bps={"mtgox": 1.0})},
    ):
        with pytest.raises(ConfigError, match=r"expected|not among"):
            LiveScanTerms(**said)  # type: ignore[arg-type]


def test_a_venue_that_is_not_there_is_said_and_nothing_at_all_is_an_error(
    venues: RunningVenues,
) -> None:
    views: list[SpreadView] = []
    lost = terms(venues, addresses={UPBIT: NOWHERE, USDM: NOWHERE}, seconds=0.8)
    with pytest.raises(Unavailable, match=r"nothing was seen.*upbit.*binance-usdm"):
        run_live_scan(lost, on_view=views.append)
    assert views[-1].rows == []
    assert all("trying again" in venue.reason for venue in views[-1].venues)


def test_the_last_table_stays_on_a_pipe_and_on_a_terminal(
    venues: RunningVenues, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_live_scan(terms(venues, seconds=1.0))
    told = capsys.readouterr().out
    assert told.count("Buy A, sell B") == 1
    assert "upbit:KRW-USDT" in told
    monkeypatch.setattr(module, "Console", lambda: Console(force_terminal=True, width=140))
    run_live_scan(terms(venues, seconds=1.0))
    assert capsys.readouterr().out.count("Buy A, sell B") > 1
