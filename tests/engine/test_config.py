from decimal import Decimal
from typing import Any

import pytest
from engine.builders import krw_usdt, route, spot, taker

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.fx import FixedFx, FxBook, FxFeed
from arbitrage.domain.instrument import Instrument
from arbitrage.engine.config import (
    ArbitrageConfig,
    RiskLimits,
    RouteKind,
    dollar_and_other,
    fx_source,
)

NAN = float("nan")
INF = float("inf")


# --- limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits",
    [{"max_order_notional_usd": -1.0}, {"max_drawdown_usd": NAN}, {"day_starts_at_hour_utc": 24}],
)
def test_a_limit_that_is_no_limit_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(limits))):
        RiskLimits(**limits)


def test_an_infinite_limit_is_off() -> None:
    assert RiskLimits(max_gross_notional_usd=INF).max_gross_notional_usd == INF


def test_the_stricter_of_two_limits_is_the_tighter_of_each() -> None:
    one = RiskLimits(max_order_notional_usd=5.0, cooldown_seconds=10.0)
    other = RiskLimits(max_drawdown_usd=7.0, cooldown_seconds=90.0, day_starts_at_hour_utc=3)
    both = one.stricter(other)
    assert (both.max_order_notional_usd, both.max_drawdown_usd) == (5.0, 7.0)
    assert (both.cooldown_seconds, both.day_starts_at_hour_utc) == (90.0, 3)


# --- routes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "terms",
    [
        {"slippage_bps": -1.0},
        {"max_position_usd": NAN},
        {"max_book_age_seconds": INF},
        {"max_holding_seconds": -1.0},
        {"max_open_trades": 0},
        {"exit_half_life_seconds": 0.0},
        {"directions": ()},
        {"slippage_bps": 10_000.0},
        {"hedge_band_max_bps": 10_000.0},
    ],
)
def test_a_route_refuses_terms_that_make_no_sense(terms: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(terms))):
        route(**terms)


def test_the_expected_exit_and_the_least_edge_may_be_negative() -> None:
    config = route(expected_exit_bps=-5.0, min_edge_bps=-5.0)
    assert (config.expected_exit_bps, config.min_edge_bps) == (-5.0, -5.0)


def test_both_legs_of_a_route_trade_the_same_asset() -> None:
    with pytest.raises(ConfigError, match="same asset"):
        route(spot(), Instrument.from_symbol("beta", "USDT-ETH"))


@pytest.mark.parametrize("fx", [FixedFx("EUR", "KRW", 1.0), FxBook("upbit", "KRW-BTC")])
def test_an_fx_of_other_currencies_than_the_quotes_is_refused(fx: Any) -> None:
    with pytest.raises(ConfigError, match="quoted in KRW and USDT"):
        route(spot(quote="KRW"), spot("beta"), fx=fx)


@pytest.mark.parametrize(
    "fx", [krw_usdt(), FixedFx("KRW", "USDT", 0.001), FxBook("u", "KRW-USDT"), None]
)
def test_an_fx_may_be_quoted_either_way_round_or_be_missing(fx: Any) -> None:
    assert route(spot(quote="KRW"), spot("beta"), fx=fx).fx is fx


def test_an_fx_into_dollars_may_stand_beside_equal_quotes() -> None:
    assert route(spot(quote="KRW"), spot("beta", quote="KRW"), fx=krw_usdt()).fx == krw_usdt()


# --- the simple face --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "terms",
    [
        {"taker_fee_a_bps": -1.0},
        {"slippage_bps": INF},
        {"max_position_usd": NAN},
        {"min_spread_bps": INF},
        {"max_open_trades": 0},
        {"tick_seconds": 0.0},
        {"tick_seconds": INF},
        {"session": ""},
        {"session": "a-b"},
        {"session": "é"},
        {"session": "x" * 17},
    ],
)
def test_the_simple_face_refuses_what_makes_no_sense(terms: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(terms))):
        ArbitrageConfig(**terms)


def test_two_routes_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="names must differ"):
        ArbitrageConfig(routes=(route(), route()))


def test_a_pair_becomes_a_route_on_the_terms_of_the_configuration() -> None:
    config = ArbitrageConfig(
        min_spread_bps=12.0,
        taker_fee_a_bps=1.0,
        taker_fee_b_bps=2.0,
        slippage_bps=3.0,
        max_position_usd=400.0,
        max_open_trades=5,
        close_on_spread_reversal=False,
        kind=RouteKind.INVENTORY,
        fx=1300.0,
        max_book_age_seconds=6.0,
        take_profit_bps=7.0,
        stop_loss_bps=8.0,
        max_holding_seconds=9.0,
        min_seconds_between_entries=10.0,
        expected_exit_bps=11.0,
        exit_half_life_seconds=13.0,
    )
    made = config.route(spot(quote="KRW"), spot("beta"))
    assert made.name == "alpha:KRW-BTC,beta:USDT-BTC"
    assert (made.a.fees.taker_bps, made.b.fees.taker_bps) == (1.0, 2.0)
    assert (made.min_edge_bps, made.slippage_bps, made.max_position_usd) == (12.0, 3.0, 400.0)
    assert (made.max_open_trades, made.close_on_spread_reversal, made.kind) == (
        5,
        False,
        RouteKind.INVENTORY,
    )
    assert made.fx == FixedFx("USDT", "KRW", 1300.0)
    assert made.max_book_age_seconds == made.max_leg_skew_seconds == 6.0
    assert (made.take_profit_bps, made.stop_loss_bps) == (7.0, 8.0)
    assert (made.max_holding_seconds, made.min_seconds_between_entries) == (9.0, 10.0)
    assert (made.expected_exit_bps, made.exit_half_life_seconds) == (11.0, 13.0)


def test_a_venues_fees_keep_their_manner_and_are_never_understated() -> None:
    config = ArbitrageConfig(taker_fee_a_bps=5.0, taker_fee_b_bps=5.0)
    made = config.route(
        spot(),
        spot("beta"),
        fee_a=taker(3.0, FeeManner.RECEIVED),
        fee_b=taker(8.0, FeeManner.THIRD_TOKEN, "BNB"),
    )
    assert made.a.fees == FeeSchedule(taker_bps=5.0, manner=FeeManner.RECEIVED)
    assert (made.b.fees.taker_bps, made.b.fees.third_token) == (8.0, "BNB")


# --- where the rate comes from ----------------------------------------------------------------


@pytest.mark.parametrize("fx", [None, krw_usdt(), FxBook("u", "KRW-USDT"), FxFeed("USDT", "KRW")])
def test_an_explicit_source_is_taken_as_it_is(fx: Any) -> None:
    assert fx_source(fx, "KRW", "USDT") is fx


def test_text_names_the_book_of_an_fx_market() -> None:
    assert fx_source("upbit:KRW-USDT", "KRW", "USDT") == FxBook("upbit", "KRW-USDT")


@pytest.mark.parametrize("text", ["KRW-USDT", ":KRW-USDT", "upbit:"])
def test_text_that_names_no_book_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected venue:symbol"):
        fx_source(text, "KRW", "USDT")


@pytest.mark.parametrize("rate", [1300, 1300.0, Decimal("1300")])
@pytest.mark.parametrize(("a", "b"), [("KRW", "USDT"), ("USDT", "KRW")])
def test_a_number_is_the_price_of_the_dollar_whichever_leg_it_is(rate: Any, a: str, b: str) -> None:
    assert fx_source(rate, a, b) == FixedFx("USDT", "KRW", 1300.0)


def test_a_number_beside_equal_quotes_is_the_price_of_the_dollar() -> None:
    assert dollar_and_other("KRW", "KRW") == ("USD", "KRW")


def test_between_two_dollars_a_number_is_the_price_of_bs_in_as() -> None:
    assert dollar_and_other("USDT", "USDC") == ("USDC", "USDT")
