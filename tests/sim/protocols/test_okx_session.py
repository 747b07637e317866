"""A websocket session of OKX over a real socket."""

import aiohttp
import pytest
from sim_okx import ASKS, SPOT, SWAP, Talk, Visit, limit, login, show, visit

from arbitrage.sim.protocols.okx_session import MAX_CONNECTIONS, MAX_OPERATIONS_PER_HOUR
from arbitrage.sim.protocols.okx_wire import Json

ORDERS = {"channel": "orders", "instType": "ANY"}


def by_number(client: Visit, params: dict[str, str]) -> Json:
    """Parameters of an order as they go by websocket."""
    code = list(client.core.instruments).index(params["instId"]) + 10_000
    return {"instIdCode": code, **{k: v for k, v in params.items() if k != "instId"}}


def test_a_ping_is_answered_and_nonsense_is_refused() -> None:
    async def client(visit: Visit) -> None:
        async with visit.stream("public") as stream:
            talk = Talk(stream)
            await talk.say("ping")
            assert (await stream.receive()).data == "pong"
            for nonsense in ("{", "[1]", '{"op":"subscribe"}', '{"op":"subscribe","args":[1]}'):
                told = await talk.asked(nonsense)
                assert (told["event"], told["code"]) == ("error", "60012")
            told = await talk.asked({"op": "dance", "args": [{}], "id": "7"})
            assert (told["code"], told["id"]) == ("60019", "7")
            assert (await talk.asked({"op": "x", "args": [{}], "id": "-"}))["code"] == "60033"
            await stream.send_bytes(b"ping")
            assert (await stream.receive()).data == "pong"

    visit(client)


def test_a_book_is_subscribed_to_once_and_again_after_it_was_left() -> None:
    async def client(visit: Visit) -> None:
        async with visit.stream("public") as stream:
            talk, arg = Talk(stream), {"channel": "books", "instId": SPOT}
            told = await talk.asked({"op": "subscribe", "args": [arg], "id": "1512"})
            assert (told["event"], told["arg"], told["id"]) == ("subscribe", arg, "1512")
            assert told["connId"]
            assert (await talk.hear())["action"] == "snapshot"
            await talk.subscribed(**arg)
            show(visit.core, [(78_000.0, 0.7)], ASKS)
            assert (await talk.hear())["action"] == "update"
            told = await talk.asked({"op": "unsubscribe", "args": [arg]})
            assert told["event"] == "unsubscribe"
            await talk.asked({"op": "unsubscribe", "args": [arg]})
            await talk.subscribed(**arg)
            assert (await talk.hear())["action"] == "snapshot"

    visit(client)


@pytest.mark.parametrize(
    "arg",
    [
        {"channel": "books", "instId": "NOPE"},
        {"channel": "candle1m", "instId": SPOT},
        {"channel": "funding-rate", "instId": SPOT},
        {"channel": "account"},
    ],
)
def test_what_is_not_there_is_refused(arg: dict[str, str]) -> None:
    async def client(visit: Visit) -> None:
        async with visit.stream("public") as stream:
            assert (await Talk(stream).subscribed(**arg))["code"] == "60018"

    visit(client)


def test_a_private_channel_wants_a_login_and_tells_how_many_listen() -> None:
    async def client(visit: Visit) -> None:
        async with visit.stream("private") as stream:
            talk = Talk(stream)
            assert (await talk.subscribed(**ORDERS))["code"] == "60011"
            assert (await talk.subscribed(channel="books", instId=SPOT))["code"] == "60018"
            told = await talk.asked(login(visit.clock.now_ns))
            assert (told["event"], told["code"]) == ("login", "0")
            assert (await talk.asked(login(visit.clock.now_ns)))["code"] == "60031"
            assert (await talk.subscribed(**ORDERS))["event"] == "subscribe"
            count = await talk.hear()
            assert (count["event"], count["connCount"]) == ("channel-conn-count", "1")
            await talk.subscribed(**ORDERS)
            told = await talk.asked({"op": "unsubscribe", "args": [ORDERS]})
            assert told["event"] == "unsubscribe"

    visit(client)


def test_a_wrong_login_is_told_and_cut() -> None:
    async def client(visit: Visit) -> None:
        async with visit.stream("private") as stream:
            told = await Talk(stream).asked(login(visit.clock.now_ns, passphrase="x"))
            assert (told["event"], told["code"]) == ("error", "60024")
            assert (await stream.receive()).type is aiohttp.WSMsgType.CLOSE
            assert stream.close_code == 4001

    visit(client)


def test_orders_go_by_number() -> None:
    async def client(visit: Visit) -> None:
        async with visit.stream("private") as stream:
            talk = Talk(stream)
            wanted = by_number(visit, limit(clOrdId="s1"))
            refused = await talk.asked({"id": "1", "op": "order", "args": [wanted]})
            assert (refused["id"], refused["code"]) == ("1", "60011")
            await talk.asked(login(visit.clock.now_ns))
            told = await talk.asked({"id": "2", "op": "order", "args": [wanted]})
            assert (told["id"], told["op"], told["code"]) == ("2", "order", "0")
            assert told["data"][0]["clOrdId"] == "s1"
            assert int(told["outTime"]) >= int(told["inTime"])
            gone = {"instIdCode": wanted["instIdCode"], "clOrdId": "s1"}
            told = await talk.asked({"id": "3", "op": "cancel-order", "args": [gone]})
            assert told["code"] == "0"
            told = await talk.asked({"id": "4", "op": "cancel-order", "args": [gone]})
            assert (told["code"], told["data"][0]["sCode"]) == ("1", "51400")

    visit(client)


def test_several_orders_go_in_one_message() -> None:
    async def client(visit: Visit) -> None:
        async with visit.stream("private") as stream:
            talk = Talk(stream)
            await talk.asked(login(visit.clock.now_ns))
            wanted = [by_number(visit, limit(clOrdId=f"s{place}")) for place in range(2)]
            told = await talk.asked({"id": "1", "op": "batch-orders", "args": wanted})
            assert [row["sCode"] for row in told["data"]] == ["0", "0"]
            gone = [{"instIdCode": one["instIdCode"], "clOrdId": one["clOrdId"]} for one in wanted]
            told = await talk.asked({"id": "2", "op": "batch-cancel-orders", "args": gone})
            assert told["code"] == "0"
            assert visit.core.orders.open() == []

    visit(client)


def test_an_order_without_a_number_or_past_its_deadline_is_refused() -> None:
    async def client(visit: Visit) -> None:
        async with visit.stream("private") as stream:
            talk = Talk(stream)
            await talk.asked(login(visit.clock.now_ns))
            wanted = by_number(visit, limit())
            told = await talk.asked({"id": "1", "op": "order", "args": [limit()]})
            assert (told["code"], told["data"]) == ("60027", [])
            unknown = {**wanted, "instIdCode": 7}
            told = await talk.asked({"id": "2", "op": "order", "args": [unknown]})
            assert told["code"] == "51001"
            late = {"id": "3", "op": "order", "args": [wanted], "expTime": "1"}
            assert (await talk.asked(late))["code"] == "50036"
            assert list(visit.core.orders.all()) == []

    visit(client)


def test_orders_are_not_taken_on_the_public_path() -> None:
    async def client(visit: Visit) -> None:
        async with visit.stream("public") as stream:
            order = {"id": "1", "op": "order", "args": [by_number(visit, limit())]}
            assert (await Talk(stream).asked(order))["code"] == "60028"

    visit(client)


def test_operations_are_counted_by_the_hour() -> None:
    async def client(visit: Visit) -> None:
        async with visit.stream("public") as stream:
            talk, arg = Talk(stream), {"channel": "trades", "instId": SWAP}
            for _ in range(MAX_OPERATIONS_PER_HOUR):
                assert "code" not in await talk.subscribed(**arg)
            assert (await talk.subscribed(**arg))["code"] == "60014"

    visit(client)


def test_a_channel_has_so_many_connections_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arbitrage.sim.protocols.okx_session.MAX_CONNECTIONS", 1)
    assert MAX_CONNECTIONS == 30

    async def client(visit: Visit) -> None:
        async with visit.stream("private") as one, visit.stream("private") as other:
            for stream in (one, other):
                await Talk(stream).asked(login(visit.clock.now_ns))
            await Talk(one).subscribed(**ORDERS)
            told = await Talk(other).subscribed(**ORDERS)
            assert told["event"] == "channel-conn-count-error"

    visit(client)
