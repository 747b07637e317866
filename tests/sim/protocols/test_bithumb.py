"""What surrounds every request and stream of the Bithumb simulator, over HTTP."""

import asyncio
from typing import Any

import aiohttp
import pytest
from sim_bithumb import NOW_MS, Visit, limit, pass_trade, token, visit

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.bithumb import BithumbProtocol

# --- quotation -----------------------------------------------------------------------------------


def test_market_data_needs_no_token_and_tells_the_size_of_its_bucket() -> None:
    async def client(it: Visit) -> None:
        status, markets = await it.get("/v1/market/all", isDetails="true")
        assert (status, [each["market"] for each in markets]) == (200, ["KRW-BTC", "KRW-ETH"])
        assert markets[0]["market_warning"] == "NONE"
        assert it.headers["x-ratelimit-burst-capacity"] == "150"
        assert it.headers["x-ratelimit-remaining"] == "149"
        assert await it.get("/v1/market/virtual_asset_warning") == (200, [])

    visit(client)


def test_one_market_is_told_twice_as_deep_as_several() -> None:
    async def client(it: Visit) -> None:
        _, (book,) = await it.get("/v1/orderbook", markets="krw-btc")
        assert (book["market"], len(book["orderbook_units"])) == ("KRW-BTC", 30)
        _, books = await it.get("/v1/orderbook", markets="KRW-BTC,KRW-ETH")
        assert [len(each["orderbook_units"]) for each in books] == [15]

    visit(client)


def test_market_data_refuses_with_200_and_a_number() -> None:
    async def client(it: Visit) -> None:
        answer = await it.get("/v1/orderbook", markets="KRW-BTC,KRW-NOPE")
        assert answer == (200, {"error": {"name": 404, "message": "Code not found"}})
        status, answer = await it.get("/v1/orderbook")
        assert (status, answer["error"]["name"]) == (200, 400)

    visit(client)


def test_what_is_too_long_too_many_or_nowhere_has_a_status() -> None:
    async def client(it: Visit) -> None:
        assert (await it.get("/v1/orderbook", markets="KRW-BTC," * 1_000))[0] == 414
        status, answer = await it.get("/v1/ticker", markets="KRW-BTC," * 201)
        assert (status, answer["error"]["name"]) == (400, 400)
        status, answer = await it.get("/v3/orders")
        assert (status, answer["error"]["name"]) == (404, "not_found")

    visit(client)


def test_tickers_and_trades_are_listed() -> None:
    async def client(it: Visit) -> None:
        for price in (100_001_000.0, 100_002_000.0):
            pass_trade(it.core, price, 0.1, Side.BUY)
        _, (ticker,) = await it.get("/v1/ticker", markets="KRW-BTC")
        assert ticker["trade_price"] == 100_002_000
        _, (latest,) = await it.get("/v1/trades/ticks", market="KRW-BTC")
        cursor = str(latest["sequential_id"])
        _, earlier = await it.get("/v1/trades/ticks", market="KRW-BTC", count="9", cursor=cursor)
        assert [each["trade_price"] for each in earlier] == [100_001_000]

    visit(client)


# --- tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("authorization", "name"),
    [
        ("", "jwt_verification"),
        (token(secret="wrong"), "jwt_verification"),
        (token(timestamp=NOW_MS - 60_000), "expired_jwt"),
    ],
)
def test_a_token_that_opens_nothing_is_refused_with_401(authorization: str, name: str) -> None:
    async def client(it: Visit) -> None:
        url, headers = it.server.rest_url + "/v1/accounts", {"Authorization": authorization}
        async with it.session.get(url, headers=headers) as answer:
            assert (answer.status, (await answer.json())["error"]["name"]) == (401, name)

    visit(client)


def test_a_nonce_is_taken_once() -> None:
    async def client(it: Visit) -> None:
        url, headers = it.server.rest_url + "/v1/accounts", {"Authorization": token()}
        async with it.session.get(url, headers=headers) as answer:
            assert answer.status == 200
            assert answer.headers["x-ratelimit-burst-capacity"] == "140"
        async with it.session.get(url, headers=headers) as answer:
            assert answer.status == 401

    visit(client)


def test_what_is_hashed_is_what_is_sent() -> None:
    async def client(it: Visit) -> None:
        url, headers = it.server.rest_url + "/v2/orders", {"Authorization": token("market=x")}
        async with it.session.post(url, json=limit(), headers=headers) as answer:
            assert (await answer.json())["error"]["name"] == "invalid_query_payload"
        async with it.session.post(url, data=b"[1]", headers=headers) as answer:
            assert (await answer.json())["error"]["name"] == "invalid_parameter"

    visit(client)


# --- limits and faults ---------------------------------------------------------------------------


def test_requests_beyond_their_budget_are_refused_with_429_and_no_ban() -> None:
    async def client(it: Visit) -> None:
        for _ in range(140):
            it.server.protocol._limits.take("order", it.core.now_ns, who="127.0.0.1")
        for _ in range(15):
            status, answer = await it.signed("POST", "/v2/orders", limit())
            assert (status, answer["error"]["name"]) == (429, "too_many_requests")
            assert it.headers["x-ratelimit-remaining"] == "0"
        assert (await it.signed("GET", "/v1/accounts"))[0] == 200
        for _ in range(150):
            it.server.protocol._limits.take("market", it.core.now_ns, who="127.0.0.1")
        status, answer = await it.get("/v1/market/all")
        assert (status, answer["error"]["name"]) == (429, 429)

    visit(client)


@pytest.mark.parametrize(
    ("kind", "status", "name"),
    [
        ("429", 429, "too_many_requests"),
        ("418", 429, "too_many_requests"),
        ("5xx", 500, "server_error"),
        ("maintenance", 503, "service_unavailable"),
    ],
)
def test_faults_speak_the_venues_words(kind: str, status: int, name: str) -> None:
    async def client(it: Visit) -> None:
        answer = await it.signed("POST", "/v2/orders", limit())
        assert (answer[0], answer[1]["error"]["name"]) == (status, name)
        assert it.core.orders.open() == []

    visit(client, f'[[fault]]\nkind = "{kind}"')


def test_a_timeout_leaves_an_order_that_its_own_id_finds() -> None:
    async def client(it: Visit) -> None:
        status, _ = await it.signed("POST", "/v2/orders", limit(client_order_id="lost"))
        assert status == 504
        _, found = await it.signed("GET", "/v1/order", {"client_order_id": "lost"})
        assert found["state"] == "wait"

    visit(client, '[[fault]]\nkind = "timeout"\nwhat = "POST"\nnth = [1]\nstatus = 504')


def test_a_skewed_clock_expires_what_was_signed_by_a_right_one() -> None:
    async def client(it: Visit) -> None:
        assert await it.refusal("GET", "/v1/accounts") == (401, "expired_jwt")

    visit(client, '[[fault]]\nkind = "clock_skew"\nskew_seconds = 90.0')


# --- streams -------------------------------------------------------------------------------------


def test_streams_may_be_opened_ten_times_a_second() -> None:
    async def client(it: Visit) -> None:
        for _ in range(10):
            await (await it.stream()).close()
        for _ in range(12):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await it.stream()
            assert refused.value.status == 429
        assert (await it.get("/v1/market/all"))[0] == 200

    visit(client)


def test_who_has_left_hears_nothing_more() -> None:
    async def client(it: Visit) -> None:
        async with it.stream() as ws:
            await ws.send_str('[{"ticket":"x"},{"type":"trade","codes":["KRW-BTC"]}]')
            await ws.ping()
            await ws.receive()
        while it.core._listeners:
            await asyncio.sleep(0.001)

    visit(client)


def test_the_protocol_lists_every_path_once() -> None:
    async def client(it: Visit) -> None:
        protocol: Any = it.server.protocol
        assert isinstance(protocol, BithumbProtocol)
        paths = [(route.method, route.path) for route in protocol.routes(it.server)]
        assert len(paths) == len(set(paths)) == 21

    visit(client)
