"""The facts agree with each other and with what they are used for."""

import re
from decimal import Decimal

import pytest

from arbitrage.domain.instrument import Instrument
from arbitrage.exchanges.bithumb import facts


def test_the_bands_make_an_instrument() -> None:
    Instrument(
        venue="bithumb",
        symbol="KRW-XYZ",
        base="XYZ",
        quote="KRW",
        tick_size=facts.FINEST_TICK,
        tick_bands=facts.TICK_BANDS,
        lot_size=facts.LOT_SIZE,
    )


@pytest.mark.parametrize(
    ("price", "tick"),
    [
        ("136000000", "1000"),
        ("999500", "500"),
        ("10000", "10"),
        ("5000", "5"),
        ("1343", "1"),
        ("100", "1"),
        ("99.9", "0.01"),
        ("1", "0.001"),
        ("0.0999", "0.0001"),
    ],
)
def test_the_tick_at_a_price(price: str, tick: str) -> None:
    at = [band.tick_size for band in facts.TICK_BANDS if Decimal(price) >= band.from_price]
    assert (at or [facts.FINEST_TICK])[0] == Decimal(tick)


def test_kinds_of_budgets_can_be_told_apart_by_their_size() -> None:
    assert len(set(facts.RATE_LIMITS.values())) == len(facts.RATE_LIMITS)


@pytest.mark.parametrize("name", ["order_not_found", "order_not_ready", "invalid_parameter"])
def test_an_error_that_may_say_something_of_a_first_request_is_no_refusal(name: str) -> None:
    assert name not in facts.REFUSALS


def test_our_client_ids_have_the_venues_form() -> None:
    assert re.fullmatch(facts.CLIENT_ID_FORM, "s00000001")
    assert not re.fullmatch(facts.CLIENT_ID_FORM, "s" * 37)
