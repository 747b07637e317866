"""Seeded fault scripts: which request, frame or moment of a simulated venue goes wrong, and how.

A script is TOML: a seed and any number of `[[fault]]` tables. A `FaultPlan` only answers
questions, from its script, the time since the start and the running number of what is asked
about; it keeps no state. So the same script answers the same questions the same way, always.

    seed = 7

    [[fault]]
    venue = "upbit"            # or "*"; the default
    kind = "drop"              # see FaultKind
    on = "frame"               # request or frame, where a kind can strike both
    what = "orderbook"         # part of the subject: "POST /v1/orders", "orderbook KRW-BTC"
    from_seconds = 10.0        # since the venue started
    until_seconds = 20.0       # exclusive; for ever if left out
    share = 0.25               # of what matches, drawn by the seed
    nth = [1, 2]               # or exactly these, counted from 1 for each subject
    delay_seconds = 0.5        # delay, timeout, refused_after_accepted
    status = 502               # 5xx, timeout
    skew_seconds = -3.0        # clock_skew

Of several faults that match one request or frame the first in the script strikes.
"""

import tomllib
from collections.abc import Iterable
from enum import Enum
from hashlib import blake2b
from pathlib import Path

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.units import NS_PER_SECOND, seconds_to_ns


class FaultKind(Enum):
    """What goes wrong.

    With requests or frames: `drop` (a request never arrives, its connection is cut; a frame is
    never sent), `delay`, `disconnect` (cut without an answer after it was carried out; cut after
    the frame). With frames: `duplicate`, `reorder` (sent after the next one), `gap` (a frame of a
    book is lost, its sequence number used). With requests: `429`, `418`, `5xx` (answered instead
    of carried out), `timeout` (carried out, then `status` or no answer), `refused_after_accepted`
    (an order is taken in, answered as accepted, and withdrawn by the venue `delay_seconds` later),
    `cancel_race` (the order that is cancelled next is filled just before).
    For a time: `frozen_book` (of the symbols that `what` is part of), `clock_skew`, `restart`
    (nobody is there), `maintenance` (every request is refused, every stream is closed).
    """

    DROP = "drop"
    DELAY = "delay"
    DISCONNECT = "disconnect"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    GAP = "gap"
    RATE_LIMITED = "429"
    BANNED = "418"
    SERVER_ERROR = "5xx"
    TIMEOUT = "timeout"
    REFUSED_AFTER_ACCEPTED = "refused_after_accepted"
    CANCEL_RACE = "cancel_race"
    FROZEN_BOOK = "frozen_book"
    CLOCK_SKEW = "clock_skew"
    RESTART = "restart"
    MAINTENANCE = "maintenance"


class Point(Enum):
    """Where a fault can strike one by one."""

    REQUEST = "request"
    FRAME = "frame"


_BOTH = {FaultKind.DROP, FaultKind.DELAY, FaultKind.DISCONNECT}
_OF_FRAMES = {FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.GAP}
_FOR_A_TIME = {
    FaultKind.FROZEN_BOOK,
    FaultKind.CLOCK_SKEW,
    FaultKind.RESTART,
    FaultKind.MAINTENANCE,
}


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of a script; see the module's docstring."""

    kind: FaultKind
    venue: str = "*"
    on: Point | None = None
    what: str = ""
    from_seconds: float = 0.0
    until_seconds: float | None = None
    share: float = 1.0
    nth: tuple[int, ...] = ()
    delay_seconds: float | None = None
    status: int | None = None
    skew_seconds: float = 0.0

    def __post_init__(self) -> None:
        problems = (
            (not 0.0 <= self.share <= 1.0, f"share is {self.share}; expected 0 to 1"),
            (self.from_seconds < 0, f"from_seconds is {self.from_seconds}; expected 0 or more"),
            (min(self.nth, default=1) < 1, f"nth is {self.nth}; expected numbers from 1"),
            (
                self.on is not None and self.kind not in _BOTH,
                f"on is given, but {self.kind.value} strikes in one way only",
            ),
            (
                self.kind is FaultKind.SERVER_ERROR and not 500 <= (self.status or 500) <= 599,
                f"status is {self.status}; expected 500 to 599",
            ),
        )
        for is_wrong, problem in problems:
            if is_wrong:
                raise ConfigError(f"fault {self.kind.value} of {self.venue}: {problem}")

    @property
    def delay(self) -> float:
        """How long it lasts, in seconds: of a timeout 5 unless it is said, else a tenth."""
        if self.delay_seconds is not None:
            return self.delay_seconds
        return 5.0 if self.kind is FaultKind.TIMEOUT else 0.1

    def is_on(self, venue: str, elapsed_ns: int) -> bool:
        """Whether the fault belongs to `venue` and its time is now."""
        until = self.until_seconds
        return (
            self.venue in ("*", venue)
            and elapsed_ns >= seconds_to_ns(self.from_seconds)
            and (until is None or elapsed_ns < seconds_to_ns(until))
        )

    def strikes_at(self, point: Point) -> bool:
        if self.kind in _BOTH:
            return self.on in (None, point)
        if self.kind in _FOR_A_TIME:
            return False
        return (self.kind in _OF_FRAMES) == (point is Point.FRAME)


class FaultPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault script. An empty plan never strikes."""

    seed: int = 0
    fault: tuple[Fault, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "FaultPlan":
        """Read a script. Raises `ConfigError` with the key that is wrong."""
        try:
            return msgspec.convert(tomllib.loads(text), cls)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise ConfigError(f"fault script: {error}; no venue is started") from error

    @classmethod
    def read(cls, path: str | Path) -> "FaultPlan":
        """Read a script from a file. Raises `ConfigError` if it cannot be read."""
        try:
            return cls.parse(Path(path).read_text("utf-8"))
        except OSError as error:
            raise ConfigError(f"fault script {path}: {error}; no venue is started") from error

    def decide(
        self,
        venue: str,
        point: Point,
        subject: str,
        ordinal: int,
        elapsed_ns: int,
        *,
        is_book: bool = False,
    ) -> Fault | None:
        """What befalls the `ordinal`-th (from 1) request or frame of `subject`.

        `is_book` marks frames of an order book, which alone a `gap` can befall.
        """
        for place, fault in enumerate(self.fault):
            if (
                fault.strikes_at(point)
                and fault.what in subject
                and (is_book or fault.kind is not FaultKind.GAP)
                and fault.is_on(venue, elapsed_ns)
                and (not fault.nth or ordinal in fault.nth)
                and self._draw(place, venue, point, subject, ordinal) < fault.share
            ):
                return fault
        return None

    def _draw(self, place: int, venue: str, point: Point, subject: str, ordinal: int) -> float:
        """A number from 0 to below 1 that depends on all of its arguments and on nothing else."""
        text = f"{self.seed} {place} {venue} {point.value} {subject} {ordinal}"
        digest = blake2b(text.encode(), digest_size=6).digest()
        return int.from_bytes(digest, "big") / (1 << 48)

    def is_frozen(self, venue: str, symbol: str, elapsed_ns: int) -> bool:
        """Whether the public book of `symbol` stands still."""
        frozen = self._on(FaultKind.FROZEN_BOOK, venue, elapsed_ns)
        return any(fault.what in symbol for fault in frozen)

    def skew_ns(self, venue: str, elapsed_ns: int) -> int:
        """How far the clock of `venue` is ahead."""
        skewed = self._on(FaultKind.CLOCK_SKEW, venue, elapsed_ns)
        return sum(round(fault.skew_seconds * NS_PER_SECOND) for fault in skewed)

    def is_down(self, venue: str, elapsed_ns: int) -> bool:
        """Whether `venue` is restarting: nobody answers."""
        return any(self._on(FaultKind.RESTART, venue, elapsed_ns))

    def is_in_maintenance(self, venue: str, elapsed_ns: int) -> bool:
        """Whether `venue` refuses all service."""
        return any(self._on(FaultKind.MAINTENANCE, venue, elapsed_ns))

    def boundaries_ns(self, venue: str) -> list[int]:
        """When, since the start, a fault that lasts for a time begins or ends at `venue`."""
        times = set()
        for fault in self.fault:
            if fault.kind in _FOR_A_TIME and fault.venue in ("*", venue):
                times.add(seconds_to_ns(fault.from_seconds))
                if fault.until_seconds is not None:
                    times.add(seconds_to_ns(fault.until_seconds))
        return sorted(times)

    def _on(self, kind: FaultKind, venue: str, elapsed_ns: int) -> Iterable[Fault]:
        return [f for f in self.fault if f.kind is kind and f.is_on(venue, elapsed_ns)]
