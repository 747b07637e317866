"""The facts agree with each other and with what they are used for."""

from decimal import Decimal

import pytest

from arbitrage.domain.instrument import Instrument
from arbitrage.exchanges.upbit import facts


@pytest.mark.parametrize("quote", sorted(facts.TICK_BANDS))
def test_every_quote_has_ticks_minimum_and_fee(quote: str) -> None:
    assert facts.MIN_NOTIONAL[quote] > 0
    assert facts.FEE_BPS[quote] > 0


@pytest.mark.parametrize("quote", sorted(facts.TICK_BANDS))
def test_the_documented_bands_make_an_instrument(quote: str) -> None:
    Instrument(
        venue="upbit",
        symbol=f"{quote}-XYZ",
        base="XYZ",
        quote=quote,
        tick_size=facts.FINEST_TICK,
        tick_bands=facts.TICK_BANDS[quote],
    )


@pytest.mark.parametrize(
    ("quote", "price", "tick"),
    [
        ("KRW", "136000000", "1000"),
        ("KRW", "999500", "500"),
        ("KRW", "100000", "100"),
        ("KRW", "99950", "50"),
        ("KRW", "10000", "10"),
        ("KRW", "5000", "5"),
        ("KRW", "4999", "1"),
        ("KRW", "100", "1"),
        ("KRW", "99.9", "0.1"),
        ("KRW", "1", "0.01"),
        ("KRW", "0.000009", "0.00000001"),
        ("BTC", "0.05", "0.00000001"),
        ("USDT", "10", "0.01"),
        ("USDT", "9.999", "0.001"),
    ],
)
def test_the_tick_at_a_price_is_the_documented_one(quote: str, price: str, tick: str) -> None:
    bands = facts.TICK_BANDS[quote]
    at = [band.tick_size for band in bands if Decimal(price) >= band.from_price]
    assert (at or [facts.FINEST_TICK])[0] == Decimal(tick)


@pytest.mark.parametrize("name", ["duplicated_identifier", "nonce_used", "order_not_found"])
def test_an_error_that_says_nothing_of_a_first_request_is_no_refusal(name: str) -> None:
    assert name not in facts.REFUSALS
