import pytest
from sim_spot import FIGURES, depth_books, pass_trade, spot_core
from sim_usdm import NOW_NS

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.binance_depth import Diff
from arbitrage.sim.protocols.binance_spot_stream_events import SpotStreamEvents
from arbitrage.sim.protocols.binance_stream_names import Kind, StreamName

NOW_MS = NOW_NS // 1_000_000
DIFFS = StreamName("s", Kind.DEPTH, "BTCUSDT")


class Venue:
    """A book of two levels a side and how it is told."""

    def __init__(self) -> None:
        self.core = spot_core()
        books = depth_books(self.core)
        self.depth = books["BTCUSDT"]
        self.depth.gather("s")
        self.show(1.0)
        self.events = SpotStreamEvents(self.core, books, FIGURES)

    def show(self, qty: float) -> None:
        bids, asks = [(78_000.0, qty), (77_999.0, 2.0)], [(78_001.0, 1.0), (78_002.0, 2.0)]
        self.depth.show(BookSnapshot(NOW_NS, "binance-spot", "BTCUSDT", bids, asks))


def test_diffs_follow_one_another_without_a_gap() -> None:
    venue = Venue()
    first = venue.events.book(DIFFS, venue.depth.take("s"))
    venue.show(3.0)
    second = venue.events.book(DIFFS, venue.depth.take("s"))
    assert second["U"] == first["u"] + 1
    assert second["b"] == [["78000.00000000", "3.00000000"]]
    assert set(second) == {"e", "E", "s", "U", "u", "b", "a"}


def test_a_level_that_is_gone_has_no_quantity() -> None:
    diff = Diff(1)
    diff.asks = {78_001.0: 0.0}
    told = Venue().events.book(DIFFS, diff)
    assert (told["b"], told["a"]) == ([], [["78001.00000000", "0.00000000"]])


def test_a_partial_book_is_whole_and_nothing_else() -> None:
    venue = Venue()
    stream = StreamName("s", Kind.PARTIAL_DEPTH, "BTCUSDT", levels=1)
    assert venue.events.book(stream, venue.depth.take("s")) == {
        "lastUpdateId": venue.depth.last_update_id,
        "bids": [["78000.00000000", "1.00000000"]],
        "asks": [["78001.00000000", "1.00000000"]],
    }


def test_the_best_prices_have_no_time() -> None:
    venue = Venue()
    assert venue.events.quote("BTCUSDT") == {
        "u": venue.depth.last_update_id,
        "s": "BTCUSDT",
        "b": "78000.00000000",
        "B": "1.00000000",
        "a": "78001.00000000",
        "A": "1.00000000",
    }


@pytest.mark.parametrize("kind", [Kind.TRADE, Kind.AGG_TRADE])
def test_m_says_that_the_buyer_is_the_maker(kind: Kind) -> None:
    venue = Venue()
    pass_trade(venue.core, 78_000.0, 0.5, Side.SELL)
    told = venue.events.trade(kind, venue.core.tape("BTCUSDT").trades[-1])
    assert (told["e"], told["p"], told["m"], told["M"]) == (
        kind.value,
        "78000.00000000",
        True,
        True,
    )
    assert (told["s"], told["T"], told["E"]) == ("BTCUSDT", NOW_MS, NOW_MS)


def test_tickers_are_told_in_letters() -> None:
    venue = Venue()
    pass_trade(venue.core, 78_000.0, 0.5, Side.SELL)
    told = venue.events.timed(StreamName("s", Kind.TICKER, "BTCUSDT"))
    assert (told["e"], told["c"], told["b"], told["n"]) == (
        "24hrTicker",
        "78000.00000000",
        "78000.00000000",
        1,
    )
    small = venue.events.timed(StreamName("s", Kind.MINI_TICKER, "BTCUSDT"))
    assert (small["e"], set(small)) == ("24hrMiniTicker", set("eEscohlvq"))
