import pytest

from arbitrage.sim.protocols.binance_stream_names import Kind
from arbitrage.sim.protocols.binance_usdm_stream_names import Path, read_stream

SYMBOLS = {"btcusdt": "BTCUSDT"}


@pytest.mark.parametrize(
    ("name", "path", "kind", "pace_ms", "levels"),
    [
        ("btcusdt@depth", Path.PUBLIC, Kind.DEPTH, 250, 0),
        ("btcusdt@depth@100ms", Path.PUBLIC, Kind.DEPTH, 100, 0),
        ("btcusdt@depth@0ms", Path.PUBLIC, Kind.DEPTH, 0, 0),
        ("btcusdt@depth5", Path.PUBLIC, Kind.PARTIAL_DEPTH, 250, 5),
        ("btcusdt@depth20@100ms", Path.PUBLIC, Kind.PARTIAL_DEPTH, 100, 20),
        ("btcusdt@bookTicker", Path.PUBLIC, Kind.BOOK_TICKER, 0, 0),
        ("btcusdt@trade", Path.PUBLIC, Kind.TRADE, 0, 0),
        ("btcusdt@aggTrade", Path.MARKET, Kind.AGG_TRADE, 0, 0),
        ("btcusdt@markPrice", Path.MARKET, Kind.MARK_PRICE, 3000, 0),
        ("btcusdt@markPrice@1s", Path.MARKET, Kind.MARK_PRICE, 1000, 0),
    ],
)
def test_a_name_is_a_kind_of_a_symbol_on_its_path_alone(
    name: str, path: Path, kind: Kind, pace_ms: int, levels: int
) -> None:
    stream = read_stream(name, SYMBOLS, path)
    assert stream is not None
    assert (stream.kind, stream.symbol) == (kind, "BTCUSDT")
    assert (stream.pace_ms, stream.levels) == (pace_ms, levels)
    (other,) = set(Path) - {path}
    assert read_stream(name, SYMBOLS, other) is None


@pytest.mark.parametrize(
    "name",
    [
        "BTCUSDT@depth",
        "nopeusdt@depth",
        "btcusdt",
        "btcusdt@",
        "btcusdt@depth7",
        "btcusdt@depth@50ms",
        "btcusdt@kline_1m",
        "0",
        "",
    ],
)
def test_of_any_other_name_nothing_comes(name: str) -> None:
    assert [read_stream(name, SYMBOLS, path) for path in Path] == [None, None]
