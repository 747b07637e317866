from itertools import count
from typing import Any

import pytest
from sim_bybit import Visit, limit, login, market, next_frame, settle, visit

_ids = count(1)


async def send(here: Visit, stream: Any, op: str, terms: Any, **more: Any) -> str:
    """Send an order or a cancel; returns its request id."""
    request_id = f"r{next(_ids)}"
    header = {"X-BAPI-TIMESTAMP": str(here.now_ms), "X-BAPI-RECV-WINDOW": "5000"}
    asked = {"reqId": request_id, "header": header, "op": op, "args": [terms], **more}
    await stream.send_json(asked)
    return request_id


async def answered(here: Visit, stream: Any, op: str, terms: Any, **more: Any) -> Any:
    request_id = await send(here, stream, op, terms, **more)
    told = await next_frame(stream)
    assert told["reqId"] == more.get("reqId", request_id)
    assert told["op"] == op
    return told


def cancel(category: str = "linear") -> dict[str, str]:
    return {"category": category, "symbol": "BTCUSDT", "orderLinkId": "a1"}


@pytest.mark.parametrize(("category", "budget"), [("linear", 10), ("spot", 20)])
def test_orders_and_cancels_are_answered_with_where_the_budget_stands(
    category: str, budget: int
) -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/trade") as stream:
            await here.logged_in(stream)
            terms = limit(category=category, orderLinkId="a1")
            told = await answered(here, stream, "order.create", terms)
            assert (told["retCode"], told["data"]["orderLinkId"]) == (0, "a1")
            assert told["header"]["X-Bapi-Limit"] == str(budget)
            assert told["header"]["X-Bapi-Limit-Status"] == str(budget - 1)
            told = await answered(here, stream, "order.cancel", cancel(category))
            assert told["retCode"] == 0
            assert not here.core.orders.open()

    visit(client)


def test_a_refusal_is_that_of_rest() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/trade") as stream:
            await here.logged_in(stream)
            told = await answered(here, stream, "order.create", limit(qty="100"))
            assert (told["retCode"], told["data"]) == (110007, {})
            assert told["header"]["Timenow"] == str(here.now_ms)

    visit(client)


def test_nothing_is_taken_before_the_login_and_that_once() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/trade") as stream:
            assert (await answered(here, stream, "order.create", limit()))["retCode"] == 10003
            await stream.send_json({"op": "auth", "args": login(here.now_ms, "wrong")})
            assert (await next_frame(stream))["retCode"] == 10004
            await here.logged_in(stream)
            await stream.send_json({"op": "auth", "args": login(here.now_ms)})
            assert (await next_frame(stream))["retCode"] == 20001

    visit(client)


@pytest.mark.parametrize(
    ("op", "more", "code"),
    [
        ("order.amend", {}, 10404),
        ("order.create", {"header": {}}, 10002),
        ("order.create", {"header": {"X-BAPI-TIMESTAMP": "1"}}, 10002),
        ("order.create", {"args": []}, 10001),
        ("order.create", {"args": [1]}, 10001),
        ("order.create", {"args": None}, 10001),
        ("order.create", {"args": [{**limit(), "category": "inverse"}]}, 10001),
    ],
)
def test_what_cannot_be_taken_is_refused(op: str, more: dict[str, Any], code: int) -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/trade") as stream:
            await here.logged_in(stream)
            assert (await answered(here, stream, op, limit(), **more))["retCode"] == code

    visit(client)


def test_a_request_id_is_taken_once() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/trade") as stream:
            await here.logged_in(stream)
            codes = [
                (await answered(here, stream, "order.create", limit(), reqId="same"))["retCode"]
                for _ in range(2)
            ]
            assert codes == [0, 20006]

    visit(client)


def test_a_time_may_be_a_number() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/trade") as stream:
            await here.logged_in(stream)
            header = {"X-BAPI-TIMESTAMP": here.now_ms, "X-BAPI-RECV-WINDOW": 5_000}
            told = await answered(here, stream, "order.create", limit(), header=header)
            assert told["retCode"] == 0

    visit(client)


def test_the_budget_is_that_of_rest_and_ends() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/trade") as stream:
            await here.logged_in(stream)
            for _ in range(5):
                await here.post("/v5/order/create", **limit())
            codes = [
                (await answered(here, stream, "order.create", limit()))["retCode"] for _ in range(6)
            ]
            assert codes == [0] * 5 + [10006]

    visit(client)


def test_a_ping_is_answered_with_the_time() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/trade") as stream:
            await stream.send_json({"op": "ping"})
            told = await next_frame(stream)
            assert (told["op"], told["data"], told["retCode"]) == ("pong", [str(here.now_ms)], 0)

    visit(client)


# --- faults ---------------------------------------------------------------------------------------


def struck(kind: str, check: Any, **more: object) -> None:
    """Let a fault strike an order on a connection, and look."""
    extra = "\n".join(f"{name} = {value}" for name, value in more.items())
    script = f'[[fault]]\nkind = "{kind}"\nwhat = "POST /v5/order/create"\n{extra}'

    async def client(here: Visit) -> None:
        async with here.stream("/v5/trade") as stream:
            await here.logged_in(stream)
            await send(here, stream, "order.create", limit(orderLinkId="a1"))
            await check(here, stream)

    visit(client, script)


def placed(here: Visit) -> int:
    return len(list(here.core.orders.all()))


@pytest.mark.parametrize(("kind", "code"), [("429", 10006), ("418", 10006), ("5xx", 10016)])
def test_an_order_that_is_refused_unseen_is_not_placed(kind: str, code: int) -> None:
    async def check(here: Visit, stream: Any) -> None:
        assert (await next_frame(stream))["retCode"] == code
        assert placed(here) == 0

    struck(kind, check)


@pytest.mark.parametrize(("kind", "count_"), [("drop", 0), ("disconnect", 1)])
def test_a_connection_may_be_cut_before_or_after_the_order(kind: str, count_: int) -> None:
    async def check(here: Visit, stream: Any) -> None:
        message = await stream.receive(timeout=2)
        assert message.type.name in ("CLOSED", "ERROR")
        assert placed(here) == count_

    struck(kind, check, on='"request"')


def test_an_order_may_be_carried_out_without_an_answer() -> None:
    async def check(here: Visit, stream: Any) -> None:
        await stream.send_json({"op": "ping"})
        assert (await next_frame(stream))["op"] == "pong"
        assert placed(here) == 1

    struck("timeout", check)


def test_an_order_may_be_late() -> None:
    async def check(here: Visit, stream: Any) -> None:
        assert placed(here) == 0
        assert (await next_frame(stream))["retCode"] == 0

    struck("delay", check, on='"request"', delay_seconds=0.02)


def test_an_accepted_order_may_be_withdrawn() -> None:
    async def check(here: Visit, stream: Any) -> None:
        assert (await next_frame(stream))["retCode"] == 0
        await settle()
        (order,) = here.core.orders.all()
        assert order.reason == "withdrawn"

    struck("refused_after_accepted", check, delay_seconds=0.001)


def test_a_cancel_may_lose_its_race() -> None:
    script = '[[fault]]\nkind = "cancel_race"\nwhat = "POST /v5/order/cancel"'

    async def client(here: Visit) -> None:
        async with here.stream("/v5/trade") as stream:
            await here.logged_in(stream)
            await answered(here, stream, "order.create", limit(orderLinkId="a1"))
            told = await answered(here, stream, "order.cancel", cancel())
            assert told["retCode"] == 110001
            (order,) = here.core.orders.all()
            assert order.filled_qty == order.qty

    visit(client, script)


def test_a_market_order_goes_by_websocket_too() -> None:
    async def client(here: Visit) -> None:
        async with here.stream("/v5/trade") as stream:
            await here.logged_in(stream)
            told = await answered(here, stream, "order.create", market())
            assert told["retCode"] == 0

    visit(client)
