"""The OKX simulator as a server: signatures, budgets, envelopes, sockets."""

import asyncio
import json

import aiohttp
import pytest
from sim_okx import (
    NOW_NS,
    SPOT,
    SWAP,
    Talk,
    Visit,
    headers,
    limit,
    login,
    settle,
    swap,
    visit,
)

from arbitrage.sim.protocols import okx, okx_session


def test_a_public_question_needs_no_key() -> None:
    async def client(visit: Visit) -> None:
        told = await visit.get("/api/v5/public/time")
        assert told == {"code": "0", "data": [{"ts": str(NOW_NS // 10**6)}], "msg": ""}
        refused = await visit.get("/api/v5/public/instruments", instType="X")
        assert (visit.status, refused["code"]) == (400, "51000")

    visit(client)


def test_a_private_question_wants_a_signature() -> None:
    async def client(visit: Visit) -> None:
        refused = await visit.get("/api/v5/account/balance")
        assert (visit.status, refused["code"]) == (401, "50103")
        told = await visit.signed_get("account/balance", ccy="BTC")
        assert told["data"][0]["details"][0]["cashBal"] == "2"

    visit(client)


def test_an_order_is_answered_with_its_row_and_two_times() -> None:
    async def client(visit: Visit) -> None:
        told = await visit.post("trade/order", limit(clOrdId="s1"))
        assert (visit.status, told["code"]) == (200, "0")
        assert told["inTime"] == told["outTime"] == str(NOW_NS // 1000)
        found = await visit.signed_get("trade/order", instId=SPOT, clOrdId="s1")
        assert found["data"][0]["ordId"] == told["data"][0]["ordId"]
        gone = await visit.post("trade/cancel-order", {"instId": SPOT, "clOrdId": "s1"})
        assert gone["code"] == "0"
        missing = await visit.signed_get("trade/order", instId=SPOT, clOrdId="s2")
        assert (visit.status, missing["code"], missing["data"]) == (200, "51603", [])

    visit(client)


def test_several_orders_go_as_a_list() -> None:
    async def client(visit: Visit) -> None:
        told = await visit.post("trade/batch-orders", [limit(clOrdId="s1"), limit(sz="100")])
        assert (told["code"], [row["sCode"] for row in told["data"]]) == ("2", ["0", "51008"])
        gone = [{"instId": SPOT, "clOrdId": "s1"}]
        assert (await visit.post("trade/cancel-batch-orders", gone))["code"] == "0"
        assert (await visit.post("trade/batch-orders", [7]))["code"] == "50002"

    visit(client)


def test_a_body_must_be_json_and_say_so() -> None:
    async def client(visit: Visit) -> None:
        target = "/api/v5/trade/order"
        as_json = {"Content-Type": "application/json"}
        for body, head, code in (
            ("{}", {"Content-Type": "text/plain"}, "50006"),
            ("", as_json, "50000"),
            ("{", as_json, "50002"),
            ("[]", as_json, "50002"),
        ):
            signed = headers("POST", target, body, visit.clock.now_ns)
            told = await visit.ask("POST", target, {**signed, **head}, data=body)
            assert (visit.status, told["code"]) == (400, code)

    visit(client)


def test_a_deadline_is_told_in_a_header() -> None:
    async def client(visit: Visit) -> None:
        target, body = "/api/v5/trade/order", json.dumps(limit())
        signed = headers("POST", target, body, visit.clock.now_ns)
        head = {**signed, "Content-Type": "application/json", "expTime": "1"}
        told = await visit.ask("POST", target, head, data=body)
        assert told["code"] == "50036"

    visit(client)


def test_who_asks_too_often_is_told_so() -> None:
    async def client(visit: Visit) -> None:
        for _ in range(10):
            await visit.signed_get("account/positions")
            assert visit.status == 200
        told = await visit.signed_get("account/positions")
        assert (visit.status, told["code"]) == (429, "50011")
        visit.clock.move(2)
        await visit.signed_get("account/positions")
        assert visit.status == 200

    visit(client)


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("429", 429, "50011"), ("maintenance", 503, "50001")]
)
def test_trouble_is_told_in_the_venue_s_words(kind: str, status: int, code: str) -> None:
    async def client(visit: Visit) -> None:
        told = await visit.get("/api/v5/public/time")
        assert (visit.status, told["code"]) == (status, code)

    visit(client, f'[[fault]]\nkind = "{kind}"')


def test_every_question_of_the_account_is_answered() -> None:
    async def client(visit: Visit) -> None:
        await visit.post("trade/order", swap())
        for path, params in {
            "account/config": {},
            "account/trade-fee": {"instType": "SPOT"},
            "account/leverage-info": {"instId": SWAP, "mgnMode": "cross"},
            "asset/currencies": {},
            "asset/balances": {},
            "trade/orders-pending": {},
            "trade/orders-history": {"instType": "SWAP"},
            "trade/orders-history-archive": {"instType": "SWAP"},
            "trade/fills": {},
            "trade/fills-history": {"instType": "SWAP"},
        }.items():
            assert (await visit.signed_get(path, **params))["code"] == "0"

    visit(client)


def test_the_dead_man_s_switch_fires_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arbitrage.sim.protocols.okx.NS_PER_SECOND", 10**13)

    async def client(visit: Visit) -> None:
        await visit.post("trade/order", limit())
        told = await visit.post("trade/cancel-all-after", {"timeOut": "10"})
        assert told["code"] == "0"
        visit.clock.move(10)
        await settle()
        assert visit.core.orders.open() == []

    visit(client)


def test_three_connections_a_second_are_let_in() -> None:
    async def client(visit: Visit) -> None:
        streams = [await visit.stream("public") for _ in range(okx.CONNECTIONS_PER_SECOND)]
        with pytest.raises(aiohttp.WSServerHandshakeError, match="429"):
            await visit.stream("public")
        visit.clock.move(1)
        streams.append(await visit.stream("private"))
        for stream in streams:
            await stream.close()

    visit(client)


def test_a_silent_connection_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(okx, "IDLE_SECONDS", 0.05)

    async def client(visit: Visit) -> None:
        async with visit.stream("public") as stream:
            message = await stream.receive(timeout=2)
            assert message.type is aiohttp.WSMsgType.CLOSED
            assert stream.close_code == 1006

    visit(client)


def test_the_account_is_repeated_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(okx_session, "REPEAT_SECONDS", 0.01)

    async def client(visit: Visit) -> None:
        async with visit.stream("private") as stream:
            talk = Talk(stream)
            await talk.asked(login(visit.clock.now_ns))
            await talk.subscribed(channel="account")
            for _ in range(3):
                assert (await talk.until("account"))["eventType"] == "snapshot"

    visit(client)


def test_books_carry_checksums_if_they_are_asked_for() -> None:
    async def client(visit: Visit) -> None:
        async with visit.stream("public") as stream:
            talk = Talk(stream)
            await talk.subscribed(channel="books", instId=SPOT)
            assert (await talk.until("books"))["data"][0]["checksum"] != 0

    visit(client, has_checksums=True)


def test_least_notionals_are_unknown() -> None:
    async def client(visit: Visit) -> None:
        told = await visit.post("trade/order", limit(sz="0.00001"))
        assert told["code"] == "0"
        await asyncio.sleep(0)

    visit(client)
