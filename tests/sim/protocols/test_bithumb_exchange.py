"""The exchange API over HTTP, signed, as a client meets it."""

import asyncio
from typing import Any

import pytest
from sim_bithumb import NOW_MS, Visit, limit, show, visit

from arbitrage.sim.protocols import bithumb_exchange

NOBODY = "C0101000000999999999"


def test_accounts_show_what_is_free_and_what_is_locked() -> None:
    async def client(it: Visit) -> None:
        await it.placed()
        _, accounts = await it.signed("GET", "/v1/accounts")
        krw = next(each for each in accounts if each["currency"] == "KRW")
        assert (krw["balance"], krw["locked"]) == ("290996400", "9003600")

    visit(client)


def test_the_chance_of_an_order_names_fees_and_minimums() -> None:
    async def client(it: Visit) -> None:
        _, chance = await it.signed("GET", "/v1/orders/chance", {"market": "KRW-BTC"})
        assert (chance["bid_fee"], chance["maker_ask_fee"]) == ("0.0004", "0.0004")
        assert chance["market"]["bid"] == {"currency": "KRW", "min_total": "5000"}
        refusal = await it.refusal("GET", "/v1/orders/chance")
        assert refusal == (400, "currency does not have a valid value")

    visit(client)


def test_wallets_and_keys_are_told() -> None:
    async def client(it: Visit) -> None:
        _, (wallet,) = await it.signed("GET", "/v1/status/wallet")
        assert (wallet["currency"], wallet["wallet_state"]) == ("BTC", "working")
        _, (key,) = await it.signed("GET", "/v1/api_keys")
        assert key["access_key"] == "sim-key"

    visit(client)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (limit(price="100000001"), "invalid_price_bid"),
        (limit("ask", "110000500"), "invalid_price_ask"),
        (limit(volume="0.00004"), "invalid_parameter"),
        (limit(price="1000000", volume="0.001"), "under_min_total_bid"),
        (limit(volume="100"), "insufficient_funds_bid"),
        (limit("ask", volume="100"), "insufficient_funds_ask"),
        (limit(side="up"), "invalid_parameter"),
    ],
)
def test_an_order_is_refused_by_name(body: Any, name: str) -> None:
    async def client(it: Visit) -> None:
        assert await it.refusal("POST", "/v2/orders", body) == (400, name)

    visit(client)


def test_a_second_order_of_one_id_is_the_first() -> None:
    async def client(it: Visit) -> None:
        first = await it.placed(client_order_id="once")
        assert await it.placed(client_order_id="once", price="80000000") == first
        assert len(it.core.orders.open()) == 1
        anonymous = [await it.placed(), await it.placed()]
        assert anonymous[0]["order_id"] != anonymous[1]["order_id"]

    visit(client)


def test_an_order_is_found_by_either_id_and_the_venues_wins() -> None:
    async def client(it: Visit) -> None:
        first = await it.placed(client_order_id="a")
        await it.placed(client_order_id="b")
        _, found = await it.signed("GET", "/v1/order", {"client_order_id": "b"})
        assert found["client_order_id"] == "b"
        both = {"uuid": first["order_id"], "client_order_id": "b"}
        _, found = await it.signed("GET", "/v1/order", both)
        assert (found["uuid"], found["trades"]) == (first["order_id"], [])
        for unknown in ({"uuid": NOBODY}, {"uuid": "x"}, {"client_order_id": "c"}):
            assert await it.refusal("GET", "/v1/order", unknown) == (404, "order_not_found")
        assert await it.refusal("GET", "/v1/order") == (400, "invalid_parameter")

    visit(client)


def test_a_cancel_is_taken_in_first_and_carried_out_after() -> None:
    async def client(it: Visit) -> None:
        order = await it.placed(client_order_id="mine")
        status, answer = await it.signed("DELETE", "/v2/order", {"client_order_id": "mine"})
        assert (status, set(answer)) == (200, {"order_id", "client_order_id", "created_at"})
        assert (await it.ended(order))["state"] == "cancel"
        by_id = {"order_id": order["order_id"]}
        assert await it.refusal("DELETE", "/v2/order", by_id) == (404, "order_not_found")

    visit(client)


def test_a_cancel_asked_for_twice_is_carried_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bithumb_exchange, "CANCEL_SECONDS", 0.02)

    async def client(it: Visit) -> None:
        order = await it.placed()
        by_id = {"order_id": order["order_id"]}
        assert (await it.signed("DELETE", "/v2/order", by_id))[0] == 200
        assert (await it.signed("DELETE", "/v2/order", by_id))[0] == 200
        await it.ended(order)
        await asyncio.sleep(0.03)
        assert (await it.asked(order))["cancel_type"] == "user"

    visit(client)


def test_orders_are_listed_by_state_newest_first() -> None:
    async def client(it: Visit) -> None:
        for place in range(3):
            await it.placed(client_order_id=f"w{place}")
        await it.placed(client_order_id="d", price="100001000")
        await it.placed(client_order_id="c", time_in_force="ioc")

        async def ids(**params: Any) -> list[str]:
            _, orders = await it.signed("GET", "/v1/orders", params)
            return [each["client_order_id"] for each in orders]

        assert await ids() == ["w2", "w1", "w0"]
        assert await ids(limit="2", page="2", order_by="asc") == ["w2"]
        assert await ids(state="done") == ["d"]
        assert await ids(states=["done", "cancel"]) == ["c", "d"]
        assert await ids(client_order_ids=["w1", "nobody"]) == ["w1"]
        assert await ids(market="KRW-ETH") == []
        mixed = {"states": ["wait", "done"]}
        assert await it.refusal("GET", "/v1/orders", mixed) == (400, "invalid_parameter")

    visit(client)


def test_the_second_version_tells_pages_with_a_key_to_the_next() -> None:
    async def client(it: Visit) -> None:
        for place in range(3):
            await it.placed(client_order_id=f"w{place}")
        first = {"limit": "2", "order_by": "asc"}
        _, page = await it.signed("GET", "/v2/orders/pending", first)
        assert [each["client_order_id"] for each in page["data"]] == ["w0", "w1"]
        assert page["has_next"]
        assert "order_id" in page["data"][0]
        more = {**first, "next_key": page["next_key"]}
        _, page = await it.signed("GET", "/v2/orders/pending", more)
        assert [each["client_order_id"] for each in page["data"]] == ["w2"]
        assert (page["has_next"], page["next_key"]) == (False, None)
        gone = {"next_key": NOBODY}
        assert (await it.signed("GET", "/v2/orders/pending", gone))[1]["data"] == []

    visit(client)


def test_history_is_of_what_ended_in_at_most_seven_days() -> None:
    async def client(it: Visit) -> None:
        await it.placed(client_order_id="d", price="100001000")
        await it.placed(client_order_id="w")

        async def ids(**params: Any) -> list[str]:
            _, page = await it.signed("GET", "/v2/orders/history", params)
            return [each["client_order_id"] for each in page["data"]]

        assert await ids() == await ids(market="KRW-BTC", state="done") == ["d"]
        assert await ids(start_time=str(NOW_MS - 1000)) == ["d"]
        assert await ids(start_time=str(NOW_MS + 1)) == await ids(state="cancel") == []
        long = {"start_time": "0", "end_time": str(NOW_MS)}
        refusal = await it.refusal("GET", "/v2/orders/history", long)
        assert refusal == (400, "invalid_parameter")

    visit(client)


def test_orders_are_searched_for_and_cancelled_by_many_ids() -> None:
    async def client(it: Visit) -> None:
        first = await it.placed(client_order_id="a")
        await it.placed(client_order_id="b")
        asked = {"client_order_ids": ["a", "b", "c"]}
        _, found = await it.signed("POST", "/v2/orders/search", asked)
        assert [each["client_order_id"] for each in found["data"]] == ["a", "b"]
        by_id = {"order_ids": [first["order_id"], NOBODY]}
        status, answer = await it.signed("POST", "/v2/orders/cancel", by_id)
        assert (status, answer["success"][0]["client_order_id"]) == (200, "a")
        assert (answer["fail"][0]["order_id"], it.headers["x-ratelimit-burst-capacity"]) == (
            NOBODY,
            "20",
        )
        status, answer = await it.signed("POST", "/v2/orders/cancel", asked)
        assert answer["fail"][-1]["client_order_id"] == "c"
        assert await it.refusal("POST", "/v2/orders/cancel", {}) == (400, "invalid_parameter")

    visit(client)


def test_a_batch_is_placed_one_by_one() -> None:
    async def client(it: Visit) -> None:
        orders = [
            limit(),
            limit(price="1", client_order_id="bad"),
            limit(side="up"),
        ]
        status, answer = await it.signed("POST", "/v2/orders/batch", {"batch_orders": orders})
        good, bad, worse = answer["batch_orders_response"]
        assert (status, good["order_type"]) == (200, "limit")
        assert (bad["code"], bad["client_order_id"]) == ("under_min_total_bid", "bad")
        assert worse["code"] == "invalid_parameter"
        for wrong in ({}, {"batch_orders": [1]}, {"batch_orders": [limit()] * 21}):
            refusal = await it.refusal("POST", "/v2/orders/batch", wrong)
            assert refusal == (400, "invalid_parameter")

    visit(client)


def test_an_order_at_the_best_price_takes_one_level() -> None:
    async def client(it: Visit) -> None:
        body = {"market": "KRW-BTC", "side": "ask", "order_type": "best", "volume": "0.8"}
        _, order = await it.signed("POST", "/v2/orders", {**body, "time_in_force": "ioc"})
        told = await it.asked(order)
        assert (told["state"], told["executed_volume"], told["price"]) == ("done", "0.5", None)
        show(it.core)

    visit(client)
