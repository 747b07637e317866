"""Every error of the house, named by what the reader must do about it.

    ArbitrageError
    ├── ConfigError          refuse to start: a setting, symbol or argument is wrong
    ├── Unavailable          retry later: the venue or the data is not there now
    ├── RateLimited          wait: a budget of the venue is used up
    ├── OrderRefused         tell the engine: the venue said no, and why
    ├── MalformedData        resynchronise: a frame, row or file cannot be read
    ├── OutcomeUnknown       ask before acting: the request may have been carried out
    └── InvariantBroken      halt: our own books do not add up

A message says what happened to which order, venue or instrument, what was expected, and what
happens now.
"""


class ArbitrageError(Exception):
    """Root of every error that this package raises on purpose."""


class ConfigError(ArbitrageError, ValueError):
    """A setting or argument is wrong; nothing was started."""


class Unavailable(ArbitrageError):
    """The venue or the data is not there now; ask again later."""


class RateLimited(Unavailable):
    """The venue's budget is used up. `retry_after_ns` is how long to wait, if it said so."""

    def __init__(self, message: str, retry_after_ns: int = 0) -> None:
        super().__init__(message)
        self.retry_after_ns = retry_after_ns


class OrderRefused(ArbitrageError):
    """The venue definitely refused the order. `reason` is the venue's own error name."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class MalformedData(ArbitrageError, ValueError):
    """A frame, row or file cannot be read as what it should be.

    `symbol` names the market whose book can no longer be trusted, where that is known.
    """

    def __init__(self, message: str, symbol: str = "") -> None:
        super().__init__(message)
        self.symbol = symbol


class OutcomeUnknown(ArbitrageError):
    """The request may or may not have been carried out; it is asked for by client id."""


class InvariantBroken(ArbitrageError):
    """One of our own invariants does not hold; the engine stops placing orders."""
