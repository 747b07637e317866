import pytest
from sim_usdm import FIGURES, NOW_NS, depth_books, pass_trade, usdm_core

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_rest import by_symbol
from arbitrage.sim.protocols.binance_usdm_quotes import UsdmQuotes, depth_weight
from arbitrage.sim.venue_core import SimVenueCore

BTC = {"symbol": "BTCUSDT"}


@pytest.fixture
def core() -> SimVenueCore:
    return usdm_core()


@pytest.fixture
def quotes(core: SimVenueCore) -> UsdmQuotes:
    books = depth_books(core)
    book = core.book("BTCUSDT")
    assert book is not None
    books["BTCUSDT"].show(book)
    return UsdmQuotes(core, books, FIGURES)


def test_the_venue_answers_and_tells_its_time(quotes: UsdmQuotes) -> None:
    assert quotes.ping({}) == {}
    assert quotes.time({}) == {"serverTime": NOW_NS // 1_000_000}
    assert len(quotes.exchange_info({})["symbols"]) == 2


def test_a_book_has_one_of_the_depths(quotes: UsdmQuotes) -> None:
    assert len(quotes.depth(BTC)["bids"]) == 2
    assert len(quotes.depth({**BTC, "limit": "5"})["asks"]) == 2
    with pytest.raises(BinanceRefusal, match="-4021"):
        quotes.depth({**BTC, "limit": "7"})
    with pytest.raises(BinanceRefusal, match="-1102"):
        quotes.depth({})


def test_one_market_is_an_object_and_all_are_a_list(quotes: UsdmQuotes) -> None:
    for ask in (quotes.book_ticker, quotes.ticker, quotes.price, quotes.premium_index):
        one, every = ask(BTC), ask({})
        assert isinstance(one, dict)
        assert one["symbol"] == "BTCUSDT"
        assert isinstance(every, list)
        assert [each["symbol"] for each in every] == ["BTCUSDT", "ETHUSDT"]
    assert len(quotes.funding_info({})) == 2


def test_trades_are_the_latest_or_from_an_id_on(quotes: UsdmQuotes, core: SimVenueCore) -> None:
    for price in (78_000.0, 78_000.1, 78_000.2):
        pass_trade(core, price, 0.1, Side.BUY)
    ids = [each["id"] for each in quotes.trades(BTC)]
    assert len(ids) == 3
    assert [each["id"] for each in quotes.trades({**BTC, "limit": "2"})] == ids[1:]
    from_second = quotes.agg_trades({**BTC, "fromId": str(ids[1]), "limit": "1"})
    assert [each["a"] for each in from_second] == [ids[1]]


def test_weights_grow_with_what_is_asked_for() -> None:
    assert [depth_weight({"limit": str(limit)}) for limit in (5, 50, 100, 500, 1000)] == [
        *(2, 2, 5, 10, 20),
    ]
    assert depth_weight({}) == 10
    assert depth_weight({"limit": "many"}) == 10
    assert depth_weight({"limit": "7"}) == 20
    weight = by_symbol(1, 40)
    assert (weight(BTC), weight({})) == (1, 40)
