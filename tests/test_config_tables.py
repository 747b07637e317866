"""The tables: units become what the engine takes, and nothing is read as what it is not."""

from typing import Any

import pytest
from pydantic import ValidationError

from arbitrage.config_tables import (
    FeesTable,
    MarketTable,
    RiskTable,
    RouteTable,
    SessionTable,
    TermsTable,
    VenueTable,
    market,
)
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.sides import Direction
from arbitrage.engine.config import RiskLimits, RouteConfig


def test_a_market_is_the_venue_and_the_rest() -> None:
    assert market("upbit:KRW-BTC") == ("upbit", "KRW-BTC")
    assert market("okx:BTC/USDT:USDT") == ("okx", "BTC/USDT:USDT")


def test_milliseconds_become_nanoseconds_and_the_answer_takes_as_long_as_the_way_there() -> None:
    venue = VenueTable(latency_ms=1.5)
    assert (venue.latency_ns, venue.answer_latency_ns) == (1_500_000, 1_500_000)
    assert VenueTable(latency_ms=1.5, answer_latency_ms=0).answer_latency_ns == 0


def test_fees_become_a_schedule() -> None:
    table = FeesTable(taker_bps=5.0, manner=FeeManner.THIRD_TOKEN, third_token="BNB")
    assert table.schedule() == FeeSchedule(
        taker_bps=5.0, manner=FeeManner.THIRD_TOKEN, third_token="BNB"
    )
    with pytest.raises(ValidationError, match="third_token goes with, and only with"):
        FeesTable(taker_bps=5.0, third_token="BNB")


def test_only_terms_that_were_written_down_are_given() -> None:
    assert TermsTable().given() == {}
    terms = TermsTable(min_edge_bps=-1.0, directions=[Direction.LONG_A_SHORT_B])
    assert terms.given() == {"min_edge_bps": -1.0, "directions": (Direction.LONG_A_SHORT_B,)}
    route = RouteTable(a="x:A", b="y:B", max_open_trades=3)
    assert route.given() == {"max_open_trades": 3}


def test_every_term_is_one_of_a_route_and_every_limit_one_of_risk() -> None:
    assert set(TermsTable.model_fields) <= set(RouteConfig.__struct_fields__)
    assert set(RiskTable.model_fields) == set(RiskLimits.__struct_fields__)


def test_limits_that_are_left_out_keep_their_defaults() -> None:
    assert RiskTable().limits() == RiskLimits()
    assert RiskTable(cooldown_seconds=5.0).limits() == RiskLimits(cooldown_seconds=5.0)


def test_bases_stand_for_one_route_each() -> None:
    table = RouteTable(a="x:KRW-{base}", b="y:{base}USDT", name="wide", bases=["BTC", "ETH"])
    btc, eth = table.expanded()
    assert btc.markets == (("x", "KRW-BTC"), ("y", "BTCUSDT"))
    assert (btc.route_name, eth.route_name) == ("wide BTC", "wide ETH")
    assert btc.bases is None
    assert btc.expanded() == [btc]


@pytest.mark.parametrize(
    "legs",
    [
        {"a": "x:KRW-{base}", "b": "y:{base}USDT"},
        {"a": "x:KRW-BTC", "b": "y:{base}USDT", "bases": ["BTC"]},
        {"a": "x:KRW-BTC", "b": "y:BTCUSDT", "bases": ["BTC"]},
    ],
)
def test_bases_and_their_places_go_together(legs: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="bases goes with, and only with"):
        RouteTable(**legs)


@pytest.mark.parametrize("leg", ["KRW-BTC", "x:", ":KRW-BTC", "x y:KRW-BTC", "x:A,B"])
def test_a_leg_is_written_as_venue_and_symbol(leg: str) -> None:
    with pytest.raises(ValidationError, match="a\n"):
        RouteTable(a=leg, b="y:BTCUSDT")


def test_nothing_in_a_table_changes_after_it_was_checked() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        MarketTable().seed = 7
    with pytest.raises(ValidationError, match="frozen"):
        SessionTable().id = "x"
