"""Budgets are counted in two seconds, and nobody is banned."""

import pytest
from sim_okx import NOW_NS

from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_tolls import OkxTolls


def test_an_endpoint_has_its_count_for_each_payer() -> None:
    tolls = OkxTolls()
    for _ in range(10):
        tolls.pay("GET /api/v5/account/balance", "account", NOW_NS)
    with pytest.raises(OkxRefusal, match="50011"):
        tolls.pay("GET /api/v5/account/balance", "account", NOW_NS)
    tolls.pay("GET /api/v5/account/balance", "another", NOW_NS)
    tolls.pay("GET /api/v5/account/balance", "account", NOW_NS + 2 * NS_PER_SECOND)


def test_what_is_not_listed_may_be_asked_twenty_times() -> None:
    tolls = OkxTolls()
    for _ in range(20):
        tolls.pay("GET /api/v5/market/ticker", "1.2.3.4 BTC-USDT", NOW_NS)
    with pytest.raises(OkxRefusal, match="50011"):
        tolls.pay("GET /api/v5/market/ticker", "1.2.3.4 BTC-USDT", NOW_NS)


def test_orders_are_counted_by_symbol() -> None:
    tolls = OkxTolls()
    for _ in range(60):
        tolls.pay_orders("order", [{"instId": "BTC-USDT"}], NOW_NS)
    with pytest.raises(OkxRefusal, match="50011"):
        tolls.pay_orders("order", [{"instId": "BTC-USDT"}], NOW_NS)
    tolls.pay_orders("order", [{"instId": "ETH-USDT"}], NOW_NS)
    tolls.pay_orders("cancel-order", [{"instId": "BTC-USDT"}], NOW_NS)


def test_new_orders_of_swaps_are_counted_for_the_account() -> None:
    tolls = OkxTolls()
    for symbol in "ABCD":
        for _ in range(12):
            tolls.pay_orders("batch-orders", [{"instId": f"{symbol}-SWAP"}] * 20, NOW_NS)
    for symbol in "EF":
        tolls.pay_orders("batch-orders", [{"instId": f"{symbol}-SWAP"}] * 20, NOW_NS)
    with pytest.raises(OkxRefusal, match="50061"):
        tolls.pay_orders("batch-orders", [{"instId": "G-SWAP"}] * 20, NOW_NS)
    tolls.pay_orders("batch-orders", [{"instId": "G-USDT"}] * 20, NOW_NS)
    tolls.pay_orders("order", [], NOW_NS)
