from decimal import Decimal

import pytest

from arbitrage.sim.core_events import BalanceChanged, Change


def test_what_was_told_cannot_be_changed_by_who_hears_it() -> None:
    told = BalanceChanged(1, "KRW", Decimal(1), Decimal(0), Decimal(1))
    with pytest.raises(AttributeError):
        told.currency = "BTC"  # type: ignore[misc]


def test_an_order_begins_once_and_ends_once() -> None:
    assert [change.value for change in Change] == ["new", "trade", "prevented", "closed"]
