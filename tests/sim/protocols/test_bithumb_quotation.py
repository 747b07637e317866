import json
from typing import Any

import msgspec
import pytest
from sim_bithumb import NOW_MS, NOW_NS, bithumb, pass_trade, show

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.bithumb_quotation import (
    book_frame,
    book_object,
    market_object,
    ticker_frame,
    ticker_object,
    trade_frame,
)
from arbitrage.sim.protocols.bithumb_wire import number
from arbitrage.sim.venue_core import SimVenueCore

NINE_HOURS_MS = 9 * 3_600_000


@pytest.fixture
def core() -> SimVenueCore:
    return bithumb().core


def book_of(core: SimVenueCore) -> BookSnapshot:
    book = core.book("KRW-BTC")
    assert book is not None
    return book


def plain(value: Any) -> Any:
    return json.loads(msgspec.json.encode(value))


def test_markets_have_names_and_a_warning_if_asked(core: SimVenueCore) -> None:
    rules = core.instruments["KRW-BTC"]
    assert market_object(rules, is_details=False)["korean_name"] == "비트코인"
    assert market_object(rules, is_details=True)["market_warning"] == "NONE"


def test_books_over_rest_and_on_the_stream_go_by_different_clocks(core: SimVenueCore) -> None:
    assert plain(book_object(book_of(core), 30))["timestamp"] == NOW_MS
    frame = plain(book_frame(book_of(core), 15))
    assert (frame["timestamp"], frame["level"]) == (NOW_NS // 1000, 1)
    assert len(frame["orderbook_units"]) == 15


def test_sizes_have_four_decimals_and_dust_shows_as_zero(core: SimVenueCore) -> None:
    show(core, bids=[(100_000_000.0, 0.00004), (99_999_000.0, 0.12345678)])
    first, second, third = plain(book_object(book_of(core), 3))["orderbook_units"]
    assert (first["bid_price"], first["bid_size"]) == (100_000_000, 0)
    assert (second["bid_price"], second["bid_size"]) == (99_999_000, 0.1235)
    assert (third["bid_price"], third["bid_size"]) == (0, 0)


def test_a_ticker_over_rest_tells_korean_time_as_if_it_were_utc(core: SimVenueCore) -> None:
    pass_trade(core, 101_000_000.0, 2.0, Side.BUY)
    tape = core.tape("KRW-BTC")
    told = plain(ticker_object("KRW-BTC", tape, core.now_ns))
    assert told["timestamp"] == told["trade_timestamp"] == NOW_MS + NINE_HOURS_MS
    assert (told["trade_time"], told["trade_time_kst"]) == ("110640", "200640")
    frame = plain(ticker_frame("KRW-BTC", tape, core.now_ns, number))
    assert (frame["timestamp"], frame["trade_time"]) == (NOW_MS, "200640")
    assert (frame["change"], frame["delisting_date"]) == ("RISE", "")


def test_trades_on_the_stream_are_dated_in_seoul(core: SimVenueCore) -> None:
    pass_trade(core, 99_000_000.0, 0.25, Side.SELL)
    tape = core.tape("KRW-BTC")
    frame = plain(trade_frame(tape.trades[-1], tape, number))
    assert (frame["trade_date"], frame["trade_time"]) == ("2026-11-18", "20:06:40")
    assert (frame["ask_bid"], frame["trade_timestamp"]) == ("ASK", NOW_MS)
    assert "best_ask_price" not in frame
