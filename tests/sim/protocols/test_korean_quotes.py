import json
from typing import Any

import msgspec
import pytest
from sim_upbit import pass_trade, upbit

from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.korean_quotes import (
    book_units,
    sequential_id,
    stream_ticker_figures,
    ticker_figures,
    trade_figures,
    trade_ns,
    trade_object,
)
from arbitrage.sim.protocols.upbit_wire import double
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


def test_a_thin_book_is_padded_with_zeros(core: SimVenueCore) -> None:
    units, asks, bids = book_units(book_of(core), count=3, level=0.0, number=double)
    assert plain(units)[2] == {"ask_price": 0, "bid_price": 0, "ask_size": 0, "bid_size": 0}
    assert (asks, bids) == (1.5, 1.5)


def test_levels_can_be_grouped(core: SimVenueCore) -> None:
    units, *_ = book_units(book_of(core), count=2, level=10_000.0, number=double)
    assert plain(units) == [
        {"ask_price": 100_010_000, "bid_price": 100_000_000, "ask_size": 1.5, "bid_size": 0.5},
        {"ask_price": 0, "bid_price": 99_990_000, "ask_size": 0, "bid_size": 1},
    ]


def test_trades_are_told_with_the_takers_side(core: SimVenueCore) -> None:
    pass_trade(core, 100_001_000.0, 0.25, Side.BUY)
    pass_trade(core, 99_000_000.0, 0.25, Side.SELL)
    tape = core.tape("KRW-BTC")
    first, second = (plain(trade_object(each, tape, double)) for each in tape.trades)
    assert (first["ask_bid"], first["change_price"]) == ("BID", 1_000)
    assert (second["ask_bid"], second["change_price"]) == ("ASK", -1_000_000)
    assert second["sequential_id"] == sequential_id(tape.trades[-1]) > first["sequential_id"]


def test_what_was_never_traded_has_figures_of_zero(core: SimVenueCore) -> None:
    tape = core.tape("KRW-ETH")
    told = plain(ticker_figures(tape, core.now_ns, double))
    assert (told["trade_price"], told["change"], told["change_rate"]) == (0, "EVEN", 0)
    assert plain(stream_ticker_figures(tape, double))["ask_bid"] == "ASK"
    assert trade_ns(tape, core.now_ns) == core.now_ns


def test_figures_follow_the_tape(core: SimVenueCore) -> None:
    pass_trade(core, 101_000_000.0, 2.0, Side.BUY)
    tape = core.tape("KRW-BTC")
    told = plain(ticker_figures(tape, core.now_ns, double))
    assert (told["change"], told["signed_change_rate"]) == ("RISE", 0.01)
    assert (told["acc_trade_volume"], told["acc_trade_price"]) == (2, 202_000_000)
    frame = plain(trade_figures(tape.trades[-1], tape, double))
    assert (frame["change"], frame["ask_bid"], frame["trade_volume"]) == ("RISE", "BID", 2)
