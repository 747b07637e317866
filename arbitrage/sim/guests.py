"""Markets that go by another venue's name and live under the roof of a simulated one.

Bybit is one address and one wallet, yet its spot is a venue of its own to us, with the symbols of
its perpetuals. In the core of the host, where symbols must be unique, those of a guest carry a
prefix; instruments, fees and events of the market are renamed on their way in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from arbitrage.domain.events import MarketEvent
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.fx import FxQuote
from arbitrage.domain.instrument import Instrument


class Roof(NamedTuple):
    """Where a guest lives: the venue of the host, and what its symbols begin with there."""

    host: str
    prefix: str


class Guests:
    """Renames what belongs to guests; everything else passes as it is."""

    def __init__(self, roofs: Mapping[str, Roof]) -> None:
        self._roofs = roofs

    def host_of(self, venue: str) -> str:
        """The venue whose simulator serves `venue`."""
        roof = self._roofs.get(venue)
        return venue if roof is None else roof.host

    def instrument(self, rules: Instrument) -> Instrument:
        roof = self._roofs.get(rules.venue)
        if roof is None:
            return rules
        return msgspec.structs.replace(
            rules, venue=roof.host, symbol=f"{roof.prefix}{rules.symbol}"
        )

    def fees(
        self, fees: Mapping[tuple[str, str], FeeSchedule]
    ) -> dict[tuple[str, str], FeeSchedule]:
        """Fees by venue and symbol."""
        return {self._key(*market): schedule for market, schedule in fees.items()}

    def _key(self, venue: str, symbol: str) -> tuple[str, str]:
        roof = self._roofs.get(venue)
        return (venue, symbol) if roof is None else (roof.host, f"{roof.prefix}{symbol}")

    def events(
        self, source: Callable[[int], Iterable[MarketEvent]]
    ) -> Callable[[int], Iterable[MarketEvent]]:
        """A source of events with their markets renamed."""

        def renamed(now_ns: int) -> Iterator[MarketEvent]:
            for event in source(now_ns):
                yield self._event(event)

        return renamed

    def _event(self, event: MarketEvent) -> MarketEvent:
        if isinstance(event, FxQuote):
            return event
        roof = self._roofs.get(event.venue)
        if roof is None:
            return event
        symbol = f"{roof.prefix}{event.symbol}"
        return msgspec.structs.replace(event, venue=roof.host, symbol=symbol)
