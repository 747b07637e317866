"""The runner figures run and are named; how large they are is for `make bench` to say."""

from arbitrage.bench.runner_figures import figures


def test_every_figure_is_measured_and_named() -> None:
    measured = list(figures(True))
    assert all(figure.name and figure.p50 >= 0 for figure in measured)
    assert len({figure.name for figure in measured}) == len(measured)
