"""What a person writes to say which routes to scan, and at which fees."""

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fx import FxSource


class ScanRoute(msgspec.Struct, frozen=True):
    """Two legs as `(venue, symbol)`, and the FX between their quotes if these differ."""

    a: tuple[str, str]
    b: tuple[str, str]
    fx: FxSource | str | float | None = None

    @property
    def name(self) -> str:
        return f"{':'.join(self.a)},{':'.join(self.b)}"


def parse_route(text: str, fx: str | None = None) -> ScanRoute:
    """`upbit:KRW-ETH,bithumb:KRW-ETH` as a route.

    `fx` is `venue:symbol` of an FX market or the price of the dollar-like quote as a number.
    Raises `ConfigError` for text of another form.
    """
    legs = [tuple(leg.strip().partition(":")[::2]) for leg in text.split(",")]
    if len(legs) != 2 or not all(venue and symbol for venue, symbol in legs):
        raise ConfigError(
            f"route {text!r}: expected venue:symbol,venue:symbol, for instance "
            "upbit:KRW-ETH,bithumb:KRW-ETH"
        )
    (venue_a, symbol_a), (venue_b, symbol_b) = legs
    if legs[0] == legs[1]:
        raise ConfigError(f"route {text!r}: both legs are the same market")
    return ScanRoute((venue_a, symbol_a), (venue_b, symbol_b), fx and parse_fx(fx))


def parse_fx(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def parse_taker_bps(text: str) -> dict[str, float]:
    """`upbit=5,bithumb=4` as basis points by venue. Raises `ConfigError` for other text."""
    fees: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        venue, _, number = (field.strip() for field in part.partition("="))
        try:
            fees[venue] = float(number)
        except ValueError:
            venue = ""
        if not venue:
            raise ConfigError(f"taker fee {part!r}: expected venue=bps, for instance upbit=5")
    return fees
