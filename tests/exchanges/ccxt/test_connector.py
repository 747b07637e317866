"""Instances of ccxt: exact where money is meant, without retries, and refused by name."""

import asyncio
import sys
from decimal import Decimal
from typing import Any

import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.ccxt.connector import Connector


def connector(**settings: Any) -> Connector:
    return Connector("upbit", settings, {})


def test_numbers_of_money_are_text_with_the_venues_digits() -> None:
    exchange = connector().instance(is_exact=True)
    raw = '{"price": 12345678901.123456789012345, "count": 3, "id": 12345678901234567890}'
    read = exchange.on_json_response(raw)
    assert read["price"] == "12345678901.123456789012345"
    assert (read["count"], read["id"]) == (3, 12345678901234567890)
    number = exchange.parse_number(read["price"])
    assert number == "12345678901.123456789012345"
    assert str(Decimal(number)) == number


def test_numbers_of_books_are_floats() -> None:
    exchange = connector().instance(is_exact=False)
    assert exchange.parse_number("0.1") == 0.1
    assert exchange.on_json_response("[0.1]") == [0.1]


def test_ccxt_never_asks_twice_by_itself() -> None:
    exchange = connector(options={"maxRetriesOnFailure": 3, "kept": 1}).instance(is_exact=True)
    assert exchange.options["maxRetriesOnFailure"] == 0
    assert exchange.options["kept"] == 1


def test_addresses_are_replaced_however_deep() -> None:
    made = Connector("binanceusdm", {}, {"fapiPublic": "http://a", "ws": {"linear": "ws://b"}})
    api = made.instance(is_exact=True).urls["api"]
    assert api["fapiPublic"] == "http://a"
    assert api["ws"]["linear"] == "ws://b"
    assert "binance.com" in api["ws"]["spot"]
    other = Connector("binanceusdm", {}, {}).instance(is_exact=True).urls["api"]
    assert "binance.com" in other["fapiPublic"]


def test_it_says_what_the_exchange_can_itself() -> None:
    assert connector().can("fetchOpenOrders", "watchOrderBook")
    assert not connector().can("fetchOpenOrders", "fetchTime")
    assert not Connector("binanceusdm", {}, {}).can("fetchClosedOrders")  # emulated
    assert connector(apiKey="k").has_keys
    assert not connector().has_keys


def test_an_exchange_without_websockets_has_the_rest_class() -> None:
    assert not Connector("btcmarkets", {}, {}).can("watchOrderBook")


def test_markets_are_read_once_per_manner_of_numbers() -> None:
    class Instance:
        markets, currencies = {"A/B": 1}, {"A": 1}
        loaded = 0
        given: Any = None

        async def load_markets(self) -> None:
            self.loaded += 1

        def set_markets(self, *known: Any) -> None:
            self.given = known

    async def work() -> None:
        made, first, second, floats = connector(), Instance(), Instance(), Instance()
        await made.load(first, is_exact=True)
        await made.load(second, is_exact=True)
        await made.load(floats, is_exact=False)
        assert [one.loaded for one in (first, second, floats)] == [1, 0, 1]
        assert second.given == ({"A/B": 1}, {"A": 1})

    asyncio.run(work())


@pytest.mark.parametrize(
    ("exchange_id", "said"),
    [("", "no exchange was named; expected a venue such as ccxt:kraken"), ("krakken", "'krakken'")],
)
def test_an_unknown_exchange_is_refused(exchange_id: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Connector(exchange_id, {}, {})


def test_without_ccxt_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt.pro", None)
    with pytest.raises(ConfigError, match=r"needs ccxt.*pip install 'arbitrage\[ccxt\]'"):
        Connector("upbit", {}, {})
