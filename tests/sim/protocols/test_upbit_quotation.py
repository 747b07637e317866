import json
from typing import Any

import msgspec
import pytest
from sim_upbit import pass_trade, upbit

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.upbit_quotation import (
    book_object,
    instrument_object,
    market_object,
    ticker_frame,
    ticker_object,
    trade_frame,
)
from arbitrage.sim.protocols.upbit_wire import double, plain_double
from arbitrage.sim.venue_core import SimVenueCore


@pytest.fixture
def core() -> SimVenueCore:
    return upbit().core


def book_of(core: SimVenueCore) -> BookSnapshot:
    book = core.book("KRW-BTC")
    assert book is not None
    return book


def plain(value: Any) -> Any:
    return json.loads(msgspec.json.encode(value))


def test_markets_have_names_and_warnings_if_asked(core: SimVenueCore) -> None:
    rules = core.instruments["KRW-BTC"]
    assert market_object(rules, is_details=False) == {
        "market": "KRW-BTC",
        "korean_name": "비트코인",
        "english_name": "BTC",
    }
    assert market_object(rules, is_details=True)["market_event"]["warning"] is False


def test_the_tick_is_that_of_the_price_now(core: SimVenueCore) -> None:
    rules = core.instruments["KRW-BTC"]
    assert instrument_object(rules, 100_000_000.0)["tick_size"] == "1000"
    assert instrument_object(rules, 60_000.0)["tick_size"] == "50"
    assert instrument_object(rules, 60_000.0)["supported_levels"] == ["0", "500", "5000", "50000"]


def test_missing_levels_are_padded_with_zeros(core: SimVenueCore) -> None:
    told = plain(book_object(book_of(core), count=3, level=0.0))
    assert told["orderbook_units"][1:] == [
        {"ask_price": 100_002_000, "bid_price": 99_999_000, "ask_size": 1, "bid_size": 1},
        {"ask_price": 0, "bid_price": 0, "ask_size": 0, "bid_size": 0},
    ]
    assert (told["total_ask_size"], told["total_bid_size"]) == (1.5, 1.5)


def test_a_trade_of_the_stream_has_the_best_prices(core: SimVenueCore) -> None:
    pass_trade(core, 99_000_000.0, 0.25, Side.SELL)
    tape = core.tape("KRW-BTC")
    frame = plain(trade_frame(tape.trades[-1], tape, book_of(core), plain_double))
    assert (frame["change"], frame["best_ask_price"]) == ("FALL", 100_001_000)
    assert plain(trade_frame(tape.trades[-1], tape, None, double))["best_ask_price"] == 0


def test_tickers_follow_the_tape(core: SimVenueCore) -> None:
    tape = core.tape("KRW-BTC")
    before = plain(ticker_object("KRW-BTC", tape, core.now_ns))
    assert (before["trade_price"], before["change"]) == (100_000_000, "EVEN")
    assert (before["trade_date"], before["trade_time_kst"]) == ("20261118", "200640")
    pass_trade(core, 101_000_000.0, 2.0, Side.BUY)
    after = plain(ticker_frame("KRW-BTC", tape, core.now_ns, double))
    assert (after["change"], after["signed_change_rate"], after["ask_bid"]) == ("RISE", 0.01, "BID")
    assert (after["acc_trade_volume"], after["acc_trade_price"]) == (2, 202_000_000)


def test_a_market_that_never_opened_has_a_ticker_of_zeros(core: SimVenueCore) -> None:
    told = plain(ticker_object("KRW-ETH", core.tape("KRW-ETH"), core.now_ns))
    assert (told["trade_price"], told["change_rate"]) == (0, 0)
