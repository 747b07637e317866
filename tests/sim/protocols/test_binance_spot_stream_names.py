import pytest

from arbitrage.sim.protocols.binance_spot_stream_names import read_stream
from arbitrage.sim.protocols.binance_stream_names import Kind

SYMBOLS = {"btcusdt": "BTCUSDT"}


@pytest.mark.parametrize(
    ("name", "kind", "pace_ms", "levels"),
    [
        ("btcusdt@depth", Kind.DEPTH, 1000, 0),
        ("btcusdt@depth@100ms", Kind.DEPTH, 100, 0),
        ("btcusdt@depth@1000ms", Kind.DEPTH, 1000, 0),
        ("btcusdt@depth5", Kind.PARTIAL_DEPTH, 1000, 5),
        ("btcusdt@depth20@100ms", Kind.PARTIAL_DEPTH, 100, 20),
        ("btcusdt@bookTicker", Kind.BOOK_TICKER, 0, 0),
        ("btcusdt@trade", Kind.TRADE, 0, 0),
        ("btcusdt@aggTrade", Kind.AGG_TRADE, 0, 0),
        ("btcusdt@ticker", Kind.TICKER, 1000, 0),
        ("btcusdt@miniTicker", Kind.MINI_TICKER, 1000, 0),
    ],
)
def test_a_name_is_a_kind_of_a_symbol(name: str, kind: Kind, pace_ms: int, levels: int) -> None:
    stream = read_stream(name, SYMBOLS)
    assert stream is not None
    assert (stream.kind, stream.symbol) == (kind, "BTCUSDT")
    assert (stream.pace_ms, stream.levels) == (pace_ms, levels)


@pytest.mark.parametrize(
    "name",
    ["BTCUSDT@depth", "nopeusdt@depth", "btcusdt", "btcusdt@depth7", "btcusdt@depth@0ms", ""],
)
def test_of_any_other_name_nothing_comes(name: str) -> None:
    assert read_stream(name, SYMBOLS) is None
