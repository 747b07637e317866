from sim_usdm import FIGURES, NOW_NS, announce, depth_books, pass_trade, usdm_core

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.binance_usdm_depth import DepthBook, Diff
from arbitrage.sim.protocols.binance_usdm_stream_events import (
    agg_trade,
    book_ticker,
    depth_update,
    mark_price_update,
    trade,
)

BTC = FIGURES["BTCUSDT"]
NOW_MS = NOW_NS // 1_000_000


def shown() -> DepthBook:
    """A book of three levels a side, as it was shown a millisecond ago."""
    depth = depth_books(usdm_core())["BTCUSDT"]
    depth.gather("s")
    bids = [(78_000.0, 1.0), (77_999.0, 2.0), (77_998.0, 3.0)]
    asks = [(78_001.0, 1.0), (78_002.0, 2.0), (78_003.0, 3.0)]
    depth.show(BookSnapshot(NOW_NS - 1_000_000, "binance-usdm", "BTCUSDT", bids, asks))
    return depth


def test_a_diff_tells_its_numbers_and_levels_from_the_lowest_up() -> None:
    depth = shown()
    diff = depth.take("s")
    told = depth_update("BTCUSDT", depth, diff, BTC, levels=0, now_ns=NOW_NS)
    assert (told["e"], told["s"], told["E"], told["T"]) == (
        "depthUpdate",
        "BTCUSDT",
        NOW_MS,
        NOW_MS - 1,
    )
    assert (told["pu"], told["U"], told["u"]) == (diff.previous, diff.first, diff.last)
    assert told["b"] == [["77998.0", "3.000"], ["77999.0", "2.000"], ["78000.0", "1.000"]]


def test_a_level_that_is_gone_has_no_quantity() -> None:
    depth = shown()
    diff = Diff(1)
    diff.asks = {78_001.0: 0.0}
    told = depth_update("BTCUSDT", depth, diff, BTC, levels=0, now_ns=NOW_NS)
    assert (told["b"], told["a"]) == ([], [["78001.0", "0.000"]])


def test_a_partial_book_is_whole_and_best_first() -> None:
    depth = shown()
    told = depth_update("BTCUSDT", depth, depth.take("s"), BTC, levels=2, now_ns=NOW_NS)
    assert told["b"] == [["78000.0", "1.000"], ["77999.0", "2.000"]]
    assert told["a"] == [["78001.0", "1.000"], ["78002.0", "2.000"]]


def test_the_best_prices_carry_the_number_of_the_update() -> None:
    depth = shown()
    told = book_ticker("BTCUSDT", depth, BTC, now_ns=NOW_NS)
    assert told["u"] == depth.last_update_id
    assert (told["b"], told["B"], told["a"], told["A"]) == (
        "78000.0",
        "1.000",
        "78001.0",
        "1.000",
    )


def test_m_says_that_the_buyer_is_the_maker() -> None:
    core = usdm_core()
    pass_trade(core, 78_000.0, 0.5, Side.SELL)
    printed = core.tape("BTCUSDT").trades[-1]
    for told in (trade(printed, BTC, now_ns=NOW_NS), agg_trade(printed, BTC, now_ns=NOW_NS)):
        assert (told["p"], told["q"], told["m"]) == ("78000.0", "0.500", True)
        assert (told["s"], told["T"], told["E"]) == ("BTCUSDT", NOW_MS, NOW_MS)


def test_the_mark_comes_with_the_funding_to_come() -> None:
    core = usdm_core()
    announce(core, 0.0001, NOW_NS + 10**9, 78_010.0)
    told = mark_price_update(core, "BTCUSDT")
    assert (told["p"], told["i"]) == ("78000.05000000", "78010.00000000")
    assert (told["r"], told["T"]) == ("0.00010000", NOW_MS + 1_000)
