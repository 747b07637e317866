import pytest
from sim_bybit import Visit, limit, login, next_frame, visit


def test_every_public_path_answers_without_a_key() -> None:
    async def client(here: Visit) -> None:
        market = {"category": "linear", "symbol": "BTCUSDT"}
        for path, params in (
            ("/v5/market/time", {}),
            ("/v5/system/status", {}),
            ("/v5/market/instruments-info", {"category": "spot"}),
            ("/v5/market/orderbook", market),
            ("/v5/market/tickers", market),
            ("/v5/market/recent-trade", market),
            ("/v5/market/funding/history", market),
        ):
            told = await here.get(path, **params)
            assert (here.status, told["retCode"]) == (200, 0), path

    visit(client)


def test_every_private_path_wants_a_signature() -> None:
    async def client(here: Visit) -> None:
        market = {"category": "linear", "symbol": "BTCUSDT"}
        for path, params in (
            ("/v5/order/realtime", market),
            ("/v5/order/history", market),
            ("/v5/execution/list", market),
            ("/v5/position/list", market),
            ("/v5/account/wallet-balance", {"accountType": "UNIFIED"}),
            ("/v5/account/transaction-log", {}),
            ("/v5/account/fee-rate", market),
            ("/v5/account/info", {}),
            ("/v5/user/query-api", {}),
            ("/v5/asset/coin/query-info", {}),
        ):
            assert (await here.get(path, **params))["retCode"] == 10003, path
            assert (await here.ask(path, **params))["retCode"] == 0, path
            assert int(here.headers["X-Bapi-Limit-Status"]) < int(here.headers["X-Bapi-Limit"])

    visit(client)


def test_orders_are_placed_and_cancelled() -> None:
    async def client(here: Visit) -> None:
        told = await here.post("/v5/order/create", **limit(orderLinkId="a1"))
        assert (told["retCode"], told["retMsg"]) == (0, "OK")
        assert told["time"] == here.now_ms
        assert here.headers["X-Bapi-Limit"] == "10"
        named = {"category": "linear", "symbol": "BTCUSDT"}
        assert (await here.post("/v5/order/cancel-all", **named))["retCode"] == 0
        assert here.core.orders.open() == []
        settings = {"symbol": "BTCUSDT", "buyLeverage": "9", "sellLeverage": "9"}
        assert (await here.post("/v5/position/set-leverage", **settings))["retCode"] == 0
        assert (await here.post("/v5/position/switch-mode", mode=0))["retCode"] == 110025

    visit(client)


def test_a_refusal_comes_with_200_and_its_budget() -> None:
    async def client(here: Visit) -> None:
        told = await here.post("/v5/order/create", **limit(qty="100", category="spot"))
        assert (here.status, told["retCode"]) == (200, 170131)
        assert here.headers["X-Bapi-Limit"] == "20"

    visit(client)


def test_who_asks_too_often_is_refused_for_the_rest_of_the_second() -> None:
    async def client(here: Visit) -> None:
        codes = [(await here.post("/v5/order/create", **limit()))["retCode"] for _ in range(11)]
        assert codes == [0] * 10 + [10006]
        here.clock.now_ns += 10**9
        assert (await here.post("/v5/order/create", **limit()))["retCode"] == 0

    visit(client)


def test_an_address_that_asks_far_too_often_is_sent_away() -> None:
    async def client(here: Visit) -> None:
        for _ in range(600):
            here.server.protocol._tolls.let_in("127.0.0.1", here.core.now_ns)  # type: ignore[attr-defined]
        assert await here.get("/v5/market/time") == "access too frequent"
        assert here.status == 403

    visit(client)


@pytest.mark.parametrize(("kind", "status"), [("429", 200), ("418", 403), ("5xx", 500)])
def test_trouble_is_told_in_the_words_of_the_venue(kind: str, status: int) -> None:
    async def client(here: Visit) -> None:
        told = await here.get("/v5/market/time")
        assert here.status == status
        if status == 200:
            assert told["retCode"] == 10006

    visit(client, f'[[fault]]\nkind = "{kind}"')


def test_in_maintenance_only_the_status_is_told() -> None:
    async def client(here: Visit) -> None:
        told = await here.get("/v5/system/status")
        assert told["result"]["list"][0]["state"] == "ongoing"
        await here.get("/v5/market/time")
        assert here.status == 503

    visit(client, '[[fault]]\nkind = "maintenance"')


def test_every_socket_is_served() -> None:
    async def client(here: Visit) -> None:
        for path in ("/v5/public/linear", "/v5/public/spot", "/v5/private", "/v5/trade"):
            async with here.stream(path) as stream:
                await stream.send_json({"op": "ping"})
                told = await next_frame(stream)
                assert "pong" in (told["op"], told.get("ret_msg")), path
        async with here.stream("/v5/private?max_active_time=1m") as stream:
            await stream.send_json({"op": "auth", "args": login(here.now_ms)})
            assert (await next_frame(stream))["success"]

    visit(client)
