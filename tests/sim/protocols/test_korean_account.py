"""The account as both venues show it, on Upbit's core."""

import pytest
from sim_upbit import upbit

from arbitrage.sim.protocols.korean_account import (
    account_objects,
    api_key_objects,
    chance_object,
    wallet_objects,
)
from arbitrage.sim.venue_core import SimVenueCore


@pytest.fixture
def core() -> SimVenueCore:
    return upbit().core


def test_every_currency_has_an_account(core: SimVenueCore) -> None:
    accounts = {each["currency"]: each for each in account_objects(core)}
    assert accounts["KRW"]["balance"] == "300000000"
    assert accounts["BTC"]["locked"] == "0"


def test_a_market_has_its_terms(core: SimVenueCore) -> None:
    rules = core.instruments["KRW-BTC"]
    chance = chance_object(core, rules, bid_types=("price",), ask_types=("market",))
    assert (chance["bid_fee"], chance["maker_bid_fee"]) == ("0.0005", "0.0005")
    market = chance["market"]
    assert (market["bid_types"], market["ask_types"]) == (["price"], ["market"])
    assert (market["max_total"], market["ask"]["min_total"]) == ("1000000000", "5000")
    assert chance["ask_account"]["currency"] == "BTC"


def test_wallets_work_and_keys_last_a_year(core: SimVenueCore) -> None:
    (wallet,) = wallet_objects(core)
    assert (wallet["currency"], wallet["wallet_state"]) == ("BTC", "working")
    (key,) = api_key_objects(core, "sim-key")
    assert key == {"access_key": "sim-key", "expire_at": "2027-11-18T20:06:40+09:00"}
