"""A scan as one HTML file that needs nothing else: charts, figures, values under the pointer."""

from datetime import UTC, datetime
from html import escape
from math import isnan
from pathlib import Path
from typing import Any

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.sides import Direction
from arbitrage.domain.units import NS_PER_MS, NS_PER_SECOND
from arbitrage.research.chart import CSS_CLASS, LEFT, RIGHT, WIDTH, edge_chart
from arbitrage.research.edge_series import EdgeSeries
from arbitrage.research.plot_page import PAGE
from arbitrage.research.scan_result import (
    THRESHOLDS_BPS,
    RouteResult,
    ScanResult,
    direction_label,
)


def write_plot(result: ScanResult, path: str | Path) -> None:
    """Draw `result` into the file at `path`. Raises `ConfigError` for a scan that kept no series
    and for a path that cannot be written."""
    sections, data = [], []
    for route in result.routes:
        if route.series is None:
            raise ConfigError(f"route {route.route}: nothing to draw, its series was not kept")
        sections.append(_section(route, route.series))
        data.append(_values(route, route.series))
    page = PAGE.replace("$SECTIONS", "\n".join(sections)).replace("$DATA", _script_json(data))
    try:
        Path(path).write_text(page, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


def _section(route: RouteResult, series: EdgeSeries) -> str:
    legend = "".join(
        f'<span class="key {CSS_CLASS[direction]}">{escape(direction_label(route, direction))}'
        "</span>"
        for direction in route.directions
    )
    breakeven = " / ".join(sorted({f"{bps:.2f}" for bps in route.breakeven_bps.values()}))
    return f"""<section>
<h1>{escape(route.route)}</h1>
<p class="sub">{_period(series)} · {route.evaluations:,} evaluations</p>
<p class="legend">{legend}<span class="key breakeven">break-even {breakeven} bps</span>
<span class="key dot">opportunity (best of its moment)</span></p>
<div class="chart">{edge_chart(series, route.breakeven_bps, route.max_age_ns)}
<div class="tip" hidden></div></div>
{_figures(route)}
</section>"""


def _period(series: EdgeSeries) -> str:
    first, last = (
        datetime.fromtimestamp(ts_ns // NS_PER_SECOND, UTC)
        for ts_ns in (series.first_ns, series.last_ns)
    )
    return f"{first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC"


def _figures(route: RouteResult) -> str:
    columns = list(route.directions.items())
    rows: list[tuple[str, list[str]]] = [
        ("direction", [escape(direction_label(route, direction)) for direction, _ in columns])
    ]
    for threshold in THRESHOLDS_BPS:
        shares = [f"{route.share_above(direction, threshold):.2%}" for direction, _ in columns]
        rows.append((f"gross edge above {threshold} bps", shares))
    rows += [
        ("opportunities", [f"{found.opportunities:,}" for _, found in columns]),
        ("size", [f"{found.qty:,.4f} {escape(route.base)}" for _, found in columns]),
        ("net profit", [f"{found.net_profit:,.1f} {escape(route.quote)}" for _, found in columns]),
    ]
    body = "".join(
        f"<tr><th>{name}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        for name, cells in rows
    )
    note = "Nothing is consumed between evaluations: what stays in the books is counted again."
    return f'<table>{body}</table><p class="sub">{note}</p>'


def _values(route: RouteResult, series: EdgeSeries) -> dict[str, Any]:
    """What the page shows under the pointer: a row for every bucket with an evaluation."""
    rows = []
    for bucket in range(series.count):
        cells: list[float | None] = []
        for line in series.lines.values():
            if isnan(line.first[bucket]):
                cells += [None, None, 0, 0]
            else:
                cells += [
                    round(line.least[bucket], 2),
                    round(line.greatest[bucket], 2),
                    line.opportunities[bucket],
                    round(line.best_profit[bucket], 2),
                ]
        if any(cell is not None for cell in (cells[0], cells[4])):
            rows.append([bucket, series.middle_ns(bucket) // NS_PER_MS, *cells])
    return {
        "buckets": series.count,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "width": WIDTH,
        "names": [direction_label(route, direction) for direction in Direction],
        "quote": route.quote,
        "rows": rows,
    }


def _script_json(data: list[dict[str, Any]]) -> str:
    """JSON that cannot end the script element that it stands in."""
    return msgspec.json.encode(data).decode().replace("<", "\\u003c")
