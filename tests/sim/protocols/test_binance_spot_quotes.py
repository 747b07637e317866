from collections.abc import Callable
from typing import Any

import pytest
from sim_spot import BIDS, FIGURES, depth_books, pass_trade, spot_core

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_spot_quotes import SpotQuotes, depth_weight

BTC = {"symbol": "BTCUSDT"}


@pytest.fixture
def quotes() -> SpotQuotes:
    core = spot_core()
    books = depth_books(core)
    book = core.book("BTCUSDT")
    assert book is not None
    books["BTCUSDT"].show(book)
    pass_trade(core, BIDS[0][0], 0.25, Side.SELL)
    return SpotQuotes(core, books, FIGURES)


def code_of(ask: Callable[[], Any]) -> int:
    with pytest.raises(BinanceRefusal) as refused:
        ask()
    return refused.value.code


@pytest.mark.parametrize(
    ("limit", "weight"),
    [("", 5), ("100", 5), ("101", 25), ("1000", 50), ("5000", 250), ("9999", 250), ("x", 5)],
)
def test_a_deeper_book_weighs_more(limit: str, weight: int) -> None:
    assert depth_weight({"limit": limit}) == weight


def test_a_book_is_as_deep_as_asked_and_no_deeper_than_the_venue_goes(quotes: SpotQuotes) -> None:
    assert len(quotes.depth({**BTC, "limit": "1"})["bids"]) == 1
    assert len(quotes.depth({**BTC, "limit": "100000"})["bids"]) == 2
    assert code_of(lambda: quotes.depth({**BTC, "limit": "0"})) == -1130


def test_the_venue_is_there_and_tells_its_time(quotes: SpotQuotes) -> None:
    assert quotes.ping({}) == {}
    assert quotes.time({})["serverTime"] > 0


def test_markets_are_asked_for_one_by_one_or_by_list_or_all(quotes: SpotQuotes) -> None:
    assert isinstance(quotes.book_ticker(BTC), dict)
    assert len(quotes.ticker({})) == 2
    assert [each["symbol"] for each in quotes.price({"symbols": '["ETHUSDT"]'})] == ["ETHUSDT"]  # type: ignore[index]
    assert len(quotes.exchange_info(BTC)["symbols"]) == 1
    assert code_of(lambda: quotes.ticker({**BTC, "symbols": "[]"})) == -1128
    assert code_of(lambda: quotes.ticker({"symbols": "BTCUSDT"})) == -1100
    assert code_of(lambda: quotes.ticker({"symbols": '["NOPE"]'})) == -1121


def test_trades_and_the_average_price_are_told(quotes: SpotQuotes) -> None:
    assert quotes.trades(BTC)[0]["qty"] == "0.25000000"
    assert quotes.agg_trades(BTC)[0]["q"] == "0.25000000"
    assert quotes.average(BTC)["price"] == "78000.00000000"
