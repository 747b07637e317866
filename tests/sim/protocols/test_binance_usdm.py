"""What surrounds every request of the Binance USD-M simulator, over HTTP."""

from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from sim_usdm import Visit, limit, market, signed, visit

from arbitrage.domain.units import NS_PER_MS
from arbitrage.sim.protocols import binance_usdm


def test_market_data_needs_no_key_and_tells_what_it_weighs() -> None:
    async def client(it: Visit) -> None:
        assert await it.get("/fapi/v1/ping") == {}
        book = await it.get("/fapi/v1/depth", symbol="BTCUSDT", limit="100")
        assert book["bids"][0] == ["78000.0", "0.500"]
        assert it.headers["X-MBX-USED-WEIGHT-1M"] == "6"
        assert it.headers["Content-Type"].startswith("application/json")

    visit(client)


def test_an_error_is_a_400_with_its_code_and_weighs_as_much() -> None:
    async def client(it: Visit) -> None:
        assert (await it.get("/fapi/v1/depth", symbol="NOPE"))["code"] == -1121
        assert (it.status, it.headers["X-MBX-USED-WEIGHT-1M"]) == (400, "10")
        assert (await it.get("/fapi/v1/depth?symbol=A&symbol=B"))["code"] == -1101

    visit(client)


def test_private_answers_need_key_and_signature() -> None:
    async def client(it: Visit) -> None:
        path = "/fapi/v3/account"
        assert (await it.get(path))["code"] == -2014
        assert it.status == 401
        assert (await it.keyed("GET", path))["code"] == -1102
        query = signed(f"timestamp={it.clock.now_ns // NS_PER_MS}", "wrong")
        answer = await it._ask("GET", f"{path}?{query}", headers={"X-MBX-APIKEY": "sim-key"})
        assert (it.status, answer["code"]) == (400, -1022)
        assert (await it.signed("GET", path))["totalWalletBalance"] == "100000.00000000"

    visit(client)


def test_an_order_may_come_in_the_query_or_in_the_body() -> None:
    async def client(it: Visit) -> None:
        path, key = "/fapi/v1/order", {"X-MBX-APIKEY": "sim-key"}
        assert (await it.signed("POST", path, limit()))["status"] == "NEW"
        assert it.headers["X-MBX-ORDER-COUNT-10S"] == "1"
        query = urlencode({**limit(), "timestamp": it.clock.now_ns // NS_PER_MS})
        form = {**key, "Content-Type": "application/x-www-form-urlencoded"}
        answer = await it._ask("POST", path, data=signed(query), headers=form)
        assert (answer["status"], it.headers["X-MBX-ORDER-COUNT-10S"]) == ("NEW", "2")

    visit(client)


def test_every_endpoint_answers() -> None:
    async def client(it: Visit) -> None:
        await it.signed("POST", "/fapi/v1/order", market(quantity="0.1"))
        protocol: Any = it.server.protocol
        for endpoint in protocol._public():
            await it.get(endpoint.path, symbol="BTCUSDT")
            assert it.status == 200, endpoint.path
        for endpoint in [*protocol._orders(), *protocol._private(), *protocol._settings()]:
            if endpoint.method == "GET" and not endpoint.path.lower().endswith("order"):
                await it.signed("GET", endpoint.path, {"symbol": "BTCUSDT"})
                assert it.status == 200, endpoint.path

    visit(client)


def test_who_asks_too_much_is_told_to_wait() -> None:
    async def client(it: Visit) -> None:
        for _ in range(120):
            await it.get("/fapi/v1/depth", symbol="BTCUSDT", limit="1000")
        assert (it.status, it.headers["X-MBX-USED-WEIGHT-1M"]) == (200, "2400")
        assert (await it.get("/fapi/v1/ping"))["code"] == -1003
        assert it.status == 429
        assert int(it.headers["Retry-After"]) <= 60

    visit(client)


@pytest.mark.parametrize(("kind", "status", "code"), [("429", 429, -1003), ("418", 418, -1003)])
def test_a_scripted_refusal_is_the_venues_own(kind: str, status: int, code: int) -> None:
    async def client(it: Visit) -> None:
        assert (await it.get("/fapi/v1/time"))["code"] == code
        assert it.status == status
        assert int(it.headers["Retry-After"]) > 0

    visit(client, f'[[fault]]\nkind = "{kind}"\nwhat = "GET /fapi/v1/time"\nnth = [1]')


def test_a_timeout_leaves_the_order_alive() -> None:
    async def client(it: Visit) -> None:
        answer = await it.signed("POST", "/fapi/v1/order", limit(newClientOrderId="mine"))
        assert (it.status, answer["code"]) == (504, -1007)
        asked = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
        assert (await it.signed("GET", "/fapi/v1/order", asked))["status"] == "NEW"

    visit(client, '[[fault]]\nkind = "timeout"\nwhat = "POST /fapi/v1/order"\nstatus = 504')


def test_the_old_addresses_of_streams_are_gone() -> None:
    async def client(it: Visit) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
            await it.stream("/ws/btcusdt@depth")

    visit(client)


def test_the_venue_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binance_usdm, "PING_SECONDS", 0.01)

    async def client(it: Visit) -> None:
        async with it.stream("/public/ws") as stream:
            assert (await stream.receive(timeout=2)).type is aiohttp.WSMsgType.PING

    visit(client)
