"""OKX's account endpoints."""

from decimal import Decimal

import msgspec
import pytest
from sim_okx import FEES, NOW_NS, SPOT, SWAP, limit, okx_core, place, setup, swap

from arbitrage.domain.fees import FeeSchedule
from arbitrage.sim.order_records import ClientIdRule
from arbitrage.sim.protocols.okx_account import OkxAccount
from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_markets import Markets
from arbitrage.sim.protocols.okx_positions import OkxPositions
from arbitrage.sim.protocols.okx_wire import Ids, Json
from arbitrage.sim.venue_core import SimVenueCore


def account_of(core: SimVenueCore) -> OkxAccount:
    markets = Markets(core)
    return OkxAccount(core, markets, OkxPositions(core, markets, Ids(NOW_NS)))


@pytest.fixture
def core() -> SimVenueCore:
    return okx_core()


@pytest.fixture
def account(core: SimVenueCore) -> OkxAccount:
    return account_of(core)


def currency(account: OkxAccount, name: str) -> Json:
    (told,) = account.balance({"ccy": name})
    (one,) = told["details"]
    return one


def test_balances_are_cash_what_is_free_and_what_is_frozen(
    core: SimVenueCore, account: OkxAccount
) -> None:
    place(core, limit(px="70200.1", sz="1"))
    told = currency(account, "USDT")
    assert (told["cashBal"], told["availBal"], told["frozenBal"]) == (
        "100000",
        "29799.9",
        "70200.1",
    )
    assert told["ordFrozen"] == "70200.1"
    assert [one["ccy"] for one in account.balance({})[0]["details"]] == ["BTC", "USDT"]
    assert account.balance({})[0]["totalEq"] == "100000"
    assert account.balance({"ccy": "BTC"})[0]["totalEq"] == "0"


def test_a_position_locks_margin_and_moves_equity(core: SimVenueCore, account: OkxAccount) -> None:
    place(core, swap(sz="20"))
    told = currency(account, "USDT")
    assert told["upl"] == "-0.01"
    assert Decimal(told["eq"]) == Decimal(told["cashBal"]) - Decimal("0.01")
    assert (told["imr"], told["ordFrozen"]) == ("3120.004", "0")


def test_positions_are_those_that_are_held(core: SimVenueCore, account: OkxAccount) -> None:
    assert account.positions({}) == []
    place(core, swap())
    assert len(account.positions({"instType": "SWAP", "instId": f"{SWAP},X"})) == 1
    assert account.positions({"instId": "X"}) == []
    assert account.positions({"instType": "MARGIN"}) == []


def test_the_key_may_trade_and_not_withdraw(account: OkxAccount) -> None:
    (told,) = account.config({})
    assert told["perm"] == "read_only,trade"
    assert (told["posMode"], told["acctLv"], told["feeType"]) == ("net_mode", "2", "0")


def test_fees_in_quote_are_a_setting() -> None:
    fees = {**FEES, SPOT: FeeSchedule(taker_bps=10.0)}
    core = SimVenueCore(setup(fees=fees), client_ids=ClientIdRule.AMONG_OPEN)
    assert account_of(core).config({})[0]["feeType"] == "1"


def test_fees_are_told_by_market_or_family(account: OkxAccount) -> None:
    (spot,) = account.trade_fee({"instType": "SPOT", "instId": SPOT})
    (swaps,) = account.trade_fee({"instType": "SWAP", "uly": "BTC-USDT"})
    assert (spot["taker"], spot["maker"]) == ("-0.001", "-0.0008")
    assert swaps["feeGroup"] == [{"groupId": "1", "taker": "-0.0005", "maker": "-0.0002"}]
    with pytest.raises(OkxRefusal, match="51001"):
        account.trade_fee({"instType": "SWAP", "instFamily": "NOPE-USDT"})


def test_leverage_is_set_within_bounds(core: SimVenueCore, account: OkxAccount) -> None:
    asked = {"instId": SWAP, "mgnMode": "cross", "lever": "10"}
    assert account.set_leverage(asked)[0]["lever"] == "10"
    assert account.leverage_info({"instId": SWAP, "mgnMode": "cross"})[0]["lever"] == "10"
    for changes, code in (
        ({"lever": "126"}, "59102"),
        ({"lever": "0"}, "51000"),
        ({"lever": ""}, "50014"),
        ({"mgnMode": "isolated"}, "51000"),
        ({"instId": SPOT}, "51000"),
    ):
        with pytest.raises(OkxRefusal, match=code):
            account.set_leverage({**asked, **changes})
    place(core, swap(sz="200"))
    with pytest.raises(OkxRefusal, match="59108"):
        account.set_leverage({**asked, "lever": "1"})


def test_one_position_per_symbol_is_the_only_mode(account: OkxAccount) -> None:
    assert account.set_position_mode({"posMode": "net_mode"}) == [{"posMode": "net_mode"}]
    for mode, code in (("long_short_mode", "59000"), ("x", "51000")):
        with pytest.raises(OkxRefusal, match=code):
            account.set_position_mode({"posMode": mode})


def test_every_currency_can_be_moved(account: OkxAccount) -> None:
    told = account.currencies({})
    assert {one["ccy"] for one in told} == {"BTC", "USDT"}
    assert all(one["canDep"] and one["canWd"] for one in told)
    assert len(account.currencies({"ccy": "BTC"})) == 1
    assert account.funding_balances({}) == []


def test_objects_are_json(account: OkxAccount) -> None:
    assert msgspec.json.encode([account.balance({}), account.config({})])
