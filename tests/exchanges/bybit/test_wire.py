from decimal import Decimal

import msgspec
import pytest

from arbitrage.exchanges.bybit.wire import (
    UNREADABLE,
    Counter,
    Price,
    Qty,
    QtyOrNone,
    Rate,
    TimeMs,
    amount,
    require_best_first,
    require_plain,
)


@pytest.mark.parametrize("text", [b'"0.10"', b'"1e-8"', b"7", b'"999999999999"'])
def test_a_price_is_read_from_what_the_venue_writes(text: bytes) -> None:
    assert msgspec.json.decode(text, type=Price, strict=False) == float(text.strip(b'"'))


@pytest.mark.parametrize(
    "text",
    [b'"0"', b'"-1"', b'"nan"', b'"inf"', b'"1e999"', b'"1e16"', b"1" + b"0" * 400, b'""', b"null"],
)
def test_what_is_no_price_is_refused(text: bytes) -> None:
    with pytest.raises(UNREADABLE):
        msgspec.json.decode(text, type=Price, strict=False)


def test_only_a_changed_level_may_be_of_nothing() -> None:
    assert msgspec.json.decode(b'"0"', type=QtyOrNone, strict=False) == 0.0
    with pytest.raises(UNREADABLE):
        msgspec.json.decode(b'"0"', type=Qty, strict=False)


@pytest.mark.parametrize(
    ("kind", "text"), [(Counter, b"9223372036854775808"), (TimeMs, b"-1"), (Rate, b"1")]
)
def test_numbers_stay_inside_their_bounds(kind: object, text: bytes) -> None:
    with pytest.raises(UNREADABLE):
        msgspec.json.decode(text, type=kind)


@pytest.mark.parametrize("text", ["0", "-12.5", "1E+23", "999999999999999999999999", "1E-24"])
def test_plain_decimals_pass(text: str) -> None:
    require_plain(None, Decimal(text))
    assert amount(text) == Decimal(text)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1E24", "-1E99", "1E-25"])
def test_absurd_decimals_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number of at most"):
        require_plain(Decimal(1), Decimal(text))
    with pytest.raises(ValueError, match="is not a number of at most"):
        amount(text)


def test_an_amount_that_does_not_apply_is_zero_and_nonsense_is_refused() -> None:
    assert amount("") == 0
    with pytest.raises(UNREADABLE):
        amount("much")


def test_levels_come_best_first() -> None:
    require_best_first([(2.0, 1.0), (1.0, 1.0)], [(3.0, 1.0), (4.0, 1.0)])
    require_best_first([], [])
    with pytest.raises(ValueError, match="best"):
        require_best_first([(1.0, 1.0), (2.0, 1.0)], [])
    with pytest.raises(ValueError, match="best"):
        require_best_first([], [(4.0, 1.0), (3.0, 1.0)])
