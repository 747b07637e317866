"""What a scan found, as data, as JSON and as a table."""

from typing import Any

import msgspec
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from arbitrage.domain.sides import Direction
from arbitrage.research.edge_series import EdgeSeries

THRESHOLDS_BPS = (0, 9, 15, 30)


class DirectionResult(msgspec.Struct):
    """One direction of a route.

    `above[t]` counts evaluations with a gross edge of more than `t` bps, `opportunities` those
    with a size above zero. `qty` (base units) and `net_profit` (in A's quote) are sums over these.
    """

    above: dict[int, int] = msgspec.field(default_factory=lambda: dict.fromkeys(THRESHOLDS_BPS, 0))
    opportunities: int = 0
    qty: float = 0.0
    net_profit: float = 0.0


class RouteResult(msgspec.Struct, kw_only=True):
    """One route. `breakeven_bps` is the gross edge above which a direction is an opportunity at
    the touch: fees and the least net edge. `max_age_ns` is how old a book was allowed to be."""

    route: str
    base: str
    quote: str
    max_age_ns: int
    evaluations: int = 0
    directions: dict[Direction, DirectionResult] = msgspec.field(
        default_factory=lambda: {direction: DirectionResult() for direction in Direction}
    )
    breakeven_bps: dict[Direction, float]
    series: EdgeSeries | None = None

    def share_above(self, direction: Direction, threshold_bps: int) -> float:
        """The share of the evaluations with a gross edge above `threshold_bps`."""
        return self.directions[direction].above[threshold_bps] / max(1, self.evaluations)


class ScanResult(msgspec.Struct):
    """All routes of a scan."""

    routes: list[RouteResult]

    @property
    def evaluations(self) -> int:
        return sum(route.evaluations for route in self.routes)

    def to_json_dict(self) -> dict[str, Any]:
        """The result as plain data; shares are fractions of the route's own evaluations."""
        return {
            "evaluations": self.evaluations,
            "routes": [
                {
                    "route": route.route,
                    "directions": {
                        direction.value: {
                            "gross_above_bps": {
                                str(threshold): route.share_above(direction, threshold)
                                for threshold in THRESHOLDS_BPS
                            },
                            "opportunities": found.opportunities,
                            "qty": found.qty,
                            "net_profit": found.net_profit,
                        }
                        for direction, found in route.directions.items()
                    },
                }
                for route in self.routes
            ],
        }


def scan_table(result: ScanResult) -> RenderableType:
    """The result for a terminal: a table for each route, a column for each direction."""
    return Group(*map(_route_table, result.routes))


def _route_table(route: RouteResult) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"{route.route}: {route.evaluations:,} evaluations",
        title_justify="left",
    )
    table.add_column("")
    for direction in Direction:
        table.add_column(direction_label(route, direction), justify="right")
    columns = list(route.directions.items())
    for threshold in THRESHOLDS_BPS:
        shares = (route.share_above(direction, threshold) for direction, _ in columns)
        table.add_row(f"gross edge > {threshold} bps", *(f"{share:.2%}" for share in shares))
    table.add_row("opportunities", *(f"{found.opportunities:,}" for _, found in columns))
    table.add_row("size", *(f"{found.qty:,.4f} {route.base}" for _, found in columns))
    table.add_row("net profit", *(f"{found.net_profit:,.1f} {route.quote}" for _, found in columns))
    return table


def direction_label(route: RouteResult, direction: Direction) -> str:
    """`buy upbit, sell bithumb`; with symbols where both legs are at one venue."""
    legs = route.route.split(",")
    venues = [leg.partition(":")[0] for leg in legs]
    a, b = legs if venues[0] == venues[1] else venues
    bought, sold = (a, b) if direction is Direction.LONG_A_SHORT_B else (b, a)
    return f"buy {bought}, sell {sold}"
