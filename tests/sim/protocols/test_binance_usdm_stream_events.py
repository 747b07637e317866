from sim_usdm import FIGURES, NOW_NS, announce, depth_books, pass_trade, usdm_core

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.binance_depth import Diff
from arbitrage.sim.protocols.binance_stream_names import Kind, StreamName
from arbitrage.sim.protocols.binance_usdm_stream_events import UsdmStreamEvents

NOW_MS = NOW_NS // 1_000_000
DIFFS = StreamName("s", Kind.DEPTH, "BTCUSDT")
PARTIAL = StreamName("s", Kind.PARTIAL_DEPTH, "BTCUSDT", levels=2)


class Venue:
    """A book of three levels a side, as it was shown a millisecond ago, and how it is told."""

    def __init__(self) -> None:
        self.core = usdm_core()
        books = depth_books(self.core)
        self.depth = books["BTCUSDT"]
        self.depth.gather("s")
        bids = [(78_000.0, 1.0), (77_999.0, 2.0), (77_998.0, 3.0)]
        asks = [(78_001.0, 1.0), (78_002.0, 2.0), (78_003.0, 3.0)]
        self.depth.show(BookSnapshot(NOW_NS - 1_000_000, "binance-usdm", "BTCUSDT", bids, asks))
        self.events = UsdmStreamEvents(self.core, books, FIGURES)


def test_a_diff_tells_its_numbers_and_levels_from_the_lowest_up() -> None:
    venue = Venue()
    diff = venue.depth.take("s")
    told = venue.events.book(DIFFS, diff)
    assert (told["e"], told["s"], told["E"], told["T"]) == (
        "depthUpdate",
        "BTCUSDT",
        NOW_MS,
        NOW_MS - 1,
    )
    assert (told["pu"], told["U"], told["u"]) == (diff.previous, diff.first, diff.last)
    assert told["b"] == [["77998.0", "3.000"], ["77999.0", "2.000"], ["78000.0", "1.000"]]


def test_a_level_that_is_gone_has_no_quantity() -> None:
    diff = Diff(1)
    diff.asks = {78_001.0: 0.0}
    told = Venue().events.book(DIFFS, diff)
    assert (told["b"], told["a"]) == ([], [["78001.0", "0.000"]])


def test_a_partial_book_is_whole_and_best_first() -> None:
    venue = Venue()
    told = venue.events.book(PARTIAL, venue.depth.take("s"))
    assert told["b"] == [["78000.0", "1.000"], ["77999.0", "2.000"]]
    assert told["a"] == [["78001.0", "1.000"], ["78002.0", "2.000"]]


def test_the_best_prices_carry_the_number_of_the_update() -> None:
    venue = Venue()
    told = venue.events.quote("BTCUSDT")
    assert told["u"] == venue.depth.last_update_id
    assert (told["b"], told["B"], told["a"], told["A"]) == (
        "78000.0",
        "1.000",
        "78001.0",
        "1.000",
    )


def test_m_says_that_the_buyer_is_the_maker() -> None:
    venue = Venue()
    pass_trade(venue.core, 78_000.0, 0.5, Side.SELL)
    printed = venue.core.tape("BTCUSDT").trades[-1]
    for kind in (Kind.TRADE, Kind.AGG_TRADE):
        told = venue.events.trade(kind, printed)
        assert (told["e"], told["p"], told["q"], told["m"]) == (
            kind.value,
            "78000.0",
            "0.500",
            True,
        )
        assert (told["s"], told["T"], told["E"]) == ("BTCUSDT", NOW_MS, NOW_MS)


def test_the_mark_comes_with_the_funding_to_come() -> None:
    venue = Venue()
    announce(venue.core, 0.0001, NOW_NS + 10**9, 78_010.0)
    told = venue.events.timed(StreamName("s", Kind.MARK_PRICE, "BTCUSDT"))
    assert (told["p"], told["i"]) == ("78000.05000000", "78010.00000000")
    assert (told["r"], told["T"]) == ("0.00010000", NOW_MS + 1_000)
