import pytest
from sim_usdm import FIGURES, NOW_NS, limit, market, place, usdm_core

from arbitrage.sim.protocols.binance_usdm_orders import (
    accepted_object,
    order_object,
    queried_object,
    trade_object,
)
from arbitrage.sim.venue_core import SimVenueCore

BTC = FIGURES["BTCUSDT"]


@pytest.fixture
def core() -> SimVenueCore:
    return usdm_core()


def test_an_order_is_written_as_the_venue_writes_it(core: SimVenueCore) -> None:
    order = place(core, limit(price="78000.2", quantity="0.75", newClientOrderId="mine"))
    told = order_object(order, BTC)
    assert (
        told
        | {
            "orderId": 1,
            "symbol": "BTCUSDT",
            "status": "FILLED",
            "clientOrderId": "mine",
            "price": "78000.2",
            "avgPrice": "78000.13333",
            "origQty": "0.750",
            "executedQty": "0.750",
            "cumQuote": "58500.10000000",
            "timeInForce": "GTC",
            "type": "LIMIT",
            "side": "BUY",
            "positionSide": "BOTH",
            "selfTradePreventionMode": "EXPIRE_MAKER",
            "updateTime": NOW_NS // 1_000_000,
        }
        == told
    )


def test_the_acknowledgement_says_nothing_of_fills(core: SimVenueCore) -> None:
    told = accepted_object(place(core, market(quantity="0.1")), BTC)
    assert (told["status"], told["executedQty"], told["cumQuote"]) == (
        "NEW",
        "0.000",
        "0.00000000",
    )


def test_an_order_that_is_asked_for_has_its_time(core: SimVenueCore) -> None:
    told = queried_object(place(core, limit()), BTC)
    assert told["time"] == NOW_NS // 1_000_000
    assert "cumQty" not in told


def test_a_fill_is_written_as_the_venue_writes_it(core: SimVenueCore) -> None:
    place(core, market(quantity="0.1"))
    order = place(core, market("SELL", quantity="0.1"))
    told = trade_object(order, order.fills[0], BTC)
    assert (
        told
        | {
            "orderId": 2,
            "side": "SELL",
            "price": "78000.0",
            "qty": "0.100",
            "quoteQty": "7800.00000000",
            "realizedPnl": "-0.01000000",
            "commission": "3.90000000",
            "commissionAsset": "USDT",
            "maker": False,
            "buyer": False,
        }
        == told
    )
