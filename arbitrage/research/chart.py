"""An `EdgeSeries` as SVG: scales, axes, two lines, and a dot at every opportunity.

Coordinates are those of the drawing's `viewBox`; colours are CSS classes of the page around it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from math import ceil, floor, isnan, log10
from typing import NamedTuple

from arbitrage.domain.sides import Direction
from arbitrage.domain.units import NS_PER_DAY, NS_PER_SECOND
from arbitrage.research.edge_series import EdgeLine, EdgeSeries

WIDTH, HEIGHT = 1200, 440
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 44
CSS_CLASS = {Direction.LONG_A_SHORT_B: "ab", Direction.LONG_B_SHORT_A: "ba"}

_TIME_STEPS_SECONDS = (
    *(1, 2, 5, 10, 15, 30),
    *(60 * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(3600 * hours for hours in (1, 2, 3, 6, 12)),
    *(86_400 * days for days in (1, 2, 7, 14, 28, 91, 182, 364)),
)
_MAX_TIME_TICKS = 14
_Y_TICKS = 8
_Y_MARGIN = 0.06


class Scale(NamedTuple):
    """Where times and edges stand in the drawing."""

    first_ns: int
    last_ns: int
    low_bps: float
    high_bps: float

    def x(self, ts_ns: int) -> float:
        share = (ts_ns - self.first_ns) / max(1, self.last_ns - self.first_ns)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, edge_bps: float) -> float:
        share = (edge_bps - self.low_bps) / (self.high_bps - self.low_bps)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def scale_of(series: EdgeSeries, breakeven_bps: float) -> Scale | None:
    """A scale that shows every edge, zero, and the break-even where it is not far off; None if
    there is nothing to show."""
    edges = [
        edge
        for line in series.lines.values()
        for edge in (*line.least, *line.greatest)
        if not isnan(edge)
    ]
    if not edges:
        return None
    low, high = min(0.0, *edges), max(0.0, *edges)
    if breakeven_bps <= high + (high - low):
        high = max(high, breakeven_bps)
    margin = _Y_MARGIN * (high - low) or 1.0
    return Scale(series.first_ns, series.last_ns, low - margin, high + margin)


def edge_ticks(low: float, high: float, count: int = _Y_TICKS) -> list[float]:
    """Round numbers between `low` and `high`, about `count` of them."""
    rough = (high - low) / count
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


def time_ticks(first_ns: int, last_ns: int) -> list[tuple[int, str]]:
    """Round UTC times with their labels; the date stands where a day begins and at the first."""
    seconds = (last_ns - first_ns) / NS_PER_SECOND
    step = next(
        (step for step in _TIME_STEPS_SECONDS if seconds / step <= _MAX_TIME_TICKS),
        _TIME_STEPS_SECONDS[-1],
    )
    step_ns = step * NS_PER_SECOND
    times = list(range(-(-first_ns // step_ns) * step_ns, last_ns + 1, step_ns)) or [first_ns]
    form = "%H:%M:%S" if step < 60 else "%H:%M"
    ticks = []
    for time in times:
        moment = datetime.fromtimestamp(time // NS_PER_SECOND, UTC)
        if step >= 86_400:
            label = f"{moment:%Y-%m-%d}"
        elif time == times[0] or time % NS_PER_DAY == 0:
            label = f"{moment:%b %d} {moment:{form}}"
        else:
            label = f"{moment:{form}}"
        ticks.append((time, label))
    return ticks


def edge_chart(series: EdgeSeries, breakeven_bps: dict[Direction, float], gap_ns: int) -> str:
    """The chart as one `<svg>` element. A line is broken where it has no evaluation for longer
    than `gap_ns`."""
    breakeven = max(breakeven_bps.values())
    scale = scale_of(series, breakeven)
    if scale is None:
        return '<p class="empty">No evaluation: the books were never both fresh.</p>'
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-label="gross edge of both directions over time">',
        *_axes(scale),
    ]
    if breakeven <= scale.high_bps:
        y = scale.y(breakeven)
        parts.append(f'<path class="breakeven" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
    for direction, line in series.lines.items():
        name = CSS_CLASS[direction]
        path = "".join(_path(series, line, scale, gap_ns))
        parts.append(f'<path class="line {name}" d="{path}"/>')
    for direction, line in series.lines.items():
        dots = "".join(_dots(series, line, scale))
        parts.append(f'<path class="dots {CSS_CLASS[direction]}" d="{dots}"/>')
    parts.append(f'<path class="cursor" d="M0 {TOP}V{HEIGHT - BOTTOM}" visibility="hidden"/></svg>')
    return "\n".join(parts)


def _axes(scale: Scale) -> Iterator[str]:
    for edge in edge_ticks(scale.low_bps, scale.high_bps):
        y = scale.y(edge)
        kind = "zero" if edge == 0 else "grid"
        yield f'<path class="{kind}" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text class="y" x="{LEFT - 8}" y="{y + 4:.1f}">{_signed(edge)}</text>'
    bottom = HEIGHT - BOTTOM
    for time, label in time_ticks(scale.first_ns, scale.last_ns):
        x = scale.x(time)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{bottom + 5}"/>'
        yield f'<text class="x" x="{x:.1f}" y="{bottom + 20}">{escape(label)}</text>'
    middle = (TOP + bottom) // 2
    upright = f'transform="translate(16 {middle}) rotate(-90)"'
    yield f'<text class="title" {upright}>gross edge, bps</text>'
    yield f'<text class="title" x="{(LEFT + WIDTH) // 2}" y="{HEIGHT - 6}">time, UTC</text>'


def _signed(edge_bps: float) -> str:
    return f"{edge_bps:g}".replace("-", "\N{MINUS SIGN}")


def _path(series: EdgeSeries, line: EdgeLine, scale: Scale, gap_ns: int) -> Iterator[str]:
    """Through the first, least, greatest and last edge of every bucket that has one."""
    bucket_ns = (series.last_ns - series.first_ns) // series.count
    latest: int | None = None
    for bucket, edge in enumerate(line.first):
        if isnan(edge):
            continue
        x = scale.x(series.middle_ns(bucket))
        is_broken = latest is None or (bucket - latest - 1) * bucket_ns > gap_ns
        yield f"{'M' if is_broken else 'L'}{x:.1f} {scale.y(edge):.1f}"
        for other in (line.least[bucket], line.greatest[bucket], line.last[bucket]):
            if other != edge:
                yield f"V{scale.y(other):.1f}"
                edge = other
        latest = bucket


def _dots(series: EdgeSeries, line: EdgeLine, scale: Scale) -> Iterator[str]:
    """A point without length at the best edge of each bucket; round caps make it a dot."""
    for bucket, count in enumerate(line.opportunities):
        if count:
            x, y = scale.x(series.middle_ns(bucket)), scale.y(line.greatest[bucket])
            yield f"M{x:.1f} {y:.1f}h0"
