"""How long to wait before the next attempt: longer each time, never beyond a bound, never in step
with others."""

from random import Random

import msgspec

from arbitrage.domain.errors import ConfigError


class Backoff(msgspec.Struct, frozen=True):
    """Attempt `n`, counted from zero, waits half to all of `first_seconds * 2**n`, at most
    `max_seconds`. Raises `ConfigError` for bounds that are not positive and in order."""

    first_seconds: float = 0.2
    max_seconds: float = 30.0

    def __post_init__(self) -> None:
        if not 0 < self.first_seconds <= self.max_seconds:
            raise ConfigError(
                f"backoff from {self.first_seconds} to {self.max_seconds} s; expected positive "
                "seconds, the first at most the last"
            )

    def seconds(self, attempt: int, random: Random) -> float:
        """The pause before attempt number `attempt`."""
        ceiling = self.first_seconds
        for _ in range(attempt):
            if ceiling >= self.max_seconds:
                break
            ceiling *= 2
        return min(ceiling, self.max_seconds) * random.uniform(0.5, 1.0)
