from collections.abc import Callable
from typing import Any

import pytest

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import BookSnapshot, Funding
from arbitrage.exchanges.bybit import market_rest
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.order_gateway import Answer

AnswerOf = Callable[..., Answer]


def test_a_book_is_a_snapshot_that_no_delta_follows(answer: AnswerOf) -> None:
    book = market_rest.book(Category.SPOT, "BTCUSDT", answer("orderbook"), 7)

    expected = [(65485.47, 47.081829)], [(65557.7, 16.606555)]
    assert book == BookSnapshot(7, "bybit-spot", "BTCUSDT", *expected, 0)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"47.081829"', b'"0"'),
        (b'"65485.47"', b'"NaN"'),
        (b'[["65557.7","16.606555"]]', b'[["2","1"],["1","1"]]'),
        (b'"s":"BTCUSDT"', b'"s":"ETHUSDT"'),
    ],
)
def test_a_book_that_is_none_is_refused(
    old: bytes, new: bytes, body: Callable[[str], bytes], answer: AnswerOf
) -> None:
    raw = body("orderbook")
    assert old in raw

    with pytest.raises(MalformedData, match="BTCUSDT orderbook"):
        market_rest.book(Category.LINEAR, "BTCUSDT", answer(raw=raw.replace(old, new)), 7)


@pytest.mark.parametrize(("category", "depth"), [("spot", 50), ("linear", 25)])
def test_ccxt_asks_for_the_same_book(
    category: str, depth: int, stranger: Callable[..., Any]
) -> None:
    symbol = "BTC/USDT" if category == "spot" else "BTC/USDT:USDT"
    request = market_rest.book_request(Category(category), "BTCUSDT", depth)

    assert request.target == stranger("fetch_order_book", symbol).target


@pytest.mark.parametrize("depth", [0, 201])
def test_a_depth_that_is_not_served_is_not_asked_for(depth: int) -> None:
    with pytest.raises(ConfigError, match="expected 1 to 200"):
        market_rest.book_request(Category.SPOT, "BTCUSDT", depth)


def test_funding_and_mark_price_are_asked_for(
    answer: AnswerOf, stranger: Callable[..., Any]
) -> None:
    request = market_rest.funding_request("BTCUSDT")

    assert request.target == stranger("fetch_funding_rate", "BTC/USDT:USDT").target
    assert market_rest.funding(answer("tickers"), 7) == [
        Funding(7, "bybit", "BTCUSDT", -0.000212, 1673280000000_000_000, 17217.33)
    ]


def test_the_venues_clock_is_read_to_the_nanosecond(
    answer: AnswerOf, stranger: Callable[..., Any]
) -> None:
    assert market_rest.time_request().target == stranger("fetch_time").target
    assert market_rest.server_time_ns(answer("time")) == 1688639403423213947


def test_an_answer_that_did_not_come_raises(answer: AnswerOf) -> None:
    with pytest.raises(Unavailable):
        market_rest.book(Category.SPOT, "BTCUSDT", answer(status=502), 7)
    with pytest.raises(MalformedData):
        market_rest.server_time_ns(answer(raw=b'{"retCode":0,"result":{"timeNano":"-1"}}'))
