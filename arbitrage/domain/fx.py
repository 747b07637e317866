"""The rate that makes two quote currencies comparable, and where it comes from.

The rate is an executable book at a venue, a feed of quotes, or a fixed number that the user wrote
down for tests and for currencies of the same value. There is no default: a missing rate means no
opportunity.
"""

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.symbols import base_and_quote


class FxQuote(msgspec.Struct, gc=False, tag="fx"):
    """One unit of `base` costs `ask` and yields `bid` units of `quote`, since `ts_ns`."""

    ts_ns: int
    base: str
    quote: str
    bid: float
    ask: float
    source: str = ""


class FixedFx(msgspec.Struct, frozen=True, tag="fixed"):
    """A rate written down by the user: one `base` is worth `rate` units of `quote`, always."""

    base: str
    quote: str
    rate: float

    def __post_init__(self) -> None:
        if not 0.0 < self.rate < float("inf"):
            raise ConfigError(
                f"fx rate {self.base}/{self.quote} is {self.rate}; expected a positive number"
            )


class FxBook(msgspec.Struct, frozen=True, tag="book"):
    """The rate is the live book of `symbol` at `venue`, for instance KRW-USDT at Upbit."""

    venue: str
    symbol: str

    @property
    def currencies(self) -> tuple[str, str]:
        """`(base, quote)` of the FX market."""
        return base_and_quote(self.symbol)


class FxFeed(msgspec.Struct, frozen=True, tag="feed"):
    """The rate comes as `FxQuote` events, for instance from another program's feed."""

    base: str
    quote: str


FxSource = FixedFx | FxBook | FxFeed
