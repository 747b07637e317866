"""What a person reads off the terminal, at the sizes that terminals have."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from arbitrage.domain.sides import Direction
from arbitrage.monitoring.terminal import TerminalTable, render, render_summary, status_line
from arbitrage.monitoring.view import (
    Alert,
    OpenTradeView,
    PnlView,
    RouteView,
    SessionView,
    Severity,
    VenueState,
    VenueView,
    refusal_counts,
)

SIZES = [(100, 30), (160, 50), (80, 24), (60, 16)]


def route(number: int, **changes: object) -> RouteView:
    fields: dict[str, object] = {
        "name": f"upbit:KRW-C{number},binance-usdm:C{number}USDT",
        "label": f"C{number}",
        "premium_bps": 12.34,
        "direction": Direction.LONG_B_SHORT_A,
        "edge_bps": -5.67,
        "top_refusal": "min_edge",
        "top_refusal_count": 1_234,
    }
    return RouteView(**(fields | changes))


def open_trade(number: int) -> OpenTradeView:
    return OpenTradeView(
        trade_id=f"s-{number}",
        route=f"C{number}",
        direction=Direction.LONG_A_SHORT_B,
        phase="open",
        notional_usd=990.4,
        edge_bps=31.0,
        age_seconds=65.0,
        pnl_usd=-0.42,
    )


def session(**changes: object) -> SessionView:
    traded = PnlView(price_usd=5.0, fx_usd=-0.5, fees_usd=-2.0, funding_usd=0.25)
    fields: dict[str, object] = {
        "mode": "demo",
        "elapsed_seconds": 75.0,
        "events": 17_000,
        "events_per_second": 233.4,
        "venues": [
            VenueView(
                name="upbit", state=VenueState.UP, last_age_ms=23.0, events=900, latency_p50_ms=0.8
            ),
            VenueView(name="binance-usdm", state=VenueState.STALE, last_age_ms=5_123.0),
        ],
        "routes": [
            route(0, trades=2, pnl=traded, open_trades=1, position_usd=990.4),
            *(route(number) for number in range(1, 20)),
        ],
        "pnl": traded,
        "trades_opened": 3,
        "trades_closed": 2,
        "refusals": refusal_counts({"min_edge": 90, "cooldown": 10}),
        "loop_p50_us": 12.0,
        "loop_p99_us": 88.0,
        "open_trades": [open_trade(0)],
        "note": "Simulated market",
    }
    return SessionView(**(fields | changes))


def printed(renderable: RenderableType, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    return [line.rstrip() for line in capture.get().splitlines()]


def screen(view: SessionView, width: int = 100, height: int = 30, language: str = "en") -> str:
    return "\n".join(printed(render(view, width=width, height=height, language=language), width))


def line_of(text: str, start: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.startswith(start))


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("routes", [0, 1, 20, 200])
def test_the_screen_is_never_exceeded(width: int, height: int, language: str, routes: int) -> None:
    view = session(
        routes=[route(number) for number in range(routes)],
        open_trades=[open_trade(number) for number in range(12)],
        alerts=[Alert(Severity.ERROR, "a line much longer than the screen is wide " * 5)] * 9,
        refusals=refusal_counts({f"risk:some_long_limit_{n}": n for n in range(30)}),
    )
    lines = screen(view, width, height, language).splitlines()
    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize(("width", "height"), [(100, 30), (160, 50)])
def test_twenty_routes_are_all_visible(width: int, height: int) -> None:
    text = screen(session(), width, height)
    assert all(f"\nC{number} " in text for number in range(20))


def test_a_route_shows_premium_direction_edge_and_refusal() -> None:
    cells = line_of(screen(session()), "C7 ")
    assert cells[:4] == ["C7", "+12.3", "B", "-5.7"]
    assert cells[-2:] == ["1,234", "min_edge"]


def test_a_route_that_trades_shows_position_trades_and_pnl() -> None:
    cells = line_of(screen(session(), 100), "C0 ")
    assert cells[4:7] == ["1", "990", "2"]
    assert "+2.75" in cells


def test_a_narrow_screen_leaves_out_columns_and_keeps_what_counts() -> None:
    heading = line_of(screen(session(), 60), "Route")
    assert heading == [
        "Route",
        "Premium",
        "bps",
        "Long",
        "Net",
        "bps",
        "Open",
        "Trades",
        "PnL",
        "$",
    ]


def test_what_is_unknown_is_a_dash() -> None:
    view = session(routes=[route(1, premium_bps=None, direction=None, edge_bps=None)])
    assert line_of(screen(view), "C1 ")[1:4] == ["-", "-", "-"]


def test_venues_show_state_age_latency_and_why_they_are_down() -> None:
    down = VenueView(name="bithumb", state=VenueState.DOWN, reason="maintenance")
    view = session()
    text = screen(session(venues=[*view.venues, down]), 160, 50)
    assert "upbit up  age 23 ms  latency 0.8 ms  900 events" in text
    assert "binance-usdm stale  age 5,123 ms" in text
    assert "bithumb down (maintenance)  age - ms" in text


def test_totals_are_split_into_price_fx_fees_and_funding() -> None:
    text = screen(session())
    assert "PnL $ +2.75   3 opened, 2 closed, 1 open" in text
    assert "price +5.00, FX -0.50, fees -2.00, funding +0.25" in text


def test_refusals_come_most_frequent_first() -> None:
    assert "refused: min_edge 90  cooldown 10" in screen(session())
    assert "nothing refused yet" in screen(session(refusals=[]))


def test_step_time_and_risk_level_are_in_the_first_line() -> None:
    first = screen(session(risk_level="REDUCE_ONLY")).splitlines()[0]
    assert first == "demo  00:01:15   risk REDUCE_ONLY   233 events/s   step p50 12 µs  p99 88 µs"


def test_the_note_stands_last() -> None:
    assert screen(session()).splitlines()[-1] == "Simulated market"
    assert "Simulated" not in screen(session(note=""))


def test_routes_with_open_trades_stay_when_not_all_fit() -> None:
    routes = [route(number, open_trades=int(number == 190)) for number in range(200)]
    text = screen(session(routes=routes), 100, 20)
    assert "C190 " in text
    shown = sum(f"\nC{number} " in text for number in range(200))
    assert f"{200 - shown} more routes" in text


def test_open_trades_are_listed_where_there_is_room() -> None:
    text = screen(session(), 160, 50)
    cells = line_of(text, "s-0")
    assert cells == ["s-0", "C0", "A", "open", "990", "+31.0", "00:01:05", "-0.42"]
    assert "Open trades" not in screen(session(), 100, 28)


def test_newest_alerts_are_kept() -> None:
    alerts = [Alert(Severity.WARNING, f"alert {number}") for number in range(9)]
    text = screen(session(alerts=alerts), 160, 50)
    assert "alert 8" in text
    assert "alert 3" not in text
    assert "alert 8" in screen(session(alerts=alerts, routes=[]), 100, 12)


def test_korean_headings_stand_over_their_numbers() -> None:
    lines = screen(session(), 160, 50, "ko").splitlines()
    heading = next(line for line in lines if line.startswith("경로"))
    row = next(line for line in lines if line.startswith("C0 "))
    under = heading.index("손익 $") + len("손익 $")
    amount = row.index("+2.75") + len("+2.75")
    assert cell_len(heading[:under]) == cell_len(row[:amount])


def test_colour_adds_nothing_that_is_not_in_the_text() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="truecolor")
    with console.capture() as capture:
        console.print(render(session(), width=100, height=30))
    coloured = capture.get()
    assert "\x1b[" in coloured
    console = Console(file=io.StringIO(), width=100, force_terminal=True, no_color=True)
    with console.capture() as capture:
        console.print(render(session(), width=100, height=30))
    assert "\x1b[32m" not in capture.get()


def test_a_pipe_gets_a_line_every_few_seconds() -> None:
    out = io.StringIO()
    with TerminalTable(Console(file=out, width=80), status_seconds=5.0) as table:
        assert not table.is_live
        for second in range(12):
            table.update(session(elapsed_seconds=float(second)))
    lines = out.getvalue().splitlines()
    assert [line[:13] for line in lines] == ["demo 00:00:00", "demo 00:00:05", "demo 00:00:10"]
    assert "\x1b" not in out.getvalue()


def test_the_status_line_says_it_all_in_one_line() -> None:
    assert status_line(session()) == (
        "demo 00:01:15 | upbit up, binance-usdm stale | 17,000 events, 233 events/s | "
        "3 opened, 2 closed, 1 open | PnL $ +2.75 | risk NORMAL"
    )
    assert "upbit" not in status_line(session(venues=[]))


def test_a_terminal_is_redrawn_no_more_often_than_asked() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, height=30, legacy_windows=False)
    with TerminalTable(console, refreshes_per_second=4.0) as table:
        assert table.is_live
        for tenth in range(11):
            table.update(session(elapsed_seconds=tenth / 10))
    assert out.getvalue().count("PnL $ +2.75") == 4
    assert out.getvalue().count("\x1b[?1049h") == out.getvalue().count("\x1b[?1049l") == 1


def test_the_terminal_is_given_back_after_an_error() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, height=30)

    def fail() -> None:
        with TerminalTable(console):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert "\x1b[?1049l" in out.getvalue()


def test_a_dumb_terminal_is_treated_as_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert not TerminalTable(Console(file=io.StringIO(), force_terminal=True)).is_live


def test_the_summary_splits_pnl_by_route_and_adds_it_up() -> None:
    text = "\n".join(printed(render_summary(session()), 100))
    assert line_of(text, "C0 ") == ["C0", "2", "+5.00", "-0.50", "-2.00", "+0.25", "+2.75"]
    assert line_of(text, "Total") == ["Total", "2", "+5.00", "-0.50", "-2.00", "+0.25", "+2.75"]
    assert "19 routes without a closed trade" in text
    assert "17,000 events, 3 opened, 2 closed, 1 open" in text


def test_the_summary_counts_refusals_by_reason() -> None:
    text = "\n".join(printed(render_summary(session()), 100))
    assert line_of(text, "min_edge") == ["min_edge", "90", "90.0", "%"]
    assert line_of(text, "cooldown") == ["cooldown", "10", "10.0", "%"]


def test_the_summary_says_what_is_still_open_and_what_was_simulated() -> None:
    text = "\n".join(printed(render_summary(session()), 100))
    assert "Still open: 1 (990 $), not in the PnL" in text
    assert text.rstrip().endswith("Simulated market")


def test_a_session_in_which_nothing_happened_says_so() -> None:
    idle = session(routes=[], refusals=[], open_trades=[], note="", pnl=PnlView())
    text = "\n".join(printed(render_summary(idle), 100))
    assert "No trade was closed." in text
    assert "No opportunity was refused." in text
    assert "Still open" not in text


def test_a_summary_in_which_every_route_traded_counts_no_others() -> None:
    view = session(routes=[route(1, trades=1)])
    assert "without" not in "\n".join(printed(render_summary(view), 100))


@pytest.mark.parametrize("width", [60, 80, 100, 160])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_summary_keeps_to_the_width(width: int, language: str) -> None:
    lines = printed(render_summary(session(), width=width, language=language), width)
    assert max(map(cell_len, lines)) <= width
