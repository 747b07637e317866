"""The spreads between venues at one moment: as plain data, as a live table, as a line of JSON.

Whoever watches the books fills a `SpreadView`; nothing is computed from books here. Edges are net
of taker fees and of FX, in basis points.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from arbitrage.domain.sides import Direction
from arbitrage.monitoring.columns import ALWAYS, Column, fitted_table
from arbitrage.monitoring.figures import UNKNOWN, clock, figure, whole
from arbitrage.monitoring.view import VenueState, VenueView

_STATE_STYLE: Final = {
    VenueState.UP: "bold green",
    VenueState.STALE: "bold yellow",
    VenueState.DOWN: "bold red",
}
_HEADING_LINES: Final = 2
_LEAST_ROWS: Final = 3


class CrossingView(msgspec.Struct, kw_only=True):
    """Buying on one leg and selling on the other; None is unknown.

    `edge_bps` is the net edge of the notional that was asked for, None too where a book is too
    thin for it; `touch_bps` that of the touch, `gross_bps` the same before fees. `qty` is the size
    that is worth taking (base units) and `profit` what it nets, in A's quote, as `arb scan` counts
    them. `depth_usd` is what both touches hold.
    """

    edge_bps: float | None = None
    touch_bps: float | None = None
    gross_bps: float | None = None
    qty: float = 0.0
    profit: float = 0.0
    depth_usd: float | None = None


class SpreadRow(msgspec.Struct, kw_only=True):
    """One route. `ab` buys A and sells B. `state` is why it could not be traded on now, by the
    engine's own proofs; empty if it could. A leg is called by its venue, with `spot` or `perp`
    where the venue has both. Ages are in milliseconds, None where nothing came."""

    route: str
    base: str
    leg_a: str
    leg_b: str
    premium_bps: float | None = None
    ab: CrossingView = msgspec.field(default_factory=CrossingView)
    ba: CrossingView = msgspec.field(default_factory=CrossingView)
    age_a_ms: float | None = None
    age_b_ms: float | None = None
    fx_mid: float | None = None
    state: str = ""

    @property
    def best(self) -> tuple[Direction, CrossingView]:
        """The better direction, by the edge of the notional and then of the touch."""
        is_ab = _rank(self.ab) >= _rank(self.ba)
        if is_ab:
            return Direction.LONG_A_SHORT_B, self.ab
        return Direction.LONG_B_SHORT_A, self.ba

    @property
    def rank(self) -> tuple[bool, float, float]:
        """The greatest is the best: routes that could be traded first, then by edge."""
        return (not self.state, *_rank(self.best[1]))


class FxView(msgspec.Struct, kw_only=True):
    """A rate in use: one dollar-like `base` in `quote`."""

    source: str
    bid: float | None = None
    ask: float | None = None
    age_ms: float | None = None


class SpreadView(msgspec.Struct, kw_only=True):
    """All routes at one moment, the best first. `only_at` has the assets that one venue alone
    lists, by venue; `note` what else a person must know."""

    ts_ns: int
    elapsed_seconds: float
    notional_usd: float
    venues: list[VenueView] = []
    fx: list[FxView] = []
    rows: list[SpreadRow] = []
    route_count: int = 0
    only_at: dict[str, list[str]] = {}
    note: str = ""


def render_spreads(view: SpreadView, *, width: int, height: int | None = None) -> RenderableType:
    """The view in at most `height` lines of `width` cells; without a height, all of it."""
    head = [_title(view), *(_venue(venue) for venue in view.venues), *_fx(view.fx)]
    foot = [_only_at(name, bases) for name, bases in view.only_at.items() if bases]
    foot += [_line(view.note, "yellow")] if view.note else []
    rows: Sequence[SpreadRow] = view.rows
    if height is not None:
        room = height - len(head) - len(foot) - _HEADING_LINES - 1
        rows = rows[: max(room, _LEAST_ROWS)]
    hidden = view.route_count - len(rows)
    more = [_line(f"{hidden} more routes", "dim")] if hidden else []
    return Group(*head, _table(rows, width), *more, *foot)


def _rank(crossing: CrossingView) -> tuple[float, float]:
    return tuple(  # type: ignore[return-value]
        float("-inf") if edge is None else edge for edge in (crossing.edge_bps, crossing.touch_bps)
    )


def _title(view: SpreadView) -> Text:
    fit = sum(not row.state for row in view.rows)
    line = _line("", "")
    line.append("scan", "bold").append(f"  {clock(view.elapsed_seconds)}")
    line.append(f"   {view.route_count} routes")
    if fit < len(view.rows):
        line.append(f", {len(view.rows) - fit} not fit to trade on", "yellow")
    line.append(f"   net bps of ${view.notional_usd:,.0f} after fees and FX", "dim")
    pairs = _pairs(view.rows)
    return line.append(f"   A {pairs[0][0]}, B {pairs[0][1]}", "dim") if len(pairs) == 1 else line


def _pairs(rows: Sequence[SpreadRow]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((row.leg_a, row.leg_b) for row in rows))


def _venue(venue: VenueView) -> Text:
    line = _line(f"{venue.name} ", "")
    line.append(venue.state.value, _STATE_STYLE[venue.state])
    line.append(f"  newest {whole(venue.last_age_ms)} ms  {venue.events:,} events", "dim")
    return line.append(f"  {venue.reason}", "red") if venue.reason else line


def _fx(rates: Sequence[FxView]) -> list[Text]:
    return [
        _line(
            f"FX {rate.source}  {_price(rate.bid)} / {_price(rate.ask)}"
            + ("" if rate.age_ms is None else f"  {whole(rate.age_ms)} ms"),
            "dim" if rate.bid else "yellow",
        )
        for rate in rates
    ]


def _only_at(venue: str, bases: Sequence[str]) -> Text:
    return _line(f"unmatched, only at {venue} ({len(bases)}): {', '.join(bases)}", "dim")


def _table(rows: Sequence[SpreadRow], width: int) -> RenderableType:
    legs = [
        _text("A", [Text(row.leg_a) for row in rows], 8, 11),
        _text("B", [Text(row.leg_b) for row in rows], 8, 12),
    ]
    return fitted_table(
        [
            _text("Asset", [Text(row.base, _weight(row)) for row in rows], 8, ALWAYS),
            *(legs if len(_pairs(rows)) > 1 else ()),
            _column("Premium bps", [_bps(row.premium_bps, row, "") for row in rows], 4),
            _column("Buy A, sell B", [_bps(row.ab.edge_bps, row) for row in rows], ALWAYS),
            _column("Buy B, sell A", [_bps(row.ba.edge_bps, row) for row in rows], ALWAYS),
            _column("Best at touch", [_bps(row.best[1].touch_bps, row) for row in rows], 7),
            _column("Touch $", [_dim(row.best[1].depth_usd, row) for row in rows], 6),
            _column("A ms", [_dim(row.age_a_ms, row) for row in rows], 3),
            _column("B ms", [_dim(row.age_b_ms, row) for row in rows], 2),
            _column("FX", [Text(_price(row.fx_mid), "dim") for row in rows], 1),
            _text("State", [_state(row) for row in rows], 12, 8),
        ],
        width,
    )


def _column(heading: str, cells: Sequence[Text], weight: int) -> Column:
    return Column(heading=heading, cells=cells, weight=weight)


def _text(heading: str, cells: Sequence[Text], width: int, weight: int) -> Column:
    return Column(heading=heading, cells=cells, text_width=width, weight=weight)


def _weight(row: SpreadRow) -> str:
    return "dim" if row.state else "bold"


def _bps(edge: float | None, row: SpreadRow, style: str | None = None) -> Text:
    """Below zero is how markets mostly are: colour is for what is above, and could be had."""
    if style is None:
        style = "green" if (edge or 0.0) > 0 else ""
    return figure(edge, digits=1, style="dim" if row.state else style)


def _dim(value: float | None, row: SpreadRow) -> Text:
    return Text(whole(value), "dim" if row.state or value is None else "")


def _state(row: SpreadRow) -> Text:
    return Text(row.state, "yellow") if row.state else Text("ok", "green")


def _price(value: float | None) -> str:
    return UNKNOWN if not value else f"{value:,.6g}" if value < 1_000 else f"{value:,.1f}"


def _line(text: str, style: str) -> Text:
    """A single line: too long, and it ends in an ellipsis."""
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
