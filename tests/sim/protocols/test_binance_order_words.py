from decimal import Decimal

import pytest
from sim_usdm import BIDS, limit, market, pass_trade, place, show, usdm_core

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.binance_order_words import status_of, word_of_open
from arbitrage.sim.venue_core import SimVenueCore


@pytest.fixture
def core() -> SimVenueCore:
    return usdm_core()


def test_a_resting_order_is_new_then_partially_filled_then_filled(core: SimVenueCore) -> None:
    order = place(core, limit(quantity="0.3"))
    assert status_of(order) == "NEW"
    pass_trade(core, 76_999.0, 0.1, Side.SELL)
    assert status_of(order) == "PARTIALLY_FILLED"
    pass_trade(core, 76_999.0, 0.2, Side.SELL)
    assert status_of(order) == "FILLED"


def test_only_what_somebody_cancels_is_canceled(core: SimVenueCore) -> None:
    order = place(core, limit())
    core.cancel(order)
    assert status_of(order) == "CANCELED"
    assert status_of(place(core, limit(timeInForce="IOC"))) == "EXPIRED"
    assert status_of(place(core, market(quantity="9"))) == "EXPIRED"


def test_what_self_trade_prevention_takes_away_expires_in_match(core: SimVenueCore) -> None:
    show(core, BIDS, [(78_000.3, 1.0)])
    maker = place(core, limit("SELL", "78000.1", "0.2"))
    place(core, limit(price="78000.1", timeInForce="IOC"))
    assert status_of(maker) == "EXPIRED_IN_MATCH"


def test_what_the_venue_withdraws_is_expired(core: SimVenueCore) -> None:
    core.doom_next_order(True)
    order = place(core, limit())
    core.withdraw_doomed()
    assert status_of(order) == "EXPIRED"


def test_an_open_order_is_new_until_something_of_it_filled() -> None:
    assert (word_of_open(Decimal(0)), word_of_open(Decimal("0.1"))) == ("NEW", "PARTIALLY_FILLED")
