"""Compressed messages of a websocket (permessage-deflate, RFC 7692), the venue's towards us.

What we send is small and goes as it is. It pays where the line is narrow: messages of books shrink
to a fifth, and inflating them costs about as much again as reading them (decision 008).
"""

import zlib

from arbitrage.domain.errors import MalformedData, Unavailable

HEADER = "Sec-WebSocket-Extensions"
# We never compress, so the server needs no memory for us.
OFFER = "permessage-deflate; client_no_context_takeover"
_NAME = "permessage-deflate"
_TAIL = b"\x00\x00\xff\xff"
_RAW = -zlib.MAX_WBITS


class Inflater:
    """The messages of one connection, in their order. `max_bytes` bounds one of them inflated."""

    def __init__(self, max_bytes: int, *, keeps_context: bool = True) -> None:
        self._max_bytes = max_bytes
        self._keeps_context = keeps_context
        self._stream = zlib.decompressobj(_RAW)

    def inflate(self, message: bytes) -> bytes:
        """The message as it was before. Raises `MalformedData` for one that is none, or too big;
        what follows on the connection cannot be read either."""
        if not self._keeps_context:
            self._stream = zlib.decompressobj(_RAW)
        try:
            inflated = self._stream.decompress(message + _TAIL, self._max_bytes)
        except zlib.error as error:
            raise MalformedData(
                f"a compressed message cannot be inflated: {error}; the connection is given up"
            ) from error
        if self._stream.unconsumed_tail:
            raise MalformedData(
                f"a compressed message is of more than {self._max_bytes} bytes; the connection is "
                "given up"
            )
        return inflated


def agreed(extensions: str, max_bytes: int) -> Inflater | None:
    """What a server's `Sec-WebSocket-Extensions` came to, None if it does not compress.

    Raises `Unavailable` for an agreement that was not offered.
    """
    if not extensions.strip():
        return None
    name, *terms = (part.strip() for part in extensions.split(";"))
    known = {"server_no_context_takeover", "client_no_context_takeover"}
    unknown = [
        term
        for term in terms
        if term not in known and not term.startswith("server_max_window_bits")
    ]
    if name != _NAME or unknown:
        raise Unavailable(
            f"the websocket wants extensions {extensions!r}; offered was {OFFER!r}, it is not used"
        )
    return Inflater(max_bytes, keeps_context="server_no_context_takeover" not in terms)
