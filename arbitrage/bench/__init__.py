"""Speed, measured and not believed: each figure beside its goal.

One module per subject makes the cases; `measure` times them; this page runs and shows them. A
figure is the work of one call, without waiting; p50 and p99 are over many short batches.
"""

from collections.abc import Callable, Iterable

from rich import box
from rich.table import Table

from arbitrage.bench.measure import Figure


def _subjects() -> tuple[Callable[[bool], Iterable[Figure]], ...]:
    from arbitrage.bench import (
        engine_figures,
        loopback_figures,
        replay_figures,
        runner_figures,
        wire_figures,
    )

    return (
        runner_figures.figures,
        engine_figures.figures,
        wire_figures.figures,
        loopback_figures.figures,
        replay_figures.figures,
    )


def run_bench(*, only: str = "", quick: bool = False) -> list[Figure]:
    """Every figure whose name contains `only`; `quick` trades precision for time."""
    return [figure for figures in _subjects() for figure in figures(quick) if only in figure.name]


def figures_table(figures: Iterable[Figure]) -> Table:
    """The figures for eyes; a missed goal is marked."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("figure", "p50", "p99", "unit", "goal", ""):
        table.add_column(name, justify="left" if name in ("figure", "unit", "") else "right")
    for figure in figures:
        table.add_row(
            figure.name,
            figure.shown(figure.p50),
            figure.shown(figure.p99),
            figure.unit,
            figure.goal_text(),
            figure.mark(),
        )
    return table
