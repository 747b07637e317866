import aiohttp
import pytest
from sim_spot import BIDS, limit, market, show, visit
from sim_usdm import Visit, next_frame

DEPTH = "btcusdt@depth@100ms"


def test_orders_cost_weight_and_count_in_both_windows() -> None:
    async def client(it: Visit) -> None:
        placed = await it.signed("POST", "/api/v3/order", market(quantity="0.1"))
        assert placed["status"] == "FILLED"
        assert it.headers["X-MBX-USED-WEIGHT-1M"] == "1"
        assert it.headers["X-MBX-ORDER-COUNT-10S"] == "1"
        assert it.headers["X-MBX-ORDER-COUNT-1D"] == "1"
        assert [each["count"] for each in await it.signed("GET", "/api/v3/rateLimit/order")] == [
            1,
            1,
        ]

    visit(client)


@pytest.mark.parametrize(
    ("path", "weight"),
    [
        ("ping", 1),
        ("time", 1),
        ("exchangeInfo", 20),
        ("depth?symbol=BTCUSDT&limit=1000", 50),
        ("trades?symbol=BTCUSDT", 25),
        ("aggTrades?symbol=BTCUSDT", 4),
        ("avgPrice?symbol=BTCUSDT", 2),
        ("ticker/bookTicker", 4),
        ("ticker/24hr?symbol=BTCUSDT", 2),
        ("ticker/price", 4),
    ],
)
def test_everybody_may_ask_about_the_market(path: str, weight: int) -> None:
    async def client(it: Visit) -> None:
        await it.get(f"/api/v3/{path}")
        assert (it.status, it.headers["X-MBX-USED-WEIGHT-1M"]) == (200, str(weight))

    visit(client)


@pytest.mark.parametrize(
    ("path", "weight"),
    [
        ("/api/v3/account", 20),
        ("/api/v3/account/commission?symbol=BTCUSDT", 20),
        ("/api/v3/openOrders", 80),
    ],
)
def test_the_account_is_for_who_signs(path: str, weight: int) -> None:
    async def client(it: Visit) -> None:
        assert (await it.get(path))["code"] == -2014
        assert it.status == 401
        bare, _, query = path.partition("?")
        params = dict([query.split("=")]) if query else None
        await it.signed("GET", bare, params)
        assert (it.status, it.headers["X-MBX-USED-WEIGHT-1M"]) == (200, str(2 * weight))

    visit(client)


def test_the_wallet_is_answered_too() -> None:
    async def client(it: Visit) -> None:
        rights = await it.signed("GET", "/sapi/v1/account/apiRestrictions")
        assert rights["enableWithdrawals"] is False
        coins = await it.signed("GET", "/sapi/v1/capital/config/getall")
        assert {coin["coin"] for coin in coins} == {"USDT", "BTC"}
        assert len(await it.signed("GET", "/sapi/v1/asset/tradeFee")) == 2

    visit(client)


def test_books_come_raw_or_combined() -> None:
    async def client(it: Visit) -> None:
        async with it.stream(f"/ws/{DEPTH}") as raw, it.stream(f"/stream?streams={DEPTH}") as both:
            show(it.core, [(78_000.0, 2.0), BIDS[1]])
            assert (await next_frame(raw))["e"] == "depthUpdate"
            assert (await next_frame(both))["stream"] == DEPTH

    visit(client)


def test_who_sends_more_than_five_messages_a_second_is_disconnected() -> None:
    async def client(it: Visit) -> None:
        async with it.stream("/ws") as stream:
            for number in range(6):
                await stream.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
            for _ in range(5):
                await next_frame(stream)
            assert (await stream.receive()).type is aiohttp.WSMsgType.CLOSE

    visit(client)


def test_a_client_id_comes_back_when_its_order_is_closed() -> None:
    async def client(it: Visit) -> None:
        terms = limit(newClientOrderId="mine")
        await it.signed("POST", "/api/v3/order", terms)
        assert (await it.signed("POST", "/api/v3/order", terms))["code"] == -2010
        await it.signed("DELETE", "/api/v3/openOrders", {"symbol": "BTCUSDT"})
        assert (await it.signed("POST", "/api/v3/order", terms))["status"] == "NEW"

    visit(client)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("429", 429, -1003), ("418", 418, -1003), ("5xx", 500, -1000)],
)
def test_trouble_is_told_in_the_venues_words(kind: str, status: int, code: int) -> None:
    async def client(it: Visit) -> None:
        assert (await it.get("/api/v3/time"))["code"] == code
        assert it.status == status
        assert ("Retry-After" in it.headers) is (status < 500)

    visit(client, f'[[fault]]\nkind = "{kind}"\nwhat = "GET /api/v3/time"')


def test_in_maintenance_the_wallet_says_so() -> None:
    async def client(it: Visit) -> None:
        assert (await it.get("/sapi/v1/system/status"))["status"] == 1
        assert (await it.get("/api/v3/time"))["code"] == -1000

    visit(client, '[[fault]]\nkind = "maintenance"')
