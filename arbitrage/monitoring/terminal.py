"""The session in a terminal: a table that redraws itself, a status line for pipes, a summary.

Reads a `SessionView` and nothing else. Everything is cut to the width and height given and never
wrapped. What each part looks like is here; how numbers read is in `figures`, how tables fit in
`columns`, and the words are in `words`.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from arbitrage.domain.sides import Direction
from arbitrage.monitoring.columns import ALWAYS, Column, fitted_table
from arbitrage.monitoring.figures import (
    UNKNOWN,
    clock,
    count,
    figure,
    money,
    sign_style,
    signed,
    whole,
)
from arbitrage.monitoring.view import (
    OpenTradeView,
    PnlView,
    RouteView,
    SessionView,
    Severity,
    VenueState,
    VenueView,
)
from arbitrage.monitoring.words import words

Words = Mapping[str, str]

_HEADING_LINES: Final = 2
_MAX_ALERTS: Final = 5
_MAX_REFUSALS: Final = 15
# What is left out first where the width does not do; what is not named always stays.
_WEIGHT: Final = {
    "funding": 1,
    "fx": 2,
    "fees": 3,
    "price": 4,
    "position": 5,
    "top_refusal": 6,
    "phase": 6,
    "trades": 7,
    "open": 8,
    "duration": 8,
    "long": 9,
}
# Columns of text, and down to how many cells it may be cut.
_TEXT_WIDTH: Final = {
    "route": 15,
    "open_trades": 12,
    "long": 6,
    "phase": 8,
    "top_refusal": 18,
    "reason": 18,
}
_STATE_STYLE: Final = {
    VenueState.UP: "bold green",
    VenueState.STALE: "bold yellow",
    VenueState.DOWN: "bold red",
}
_SEVERITY_STYLE: Final = {Severity.INFO: "dim", Severity.WARNING: "yellow", Severity.ERROR: "red"}
_LONG: Final = {Direction.LONG_A_SHORT_B: "A", Direction.LONG_B_SHORT_A: "B", None: UNKNOWN}


class TerminalTable:
    """Shows views as they come: a live table on a terminal, else a line every few seconds.

    Use as a context manager. Pace is counted in the views' own elapsed time, so a fast caller
    draws no more often than `refreshes_per_second`. A drawing happens in the
    caller's thread and takes about 10 ms.
    """

    def __init__(
        self,
        console: Console | None = None,
        *,
        language: str = "en",
        refreshes_per_second: float = 2.0,
        status_seconds: float = 5.0,
    ) -> None:
        self._console = console or Console()
        self._language = language
        self.is_live = self._console.is_terminal and not self._console.is_dumb_terminal
        self._pause_seconds = 1.0 / refreshes_per_second if self.is_live else status_seconds
        self._next_seconds = float("-inf")
        self._live = Live(console=self._console, auto_refresh=False, screen=True)

    def __enter__(self) -> Self:
        if self.is_live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.is_live:
            self._live.stop()

    def update(self, view: SessionView) -> None:
        """Show `view`, unless the last one was shown less than a pause ago."""
        if view.elapsed_seconds < self._next_seconds:
            return
        self._next_seconds = view.elapsed_seconds + self._pause_seconds
        if self.is_live:
            width, height = self._console.size
            screen = render(view, width=width, height=height, language=self._language)
            self._live.update(screen, refresh=True)
        else:
            self._console.print(Text(status_line(view, language=self._language)), soft_wrap=True)


def render(view: SessionView, *, width: int, height: int, language: str = "en") -> RenderableType:
    """The whole session in at most `height` lines of `width` cells.

    Routes come before alerts, alerts before open trades. When not all routes fit, those with
    open trades are kept and the rest is counted.
    """
    say = words(language)
    head = [_title(view, say), *_venue_lines(view.venues, say, width)]
    foot = [_pnl_line(view, say), _refusal_line(view, say)]
    note = [_line(view.note, "dim italic")] if view.note else []
    room = max(height - len(head) - len(foot) - len(note) - _HEADING_LINES, 1)
    routes = _routes_that_fit(view.routes, room)
    body: list[RenderableType] = [_route_table(routes, say, width)]
    if len(routes) < len(view.routes):
        hidden = len(view.routes) - len(routes)
        body.append(_line(say["more_routes"].format(count=hidden), "dim"))
    room -= min(len(view.routes), room)
    newest = view.alerts[-min(room, _MAX_ALERTS) :] if room else []
    foot += [_line(alert.text, _SEVERITY_STYLE[alert.severity]) for alert in newest]
    room -= len(newest) + _HEADING_LINES + 1
    if view.open_trades and room > 0:
        body += [Text(), _open_trades(view.open_trades[:room], say, width)]
        room -= len(view.open_trades[:room])
    if room > 0:
        body.append(Text())
    return Group(*head, *body, *foot, *note)


def status_line(view: SessionView, *, language: str = "en") -> str:
    """The session in one line without colour, for logs and pipes."""
    say = words(language)
    parts = [
        f"{view.mode} {clock(view.elapsed_seconds)}",
        ", ".join(f"{venue.name} {say[venue.state.value]}" for venue in view.venues),
        f"{view.events:,} {say['events']}, {whole(view.events_per_second)} "
        f"{say['events_per_second']}",
        _trade_counts(view, say),
        f"{say['pnl']} {signed(view.pnl.total_usd)}",
        f"{say['risk']} {view.risk_level}",
    ]
    return " | ".join(part for part in parts if part)


def render_summary(view: SessionView, *, width: int = 100, language: str = "en") -> RenderableType:
    """What came of a session: trades, PnL by route with its parts, refusals by reason."""
    say = words(language)
    parts: list[RenderableType] = [
        _title(view, say, name=say["summary"]),
        *_venue_lines(view.venues, say, width),
        Text(f"{view.events:,} {say['events']}, {_trade_counts(view, say)}"),
        Text(),
        *_results_by_route(view, say, width),
        Text(),
        _refusals_by_reason(view, say, width),
    ]
    if view.open_trades:
        notional = sum(trade.notional_usd for trade in view.open_trades)
        text = say["still_open"].format(count=len(view.open_trades), notional=whole(notional))
        parts += [Text(), Text(text, style="yellow")]
    if view.note:
        parts += [Text(), Text(view.note, style="dim italic")]
    return Group(*parts)


def _title(view: SessionView, say: Words, name: str = "") -> Text:
    line = _line("", "")
    line.append(f"{name} {view.mode}".strip(), "bold")
    line.append(f"  {clock(view.elapsed_seconds)}   {say['risk']} ")
    line.append(view.risk_level, "bold green" if view.risk_level == "NORMAL" else "bold red")
    return line.append(
        f"   {whole(view.events_per_second)} {say['events_per_second']}   {say['step']} "
        f"p50 {whole(view.loop_p50_us)} µs  p99 {whole(view.loop_p99_us)} µs"
    )


def _venue_lines(venues: Sequence[VenueView], say: Words, width: int) -> list[Text]:
    """The venues, as many to a line as fit."""
    gap = 4
    lines: list[Text] = []
    for venue in venues:
        entry = _venue(venue, say)
        if lines and lines[-1].cell_len + gap + entry.cell_len <= width:
            lines[-1].append(" " * gap).append_text(entry)
        else:
            lines.append(entry)
    return lines


def _venue(venue: VenueView, say: Words) -> Text:
    text = _line(f"{venue.name} ", "")
    text.append(say[venue.state.value], _STATE_STYLE[venue.state])
    if venue.reason:
        text.append(f" ({venue.reason})")
    text.append(f"  {say['age']} {whole(venue.last_age_ms)} ms", "dim")
    if venue.latency_p50_ms is not None:
        text.append(f"  {say['latency']} {venue.latency_p50_ms:.1f} ms", "dim")
    return text.append(f"  {venue.events:,} {say['events']}", "dim")


def _routes_that_fit(routes: Sequence[RouteView], room: int) -> list[RouteView]:
    """All routes, or `room - 1` of them: first those with open trades, in the order given."""
    if len(routes) <= room:
        return list(routes)
    ranked = sorted(range(len(routes)), key=lambda place: (not routes[place].open_trades, place))
    return [routes[place] for place in sorted(ranked[: room - 1])]


def _route_table(routes: Sequence[RouteView], say: Words, width: int) -> Table:
    cells = {
        "route": [Text(each.title, "bold" if each.open_trades else "") for each in routes],
        "premium": [figure(each.premium_bps, digits=1, style="") for each in routes],
        "long": [Text(_LONG[each.direction]) for each in routes],
        "edge": [_edge(each.edge_bps) for each in routes],
        "open": [count(each.open_trades) for each in routes],
        "position": [count(round(each.position_usd)) for each in routes],
        "trades": [count(each.trades) for each in routes],
        **_pnl_cells([each.pnl for each in routes]),
        "top_refusal": [_top_refusal(each) for each in routes],
    }
    return fitted_table(_columns(cells, say), width)


def _open_trades(trades: Sequence[OpenTradeView], say: Words, width: int) -> Table:
    cells = {
        "open_trades": [Text(each.trade_id) for each in trades],
        "route": [Text(each.route) for each in trades],
        "long": [Text(_LONG[each.direction]) for each in trades],
        "phase": [Text(each.phase) for each in trades],
        "notional": [count(round(each.notional_usd)) for each in trades],
        "edge": [_edge(each.edge_bps) for each in trades],
        "duration": [Text(clock(each.age_seconds)) for each in trades],
        "pnl": [money(each.pnl_usd) for each in trades],
    }
    return fitted_table(_columns(cells, say), width)


def _results_by_route(view: SessionView, say: Words, width: int) -> list[RenderableType]:
    """The routes that traded, with their parts and the total."""
    traded = [route for route in view.routes if route.trades]
    if not traded:
        return [Text(say["no_trades"])]
    cells = {
        "route": [Text(route.title) for route in traded],
        "trades": [count(route.trades) for route in traded],
        **_pnl_cells([route.pnl for route in traded]),
    }
    footers = {key: column[0] for key, column in _pnl_cells([view.pnl]).items()}
    footers["route"] = Text(say["total"])
    footers["trades"] = count(sum(route.trades for route in traded))
    table = fitted_table(_columns(cells, say, footers), width)
    idle = len(view.routes) - len(traded)
    rest = [_line(say["routes_without_trades"].format(count=idle), "dim")] if idle else []
    return [table, *rest]


def _refusals_by_reason(view: SessionView, say: Words, width: int) -> RenderableType:
    if not view.refusals:
        return Text(say["no_refusals"])
    shown = view.refusals[:_MAX_REFUSALS]
    total = sum(each.count for each in view.refusals)
    cells = {
        "reason": [Text(each.reason) for each in shown],
        "count": [count(each.count) for each in shown],
        "share": [Text(f"{100 * each.count / total:.1f} %") for each in shown],
    }
    return fitted_table(_columns(cells, say), width)


def _columns(
    cells: Mapping[str, Sequence[Text]], say: Words, footers: Mapping[str, Text] | None = None
) -> list[Column]:
    """The columns under their headings in the language; keys are those of the catalogue."""
    return [
        Column(
            heading=say[key],
            cells=entries,
            footer=footers[key] if footers else None,
            weight=_WEIGHT.get(key, ALWAYS),
            text_width=_TEXT_WIDTH.get(key),
        )
        for key, entries in cells.items()
    ]


def _edge(edge_bps: float | None) -> Text:
    """Below zero is how markets mostly are: no colour for that."""
    return figure(edge_bps, digits=1, style="green" if (edge_bps or 0.0) > 0 else "")


def _top_refusal(route: RouteView) -> Text:
    """The count first: when the reason is cut, the number is whole."""
    text = f"{route.top_refusal_count:,} {route.top_refusal}" if route.top_refusal else ""
    return Text(text, "dim")


def _pnl_cells(results: Sequence[PnlView]) -> dict[str, list[Text]]:
    return {
        "price": [money(pnl.price_usd) for pnl in results],
        "fx": [money(pnl.fx_usd) for pnl in results],
        "fees": [money(pnl.fees_usd) for pnl in results],
        "funding": [money(pnl.funding_usd) for pnl in results],
        "pnl": [money(pnl.total_usd) for pnl in results],
    }


def _pnl_line(view: SessionView, say: Words) -> Text:
    """The parts come last: on a narrow screen they are what is cut."""
    pnl = view.pnl
    line = _line("", "")
    line.append(f"{say['pnl']} {signed(pnl.total_usd)}", f"bold {sign_style(pnl.total_usd)}")
    parts = say["pnl_parts"].format(
        price=signed(pnl.price_usd),
        fx=signed(pnl.fx_usd),
        fees=signed(pnl.fees_usd),
        funding=signed(pnl.funding_usd),
    )
    return line.append(f"   {_trade_counts(view, say)}   {parts}")


def _trade_counts(view: SessionView, say: Words) -> str:
    return say["trade_counts"].format(
        opened=view.trades_opened, closed=view.trades_closed, open=len(view.open_trades)
    )


def _refusal_line(view: SessionView, say: Words) -> Text:
    if not view.refusals:
        return _line(say["nothing_refused"], "dim")
    counts = "  ".join(f"{each.reason} {each.count:,}" for each in view.refusals)
    return _line(f"{say['refused']}: {counts}", "")


def _line(text: str, style: str) -> Text:
    """A single line: too long, and it ends in an ellipsis."""
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
