"""The loopback figures run against another process and are named; how large they are is for
`make bench` to say."""

from arbitrage.bench.loopback_figures import figures


def test_every_path_answers_every_quote_with_an_order() -> None:
    measured = {figure.name: figure.p50 for figure in figures(True)}
    assert set(measured) == {
        "quote sent to order received, bare socket",
        "quote sent to order received, ours",
        "quote sent to order received, ccxt.pro",
        "quote sent to order received, ccxt.pro over ours",
        "connection cut to fresh book",
    }
    assert all(value > 0 for value in measured.values())
