from sim_usdm import Visit, visit


def test_the_system_is_up_and_the_key_may_trade_and_not_withdraw() -> None:
    async def client(it: Visit) -> None:
        assert await it.get("/sapi/v1/system/status") == {"status": 0, "msg": "normal"}
        rights = await it.signed("GET", "/sapi/v1/account/apiRestrictions")
        assert rights["enableFutures"] is rights["enableSpotAndMarginTrading"] is True
        assert rights["enableWithdrawals"] is False
        assert it.headers["X-SAPI-USED-IP-WEIGHT-1M"] == "2"

    visit(client)


def test_coins_tell_what_is_held_and_whether_they_move() -> None:
    async def client(it: Visit) -> None:
        (coin,) = await it.signed("GET", "/sapi/v1/capital/config/getall")
        assert (coin["coin"], coin["free"]) == ("USDT", "100000")
        assert coin["networkList"][0]["depositEnable"] is True
        assert (await it.keyed("GET", "/sapi/v1/capital/config/getall"))["code"] == -1102

    visit(client)


def test_in_maintenance_the_status_alone_is_answered() -> None:
    async def client(it: Visit) -> None:
        said = await it.get("/sapi/v1/system/status")
        assert (said["status"], it.status) == (1, 200)
        await it.get("/fapi/v1/time")
        assert it.status == 503

    visit(client, '[[fault]]\nkind = "maintenance"')
