from collections.abc import Callable

import pytest

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import BookSnapshot
from arbitrage.exchanges.binance_spot import market_rest
from arbitrage.exchanges.order_gateway import Answer, Lane


@pytest.mark.parametrize(
    ("depth", "weight"),
    [(1, 5), (100, 5), (101, 25), (500, 25), (501, 50), (1000, 50), (1001, 250), (5000, 250)],
)
def test_a_deeper_book_weighs_more(depth: int, weight: int) -> None:
    request = market_rest.book_request("BTCUSDT", depth)

    assert request.target == f"/api/v3/depth?symbol=BTCUSDT&limit={depth}"
    assert (request.weight, request.lane) == (weight, Lane.MARKET)


@pytest.mark.parametrize("depth", [0, 5001])
def test_a_depth_that_is_not_served_is_refused(depth: int) -> None:
    with pytest.raises(ConfigError, match=f"depth {depth}"):
        market_rest.book_request("BTCUSDT", depth)


def test_a_symbol_of_any_letters_is_percent_encoded() -> None:
    assert "symbol=%E6%B5%8B&" in market_rest.book_request("测", 100).target


def test_a_book_is_read_with_its_update_id(answer: Callable[..., Answer]) -> None:
    assert market_rest.book("BNBUSDT", answer("depth"), 7) == BookSnapshot(
        7,
        "binance-spot",
        "BNBUSDT",
        [(4.0, 431.0), (3.99, 9.0)],
        [(4.000002, 12.0), (4.000003, 7.0)],
        1027024,
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b'{"lastUpdateId":1,"bids":[["1","1"],["2","1"]],"asks":[]}',
        b'{"lastUpdateId":1,"bids":[["1","0"]],"asks":[]}',
        b'{"lastUpdateId":-1,"bids":[],"asks":[]}',
    ],
)
def test_a_book_that_makes_no_sense_is_malformed(raw: bytes, answer: Callable[..., Answer]) -> None:
    with pytest.raises(MalformedData, match="BNBUSDT depth"):
        market_rest.book("BNBUSDT", answer(raw=raw), 7)


def test_a_book_that_did_not_come_is_unavailable(answer: Callable[..., Answer]) -> None:
    with pytest.raises(Unavailable, match="BNBUSDT depth"):
        market_rest.book("BNBUSDT", answer(status=500), 7)


def test_the_venues_clock_is_read(answer: Callable[..., Answer]) -> None:
    said = answer(raw=b'{"serverTime":1499827319559}')

    assert market_rest.server_time_ns(said) == 1499827319559_000_000
    assert market_rest.time_request().target == "/api/v3/time"
