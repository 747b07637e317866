import pytest
from sim_spot import limit, market, place, spot_core
from sim_usdm import NOW_NS

from arbitrage.sim.protocols.binance_spot_account import SpotAccount
from arbitrage.sim.protocols.binance_spot_errors import TROUBLE_WORDS
from arbitrage.sim.protocols.binance_spot_market import RATE_LIMITS
from arbitrage.sim.protocols.binance_tolls import BinanceTolls
from arbitrage.sim.venue_core import SimVenueCore


@pytest.fixture
def core() -> SimVenueCore:
    return spot_core()


@pytest.fixture
def tolls() -> BinanceTolls:
    return BinanceTolls(RATE_LIMITS, TROUBLE_WORDS)


@pytest.fixture
def account(core: SimVenueCore, tolls: BinanceTolls) -> SpotAccount:
    return SpotAccount(core, tolls)


def test_balances_are_free_or_locked_by_orders(core: SimVenueCore, account: SpotAccount) -> None:
    place(core, limit(price="77000", quantity="0.1"))
    told = {each["asset"]: each for each in account.account({})["balances"]}
    assert told["USDT"] == {"asset": "USDT", "free": "92300.00000000", "locked": "7700.00000000"}
    assert told["BTC"]["free"] == "2.00000000"


def test_a_purchase_is_paid_in_what_it_receives(core: SimVenueCore, account: SpotAccount) -> None:
    place(core, market(quantity="0.1"))
    told = {each["asset"]: each["free"] for each in account.account({})["balances"]}
    assert told["BTC"] == "2.09990000"


def test_what_is_not_held_may_be_left_out() -> None:
    core = spot_core()
    place(core, market("SELL", quantity="0.5"))
    place(core, market("SELL", quantity="1"))
    place(core, market("SELL", quantity="0.5"))
    account = SpotAccount(core, BinanceTolls(RATE_LIMITS, TROUBLE_WORDS))
    everything = account.account({})["balances"]
    held = account.account({"omitZeroBalances": "true"})["balances"]
    assert [each["asset"] for each in held] == [
        each["asset"] for each in everything if float(each["free"]) + float(each["locked"])
    ]


def test_commissions_are_the_accounts_own(account: SpotAccount) -> None:
    assert account.account({})["takerCommission"] == 10
    told = account.commission({"symbol": "BTCUSDT"})
    assert told["standardCommission"]["taker"] == "0.00100000"
    assert told["standardCommission"]["maker"] == "0.00080000"
    assert told["discount"]["enabledForAccount"] is False
    (fee,) = account.trade_fees({"symbol": "BTCUSDT"})
    assert fee == {"symbol": "BTCUSDT", "makerCommission": "0.0008", "takerCommission": "0.001"}


def test_orders_are_counted_in_both_windows(account: SpotAccount, tolls: BinanceTolls) -> None:
    tolls.pay("1.2.3.4", weight=1, orders=(1, 1), now_ns=NOW_NS)
    assert [(each["interval"], each["count"]) for each in account.order_counts({})] == [
        ("SECOND", 1),
        ("DAY", 1),
    ]
