from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.sides import Side

rates_bps = st.floats(0.0, 1000.0)


def third_token(**rates: float) -> FeeSchedule:
    return FeeSchedule(manner=FeeManner.THIRD_TOKEN, third_token="BNB", **rates)


def test_a_rate_is_the_exact_share_that_was_written_down() -> None:
    fees = FeeSchedule(taker_bps=5.0, maker_bps=4.7)
    assert fees.rate(is_maker=False) == Decimal("0.0005")
    assert fees.rate(is_maker=True) == Decimal("0.00047")


def test_a_rebate_is_a_negative_rate() -> None:
    assert FeeSchedule(maker_bps=-0.5).rate(is_maker=True) == Decimal("-0.00005")


@given(taker_bps=rates_bps)
def test_a_fee_on_top_makes_each_unit_bought_dearer(taker_bps: float) -> None:
    fees = FeeSchedule(taker_bps=taker_bps)
    assert fees.buy_factor == pytest.approx(1 + taker_bps / 1e4, rel=1e-15)


@given(taker_bps=rates_bps)
def test_a_fee_out_of_what_is_received_leaves_less_to_sell(taker_bps: float) -> None:
    fees = FeeSchedule(taker_bps=taker_bps, manner=FeeManner.RECEIVED)
    received = 1 - taker_bps / 1e4
    assert fees.buy_factor * received == pytest.approx(1.0, rel=1e-14)


@given(taker_bps=rates_bps, manner=st.sampled_from([FeeManner.QUOTE, FeeManner.RECEIVED]))
def test_a_sale_yields_its_price_less_the_fee(taker_bps: float, manner: FeeManner) -> None:
    fees = FeeSchedule(taker_bps=taker_bps, manner=manner)
    assert fees.sell_factor == pytest.approx(1 - taker_bps / 1e4, rel=1e-15)


@given(taker_bps=rates_bps)
def test_no_manner_makes_a_round_trip_profitable(taker_bps: float) -> None:
    for fees in (
        FeeSchedule(taker_bps=taker_bps),
        FeeSchedule(taker_bps=taker_bps, manner=FeeManner.RECEIVED),
        third_token(taker_bps=taker_bps),
    ):
        assert fees.sell_factor <= fees.buy_factor


@pytest.mark.parametrize(
    ("fees", "side", "currency"),
    [
        (FeeSchedule(), Side.BUY, "KRW"),
        (FeeSchedule(), Side.SELL, "KRW"),
        (FeeSchedule(manner=FeeManner.RECEIVED), Side.BUY, "ETH"),
        (FeeSchedule(manner=FeeManner.RECEIVED), Side.SELL, "KRW"),
        (third_token(), Side.BUY, "BNB"),
        (third_token(), Side.SELL, "BNB"),
    ],
)
def test_the_manner_decides_the_currency_of_the_fee(
    fees: FeeSchedule, side: Side, currency: str
) -> None:
    assert fees.currency(side, base="ETH", quote="KRW") == currency


@pytest.mark.parametrize("taker_bps", [-0.1, 10_000.0, float("nan"), float("inf")])
def test_a_taker_fee_that_cannot_be_is_refused(taker_bps: float) -> None:
    with pytest.raises(ConfigError, match="taker_bps"):
        FeeSchedule(taker_bps=taker_bps)


@pytest.mark.parametrize("maker_bps", [-10_000.0, 10_000.0, float("nan")])
def test_a_maker_fee_that_cannot_be_is_refused(maker_bps: float) -> None:
    with pytest.raises(ConfigError, match="maker_bps"):
        FeeSchedule(maker_bps=maker_bps)


@pytest.mark.parametrize(
    ("manner", "token"),
    [(FeeManner.THIRD_TOKEN, ""), (FeeManner.QUOTE, "BNB"), (FeeManner.RECEIVED, "BNB")],
)
def test_a_third_token_goes_with_its_manner_only(manner: FeeManner, token: str) -> None:
    with pytest.raises(ConfigError, match="third_token"):
        FeeSchedule(manner=manner, third_token=token)


@given(taker_bps=rates_bps, manner=st.sampled_from([FeeManner.QUOTE, FeeManner.RECEIVED]))
def test_the_exact_factor_reads_back_as_the_float(taker_bps: float, manner: FeeManner) -> None:
    fees = FeeSchedule(taker_bps=taker_bps, manner=manner)
    assert float(fees.exact_buy_factor) == fees.buy_factor
    assert fees == FeeSchedule(taker_bps=taker_bps, manner=manner)  # what is kept does not count
