"""Why a venue may not be traded on: every cause by name, and up only when there is none.

Causes come and go independently (a stream is lost, a ban, a balance that does not tie out); what
the engine hears is their sum, once per change.
"""

from collections.abc import Callable

from arbitrage.domain.events import VenueStatus


class VenueHealth:
    """The health of one venue. A sticky cause stays until a person resumes."""

    def __init__(
        self, venue: str, emit: Callable[[VenueStatus], None], clock_ns: Callable[[], int]
    ) -> None:
        self._venue = venue
        self._emit = emit
        self._clock_ns = clock_ns
        self._causes: dict[str, str] = {}
        self._sticky: set[str] = set()
        self._told: str | None = None

    @property
    def is_up(self) -> bool:
        return not self._causes

    @property
    def reason(self) -> str:
        """Every cause, sorted by name; empty if the venue is up."""
        return "; ".join(self._causes[cause] for cause in sorted(self._causes))

    def down(
        self, cause: str, reason: str, *, is_sticky: bool = False, ts_ns: int | None = None
    ) -> None:
        """Say that `cause` keeps the venue from being traded on, since `ts_ns` or now."""
        self._causes[cause] = reason
        if is_sticky:
            self._sticky.add(cause)
        self._tell(ts_ns)

    def up(self, cause: str) -> None:
        """Say that `cause` is gone; a sticky one is not."""
        if cause not in self._sticky:
            self._causes.pop(cause, None)
            self._tell(None)

    def resume(self) -> None:
        """A person has looked: sticky causes are gone."""
        for cause in self._sticky:
            self._causes.pop(cause, None)
        self._sticky.clear()
        self._tell(None)

    def _tell(self, ts_ns: int | None) -> None:
        reason = self.reason
        if reason != self._told:
            self._told = reason
            at_ns = self._clock_ns() if ts_ns is None else ts_ns
            self._emit(VenueStatus(at_ns, self._venue, self.is_up, reason))
