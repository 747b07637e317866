"""OKX's public REST endpoints."""

from collections.abc import Callable
from typing import Any

import pytest
from sim_okx import ASKS, BIDS, EMPTY, NOW_NS, SPOT, SWAP, Clock, announce, okx_core, pass_trade

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.okx_books import OkxBook
from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_markets import Markets
from arbitrage.sim.protocols.okx_quotes import OkxQuotes
from arbitrage.sim.venue_core import SimVenueCore


@pytest.fixture
def core() -> SimVenueCore:
    return okx_core(Clock())


@pytest.fixture
def quotes(core: SimVenueCore) -> OkxQuotes:
    return OkxQuotes(core, Markets(core), {symbol: OkxBook(7) for symbol in core.instruments})


def test_the_venue_tells_its_time_and_no_maintenance(quotes: OkxQuotes) -> None:
    assert quotes.time({}) == [{"ts": str(NOW_NS // 10**6)}]
    assert quotes.status({}) == []


def test_instruments_are_asked_for_by_kind(quotes: OkxQuotes) -> None:
    assert [one["instId"] for one in quotes.instruments({"instType": "SWAP"})] == [SWAP, EMPTY]
    assert len(quotes.instruments({"instType": "SWAP", "instId": SWAP})) == 1
    assert quotes.instruments({"instType": "FUTURES"}) == []
    with pytest.raises(OkxRefusal, match="50014"):
        quotes.instruments({})


def test_a_book_has_one_level_unless_more_are_asked_for(quotes: OkxQuotes) -> None:
    (one,) = quotes.book({"instId": SPOT})
    (two,) = quotes.book({"instId": SPOT, "sz": "5"})
    assert one["bids"] == [["78000", "0.5", "0", "1"]]
    assert [len(two["bids"]), len(two["asks"])] == [len(BIDS), len(ASKS)]
    assert two["seqId"] == 7
    assert quotes.book({"instId": EMPTY})[0]["asks"] == []
    with pytest.raises(OkxRefusal, match="51000"):
        quotes.book({"instId": SPOT, "sz": "401"})


def test_trades_are_newest_first(core: SimVenueCore, quotes: OkxQuotes) -> None:
    for price in (78_000.0, 78_000.1):
        pass_trade(core, price, 0.1, Side.BUY)
    told = quotes.trades({"instId": SPOT, "limit": "2"})
    assert [one["px"] for one in told] == ["78000.1", "78000"]


def test_tickers_limits_and_marks_are_told(quotes: OkxQuotes) -> None:
    assert quotes.ticker({"instId": SPOT})[0]["askPx"] == "78000.1"
    assert len(quotes.tickers({"instType": "SWAP"})) == 2
    (limit,) = quotes.price_limit({"instId": SPOT})
    assert (limit["buyLmt"], limit["sellLmt"], limit["enabled"]) == ("85800", "70200.1", True)
    assert quotes.price_limit({"instId": EMPTY})[0]["buyLmt"] == ""
    assert len(quotes.mark_price({"instType": "SWAP"})) == 2
    assert [one["instId"] for one in quotes.mark_price({"instId": SWAP})] == [SWAP]


def test_funding_is_of_swaps(quotes: OkxQuotes) -> None:
    assert quotes.funding_rate({"instId": SWAP})[0]["instId"] == SWAP
    assert len(quotes.funding_rate({"instId": "ANY"})) == 2
    with pytest.raises(OkxRefusal, match="51000"):
        quotes.funding_rate({"instId": SPOT})


def test_settled_funding_is_remembered(core: SimVenueCore, quotes: OkxQuotes) -> None:
    settled_ns = NOW_NS + 60 * 10**9
    announce(core, 0.0001, settled_ns)
    announce(core, 0.0002, settled_ns)
    announce(core, 0.0003, settled_ns + 8 * 3_600 * 10**9)
    (told,) = quotes.funding_rates({"instId": SWAP})
    assert (told["fundingRate"], told["fundingTime"]) == ("0.0002", str(settled_ns // 10**6))


@pytest.mark.parametrize("ask", [OkxQuotes.book, OkxQuotes.ticker, OkxQuotes.trades])
def test_an_unknown_market_is_refused(
    ask: Callable[[OkxQuotes, dict[str, str]], Any], quotes: OkxQuotes
) -> None:
    with pytest.raises(OkxRefusal, match="51001"):
        ask(quotes, {"instId": "NOPE-USDT"})
