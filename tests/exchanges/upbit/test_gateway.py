"""Upbit live, tried on its simulator over real sockets."""

import asyncio

import pytest
from exchanges.venue_contract import trades_as_a_venue_must
from sim_venues import running

from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.order_gateway import Lane, Request
from arbitrage.exchanges.upbit import facts
from arbitrage.exchanges.upbit.gateway import _cost, create
from arbitrage.sim.serve import synthetic_market


def test_the_venue_keeps_the_contract() -> None:
    market = synthetic_market(["upbit"], 1, bases=["BTC"])
    with running(["upbit"], market) as venues:
        gateway = create(
            symbols=["KRW-BTC", "KRW-USDT"],
            access_key="sim-key",
            secret_key="sim-secret",
            rest_url=venues.rest_url("upbit"),
            ws_public_url=venues.ws_url("upbit") + "/websocket/v1",
            ws_private_url=venues.ws_url("upbit") + "/websocket/v1/private",
        )
        asyncio.run(trades_as_a_venue_must(gateway, "KRW-BTC", "KRW"))


def test_a_market_that_is_not_listed_is_refused_before_anything_opens() -> None:
    market = synthetic_market(["upbit"], 1, bases=["BTC"])
    with running(["upbit"], market) as venues:
        gateway = create(symbols=["KRW-NOPE"], rest_url=venues.rest_url("upbit"))

        async def load() -> None:
            try:
                with pytest.raises(ConfigError, match="KRW-NOPE"):
                    await gateway.aload()
            finally:
                await gateway.astop()

        asyncio.run(load())


@pytest.mark.parametrize(
    ("request_", "group"),
    [
        (Request("POST", facts.ORDERS_PATH, lane=Lane.ENTRY), "order"),
        (Request("DELETE", facts.ORDER_PATH + "?identifier=x", lane=Lane.URGENT), "default"),
        (Request("GET", facts.ACCOUNTS_PATH, lane=Lane.ACCOUNT), "default"),
        (Request("GET", facts.BOOK_PATH + "?markets=KRW-BTC"), "orderbook"),
        (Request("GET", facts.TICK_SIZES_PATH + "?markets=KRW-BTC"), "orderbook"),
        (Request("GET", facts.MARKETS_PATH), "market"),
        (Request("GET", "/v1/ticker"), "ticker"),
    ],
)
def test_a_request_spends_the_budget_of_its_group_alone(request_: Request, group: str) -> None:
    assert {name for name in facts.RATE_LIMITS if _cost(name, request_)} == {group}
