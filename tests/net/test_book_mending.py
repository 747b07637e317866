"""When a book is subscribed to again: not before it had its chance, and not too often."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.net.backoff import Backoff
from arbitrage.net.book_mending import BookMending


def mending(*symbols: str, texts_per_hour: int = 100) -> BookMending:
    subject = BookMending(
        symbols or ("BTC",),
        patience_seconds=5.0,
        texts_per_hour=texts_per_hour,
        backoff=Backoff(1.0, 30.0),
        random=Random(1),
    )
    subject.opened(0.0)
    return subject


def test_the_first_snapshot_of_a_connection_is_waited_for() -> None:
    subject = mending()
    assert subject.due({"BTC"}, 4.9) == []
    assert subject.due({"BTC"}, 5.0) == ["BTC"]


def test_a_book_that_had_its_snapshot_and_breaks_is_due_at_once() -> None:
    subject = mending("BTC", "ETH")
    assert subject.due({"ETH"}, 1.0) == []
    assert subject.due({"BTC", "ETH"}, 1.1) == ["BTC"]


def test_a_book_without_an_answer_is_asked_for_after_ever_longer_pauses() -> None:
    subject = mending()
    now, pauses = 5.0, []
    for _ in range(8):
        assert subject.due({"BTC"}, now) == ["BTC"]
        subject.sent("BTC", 1, now)
        asked = now
        while not subject.due({"BTC"}, now):
            now += 0.125
        pauses.append(now - asked)
    assert all(5.5 <= pause <= 35.2 for pause in pauses)
    assert pauses[:5] == sorted(pauses[:5])
    assert pauses[-1] > 20.0


def test_a_book_that_breaks_again_and_again_is_asked_for_after_ever_longer_pauses() -> None:
    subject = mending()
    now, pauses = 1.0, []
    for _ in range(8):
        subject.due((), now)  # its snapshot came
        asked = now
        while not subject.due({"BTC"}, now):
            now += 0.125
        pauses.append(now - asked)
        subject.sent("BTC", 1, now)
    assert pauses[0] == 0.0
    assert pauses[1] <= 1.125
    assert pauses[-1] > 14.0


def test_a_book_that_was_whole_for_long_is_asked_for_at_once_again() -> None:
    subject = mending()
    subject.due((), 1.0)
    for now in (10.0, 11.0, 12.0):
        subject.sent("BTC", 1, now)
    subject.due((), 13.0)
    subject.sent("BTC", 1, 100.0)
    subject.due((), 100.1)
    assert subject.due({"BTC"}, 101.1) == ["BTC"]


def test_a_new_connection_starts_with_a_clean_slate() -> None:
    subject = mending(texts_per_hour=2)
    subject.sent("BTC", 2, 1.0)
    assert not subject.may_send(1, 2.0)
    subject.opened(3.0)
    assert subject.may_send(2, 3.0)
    assert subject.due({"BTC"}, 7.9) == []
    assert subject.due({"BTC"}, 8.0) == ["BTC"]


def test_only_its_own_books_are_mended() -> None:
    subject = mending("BTC")
    assert subject.due({"ETH"}, 100.0) == []


@given(st.lists(st.tuples(st.floats(0.0, 900.0), st.integers(1, 3)), max_size=60))
def test_no_hour_holds_more_texts_than_are_allowed(steps: list[tuple[float, int]]) -> None:
    subject = mending(texts_per_hour=7)
    now, sent = 0.0, []
    for wait, texts in steps:
        now += wait
        if subject.may_send(texts, now):
            subject.sent("BTC", texts, now)
            sent.append((now, texts))
    for start, _ in sent:
        assert sum(texts for at, texts in sent if start <= at < start + 3600.0) <= 7


def test_texts_are_counted_for_an_hour() -> None:
    subject = mending(texts_per_hour=2)
    subject.sent("BTC", 2, 0.0)
    assert not subject.may_send(1, 3599.0)
    assert subject.may_send(2, 3600.0)


def test_a_book_that_nobody_carries_cannot_be_asked_for() -> None:
    with pytest.raises(KeyError):
        mending("BTC").sent("ETH", 1, 1.0)
