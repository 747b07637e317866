"""Binance USD-M live, tried on its simulator over real sockets."""

import asyncio

import pytest
from exchanges.venue_contract import trades_as_a_venue_must
from sim_venues import running

from arbitrage.exchanges.binance_usdm.facts import BookStream
from arbitrage.exchanges.binance_usdm.gateway import _orders, _weight, create
from arbitrage.exchanges.order_gateway import Lane, Request
from arbitrage.sim.serve import synthetic_market


@pytest.mark.parametrize("book_stream", [BookStream.DIFF_100MS, BookStream.PARTIAL_20])
def test_the_venue_keeps_the_contract(book_stream: BookStream) -> None:
    market = synthetic_market(["binance-usdm"], 1, bases=["BTC", "ETH"])
    with running(["binance-usdm"], market) as venues:
        gateway = create(
            symbols=["BTCUSDT", "ETHUSDT"],
            api_key="sim-key",
            secret="sim-secret",
            leverage=5,
            book_stream=book_stream,
            rest_url=venues.rest_url("binance-usdm"),
            ws_url=venues.ws_url("binance-usdm"),
        )
        asyncio.run(trades_as_a_venue_must(gateway, "BTCUSDT", "USDT"))


def test_an_order_spends_the_orders_budgets_and_anything_else_the_weight() -> None:
    order = Request("POST", "/fapi/v1/order", lane=Lane.ENTRY)
    assert (_orders(order), _weight(order)) == (1, 0)
    book = Request("GET", "/fapi/v1/depth", weight=20)
    assert (_orders(book), _weight(book)) == (0, 20)
    cancel = Request("DELETE", "/fapi/v1/order", lane=Lane.URGENT)
    assert (_orders(cancel), _weight(cancel)) == (0, 1)
