"""Writes a recording and its raw frames in a thread of its own, so that no disk is waited for.

Whoever receives only appends to a queue. The thread takes from it, encodes, and makes everything
durable every few seconds. What waits is bounded: a disk that cannot keep up ends the recording
with a clear word, and with everything that was received until then.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from arbitrage.domain.errors import ArbitrageError, MalformedData, Unavailable
from arbitrage.domain.events import MarketEvent
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.store.raw_frames import Kind, RawFrameWriter
from arbitrage.store.recording_writer import RecordingWriter

FLUSH_SECONDS = 5.0
# An event in memory takes a few times the bytes of its frame, so this bounds both.
MAX_WAITING_BYTES = 64 * 1024 * 1024
_LOOK_SECONDS = 0.02
# Encoding holds the interpreter: for so many books of thirty levels one or two milliseconds.
_BLOCK_ROWS = 32


class _Raw(NamedTuple):
    venue: str
    connection: str
    kind: Kind
    data: bytes
    ts_ns: int


class _Market(NamedTuple):
    instrument: Instrument
    fees: FeeSchedule


class BackgroundWriter:
    """Adds to the recording at `path`. `market`, `event`, `raw` and `close` belong to one thread.

    `on_failure` is called once, in whichever thread noticed, when nothing more can be recorded;
    `close` then raises why. Raises as `RecordingWriter` does.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_failure: Callable[[], None],
        flush_seconds: float = FLUSH_SECONDS,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        self.first_refusal = ""
        self._writer = RecordingWriter(path, block_rows=_BLOCK_ROWS)
        self._raw_writers: dict[str, RawFrameWriter] = {}
        self._on_failure = on_failure
        self._flush_seconds = flush_seconds
        self._max_waiting_bytes = max_waiting_bytes
        self._failure: ArbitrageError | OSError | None = None
        self._waiting: deque[MarketEvent | _Raw | _Market] = deque()
        # Each is written by one thread alone.
        self._taken_bytes = 0
        self._done_bytes = 0
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    # --- the thread that receives -------------------------------------------------------------

    @property
    def waiting_bytes(self) -> int:
        """Bytes of messages that were received and not yet written."""
        return self._taken_bytes - self._done_bytes

    @property
    def refused_count(self) -> int:
        """Events that could not be stored exactly and were left out."""
        return self._writer.refused_count

    @property
    def raw_bytes(self) -> int:
        """Bytes of messages that were written."""
        return sum(writer.raw_bytes for writer in tuple(self._raw_writers.values()))

    @property
    def raw_file_bytes(self) -> int:
        """What they came to on disk."""
        return sum(writer.file_bytes for writer in tuple(self._raw_writers.values()))

    def market(self, instrument: Instrument, fees: FeeSchedule) -> None:
        """Declare a market, before its first event."""
        self._waiting.append(_Market(instrument, fees))

    def event(self, event: MarketEvent) -> None:
        """Record an event, which must not be changed afterwards."""
        if self._failure is None:
            self._waiting.append(event)

    def raw(self, venue: str, connection: str, kind: Kind, data: bytes, ts_ns: int) -> None:
        """Record what came over a connection."""
        if self._failure is not None:
            return
        self._waiting.append(_Raw(venue, connection, kind, data, ts_ns))
        self._taken_bytes += len(data)
        if self.waiting_bytes > self._max_waiting_bytes:
            self._fail(
                Unavailable(
                    f"the disk of {self._writer.path} cannot keep up: {self.waiting_bytes:,} bytes "
                    f"wait to be written, limit {self._max_waiting_bytes:,}; what was received "
                    "until now is recorded, nothing more is"
                )
            )

    def close(self) -> None:
        """Write what waits, publish it and end. Raises what ended the recording early."""
        self._is_closing.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    # --- the thread that writes ---------------------------------------------------------------

    def _run(self) -> None:
        try:
            with self._writer:
                self._write_until_closed()
        except (ArbitrageError, OSError) as error:
            self._waiting.clear()
            self._fail(error)

    def _write_until_closed(self) -> None:
        next_flush = time.monotonic() + self._flush_seconds
        while not self._is_closing.wait(_LOOK_SECONDS):
            self._write_waiting()
            if time.monotonic() >= next_flush:
                self._flush()
                next_flush = time.monotonic() + self._flush_seconds
        self._write_waiting()
        self._flush()
        for raw in self._raw_writers.values():
            raw.close()

    def _write_waiting(self) -> None:
        for _ in range(len(self._waiting)):
            item = self._waiting.popleft()
            if isinstance(item, _Raw):
                self._write_raw(item)
            elif isinstance(item, _Market):
                self._writer.instrument(item.instrument, fees=item.fees)
            else:
                self._write_event(item)

    def _write_event(self, event: MarketEvent) -> None:
        try:
            self._writer.write(event)
        except MalformedData as error:
            self._refused(error)

    def _write_raw(self, item: _Raw) -> None:
        writer = self._raw_writers.get(item.venue)
        if writer is None:
            writer = RawFrameWriter(self._writer.path, item.venue)
            self._raw_writers[item.venue] = writer
        writer.write(item.connection, item.kind, item.data, item.ts_ns)
        self._done_bytes += len(item.data)

    def _flush(self) -> None:
        for raw in self._raw_writers.values():
            raw.flush()
        try:
            self._writer.flush()
        except MalformedData as error:
            self._refused(error)

    def _refused(self, error: MalformedData) -> None:
        """Events off their market's grid are left out and counted; all others are kept."""
        self.first_refusal = self.first_refusal or str(error)

    def _fail(self, error: ArbitrageError | OSError) -> None:
        if self._failure is None:
            self._failure = error
            self._on_failure()
