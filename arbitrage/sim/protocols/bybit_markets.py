"""The markets of both categories in one core, where every symbol must be unique.

Bybit is one address and one wallet. The simulated market knows its spot as a venue of its own
(`bybit-spot`) with the symbols of the perpetuals; in the core a spot symbol carries a prefix,
which no client ever sees.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from arbitrage.domain.instrument import Instrument
from arbitrage.sim.protocols.bybit_errors import BybitRefusal, wrong
from arbitrage.sim.protocols.bybit_wire import Category, Figures

SPOT_PREFIX: Final = "spot:"


class Market(NamedTuple):
    """One market: `symbol` as clients know it; `rules` are the core's, with the core's symbol."""

    category: Category
    symbol: str
    rules: Instrument
    figures: Figures

    @property
    def key(self) -> str:
        """Its symbol in the core."""
        return self.rules.symbol


class Markets:
    """Every market of the venue. `by_key` is by the symbol of the core."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.by_key: dict[str, Market] = {}
        self._by_name: dict[tuple[Category, str], Market] = {}
        for rules in instruments:
            category = Category.LINEAR if rules.is_perpetual else Category.SPOT
            market = Market(category, rules.symbol.removeprefix(SPOT_PREFIX), rules, Figures(rules))
            self.by_key[market.key] = self._by_name[category, market.symbol] = market

    def find(self, category: Category, symbol: str) -> Market | None:
        return self._by_name.get((category, symbol))

    def market(self, category: Category, symbol: str) -> Market:
        """The market called `symbol`. Raises `BybitRefusal` for one that is not listed."""
        found = self.find(category, symbol)
        if found is None:
            raise BybitRefusal(170121) if category is Category.SPOT else wrong("symbol invalid")
        return found

    def of(self, category: Category) -> list[Market]:
        """The markets of a category, by name."""
        found = (market for market in self.by_key.values() if market.category is category)
        return sorted(found, key=lambda market: market.symbol)
