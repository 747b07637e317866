import pickle

import pytest

from arbitrage.domain import errors
from arbitrage.domain.errors import (
    ArbitrageError,
    ConfigError,
    InvariantBroken,
    MalformedData,
    OrderRefused,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)

EVERY_ERROR = [
    ConfigError,
    Unavailable,
    RateLimited,
    OrderRefused,
    MalformedData,
    OutcomeUnknown,
    InvariantBroken,
]


@pytest.mark.parametrize("error", EVERY_ERROR)
def test_every_error_is_one_of_ours(error: type[ArbitrageError]) -> None:
    with pytest.raises(ArbitrageError, match="what happened"):
        raise error("what happened")


@pytest.mark.parametrize("error", EVERY_ERROR)
def test_the_tree_at_the_head_of_the_module_names_every_error(error: type[ArbitrageError]) -> None:
    assert error.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("error", [ConfigError, MalformedData])
def test_a_wrong_value_is_also_a_value_error(error: type[ArbitrageError]) -> None:
    assert issubclass(error, ValueError)


def test_a_rate_limit_can_be_handled_as_unavailable() -> None:
    assert issubclass(RateLimited, Unavailable)


def test_a_broken_invariant_is_not_caught_with_what_may_be_retried() -> None:
    assert not issubclass(InvariantBroken, Unavailable | OutcomeUnknown | ValueError)


def test_a_rate_limit_carries_its_wait_and_a_refusal_its_reason() -> None:
    assert RateLimited("wait", retry_after_ns=5).retry_after_ns == 5
    assert RateLimited("wait").retry_after_ns == 0
    assert OrderRefused("no", reason="-2010").reason == "-2010"
    assert OrderRefused("no").reason == ""


def test_errors_cross_process_borders_whole() -> None:
    limited = pickle.loads(pickle.dumps(RateLimited("wait", retry_after_ns=5)))
    refused = pickle.loads(pickle.dumps(OrderRefused("no", reason="-2010")))
    assert (str(limited), limited.retry_after_ns) == ("wait", 5)
    assert (str(refused), refused.reason) == ("no", "-2010")
