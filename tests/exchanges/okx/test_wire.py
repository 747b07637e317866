from decimal import Decimal

import msgspec
import pytest

from arbitrage.exchanges.okx.wire import (
    UNREADABLE,
    ChangedLevel,
    Price,
    Qty,
    SeqId,
    TimeMs,
    WholeLevel,
    amount,
    asks_of,
    bids_of,
    changed,
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


@pytest.mark.parametrize(
    ("kind", "text"), [(SeqId, b"-2"), (SeqId, b"1e30"), (TimeMs, b'"-1"'), (Qty, b'"1e18"')]
)
def test_counters_and_quantities_stay_inside_their_width(kind: object, text: bytes) -> None:
    with pytest.raises(UNREADABLE):
        msgspec.json.decode(text, type=kind, strict=False)


def test_a_level_is_a_price_and_a_quantity_whatever_follows() -> None:
    decode = msgspec.json.Decoder(WholeLevel, strict=False).decode

    assert decode(b'["8476.98","415","0","13"]') == WholeLevel(8476.98, 415.0)
    assert decode(b'["8476.98","415"]') == WholeLevel(8476.98, 415.0)
    with pytest.raises(UNREADABLE):
        decode(b'["8476.98"]')


def test_only_a_changed_level_may_be_of_nothing() -> None:
    gone = b'["8476.98","0","0","0"]'

    assert msgspec.json.decode(gone, type=ChangedLevel, strict=False).sz == 0.0
    with pytest.raises(UNREADABLE):
        msgspec.json.decode(gone, type=WholeLevel, strict=False)


def test_levels_come_best_first() -> None:
    levels = [WholeLevel(2.0, 5.0), WholeLevel(1.0, 6.0)]

    assert bids_of(levels) == [(2.0, 5.0), (1.0, 6.0)]
    assert asks_of(levels[::-1]) == [(1.0, 6.0), (2.0, 5.0)]
    assert bids_of([]) == asks_of([]) == []
    for side, unsorted in ((bids_of, levels[::-1]), (asks_of, levels)):
        with pytest.raises(ValueError, match="expected the best price first"):
            side(unsorted)


def test_a_price_said_twice_is_out_of_order() -> None:
    twice = [WholeLevel(2.0, 5.0), WholeLevel(2.0, 6.0)]

    for side in (bids_of, asks_of):
        with pytest.raises(ValueError, match=r"after 2\.0"):
            side(twice)


def test_changes_keep_the_order_in_which_they_came() -> None:
    assert changed([ChangedLevel(1.0, 0.0), ChangedLevel(2.0, 3.0)]) == [(1.0, 0.0), (2.0, 3.0)]


@pytest.mark.parametrize(
    "text", ["0", "-12.5", "1E+23", "999999999999999999999999", "1E-24", "4850.435693622894"]
)
def test_an_amount_is_exact(text: str) -> None:
    assert amount(text) == Decimal(text)


def test_what_does_not_apply_is_nothing() -> None:
    assert amount("") == 0


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1E24", "-1E99", "1E-25"])
def test_absurd_amounts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number of at most"):
        amount(text)


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(UNREADABLE):
        amount("twelve")
