from decimal import Decimal
from typing import get_args

import msgspec
import pytest

from arbitrage.domain.decisions import (
    NOTHING,
    Decision,
    Refusal,
    RiskChanged,
    Step,
    TradeClosed,
    TradeClosing,
    TradeOpened,
)
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder
from arbitrage.domain.sides import Direction, Side
from arbitrage.domain.trade import ArbitrageTrade, TradeLeg

LEG = TradeLeg(Instrument.from_symbol("upbit", "KRW-ETH"), Side.BUY)
TRADE = ArbitrageTrade(
    trade_id="t-1",
    route="r",
    direction=Direction.LONG_A_SHORT_B,
    leg_a=LEG,
    leg_b=LEG,
    qty=Decimal("0.1"),
    edge_bps=31.5,
    opened_ns=1,
)
ONE_OF_EACH: list[Decision] = [
    Refusal(1, "r", Direction.LONG_A_SHORT_B, "stale_book", 12.5),
    TradeOpened(1, TRADE),
    TradeClosing(2, TRADE),
    TradeClosed(3, TRADE),
    RiskChanged(4, "portfolio", "halt", "risk:max_daily_loss_usd"),
]


def test_the_examples_hold_one_of_each_kind() -> None:
    assert {type(decision) for decision in ONE_OF_EACH} == set(get_args(Decision))


@pytest.mark.parametrize("decision", ONE_OF_EACH, ids=lambda decision: type(decision).__name__)
def test_a_decision_is_known_by_its_tag(decision: Decision) -> None:
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision


def test_a_refusal_without_a_direction_concerns_the_whole_route() -> None:
    refusal = Refusal(1, "r", None, "no_fx", 0.0)
    assert msgspec.json.decode(msgspec.json.encode(refusal), type=Decision) == refusal


def test_nothing_is_neither_wanted_nor_decided() -> None:
    assert (NOTHING.intents, NOTHING.decisions) == ((), ())
    assert Step() == NOTHING


def test_a_step_cannot_be_changed_after_it_was_taken() -> None:
    with pytest.raises(AttributeError):
        NOTHING.intents = (CancelOrder(client_id="1", venue="v", symbol="s"),)  # type: ignore[misc]
