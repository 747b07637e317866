"""When to ping, when to give a connection up and when to replace it, from times and counts alone.

Nothing is sent and no clock is read here. Whatever arrives proves the other side alive, a pong as
much as a trade; only data proves that a feed is not frozen.
"""

from enum import Enum
from math import inf

import msgspec

from arbitrage.domain.errors import ConfigError

_CHECKS_PER_DEADLINE = 4


class Heartbeat(msgspec.Struct, frozen=True):
    """A ping every `every_seconds`, and something must arrive within `reply_seconds` of it.

    `text` is what is sent, such as `PING` or `{"op":"ping"}`; without it a protocol ping is sent,
    which every server answers. Raises `ConfigError` for times that are not positive.
    """

    every_seconds: float
    reply_seconds: float = 10.0
    text: bytes = b""

    def __post_init__(self) -> None:
        if not (self.every_seconds > 0 and self.reply_seconds > 0):
            raise ConfigError(
                f"heartbeat every {self.every_seconds} s, answered within {self.reply_seconds} s; "
                "expected positive seconds"
            )


class SessionTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How a websocket is kept alive.

    Without data for `stale_seconds` it is replaced at once. After `life_seconds` it is replaced
    before the venue cuts it; both connections then deliver for `overlap_seconds`, which suits
    readers that can tell a repeated message, or with zero the old one falls silent with the first
    frame of the new one.
    """

    heartbeat: Heartbeat | None = None
    stale_seconds: float = inf
    life_seconds: float = inf
    overlap_seconds: float = 0.0

    def __post_init__(self) -> None:
        if not (self.stale_seconds > 0 and self.life_seconds > 0 and self.overlap_seconds >= 0):
            raise ConfigError(
                f"stale after {self.stale_seconds} s, replaced after {self.life_seconds} s with an "
                f"overlap of {self.overlap_seconds} s; expected positive seconds"
            )


class Verdict(Enum):
    """What a connection needs now."""

    NOTHING = "nothing"
    PING = "ping"
    STALE = "stale"
    SILENT = "silent"
    RENEW = "renew"


class Pulse:
    """The pulse of one connection opened at `now`. Times are seconds of any steady clock.

    `next_at` is when it wants to be felt again.
    """

    def __init__(self, terms: SessionTerms, now: float) -> None:
        self._terms = terms
        self._data = 0
        self._data_at = now
        self._received = 0
        self._ping_at = inf if terms.heartbeat is None else now + terms.heartbeat.every_seconds
        self._reply_by = inf
        self._renew_at = now + terms.life_seconds
        self.next_at = self._next(now)

    def feel(self, now: float, *, received: int, data: int) -> Verdict:
        """What is needed at `now`, when `received` frames have come, `data` of them data.

        Counts never go down. A silent or stale connection is dead for good.
        """
        if data != self._data:
            self._data, self._data_at = data, now
        if received != self._received:
            self._received, self._reply_by = received, inf
        verdict = self._verdict(now)
        self.next_at = self._next(now)
        return verdict

    def postpone_renewal(self, at: float) -> None:
        """Ask for a replacement once more at `at`: it is asked for once, and that one failed."""
        self._renew_at = at
        self.next_at = min(self.next_at, at)

    def _verdict(self, now: float) -> Verdict:
        if now >= self._reply_by:
            return Verdict.SILENT
        if now - self._data_at >= self._terms.stale_seconds:
            return Verdict.STALE
        if now >= self._ping_at and self._terms.heartbeat is not None:
            self._ping_at = now + self._terms.heartbeat.every_seconds
            self._reply_by = min(self._reply_by, now + self._terms.heartbeat.reply_seconds)
            return Verdict.PING
        if now >= self._renew_at:
            self._renew_at = inf
            return Verdict.RENEW
        return Verdict.NOTHING

    def _next(self, now: float) -> float:
        """Data are counted, not timed, so they are looked at a few times per deadline."""
        look = min(
            self._data_at + self._terms.stale_seconds,
            now + self._terms.stale_seconds / _CHECKS_PER_DEADLINE,
        )
        return min(look, self._ping_at, self._reply_by, self._renew_at)
