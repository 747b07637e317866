"""Many runs of events, each in order of `(ts_ns, seq)`, become one, without holding them whole.

Of every run that has begun, the columns of the next rows are in memory. Each step takes the same
stretch of time from all of them, up to the horizon: the earliest moment at which any run would
have given a fixed number of rows. Only that stretch is turned into events and put in order. A run
is begun only when the horizon reaches its first event.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from arbitrage.domain.events import MarketEvent
from arbitrage.store.integer_units import IntArray

Key = tuple[int, int]
_NO_LIMIT: Key = (2**63 - 1, 2**63 - 1)


class Chunk(NamedTuple):
    """Some rows of a run in order. `events(start, stop)` are those rows as events."""

    ts_ns: IntArray
    seq: IntArray
    events: Callable[[int, int], list[MarketEvent]]


class Run(NamedTuple):
    """A source of chunks, none empty; none of its rows is earlier than `first_ns`."""

    first_ns: int
    chunks: Iterator[Chunk]


class _Piece(NamedTuple):
    ts_ns: IntArray
    seq: IntArray
    events: list[MarketEvent]


class _Cursor:
    """A place in a run. `head` is the key of the next row; `limit` that of the last row which one
    step may take, or `_NO_LIMIT` if it may take the rest; `row_count` is how many rows that is.
    At the end of the run there is nothing before `head`."""

    def __init__(self, run: Run, step_rows: int) -> None:
        self._source = run.chunks
        self._step_rows = step_rows
        self._chunks: deque[Chunk] = deque()
        self._at = 0
        self._settle()

    @property
    def is_finished(self) -> bool:
        return not self._chunks

    def _settle(self) -> None:
        """Load what the next step needs, so that the end of a chunk is no reason to stop short."""
        left = sum(len(chunk.ts_ns) for chunk in self._chunks) - self._at
        while left <= self._step_rows:
            chunk = next(self._source, None)
            if chunk is None:
                break
            self._chunks.append(chunk)
            left += len(chunk.ts_ns)
        self.row_count = min(left, self._step_rows)
        self.head = self._key(self._at) if self._chunks else _NO_LIMIT
        has_more = left > self._step_rows
        self.limit = self._key(self._at + self._step_rows - 1) if has_more else _NO_LIMIT

    def _key(self, row: int) -> Key:
        index = 0
        while row >= len(self._chunks[index].ts_ns):
            row -= len(self._chunks[index].ts_ns)
            index += 1
        ts_ns, seq, _ = self._chunks[index]
        return int(ts_ns[row]), int(seq[row])

    def take(self, horizon: Key) -> list[_Piece]:
        """The rows up to and including `horizon`, which is at most `limit`."""
        pieces = []
        while self._chunks:
            ts_ns, seq, events = self._chunks[0]
            start, stop = self._at, _count_up_to(ts_ns, seq, horizon)
            if stop > start:
                pieces.append(_Piece(ts_ns[start:stop], seq[start:stop], events(start, stop)))
            if stop < len(ts_ns):
                self._at = stop
                break
            self._chunks.popleft()
            self._at = 0
        self._settle()
        return pieces


def _count_up_to(ts_ns: IntArray, seq: IntArray, horizon: Key) -> int:
    """How many rows have a key of at most `horizon`."""
    earlier = int(np.searchsorted(ts_ns, horizon[0], "left"))
    ties_end = int(np.searchsorted(ts_ns, horizon[0], "right"))
    return earlier + int(np.searchsorted(seq[earlier:ties_end], horizon[1], "right"))


def merged(runs: Sequence[Run], *, step_rows: int, max_rows: int) -> Iterator[list[MarketEvent]]:
    """The events of all `runs` in order of `(ts_ns, seq)`, as consecutive lists.

    A step takes at most `step_rows` rows of each run that has begun, and begins no further run
    once those together may give `max_rows`.
    """
    waiting = sorted(runs, key=lambda run: run.first_ns, reverse=True)
    begun: list[_Cursor] = []
    while waiting or begun:
        horizon = min((cursor.limit for cursor in begun), default=_NO_LIMIT)
        row_count = sum(cursor.row_count for cursor in begun)
        while waiting and waiting[-1].first_ns <= horizon[0]:
            before_next = (waiting[-1].first_ns - 1, _NO_LIMIT[1])
            if row_count >= max_rows and any(cursor.head <= before_next for cursor in begun):
                horizon = before_next
                break
            cursor = _Cursor(waiting.pop(), step_rows)
            begun.append(cursor)
            row_count += cursor.row_count
            horizon = min(horizon, cursor.limit)
        pieces = [
            piece for cursor in begun if cursor.head <= horizon for piece in cursor.take(horizon)
        ]
        if pieces:
            yield _in_order(pieces)
        begun = [cursor for cursor in begun if not cursor.is_finished]


def _in_order(pieces: list[_Piece]) -> list[MarketEvent]:
    if len(pieces) == 1:
        return pieces[0].events
    ts_ns = np.concatenate([piece.ts_ns for piece in pieces])
    seq = np.concatenate([piece.seq for piece in pieces])
    events = [event for piece in pieces for event in piece.events]
    return [events[position] for position in np.lexsort((seq, ts_ns)).tolist()]
