"""The exchange API over HTTP, signed, as a client meets it."""

import asyncio
from typing import Any

import pytest
from sim_upbit import NOW_NS, Visit, limit, show, visit

from arbitrage.sim.protocols import upbit_exchange
from arbitrage.sim.protocols.korean_times import korean_time

NOBODY = "11111111-1111-4111-8111-111111111111"


async def placed(it: Visit, **options: Any) -> Any:
    status, order = await it.signed("POST", "/v1/orders", limit(**options))
    assert status == 201
    return order


async def refusal(it: Visit, method: str, path: str, params: Any = None) -> tuple[int, str]:
    status, answer = await it.signed(method, path, params)
    return status, answer["error"]["name"]


def test_accounts_show_what_is_free_and_what_is_locked() -> None:
    async def client(it: Visit) -> None:
        await placed(it)
        status, accounts = await it.signed("GET", "/v1/accounts")
        krw = next(each for each in accounts if each["currency"] == "KRW")
        assert status == 200
        assert (krw["balance"], krw["locked"]) == ("290995500", "9004500")

    visit(client)


def test_the_chance_of_an_order_names_fees_and_minimums() -> None:
    async def client(it: Visit) -> None:
        _, chance = await it.signed("GET", "/v1/orders/chance", {"market": "KRW-BTC"})
        assert (chance["bid_fee"], chance["maker_ask_fee"]) == ("0.0005", "0.0005")
        assert chance["market"]["bid"] == {"currency": "KRW", "min_total": "5000"}
        assert chance["ask_account"]["balance"] == "10"
        assert await refusal(it, "GET", "/v1/orders/chance") == (400, "validation_error")

    visit(client)


def test_wallets_and_keys_are_told() -> None:
    async def client(it: Visit) -> None:
        _, (wallet,) = await it.signed("GET", "/v1/status/wallet")
        assert (wallet["currency"], wallet["wallet_state"]) == ("BTC", "working")
        _, (key,) = await it.signed("GET", "/v1/api_keys")
        assert key["access_key"] == "sim-key"

    visit(client)


def test_an_order_is_refused_by_name() -> None:
    async def client(it: Visit) -> None:
        path = "/v1/orders"
        cases = [
            (limit(price="100001"), "invalid_price_bid"),
            (limit("ask", "110000500"), "invalid_price_ask"),
            (limit(volume="0.00001"), "under_min_total_bid"),
            (limit(volume="100"), "insufficient_funds_bid"),
            (limit("ask", volume="100"), "insufficient_funds_ask"),
            (limit(volume="0.123456789"), "create_bid_error"),
            (
                {"market": "KRW-BTC", "side": "ask", "ord_type": "market", "volume": "9"},
                "volume_too_large",
            ),
        ]
        for body, name in cases:
            assert await refusal(it, "POST", path, body) == (400, name)

    visit(client)


def test_an_identifier_is_used_up_by_a_refused_order() -> None:
    async def client(it: Visit) -> None:
        body = limit(volume="100", identifier="once")
        assert await refusal(it, "POST", "/v1/orders", body) == (400, "insufficient_funds_bid")
        body = limit(identifier="once")
        assert await refusal(it, "POST", "/v1/orders", body) == (400, "duplicated_identifier")

    visit(client)


def test_an_order_is_found_by_uuid_or_identifier_and_the_uuid_wins() -> None:
    async def client(it: Visit) -> None:
        first, second = await placed(it, identifier="a"), await placed(it, identifier="b")
        _, found = await it.signed("GET", "/v1/order", {"identifier": "b"})
        assert found["uuid"] == second["uuid"]
        both = {"uuid": first["uuid"], "identifier": "b"}
        _, found = await it.signed("GET", "/v1/order", both)
        assert (found["uuid"], found["trades"]) == (first["uuid"], [])
        assert await refusal(it, "GET", "/v1/order", {"uuid": NOBODY}) == (404, "order_not_found")
        assert await refusal(it, "GET", "/v1/order", {"uuid": "x"}) == (404, "order_not_found")
        assert await refusal(it, "GET", "/v1/order") == (400, "validation_error")

    visit(client)


def test_a_cancel_is_accepted_first_and_carried_out_after() -> None:
    async def client(it: Visit) -> None:
        order = await placed(it)
        status, answer = await it.signed("DELETE", "/v1/order", {"uuid": order["uuid"]})
        assert (status, answer["state"]) == (200, "wait")
        assert (await it.ended(order))["state"] == "cancel"
        gone = {"uuid": order["uuid"]}
        assert await refusal(it, "DELETE", "/v1/order", gone) == (404, "order_not_found")

    visit(client)


def test_a_fill_may_come_between_a_cancel_and_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upbit_exchange, "CANCEL_SECONDS", 0.05)

    async def client(it: Visit) -> None:
        order = await placed(it, price="99000000")
        await it.signed("DELETE", "/v1/order", {"uuid": order["uuid"]})
        show(it.core, asks=[(98_000_000.0, 1.0)], bids=[])
        assert (await it.ended(order))["state"] == "done"

    visit(client)


def test_open_orders_come_in_pages_newest_first() -> None:
    async def client(it: Visit) -> None:
        uuids = [(await placed(it))["uuid"] for _ in range(3)]
        _, orders = await it.signed("GET", "/v1/orders/open", {"limit": "2"})
        assert [order["uuid"] for order in orders] == [uuids[2], uuids[1]]
        _, orders = await it.signed("GET", "/v1/orders/open", {"limit": "2", "page": "2"})
        assert [order["uuid"] for order in orders] == [uuids[0]]
        _, orders = await it.signed("GET", "/v1/orders/open", {"order_by": "asc"})
        assert [order["uuid"] for order in orders] == uuids
        assert (await it.signed("GET", "/v1/orders/open", {"market": "KRW-ETH"}))[1] == []
        assert (await it.signed("GET", "/v1/orders/open", {"state": "watch"}))[1] == []
        too_many = {"limit": "101"}
        assert await refusal(it, "GET", "/v1/orders/open", too_many) == (400, "validation_error")

    visit(client)


def test_closed_orders_are_listed_by_state_and_time() -> None:
    async def client(it: Visit) -> None:
        done = await placed(it, price="100001000")
        ended = await placed(it, price="100002000", volume="1.9", time_in_force="fok")
        await placed(it)
        path = "/v1/orders/closed"

        async def listed(**params: Any) -> list[str]:
            _, orders = await it.signed("GET", path, params)
            return [order["uuid"] for order in orders]

        assert await listed() == [ended["uuid"], done["uuid"]]
        assert await listed(state="done") == [done["uuid"]]
        assert await listed(**{"states[]": ["cancel"]}) == [ended["uuid"]]
        assert await listed(market="KRW-ETH") == []
        assert await listed(start_time=korean_time(NOW_NS - 10**9)) != []
        assert await listed(start_time=korean_time(NOW_NS + 10**9)) == []
        assert await listed(end_time=str(NOW_NS // 10**6 - 1)) == []
        eight_days = {"start_time": korean_time(NOW_NS - 8 * 86_400 * 10**9)}
        assert await listed(**eight_days) == []

    visit(client)


def test_orders_are_listed_and_cancelled_by_their_ids() -> None:
    async def client(it: Visit) -> None:
        first, second = await placed(it, identifier="a"), await placed(it, price="100001000")
        path, ids = "/v1/orders/uuids", {"uuids[]": [first["uuid"], second["uuid"], NOBODY]}
        _, orders = await it.signed("GET", path, ids)
        assert [order["uuid"] for order in orders] == [second["uuid"], first["uuid"]]
        _, orders = await it.signed("GET", path, {"identifiers[]": ["a"]})
        assert [order["uuid"] for order in orders] == [first["uuid"]]
        _, result = await it.signed("DELETE", path, ids)
        assert result["success"] == {
            "count": 1,
            "orders": [{"uuid": first["uuid"], "market": "KRW-BTC", "identifier": "a"}],
        }
        assert result["failed"]["count"] == 1
        both = {"uuids[]": [NOBODY], "identifiers[]": ["a"]}
        assert await refusal(it, "GET", path, both) == (400, "validation_error")
        assert await refusal(it, "DELETE", path) == (400, "validation_error")

    visit(client)


def test_open_orders_are_cancelled_by_side_market_and_count() -> None:
    async def client(it: Visit) -> None:
        bids = [(await placed(it))["uuid"] for _ in range(2)]
        ask = (await placed(it, side="ask", price="110000000"))["uuid"]
        path = "/v1/orders/open"
        _, result = await it.signed("DELETE", path, {"excluded_pairs": "KRW-BTC"})
        assert result["success"]["count"] == 0
        filters = {"cancel_side": "bid", "quote_currencies": "KRW", "count": "1"}
        it.core.skew_ns += 2 * 10**9
        _, result = await it.signed("DELETE", path, filters)
        assert [each["uuid"] for each in result["success"]["orders"]] == [bids[1]]
        it.core.skew_ns += 2 * 10**9
        while len(it.core.orders.open()) == 3:
            await asyncio.sleep(0.001)
        _, result = await it.signed("DELETE", path, {"pairs": "KRW-BTC", "order_by": "asc"})
        assert [each["uuid"] for each in result["success"]["orders"]] == [bids[0], ask]
        it.core.skew_ns += 2 * 10**9
        sideways = {"cancel_side": "left"}
        assert await refusal(it, "DELETE", path, sideways) == (400, "validation_error")

    visit(client)


def test_an_order_is_replaced_in_one_request() -> None:
    async def client(it: Visit) -> None:
        order = await placed(it, identifier="a", price="100001000", volume="0.7")
        body = {
            "prev_order_identifier": "a",
            "new_ord_type": "limit",
            "new_price": "95000000",
            "new_volume": "remain_only",
            "new_identifier": "b",
        }
        status, answer = await it.signed("POST", "/v1/orders/cancel_and_new", body)
        assert (status, answer["uuid"], answer["state"]) == (200, order["uuid"], "cancel")
        assert answer["new_order_identifier"] == "b"
        _, replaced = await it.signed("GET", "/v1/order", {"uuid": answer["new_order_uuid"]})
        assert (replaced["volume"], replaced["price"]) == ("0.2", "95000000")
        gone = await refusal(it, "POST", "/v1/orders/cancel_and_new", {**body, "new_volume": "1"})
        assert gone == (404, "order_not_found")

    visit(client)


def test_a_replacement_without_identifier_names_its_uuid_alone() -> None:
    async def client(it: Visit) -> None:
        order = await placed(it)
        body = {"prev_order_uuid": order["uuid"], "new_ord_type": "price", "new_price": "10000"}
        _, answer = await it.signed("POST", "/v1/orders/cancel_and_new", body)
        assert "new_order_identifier" not in answer

    visit(client)


def test_a_test_order_is_checked_and_never_placed() -> None:
    async def client(it: Visit) -> None:
        status, order = await it.signed("POST", "/v1/orders/test", limit())
        assert (status, order["state"]) == (200, "wait")
        refused = await refusal(it, "POST", "/v1/orders/test", limit(volume="100"))
        assert refused == (400, "insufficient_funds_bid")
        crossing = limit(price="100001000", time_in_force="post_only")
        assert (await it.signed("POST", "/v1/orders/test", crossing))[0] == 200
        assert it.core.orders.open() == []

    visit(client)
