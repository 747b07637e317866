"""Views are plain data: they add up, sort, and travel as JSON."""

import msgspec

from arbitrage.domain.sides import Direction
from arbitrage.monitoring.view import (
    OpenTradeView,
    PnlView,
    RefusalCount,
    RouteView,
    SessionView,
    VenueState,
    VenueView,
    refusal_counts,
)


def test_total_pnl_is_the_sum_of_its_parts() -> None:
    pnl = PnlView(price_usd=10.0, fx_usd=-1.5, fees_usd=-3.0, funding_usd=0.25)
    assert pnl.total_usd == 5.75


def test_refusals_come_most_frequent_first_and_equals_by_name() -> None:
    counts = refusal_counts({"stale_book": 2, "min_edge": 9, "balance": 2})
    assert counts == [
        RefusalCount("min_edge", 9),
        RefusalCount("balance", 2),
        RefusalCount("stale_book", 2),
    ]


def test_a_route_is_shown_by_its_label_or_else_its_name() -> None:
    assert RouteView(name="upbit:KRW-BTC,binance-usdm:BTCUSDT", label="BTC").title == "BTC"
    assert RouteView(name="kimchi").title == "kimchi"


def test_a_venue_is_down_until_said_otherwise() -> None:
    assert VenueView(name="upbit").state is VenueState.DOWN


def test_two_views_never_share_a_list() -> None:
    first, second = (SessionView(mode="paper", elapsed_seconds=0.0) for _ in range(2))
    first.routes.append(RouteView(name="r"))
    first.pnl.price_usd = 1.0
    assert second.routes == []
    assert second.pnl.price_usd == 0.0


def test_a_view_survives_the_way_to_the_dashboard_and_back() -> None:
    view = SessionView(
        mode="demo",
        elapsed_seconds=3.0,
        venues=[VenueView(name="upbit", state=VenueState.UP, last_age_ms=3.0)],
        routes=[RouteView(name="r", direction=Direction.LONG_A_SHORT_B, edge_bps=None)],
        refusals=refusal_counts({"min_edge": 3}),
        open_trades=[
            OpenTradeView(
                trade_id="s-1",
                route="r",
                direction=Direction.LONG_B_SHORT_A,
                phase="open",
                notional_usd=990.0,
                edge_bps=12.0,
                age_seconds=4.0,
            )
        ],
    )
    assert msgspec.json.decode(msgspec.json.encode(view), type=SessionView) == view
