from decimal import Decimal
from typing import Any

import pytest
from sim_usdm import FIGURES, NOW_NS, limit, market, place, show, usdm_core

from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_usdm_account import UsdmAccount
from arbitrage.sim.venue_core import SimVenueCore


@pytest.fixture
def core() -> SimVenueCore:
    return usdm_core()


@pytest.fixture
def account(core: SimVenueCore) -> UsdmAccount:
    return UsdmAccount(core, FIGURES)


def figure(told: dict[str, Any], name: str) -> Decimal:
    return Decimal(told[name])


def code_of(call: Any, params: dict[str, str]) -> int:
    with pytest.raises(BinanceRefusal) as refused:
        call(params)
    return refused.value.code


# --- what is owned -------------------------------------------------------------------------------


def test_a_flat_account_shows_its_wallet_and_no_position(account: UsdmAccount) -> None:
    told = account.account({})
    assert told["positions"] == []
    (asset,) = told["assets"]
    assert asset["asset"] == "USDT"
    assert asset["walletBalance"] == asset["availableBalance"] == "100000.00000000"
    assert told["totalMarginBalance"] == "100000.00000000"
    (balance,) = account.balance({})
    assert balance["balance"] == balance["availableBalance"] == "100000.00000000"


def test_the_older_account_shows_every_position_and_what_is_allowed(
    account: UsdmAccount,
) -> None:
    told = account.account_v2({})
    assert [each["symbol"] for each in told["positions"]] == ["BTCUSDT", "ETHUSDT"]
    assert told["positions"][0]["leverage"] == "5"
    assert (told["canTrade"], told["multiAssetsMargin"]) == (True, False)


def test_a_position_locks_its_margin_and_is_valued_at_the_mark(
    account: UsdmAccount, core: SimVenueCore
) -> None:
    place(core, market(quantity="0.5"))
    show(core, [(77_000.0, 1.0)], [(77_000.2, 1.0)])
    told = account.account({})
    (asset,) = told["assets"]
    fee = Decimal("0.5") * Decimal("78000.1") * Decimal("0.0005")
    assert figure(asset, "walletBalance") == 100_000 - fee
    assert figure(asset, "unrealizedProfit") == -500
    assert figure(asset, "positionInitialMargin") == Decimal("7800.01")
    assert figure(asset, "openOrderInitialMargin") == 0
    assert figure(asset, "availableBalance") == 100_000 - fee - Decimal("7800.01") - 500
    (position,) = told["positions"]
    assert (position["positionAmt"], position["notional"]) == ("0.500", "38500.05000000")
    assert position["updateTime"] == NOW_NS // 1_000_000


def test_an_order_locks_margin_and_shows_its_position(
    account: UsdmAccount, core: SimVenueCore
) -> None:
    place(core, limit(quantity="0.1"))
    place(core, limit("SELL", price="79000", quantity="0.2"))
    told = account.account({})
    assert figure(told, "totalOpenOrderInitialMargin") > Decimal(1_540)
    (risk,) = account.position_risk({})
    assert (risk["positionAmt"], risk["bidNotional"], risk["askNotional"]) == (
        "0.000",
        "7700.00000000",
        "15800.00000000",
    )


# --- positions -----------------------------------------------------------------------------------


def test_only_what_is_held_is_at_risk(account: UsdmAccount, core: SimVenueCore) -> None:
    assert account.position_risk({}) == []
    assert [each["symbol"] for each in account.position_risk_v2({})] == ["BTCUSDT", "ETHUSDT"]
    place(core, market("SELL", quantity="0.5"))
    (risk,) = account.position_risk({"symbol": "BTCUSDT"})
    assert (risk["positionAmt"], risk["entryPrice"], risk["marginAsset"]) == (
        "-0.500",
        "78000.00000",
        "USDT",
    )
    assert figure(risk, "breakEvenPrice") < figure(risk, "entryPrice")
    assert account.position_risk({"symbol": "ETHUSDT"}) == []
    (old,) = account.position_risk_v2({"symbol": "BTCUSDT"})
    assert (old["leverage"], old["marginType"]) == ("5", "cross")


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_the_liquidation_price_is_where_the_core_liquidates(
    account: UsdmAccount, core: SimVenueCore, side: str
) -> None:
    show(core, [(78_000.0, 50.0)], [(78_000.1, 50.0)])
    place(core, market(side, quantity="5"))
    (risk,) = account.position_risk({})
    bound = float(risk["liquidationPrice"])
    away = -0.2 if side == "BUY" else 0.2
    for mark, is_held in ((bound - away, True), (bound + away, False)):
        mark = round(mark, 1)
        show(core, [(round(mark - 0.1, 1), 50.0)], [(round(mark + 0.1, 1), 50.0)])
        assert (core.position("BTCUSDT").position.qty != 0) is is_held


def test_a_small_position_is_never_liquidated(account: UsdmAccount, core: SimVenueCore) -> None:
    place(core, market(quantity="0.01"))
    assert account.position_risk({})[0]["liquidationPrice"] == "0.00000"


# --- settings ------------------------------------------------------------------------------------


def test_leverage_changes_what_a_position_locks(account: UsdmAccount, core: SimVenueCore) -> None:
    place(core, market(quantity="0.5"))
    told = account.set_leverage({"symbol": "BTCUSDT", "leverage": "50"})
    assert told["leverage"] == 50
    margin = account.position_risk({})[0]["initialMargin"]
    assert figure({"margin": margin}, "margin") == pytest.approx(Decimal("780.001"))
    (config,) = account.symbol_config({"symbol": "BTCUSDT"})
    assert (config["leverage"], config["marginType"]) == (50, "CROSSED")


@pytest.mark.parametrize("leverage", [1, 2, 3, 7, 11, 49, 99, 125])
def test_every_leverage_is_told_as_it_was_set(account: UsdmAccount, leverage: int) -> None:
    account.set_leverage({"symbol": "BTCUSDT", "leverage": str(leverage)})
    assert account.symbol_config({"symbol": "BTCUSDT"})[0]["leverage"] == leverage


def test_a_leverage_that_cannot_be_is_refused(account: UsdmAccount, core: SimVenueCore) -> None:
    assert code_of(account.set_leverage, {"symbol": "BTCUSDT"}) == -1102
    for leverage in ("0", "126"):
        params = {"symbol": "BTCUSDT", "leverage": leverage}
        assert code_of(account.set_leverage, params) == -4028
    show(core, [(78_000.0, 50.0)], [(78_000.1, 50.0)])
    place(core, market(quantity="5"))
    assert code_of(account.set_leverage, {"symbol": "BTCUSDT", "leverage": "1"}) == -2028


def test_margin_is_crossed_and_stays_so(account: UsdmAccount) -> None:
    params = {"symbol": "BTCUSDT", "marginType": "CROSSED"}
    assert code_of(account.set_margin_type, params) == -4046
    assert code_of(account.set_margin_type, params | {"marginType": "ISOLATED"}) == -1020


def test_the_account_is_in_one_way_mode_and_stays_so(account: UsdmAccount) -> None:
    assert account.position_mode({}) == {"dualSidePosition": False}
    assert code_of(account.set_position_mode, {}) == -1102
    assert code_of(account.set_position_mode, {"dualSidePosition": "false"}) == -4059
    assert code_of(account.set_position_mode, {"dualSidePosition": "true"}) == -1020


def test_brackets_and_fees_are_told(account: UsdmAccount) -> None:
    (bracket,) = account.leverage_brackets({"symbol": "BTCUSDT"})
    assert bracket["brackets"][0]["maintMarginRatio"] == 0.005
    fees = account.commission_rate({"symbol": "BTCUSDT"})
    assert (fees["makerCommissionRate"], fees["takerCommissionRate"]) == ("0.0002", "0.0005")
