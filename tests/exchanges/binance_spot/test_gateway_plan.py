"""Binance spot's plan: what is asked, what it costs, what the answers mean."""

import asyncio
import json
from collections.abc import Callable

import pytest
from spot_gateway import KEYS, order

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.fees import FeeManner
from arbitrage.domain.intents import Purpose
from arbitrage.exchanges.binance_spot import facts
from arbitrage.exchanges.binance_spot.gateway import create
from arbitrage.exchanges.order_gateway import Answer, Lane, Request
from arbitrage.exchanges.registry import create_exchange
from arbitrage.net.venue_gateway import VenueGateway


def answer_of(said: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(said).encode())


def test_without_keys_it_is_market_data_alone() -> None:
    exchange = create_exchange("binance-spot")
    assert isinstance(exchange, VenueGateway)
    assert exchange.plan.private is None
    assert exchange.plan.order_stream is None
    with pytest.raises(ConfigError, match="goes with"):
        create(api_key="only-half")


def test_the_demo_venue_has_no_wallet_to_be_asked() -> None:
    plan = create(rest_url=facts.DEMO_REST_URL, **KEYS).plan
    assert (plan.key_check, plan.maintenance, plan.wallets) == (None, None, None)


@pytest.mark.parametrize(
    ("request_", "spent"),
    [
        (
            Request("POST", "/api/v3/order", lane=Lane.ENTRY),
            {"weight-1m": 1, "orders-10s": 1, "orders-1d": 1},
        ),
        (
            Request("POST", "order.place", lane=Lane.URGENT),
            {"weight-1m": 1, "orders-10s": 1, "orders-1d": 1},
        ),
        (Request("DELETE", "/api/v3/order", lane=Lane.URGENT), {"weight-1m": 1}),
        (Request("GET", "/api/v3/depth", weight=50), {"weight-1m": 50}),
    ],
)
def test_a_request_is_paid_from_its_budgets(request_: Request, spent: dict[str, int]) -> None:
    rules = create().plan.budgets
    assert {rule.name: rule.cost(request_) for rule in rules if rule.cost(request_)} == spent


def test_the_wallet_costs_nothing_of_the_budgets_of_trading() -> None:
    plan = create(**KEYS).plan
    assert plan.key_check is not None
    assert plan.maintenance is not None
    assert plan.wallets is not None
    for asked in (plan.key_check, plan.maintenance, plan.wallets):
        request = asked.request(10**18)
        assert [rule.cost(request) for rule in plan.budgets] == [0, 0, 0]


def test_orders_since_a_time_are_asked_for_in_milliseconds() -> None:
    history = create(**KEYS).plan.history
    assert history is not None
    request = history.request("BTCUSDT", 1_700_000_000_123_456_789, 1_700_000_100_000_000_000)
    assert request.target.startswith(
        "/api/v3/allOrders?timestamp=1700000100000"
        "&symbol=BTCUSDT&startTime=1700000000123&limit=1000&recvWindow=5000&signature="
    )
    assert (request.lane, request.weight) == (Lane.ACCOUNT, 20)


def test_hedges_go_by_the_lane_that_entries_never_use() -> None:
    stream = create(**KEYS).plan.order_stream
    assert stream is not None
    entry, hedge = (
        stream.place(order("a1", purpose=purpose), "r1", 10**18)
        for purpose in (Purpose.ENTRY, Purpose.HEDGE)
    )
    assert (entry.lane, hedge.lane) == (Lane.ENTRY, Lane.URGENT)
    assert json.loads(hedge.body)["id"] == "r1"


def commission(*, is_discounted: bool) -> Answer:
    rates = {"maker": "0.001", "taker": "0.001", "buyer": "0", "seller": "0"}
    nothing = dict.fromkeys(rates, "0")
    discount = {
        "enabledForAccount": is_discounted,
        "enabledForSymbol": True,
        "discountAsset": "BNB",
        "discount": "0.75",
    }
    return answer_of({"standardCommission": rates, "taxCommission": nothing, "discount": discount})


@pytest.mark.parametrize(
    ("wanted", "is_discounted", "manner", "bps"),
    [
        (False, True, FeeManner.RECEIVED, 10.0),
        (True, False, FeeManner.RECEIVED, 10.0),
        (True, True, FeeManner.THIRD_TOKEN, 7.5),
    ],
)
def test_fees_in_the_token_are_expected_only_if_wanted_and_had(
    wanted: bool, is_discounted: bool, manner: FeeManner, bps: float
) -> None:
    fees = create(pays_fees_in_token=wanted, **KEYS).plan.account_fees
    assert fees is not None
    schedule = fees.read(commission(is_discounted=is_discounted))
    assert (schedule.manner, schedule.taker_bps) == (manner, bps)


def test_the_end_of_the_user_stream_ends_the_session() -> None:
    private = create(**KEYS).plan.private
    assert private is not None
    with pytest.raises(Unavailable, match="has ended"):
        private.decode(b'{"event":{"e":"eventStreamTerminated","E":1728973001334}}', 1)
    assert private.decode(b'{"id":"user-data","status":200,"result":{}}', 1) == ()


def test_a_subscription_opens_the_stream_only_when_it_is_confirmed() -> None:
    private = create(**KEYS).plan.private
    assert private is not None

    async def ask(build: Callable[[int], Request]) -> Answer:
        assert build(10**18).target == "/api/v3/time"
        return answer_of({"serverTime": 1_700_000_000_000})

    endpoint = asyncio.run(private.endpoint(ask))  # type: ignore[arg-type]
    assert endpoint.url == "wss://ws-api.binance.com:443/ws-api/v3"
    (frame,) = endpoint.frames
    assert json.loads(frame)["params"]["timestamp"] == 1_700_000_000_000
    after = endpoint.after_login
    assert after is not None
    assert after(b'{"event":{"e":"balanceUpdate"}}') is None
    assert after(b'{"id":"other","status":200,"result":{}}') is None
    assert after(b'{"id":"user-data","status":200,"result":{"subscriptionId":0}}') == ()
    with pytest.raises(Unavailable, match="-2015"):
        after(b'{"id":"user-data","status":401,"error":{"code":-2015,"msg":"Invalid API-key"}}')
