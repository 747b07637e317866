"""What all open trades together hold, for the limits and purses that every opportunity asks about.

Folds over all routes, kept until a trade is opened, filled or ended. Nothing else changes them, so
an opportunity costs the same however many routes there are.
"""

from collections.abc import Mapping
from decimal import Decimal

from arbitrage.engine.entry import kept_for_exits, open_qtys
from arbitrage.engine.route_state import RouteState


class OpenTrades:
    """The open trades of `routes`, which may grow."""

    def __init__(self, routes: Mapping[str, RouteState]) -> None:
        self._routes = routes
        self._kept: Mapping[tuple[str, str], Decimal] | None = None
        self._qtys: list[tuple[RouteState, tuple[float, ...]]] | None = None

    def changed(self) -> None:
        """A trade was opened, filled or ended, or came back."""
        self._kept = self._qtys = None

    @property
    def kept(self) -> Mapping[tuple[str, str], Decimal]:
        """`entry.kept_for_exits` of all routes."""
        if self._kept is None:
            self._kept = kept_for_exits(self._routes.values())
        return self._kept

    @property
    def qtys(self) -> list[tuple[RouteState, tuple[float, ...]]]:
        """Every route that has open trades, with its `entry.open_qtys`."""
        if self._qtys is None:
            self._qtys = [
                (route, open_qtys(route)) for route in self._routes.values() if route.trades
            ]
        return self._qtys
