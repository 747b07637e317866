"""Compressed messages come out as they went in, and nothing else comes out."""

import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import MalformedData, Unavailable
from arbitrage.net.deflate import Inflater, agreed

LIMIT = 1 << 20
messages = st.lists(st.binary(max_size=300), max_size=10)


def compressed(texts: list[bytes], *, keeps_context: bool) -> list[bytes]:
    """Messages as a server sends them."""
    frames = []
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    for text in texts:
        if not keeps_context:
            stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        frame = stream.compress(text) + stream.flush(zlib.Z_SYNC_FLUSH)
        frames.append(frame.removesuffix(b"\x00\x00\xff\xff"))
    return frames


@given(messages, st.booleans())
def test_what_was_compressed_is_read_in_order(texts: list[bytes], keeps_context: bool) -> None:
    inflater = Inflater(LIMIT, keeps_context=keeps_context)
    frames = compressed(texts, keeps_context=keeps_context)
    assert [inflater.inflate(frame) for frame in frames] == texts


@given(st.binary(min_size=1, max_size=200))
def test_what_is_no_compressed_message_is_malformed_or_bounded(noise: bytes) -> None:
    with suppress(MalformedData):
        assert len(Inflater(LIMIT).inflate(noise)) <= LIMIT


def test_a_small_message_that_would_grow_without_bound_is_refused() -> None:
    (bomb,) = compressed([b"0" * 100_000], keeps_context=True)
    assert len(bomb) < 200
    with pytest.raises(MalformedData, match="more than 1000 bytes"):
        Inflater(1_000).inflate(bomb)


@pytest.mark.parametrize(
    "extensions",
    [
        "permessage-deflate",
        "permessage-deflate; server_max_window_bits=12; client_no_context_takeover",
    ],
)
def test_a_server_that_agrees_is_read(extensions: str) -> None:
    inflater = agreed(extensions, LIMIT)
    assert inflater is not None
    first, second = compressed([b"book", b"book again"], keeps_context=True)
    assert [inflater.inflate(first), inflater.inflate(second)] == [b"book", b"book again"]


def test_without_context_each_message_stands_alone() -> None:
    inflater = agreed("permessage-deflate; server_no_context_takeover", LIMIT)
    assert inflater is not None
    frames = compressed([b"book"] * 3, keeps_context=False)
    assert [inflater.inflate(frame) for frame in frames] == [b"book"] * 3


def test_a_server_that_does_not_compress_is_read_plainly() -> None:
    assert agreed("", LIMIT) is None


@pytest.mark.parametrize("extensions", ["x-webkit-deflate-frame", "permessage-deflate; x=1"])
def test_what_was_not_offered_is_not_used(extensions: str) -> None:
    with pytest.raises(Unavailable, match="offered was"):
        agreed(extensions, LIMIT)
