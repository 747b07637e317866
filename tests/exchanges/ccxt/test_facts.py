"""What is written down of ccxt is what the installed ccxt has."""

import re

import ccxt
import ccxt.async_support as rest
import pytest

from arbitrage.exchanges.ccxt import facts


def test_every_refusal_is_an_exception_of_ccxt_that_the_venue_or_ccxt_itself_raises() -> None:
    for name in (*facts.REFUSALS, facts.ORDER_NOT_FOUND):
        kind = getattr(ccxt, name)
        assert issubclass(kind, ccxt.ExchangeError)
        assert not issubclass(kind, ccxt.NetworkError)


@pytest.mark.parametrize(
    "name",
    ["BadRequest", "DuplicateOrderId", "ExchangeError", "OperationRejected", "RequestTimeout"],
)
def test_what_may_be_about_an_order_that_lives_is_no_refusal(name: str) -> None:
    assert hasattr(ccxt, name)
    assert name not in facts.REFUSALS


def test_every_dialect_is_of_an_exchange_that_ccxt_knows() -> None:
    assert set(facts.DIALECTS) <= set(rest.exchanges)


@pytest.mark.parametrize(
    "message",
    ["Duplicate clientOrderId.", "Order creation timeout", "Submitted for processing!"],
)
def test_doubtful_words_are_recognised(message: str) -> None:
    assert re.search(facts.DOUBTFUL, message)
    assert not re.search(facts.DOUBTFUL, "price is off the tick size")


def test_the_ids_of_a_gateway_and_of_an_engine_fit_every_venue() -> None:
    for client_id in ("mibk2x9z000001", "demo123412345678" + "00000001"):
        assert re.fullmatch(facts.CLIENT_ID_PATTERN, client_id)
