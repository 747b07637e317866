"""What a person sees of a session follows from the session, and nothing else."""

from importlib.resources import files

import pytest

from arbitrage.assembly import build_session
from arbitrage.config import parse
from arbitrage.domain.decisions import RiskChanged
from arbitrage.domain.events import VenueStatus
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.monitoring.view import Severity, VenueState
from arbitrage.paper_runner import PaperRunner, market_generator
from arbitrage.session_view import SessionWatch

START_NS = 1_800_000_000 * NS_PER_SECOND


@pytest.fixture
def watched() -> tuple[SessionWatch, PaperRunner]:
    """Twenty seconds of the demo, taken in without waiting."""
    settings = parse(files("arbitrage").joinpath("demo.toml").read_text(encoding="utf-8"))
    generator = market_generator(settings.market)
    instruments = {(each.venue, each.symbol): each for each in generator.instruments()}
    watch = SessionWatch(mode="paper", note="simulated")
    session = build_session(
        settings, instruments, generator.fees(), on_decisions=watch.on_decisions
    )
    now = [START_NS]
    events = generator.events(START_NS, duration_ns=20 * NS_PER_SECOND)

    def told() -> int:
        now[0] = max(now[0], session.engine.now_ns)
        return now[0]

    # A clock that is always ahead of the next event: nothing waits.
    runner = PaperRunner(session, events, clock_ns=lambda: told() + NS_PER_SECOND)
    runner.run()
    return watch, runner


def test_the_view_counts_what_the_session_did(watched: tuple[SessionWatch, PaperRunner]) -> None:
    watch, runner = watched
    view = watch.view(runner)
    totals = [route.totals for route in runner.session.engine.routes.values()]
    assert view.trades_closed == sum(total.trades for total in totals)
    assert view.trades_opened == runner.session.engine.trading.trades_opened > 0
    assert view.events == runner.session.events
    assert len(view.routes) == 20
    assert len(view.open_trades) == view.trades_opened - view.trades_closed
    assert view.pnl.total_usd == pytest.approx(sum(route.pnl.total_usd for route in view.routes))


def test_every_route_shows_premium_and_edge(watched: tuple[SessionWatch, PaperRunner]) -> None:
    watch, runner = watched
    view = watch.view(runner)
    assert all(route.premium_bps is not None for route in view.routes)
    assert all(route.direction is not None for route in view.routes)
    assert [route.title for route in view.routes][:3] == ["BTC", "ETH", "XRP"]


def test_a_venue_that_is_down_is_shown_down(watched: tuple[SessionWatch, PaperRunner]) -> None:
    watch, runner = watched
    engine = runner.session.engine
    assert {venue.state for venue in watch.view(runner).venues} == {VenueState.UP}
    engine.step(VenueStatus(engine.now_ns, "upbit", False, "maintenance"))
    upbit = watch.view(runner).venues[0]
    assert (upbit.state, upbit.reason) == (VenueState.DOWN, "maintenance")


def test_a_venue_never_heard_of_is_down_and_an_old_one_stale(
    watched: tuple[SessionWatch, PaperRunner],
) -> None:
    watch, runner = watched
    for market in runner.last_event_ns:
        runner.last_event_ns[market] -= 60 * NS_PER_SECOND
    assert {venue.state for venue in watch.view(runner).venues} == {VenueState.STALE}
    runner.last_event_ns.clear()
    assert {venue.state for venue in watch.view(runner).venues} == {VenueState.DOWN}


def test_a_halt_is_an_error_and_a_pause_a_warning() -> None:
    watch = SessionWatch(mode="paper")
    watch.on_decisions([RiskChanged(1, "portfolio", "HALT", "kill")])
    watch.on_decisions([RiskChanged(2, "portfolio", "REDUCE_ONLY", "paused")])
    assert [alert.severity for alert in watch.alerts] == [Severity.ERROR, Severity.WARNING]
    assert "kill" in watch.alerts[0].text


def test_a_session_without_books_shows_unknowns() -> None:
    settings = parse(files("arbitrage").joinpath("demo.toml").read_text(encoding="utf-8"))
    generator = market_generator(settings.market)
    instruments = {(each.venue, each.symbol): each for each in generator.instruments()}
    session = build_session(settings, instruments, generator.fees())
    runner = PaperRunner(session, [], clock_ns=lambda: START_NS)
    view = SessionWatch(mode="paper").view(runner)
    assert all(route.premium_bps is None and route.edge_bps is None for route in view.routes)
    assert view.loop_p50_us is None
