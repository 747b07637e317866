from decimal import Decimal

import pytest
from sim_bybit import LINEAR, bybit_core, limit, market, markets_of, place

from arbitrage.sim.protocols.bybit_account import BybitAccount
from arbitrage.sim.protocols.bybit_errors import BybitRefusal
from arbitrage.sim.protocols.bybit_wire import Json
from arbitrage.sim.venue_core import SimVenueCore

UNIFIED = {"accountType": "UNIFIED"}


def account_of(core: SimVenueCore) -> BybitAccount:
    return BybitAccount(core, markets_of(core), "sim-key")


def coin(account: BybitAccount, name: str) -> dict[str, Decimal]:
    """The amounts of a coin."""
    (wallet,) = account.wallet(UNIFIED)["list"]
    row: Json = next(row for row in wallet["coin"] if row["coin"] == name)
    names = ("walletBalance", "locked", "totalOrderIM", "totalPositionIM", "unrealisedPnl")
    return {name: Decimal(row[name]) for name in names}


def code_of(call: object, params: dict[str, str]) -> int:
    with pytest.raises(BybitRefusal) as caught:
        call(params)  # type: ignore[operator]
    return caught.value.code


def test_the_wallet_is_that_of_the_unified_account() -> None:
    account = account_of(bybit_core())
    (wallet,) = account.wallet(UNIFIED)["list"]
    assert {row["coin"]: row["walletBalance"] for row in wallet["coin"]} == {
        "USDT": "100000",
        "BTC": "10",
    }
    assert wallet["totalEquity"] == "880000"
    (few,) = account.wallet({**UNIFIED, "coin": "BTC"})["list"]
    assert [row["coin"] for row in few["coin"]] == ["BTC"]
    assert code_of(account.wallet, {"accountType": "SPOT"}) == 10001


def test_what_spot_orders_lock_is_told_apart_from_margin() -> None:
    core = bybit_core()
    account = account_of(core)
    place(core, limit(qty="0.1", category="spot"))
    place(core, limit("Sell", "80000", "1", "spot"))
    place(core, limit(qty="0.1"))
    usdt, btc = coin(account, "USDT"), coin(account, "BTC")
    assert usdt["locked"] == 7_700
    assert usdt["totalOrderIM"] == Decimal(7_700) * (Decimal("0.2") + Decimal("0.00055"))
    assert btc["locked"] == 1


def test_a_position_binds_margin_and_shows_its_profit() -> None:
    core = bybit_core()
    account = account_of(core)
    place(core, market(qty="0.1"))
    usdt = coin(account, "USDT")
    assert usdt["totalPositionIM"] == Decimal("0.1") * Decimal("78000.1") / 5
    assert usdt["unrealisedPnl"] < 0
    assert usdt["totalOrderIM"] == 0
    (row,) = account.positions({"category": "linear", "settleCoin": "USDT"})["list"]
    assert (row["side"], row["size"], row["avgPrice"], row["leverage"]) == (
        "Buy",
        "0.100",
        "78000.1",
        "5",
    )
    assert row["updatedTime"] != "0"


def test_a_flat_position_is_told_only_by_its_symbol() -> None:
    account = account_of(bybit_core())
    assert account.positions({"category": "linear", "settleCoin": "USDT"})["list"] == []
    (row,) = account.positions({"category": "linear", "symbol": "BTCUSDT"})["list"]
    assert (row["side"], row["size"], row["positionIdx"]) == ("", "0.000", 0)
    assert code_of(account.positions, {"category": "linear"}) == 10001
    assert code_of(account.positions, {"category": "spot", "symbol": "BTCUSDT"}) == 10001


def test_a_short_position_is_a_sale() -> None:
    core = bybit_core()
    place(core, market("Sell", qty="0.1"))
    (row,) = account_of(core).positions({"category": "linear", "settleCoin": "USDT"})["list"]
    assert (row["side"], row["size"]) == ("Sell", "0.100")


def leverage(text: str) -> dict[str, str]:
    return {"symbol": "BTCUSDT", "buyLeverage": text, "sellLeverage": text}


def test_leverage_is_set_if_it_is_another() -> None:
    core = bybit_core()
    account = account_of(core)
    assert account.set_leverage(leverage("10")) == {}
    assert core.initial_margin(LINEAR) == Decimal("0.1")
    assert code_of(account.set_leverage, leverage("10")) == 110043
    for wrong in ("0", "101", "2.5"):
        assert code_of(account.set_leverage, leverage(wrong)) == 10001
    assert code_of(account.set_leverage, {**leverage("3"), "sellLeverage": "4"}) == 10001


def test_leverage_that_the_position_cannot_margin_is_refused() -> None:
    core = bybit_core()
    account = account_of(core)
    account.set_leverage(leverage("50"))
    place(core, limit(price="78000.2", qty="1.5"))
    place(core, limit("Buy", "77000", "1", "spot"))
    assert code_of(account.set_leverage, leverage("1")) == 110007


def test_the_account_is_in_one_way_mode_and_stays_so() -> None:
    account = account_of(bybit_core())
    assert code_of(account.switch_mode, {"mode": "0"}) == 110025
    assert code_of(account.switch_mode, {"mode": "3"}) == 10001


def test_fees_are_told_by_category_and_symbol() -> None:
    account = account_of(bybit_core())
    (linear,) = account.fee_rate({"category": "linear", "symbol": "BTCUSDT"})["list"]
    assert (linear["takerFeeRate"], linear["makerFeeRate"]) == ("0.00055", "0.0002")
    spot = account.fee_rate({"category": "spot"})["list"]
    assert [row["takerFeeRate"] for row in spot] == ["0.001", "0.001"]


def test_the_key_may_trade_and_not_withdraw() -> None:
    told = account_of(bybit_core()).key_info({})
    assert (told["apiKey"], told["readOnly"], told["uta"]) == ("sim-key", 0, 1)
    assert "Withdraw" not in told["permissions"]["Wallet"]
    assert told["permissions"]["Spot"] == ["SpotTrade"]
    assert account_of(bybit_core()).info({})["unifiedMarginStatus"] == 5


def test_coins_can_be_moved() -> None:
    account = account_of(bybit_core())
    assert [row["coin"] for row in account.coins({})["rows"]] == ["BTC", "USDT"]
    (row,) = account.coins({"coin": "BTC"})["rows"]
    assert row["chains"][0]["chainWithdraw"] == "1"
