"""ccxt's markets become instruments with exact rules, or are left out."""

from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import InstrumentKind
from arbitrage.exchanges.ccxt.markets import account_fees, listed
from arbitrage.exchanges.order_gateway import Answer

SPOT: dict[str, Any] = {
    "symbol": "BTC/KRW",
    "base": "BTC",
    "quote": "KRW",
    "spot": True,
    "swap": False,
    "active": True,
    "taker": "0.0005",
    "maker": "-0.0001",
    "feeSide": "get",
    "price_step": "1e-8",
    "amount_step": "0.00000001",
    "min_cost": "5000",
}
SWAP: dict[str, Any] = {
    **SPOT,
    "symbol": "BTC/USDT:USDT",
    "quote": "USDT",
    "settle": "USDT",
    "spot": False,
    "swap": True,
    "linear": True,
    "contractSize": "0.01",
    "price_step": "0.1",
    "amount_step": "1",
    "min_amount": "1",
    "max_amount": "1000",
    "maker": None,
}


def answer(*markets: dict[str, Any]) -> Answer:
    return Answer(200, msgspec.json.encode(markets))


def test_a_spot_market_is_read_exactly() -> None:
    (one,) = listed("ccxt:x", answer(SPOT), {})
    found = one.instrument
    assert (found.venue, found.symbol, found.base, found.quote) == (
        *("ccxt:x", "BTC/KRW", "BTC", "KRW"),
    )
    assert found.kind is InstrumentKind.SPOT
    assert (found.tick_size, found.lot_size) == (D("1E-8"), D("1E-8"))
    assert (found.min_qty, found.max_qty, found.min_notional) == (0, None, 5000)
    assert one.fees == FeeSchedule(taker_bps=5.0, maker_bps=-1.0, manner=FeeManner.RECEIVED)


def test_a_perpetual_has_its_contract_size_and_pays_in_quote() -> None:
    (one,) = listed("ccxt:x", answer(SWAP), {})
    found = one.instrument
    assert found.is_perpetual
    assert (found.contract_multiplier, found.settle) == (D("0.01"), "USDT")
    assert (found.min_qty, found.max_qty) == (1, 1000)
    assert one.fees == FeeSchedule(taker_bps=5.0, maker_bps=5.0)


def test_a_tick_that_the_user_knows_better_holds() -> None:
    (one,) = listed("ccxt:x", answer(SPOT), {"BTC/KRW": D(1000)})
    assert one.instrument.tick_size == 1000


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"spot": False},
        {"price_step": None},
        {"amount_step": "0"},
        {"base": None},
        {"spot": False, "swap": True, "linear": False, "settle": "BTC"},
        {"spot": False, "swap": True, "linear": True, "settle": "USDC"},
        {"min_amount": "-1"},
        {"taker": "1.5"},
    ],
)
def test_what_cannot_be_traded_is_left_out(changes: dict[str, Any]) -> None:
    assert listed("ccxt:x", answer({**SPOT, **changes}), {}) == []


def test_a_market_without_fees_has_none_rather_than_zero() -> None:
    (one,) = listed("ccxt:x", answer({**SPOT, "taker": None}), {})
    assert one.fees is None


def test_the_accounts_own_fee_is_read() -> None:
    told = Answer(200, b'{"taker":"0.001","maker":"0.0008","feeSide":"quote"}')
    assert account_fees(told) == FeeSchedule(taker_bps=10.0, maker_bps=8.0)
    with pytest.raises(ConfigError, match="expected fees="):
        account_fees(Answer(200, b'{"taker":null,"maker":null}'))
