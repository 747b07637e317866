"""Local timestamps of a recorder, as nanoseconds since the epoch.

Twice a year many zones have an hour that passes twice and one that does not pass at all; neither
is guessed at silently.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.units import NS_PER_SECOND

_FORM = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_SECONDS = (2**63 - 1) // NS_PER_SECOND - 1


class NoSuchTime(ValueError):
    """The clock was put forward over this local time."""


class Moment(NamedTuple):
    """A time in nanoseconds; `is_ambiguous` where the local time passed twice."""

    ts_ns: int
    is_ambiguous: bool


class LocalClock:
    """Reads `YYYY-MM-DD HH:MM:SS[.fraction]` as local time of `timezone` (an IANA name).

    Raises `ConfigError` for a zone that is not known.
    """

    def __init__(self, timezone: str) -> None:
        try:
            self._zone = ZoneInfo(timezone)
        except (KeyError, ValueError, OSError) as error:
            raise ConfigError(
                f"timezone {timezone!r} is not known; expected a name such as Asia/Seoul or UTC"
            ) from error

    def moment(self, text: str, not_before_ns: int) -> Moment:
        """The time that `text` names.

        A local time that passed twice is its first passing, unless only the second is not before
        `not_before_ns`. Raises `NoSuchTime`, and `ValueError` for what is no timestamp.
        """
        form = _FORM.fullmatch(text)
        if form is None:
            raise ValueError(f"timestamp {text!r}; expected YYYY-MM-DD HH:MM:SS[.fraction]")
        day, time, fraction = form.groups(default="")
        local = datetime.fromisoformat(f"{day} {time}").replace(tzinfo=self._zone)
        first, second = (self._ns(local.replace(fold=fold), fraction) for fold in (0, 1))
        if first == second:
            return Moment(first, False)
        if local.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != local.replace(
            tzinfo=None
        ):
            raise NoSuchTime(f"timestamp {text!r}: the clock was put forward over it")
        return Moment(second if first < not_before_ns <= second else first, True)

    @staticmethod
    def _ns(local: datetime, fraction: str) -> int:
        elapsed = local.astimezone(UTC) - _EPOCH
        seconds = elapsed.days * 86_400 + elapsed.seconds
        if abs(seconds) > _MAX_SECONDS:
            raise ValueError(f"timestamp {local}; expected a year from 1678 to 2261")
        return seconds * NS_PER_SECOND + int(fraction.ljust(9, "0") or 0)
