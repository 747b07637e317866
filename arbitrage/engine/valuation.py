"""What things are worth in dollars: rates between currencies, and the sums that limits are set on.

Dollar-like currencies count as one dollar. Everything else is converted through a live rate; where
none is known the answer is zero or None, and the caller refuses.
"""

from collections.abc import Mapping
from decimal import Decimal

from arbitrage.domain.symbols import USD_LIKE
from arbitrage.domain.units import ONE, ZERO, decimal_of
from arbitrage.engine.entry import notional_usd
from arbitrage.engine.exits import marked_pnl
from arbitrage.engine.market_state import FxRate, Market
from arbitrage.engine.open_trades import OpenTrades
from arbitrage.engine.route_state import RouteState

_DOLLARS = tuple(sorted(USD_LIKE))


class Valuation:
    """Rates and portfolio sums, read from the engine's live state."""

    def __init__(
        self,
        routes: Mapping[str, RouteState],
        markets: Mapping[str, Mapping[str, Market]],
        rates: Mapping[tuple[str, str], FxRate],
        open_trades: OpenTrades,
    ) -> None:
        self._routes = routes
        self._markets = markets
        self._rates = rates
        self._open_trades = open_trades
        # Of each currency, and how many rates there were when they were looked up.
        self._dollar_rates: dict[str, tuple[int, list[tuple[FxRate, bool]]]] = {}

    def usd_rate(self, currency: str) -> float:
        """Dollars per unit of `currency`; zero if no source knows."""
        if currency in USD_LIKE:
            return 1.0
        count, rates = self._dollar_rates.get(currency, (0, []))
        if count != len(self._rates):
            rates = self._rates_to_dollars(currency)
            self._dollar_rates[currency] = (len(self._rates), rates)
        for rate, prices_dollars in rates:
            if rate.is_known:
                return 1.0 / rate.mid if prices_dollars else rate.mid
        return 0.0

    def _rates_to_dollars(self, currency: str) -> list[tuple[FxRate, bool]]:
        """The rates between `currency` and a dollar, in order of preference, and of each whether
        it prices the dollar. A rate that is there stays."""
        pairs = [
            (pair, prices_dollars)
            for dollar in _DOLLARS
            for pair, prices_dollars in (((dollar, currency), True), ((currency, dollar), False))
        ]
        return [(self._rates[pair], which) for pair, which in pairs if pair in self._rates]

    def rate(self, currency: str, quote: str) -> Decimal | None:
        """Units of `quote` per unit of `currency`, through dollars if need be; None if unknown."""
        if currency == quote:
            return ONE
        for by_symbol in self._markets.values():
            for market in by_symbol.values():
                known = market.instrument
                if known is not None and (known.base, known.quote) == (currency, quote):
                    return None if market.mid is None else decimal_of(market.mid)
        dollars, dollars_per_quote = self.usd_rate(currency), self.usd_rate(quote)
        if not dollars or not dollars_per_quote:
            return None
        return decimal_of(dollars / dollars_per_quote)

    def open_pnl_usd(self) -> Decimal:
        """What open trades have made so far, their positions marked at the mids."""
        total = ZERO
        for route in self._routes.values():
            if route.trades:
                made = sum((marked_pnl(route, state) for state in route.trades), ZERO)
                total += made * decimal_of(self.usd_rate(route.a.instrument.quote))
        return total

    def net_delta_usd(self) -> Decimal:
        """Residuals of all open trades and dust, valued at A's mid."""
        total = ZERO
        for route in self._routes.values():
            if route.trades or route.dust:
                residual = sum((state.residual for state in route.trades), route.dust)
                mid = route.a.market.mid or 0.0
                total += residual * decimal_of(mid * self.usd_rate(route.a.instrument.quote))
        return total

    def gross_usd(self) -> float:
        """Notional of both legs of all open trades."""
        return sum(
            2 * notional_usd(route, qtys, self.usd_rate(route.a.instrument.quote))
            for route, qtys in self._open_trades.qtys
        )
