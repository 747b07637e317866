from decimal import Decimal
from typing import Any

import pytest
from sim_bybit import (
    LINEAR,
    Visit,
    announce,
    limit,
    login,
    market,
    next_frame,
    pass_trade,
    settle,
    show,
    visit,
)

from arbitrage.domain.sides import Side

ALL = ["order", "execution", "position", "wallet"]


async def subscribed(here: Visit, stream: Any, *topics: str) -> None:
    await here.logged_in(stream)
    await stream.send_json({"op": "subscribe", "args": topics or ALL})
    told = await next_frame(stream)
    assert (told["success"], told["op"]) == (True, "subscribe")


async def frames(stream: Any, count: int) -> dict[str, Any]:
    """The data of the next frames by topic."""
    found = [await next_frame(stream) for _ in range(count)]
    assert all(frame["creationTime"] and frame["id"] for frame in found)
    return {frame["topic"]: frame["data"] for frame in found}


def test_nothing_is_subscribed_to_before_the_login() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/private") as stream:
            await stream.send_json({"op": "subscribe", "args": ALL})
            told = await next_frame(stream)
            assert (told["success"], told["op"]) == (False, "subscribe")
            await subscribed(here, stream)

    visit(client)


def test_a_refused_login_ends_the_connection() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/private") as stream:
            await stream.send_json({"op": "auth", "args": login(here.now_ms, "wrong")})
            told = await next_frame(stream)
            assert (told["success"], told["op"]) == (False, "auth")
            assert (await stream.receive(timeout=2)).type.name == "CLOSE"

    visit(client)


def test_a_ping_is_answered_with_the_time() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/private") as stream:
            await stream.send_json({"op": "ping", "req_id": "7"})
            told = await next_frame(stream)
            assert (told["op"], told["args"], told["req_id"]) == ("pong", [str(here.now_ms)], "7")
            await stream.send_json({"op": "ping"})
            assert "req_id" not in await next_frame(stream)

    visit(client)


@pytest.mark.parametrize("asked", [{"op": "dance"}, {"op": "subscribe", "args": ["greeks"]}])
def test_what_there_is_not_is_refused(asked: dict[str, Any]) -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/private") as stream:
            await here.logged_in(stream)
            await stream.send_json(asked)
            assert not (await next_frame(stream))["success"]

    visit(client)


def test_an_order_that_fills_at_once_is_never_told_as_new() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/private") as stream:
            await subscribed(here, stream)
            terms = limit(price="78000.2", qty="0.75", orderLinkId="a1")
            await here.post("/v5/order/create", **terms)
            told = await frames(stream, 4)
            assert list(told) == ["execution", "order", "position", "wallet"]
            assert [Decimal(row["execQty"]) for row in told["execution"]] == [
                Decimal("0.5"),
                Decimal("0.25"),
            ]
            (order,) = told["order"]
            assert (order["orderStatus"], order["category"]) == ("Filled", "linear")
            assert order["cumFeeDetail"]["USDT"]
            (position,) = told["position"]
            assert (position["size"], position["positionStatus"]) == ("0.750", "Normal")
            assert told["wallet"][0]["accountType"] == "UNIFIED"

    visit(client)


def test_a_spot_order_moves_no_position() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/private") as stream:
            await subscribed(here, stream)
            await here.post("/v5/order/create", **market("Sell", category="spot"))
            told = await frames(stream, 3)
            assert list(told) == ["execution", "order", "wallet"]
            assert told["execution"][0]["category"] == told["order"][0]["category"] == "spot"

    visit(client)


def test_an_order_at_rest_is_told_step_by_step() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/private") as stream:
            await subscribed(here, stream, "order")
            terms = limit(price="77999.9", qty="2", orderLinkId="a1")
            await here.post("/v5/order/create", **terms)
            told = [(await frames(stream, 1))["order"][0]["orderStatus"]]
            pass_trade(here.core, 77_999.0, 0.5, Side.SELL)
            told.append((await frames(stream, 1))["order"][0]["orderStatus"])
            named = {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "a1"}
            await here.post("/v5/order/cancel", **named)
            told.append((await frames(stream, 1))["order"][0]["orderStatus"])
            assert told == ["New", "PartiallyFilled", "Cancelled"]

    visit(client)


def test_a_topic_of_one_category_hears_of_that_alone_until_it_is_left() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/private") as stream:
            await subscribed(here, stream, "order.spot")
            await here.post("/v5/order/create", **limit())
            await here.post("/v5/order/create", **limit(category="spot", orderLinkId="a1"))
            told = await frames(stream, 1)
            assert [row["orderLinkId"] for row in told["order.spot"]] == ["a1"]
            await stream.send_json({"op": "unsubscribe", "args": ["order.spot"]})
            assert (await next_frame(stream))["success"]
            await here.post("/v5/order/create", **limit(category="spot"))
            await stream.send_json({"op": "ping"})
            assert (await next_frame(stream))["op"] == "pong"

    visit(client)


def test_funding_is_told_as_an_execution() -> None:
    async def client(here: Visit) -> None:
        await here.post("/v5/order/create", **market(qty="0.1"))
        async with here.stream("/v5/private") as stream:
            await subscribed(here, stream, "execution", "wallet")
            announce(here.core, 0.001, here.core.now_ns + 1, 78_000.0)
            here.clock.now_ns += 10**6
            show(here.core)
            told = await frames(stream, 2)
            (row,) = told["execution"]
            assert row["execType"] == "Funding"
            assert Decimal(row["execFee"]) > 0

    visit(client)


def test_a_liquidation_is_told_as_what_the_venue_did() -> None:
    async def client(here: Visit) -> None:
        here.core.set_leverage(LINEAR, 100)
        for _ in range(40):
            show(here.core, asks=[(78_000.1, 1.0)])
            here.clock.now_ns += 10**9
            await here.post("/v5/order/create", **limit(price="78000.1", qty="1"))
        assert here.core.position(LINEAR).position.qty > 10
        async with here.stream("/v5/private") as stream:
            await subscribed(here, stream, "execution", "position")
            show(here.core, bids=[(70_000.0, 100.0)], asks=[(70_000.1, 100.0)])
            told = await frames(stream, 2)
            assert "BustTrade" in {row["execType"] for row in told["execution"]}
            assert told["position"][0]["positionStatus"] == "Liq"

    visit(client)


def test_without_listeners_nothing_gathers() -> None:
    async def client(here: Visit) -> None:
        await here.post("/v5/order/create", **market(qty="0.1"))
        await settle()
        stream = here.server.protocol._private  # type: ignore[attr-defined]
        assert (stream._executions, stream._orders, stream._is_due) == ([], {}, False)

    visit(client)
