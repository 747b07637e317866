"""What surrounds every request and stream of the Upbit simulator, over HTTP."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from sim_upbit import NOW_NS, Visit, limit, pass_trade, token, visit

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.upbit import UpbitProtocol

# --- quotation -----------------------------------------------------------------------------------


def test_market_data_needs_no_token_and_tells_its_budget() -> None:
    async def client(it: Visit) -> None:
        status, markets = await it.get("/v1/market/all", is_details="true")
        assert (status, [each["market"] for each in markets]) == (200, ["KRW-BTC", "KRW-ETH"])
        assert "market_event" in markets[0]
        assert it.headers["Remaining-Req"] == "group=market; min=600; sec=9"
        assert it.headers["Content-Encoding"] == "gzip"

    visit(client)


def test_books_are_asked_for_in_any_case_of_letters() -> None:
    async def client(it: Visit) -> None:
        _, (book,) = await it.get("/v1/orderbook", markets="krw-btc", count="1")
        assert (book["market"], len(book["orderbook_units"])) == ("KRW-BTC", 1)
        _, (rules,) = await it.get("/v1/orderbook/instruments", markets="KRW-BTC")
        assert rules["tick_size"] == "1000"
        assert await it.get("/v1/orderbook", markets="KRW-ETH") == (200, [])

    visit(client)


def test_one_unknown_code_fails_the_whole_request() -> None:
    async def client(it: Visit) -> None:
        status, answer = await it.get("/v1/orderbook", markets="KRW-BTC,KRW-NOPE")
        assert (status, answer) == (404, {"error": {"name": 404, "message": "Code not found"}})
        status, answer = await it.get("/v1/orderbook")
        assert (status, answer["error"]["name"]) == (400, 400)

    visit(client)


def test_tickers_and_trades_are_listed() -> None:
    async def client(it: Visit) -> None:
        for price in (100_001_000.0, 100_002_000.0):
            pass_trade(it.core, price, 0.1, Side.BUY)
        _, (ticker,) = await it.get("/v1/ticker", markets="KRW-BTC")
        assert ticker["trade_price"] == 100_002_000
        assert len((await it.get("/v1/ticker/all", quote_currencies="KRW"))[1]) == 2
        _, (latest,) = await it.get("/v1/trades/ticks", market="KRW-BTC")
        assert latest["trade_price"] == 100_002_000
        cursor = str(latest["sequential_id"])
        _, earlier = await it.get("/v1/trades/ticks", market="KRW-BTC", count="9", cursor=cursor)
        assert [each["trade_price"] for each in earlier] == [100_001_000]

    visit(client)


# --- tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
def test_both_algorithms_open_the_account(algorithm: str) -> None:
    async def client(it: Visit) -> None:
        headers = {"Authorization": token(algorithm=algorithm)}
        async with it.session.get(it.server.rest_url + "/v1/accounts", headers=headers) as answer:
            assert answer.status == 200
        async with it.session.get(it.server.rest_url + "/v1/accounts", headers=headers) as answer:
            assert answer.status == 401
            assert (await answer.json())["error"]["name"] == "nonce_used"

    visit(client)


def test_a_body_that_is_no_object_is_refused() -> None:
    async def client(it: Visit) -> None:
        url, headers = it.server.rest_url + "/v1/orders", {"Authorization": token()}
        async with it.session.post(url, data=b"[1]", headers=headers) as answer:
            assert (await answer.json())["error"]["name"] == "validation_error"

    visit(client)


def test_a_body_must_be_what_was_signed() -> None:
    async def client(it: Visit) -> None:
        url, headers = it.server.rest_url + "/v1/orders", {"Authorization": token("market=x")}
        async with it.session.post(url, json=limit(), headers=headers) as answer:
            assert (answer.status, await answer.json()) == (
                401,
                {
                    "error": {
                        "name": "invalid_query_payload",
                        "message": "Jwt의 query를 검증하는데 실패하였습니다.",
                    }
                },
            )

    visit(client)


# --- limits --------------------------------------------------------------------------------------


def test_orders_beyond_their_budget_are_refused_with_429_then_418() -> None:
    async def client(it: Visit) -> None:
        for left in range(11, -1, -1):
            status, _ = await it.signed("POST", "/v1/orders", limit())
            assert status == 201
            assert it.headers["Remaining-Req"] == f"group=order; min=720; sec={left}"
        status, answer = await it.signed("POST", "/v1/orders", limit())
        assert (status, answer["error"]["name"]) == (429, "too_many_requests")
        for _ in range(9):
            status, answer = await it.signed("POST", "/v1/orders", limit())
        assert (status, answer["error"]["name"]) == (418, "blocked")
        assert (await it.signed("GET", "/v1/accounts"))[0] == 418

    visit(client)


def test_market_data_beyond_its_budget_is_refused_with_a_number() -> None:
    async def client(it: Visit) -> None:
        for _ in range(10):
            await it.get("/v1/market/all")
        status, answer = await it.get("/v1/market/all")
        assert (status, answer["error"]["name"]) == (429, 429)

    visit(client)


def test_a_request_from_a_web_page_is_let_through_every_ten_seconds() -> None:
    async def client(it: Visit) -> None:
        headers = {"Origin": "https://example.org"}
        url = it.server.rest_url + "/v1/market/all"
        statuses = []
        for _ in range(2):
            async with it.session.get(url, headers=headers) as answer:
                statuses.append(answer.status)
        assert statuses == [200, 429]

    visit(client)


# --- faults in the venue's own words -------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "name"),
    [
        ("429", 429, "too_many_requests"),
        ("418", 418, "blocked"),
        ("5xx", 500, "server_error"),
        ("maintenance", 503, "service_unavailable"),
    ],
)
def test_faults_speak_the_venues_words(kind: str, status: int, name: str) -> None:
    async def client(it: Visit) -> None:
        answer = await it.signed("POST", "/v1/orders", limit())
        assert (answer[0], answer[1]["error"]["name"]) == (status, name)
        assert it.core.orders.open() == []

    visit(client, f'[[fault]]\nkind = "{kind}"')


def test_a_timeout_leaves_an_order_that_its_identifier_finds() -> None:
    async def client(it: Visit) -> None:
        status, _ = await it.signed("POST", "/v1/orders", limit(identifier="lost"))
        assert status == 504
        _, found = await it.signed("GET", "/v1/order", {"identifier": "lost"})
        assert found["state"] == "wait"
        status, answer = await it.signed("POST", "/v1/orders", limit(identifier="lost"))
        assert answer["error"]["name"] == "duplicated_identifier"

    visit(client, '[[fault]]\nkind = "timeout"\nwhat = "POST"\nnth = [1]\nstatus = 504')


def test_an_order_accepted_and_then_refused_ends_cancelled_and_unfilled() -> None:
    async def client(it: Visit) -> None:
        status, order = await it.signed("POST", "/v1/orders", limit(price="100001000"))
        assert (status, order["state"]) == (201, "wait")
        order = await it.ended(order)
        assert (order["state"], order["executed_volume"]) == ("cancel", "0")

    visit(client, '[[fault]]\nkind = "refused_after_accepted"\ndelay_seconds = 0.01')


def test_a_cancel_that_lost_its_race_finds_the_order_done() -> None:
    async def client(it: Visit) -> None:
        _, order = await it.signed("POST", "/v1/orders", limit(price="99000000"))
        await it.signed("DELETE", "/v1/order", {"uuid": order["uuid"]})
        assert (await it.ended(order))["state"] == "done"

    visit(client, '[[fault]]\nkind = "cancel_race"\nwhat = "DELETE"')


def test_a_skewed_clock_shows_in_dates_and_stamps() -> None:
    async def client(it: Visit) -> None:
        _, (book,) = await it.get("/v1/ticker", markets="KRW-BTC")
        assert book["timestamp"] == NOW_NS // 10**6 + 90_000

    visit(client, '[[fault]]\nkind = "clock_skew"\nskew_seconds = 90.0')


# --- streams -------------------------------------------------------------------------------------


def test_streams_may_be_opened_five_times_a_second() -> None:
    async def client(it: Visit) -> None:
        for _ in range(5):
            await (await it.stream()).close()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await it.stream()
        assert refused.value.status == 429

    visit(client)


def test_a_silent_stream_is_cut_without_a_word() -> None:
    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            await ws.receive()
            assert ws.close_code == 1006

    visit(client, idle_seconds=0.05)


def test_who_has_left_hears_nothing_more() -> None:
    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            await ws.send_str('[{"ticket":"x"},{"type":"trade","codes":["KRW-BTC"]}]')
            await ws.ping()
            await ws.receive()
        while it.core._listeners:
            await asyncio.sleep(0.001)

    visit(client)


def first_frames(script: str, count: int) -> list[Any]:
    """The first frames of a stream of trades at prices 1, 2, 3, … under a fault script."""
    seen: list[Any] = []

    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            await ws.send_str('[{"ticket":"x"},{"type":"trade","codes":["KRW-BTC"]}]')
            await ws.ping()
            await ws.receive()
            for price in range(1, 20):
                pass_trade(it.core, float(price), 1.0, Side.BUY)
            for _ in range(count):
                seen.append(json.loads((await ws.receive()).data)["trade_price"])

    visit(client, script)
    return seen


def test_the_same_seed_and_script_give_the_same_session() -> None:
    script = """
    seed = 11
    [[fault]]
    kind = "drop"
    on = "frame"
    share = 0.3
    [[fault]]
    kind = "reorder"
    share = 0.3
    """
    first = first_frames(script, 4)
    assert first == first_frames(script, 4)
    assert first != [1, 2, 3, 4]
    assert first != first_frames(script.replace("11", "12"), 4)


def test_the_protocol_lists_every_path_once() -> None:
    async def client(it: Visit) -> None:
        protocol = it.server.protocol
        assert isinstance(protocol, UpbitProtocol)
        paths = [(route.method, route.path) for route in protocol.routes(it.server)]
        assert len(paths) == len(set(paths)) == 22

    visit(client)
