"""The checksum by the venue's rule, spelled out once more and naively."""

from zlib import crc32

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.exchanges.okx.checksum import ChecksumBook, TextBook, TextLevel, text_of
from arbitrage.exchanges.okx.facts import CHECKSUM_LEVELS


def book(bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> TextBook:
    return TextBook([TextLevel(*level) for level in asks], [TextLevel(*level) for level in bids])


def signed(text: str) -> int:
    crc = crc32(text.encode())
    return crc - 2**32 if crc >= 2**31 else crc


@pytest.mark.parametrize(
    ("bids", "asks", "text"),
    [
        # The strings are the documentation's two examples: sides as deep as each other, and not.
        (
            [("3366.1", "7"), ("3366", "6")],
            [("3366.8", "9"), ("3368", "8")],
            "3366.1:7:3366.8:9:3366:6:3368:8",
        ),
        (
            [("3366.1", "7")],
            [("3366.8", "9"), ("3368", "8"), ("3372", "8")],
            "3366.1:7:3366.8:9:3368:8:3372:8",
        ),
        ([("3", "1"), ("2", "1")], [], "3:1:2:1"),
        ([], [], ""),
    ],
)
def test_bid_and_ask_come_by_turns(
    bids: list[tuple[str, str]], asks: list[tuple[str, str]], text: str
) -> None:
    assert ChecksumBook(book(bids, asks)).checksum() == signed(text)


def test_the_venues_digits_count_and_not_their_value() -> None:
    short, long = book([("1.5", "2")], []), book([("1.50", "2.0")], [])

    assert ChecksumBook(short).checksum() != ChecksumBook(long).checksum()
    changed = ChecksumBook(short)
    changed.apply(long)  # the same price in other digits is the same level
    assert changed.checksum() == signed("1.50:2.0")


def test_a_frame_is_read_with_its_digits() -> None:
    frame = b'{"arg":{},"data":[{"asks":[["1.50","2.0","0","1"]],"bids":[],"checksum":1}]}'

    assert text_of(frame) == book([], [("1.50", "2.0")])
    with pytest.raises(msgspec.MsgspecError):
        text_of(b'{"data":[]}')


PRICES = st.integers(1, 60)
CHANGES = st.lists(st.tuples(st.booleans(), PRICES, st.integers(0, 3)), max_size=120)


@given(changes=CHANGES)
def test_a_book_kept_by_changes_has_the_checksum_of_the_whole(
    changes: list[tuple[bool, int, int]],
) -> None:
    kept = ChecksumBook(book([], []))
    truth: dict[bool, dict[int, int]] = {True: {}, False: {}}
    for is_bid, price, qty in changes:
        level = [(f"{price}.0", str(qty))]
        kept.apply(book(level, []) if is_bid else book([], level))
        truth[is_bid][price] = qty
    sides = {
        is_bid: [f"{price}.0:{qty}" for price, qty in sorted(side.items(), reverse=is_bid) if qty][
            :CHECKSUM_LEVELS
        ]
        for is_bid, side in truth.items()
    }
    turns = []
    for rank in range(CHECKSUM_LEVELS):
        turns += [side[rank] for side in (sides[True], sides[False]) if rank < len(side)]

    assert kept.checksum() == signed(":".join(turns))
