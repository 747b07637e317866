import pytest
from sim_usdm import Visit, visit

from arbitrage.sim.protocols.binance_rest import Endpoint, by_symbol


def test_a_weight_is_a_number_or_follows_from_what_is_asked() -> None:
    one = Endpoint("GET", "/a", dict, 5)
    many = Endpoint("GET", "/a", dict, by_symbol(1, 40))
    assert one.cost({}) == 5
    assert many.cost({}) == 40
    assert many.cost({"symbol": "BTCUSDT"}) == 1


@pytest.mark.parametrize("path", ["/fapi/v1/order?a=1&a=2", "/fapi/v1/time?a=1&a=2"])
def test_what_is_said_twice_is_refused_unseen(path: str) -> None:
    async def client(it: Visit) -> None:
        assert (await it.get(path))["code"] == -1101
        assert it.status == 400

    visit(client)


def test_a_key_goes_before_the_signature_and_both_before_the_answer() -> None:
    async def client(it: Visit) -> None:
        assert (await it.get("/fapi/v1/openOrders"))["code"] == -2014
        assert (await it.keyed("GET", "/fapi/v1/openOrders"))["code"] == -1102
        assert await it.signed("GET", "/fapi/v1/openOrders") == []
        assert it.headers["X-MBX-USED-WEIGHT-1M"] == "120"

    visit(client)


def test_who_used_up_the_weight_is_refused_with_its_headers() -> None:
    async def client(it: Visit) -> None:
        for _ in range(60):
            await it.get("/fapi/v1/ticker/24hr")
        assert (await it.get("/fapi/v1/time"))["code"] == -1003
        assert (it.status, it.headers["X-MBX-USED-WEIGHT-1M"]) == (429, "2400")
        assert int(it.headers["Retry-After"]) > 0

    visit(client)
