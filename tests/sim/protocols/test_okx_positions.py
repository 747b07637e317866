"""Swap positions and what they were paid."""

from decimal import Decimal

import pytest
from sim_okx import EMPTY, NOW_NS, SWAP, Clock, announce, limit, okx_core, place, swap

from arbitrage.sim.protocols.okx_markets import Markets
from arbitrage.sim.protocols.okx_positions import OkxPositions
from arbitrage.sim.protocols.okx_wire import Ids, Json
from arbitrage.sim.venue_core import SimVenueCore


class Held:
    """A core with its clock and positions."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.core: SimVenueCore = okx_core(self.clock)
        self.positions = OkxPositions(self.core, Markets(self.core), Ids(NOW_NS))

    def object(self) -> Json:
        (told,) = self.positions.objects([SWAP, EMPTY])
        return told


@pytest.fixture
def held() -> Held:
    return Held()


def test_a_position_is_shown_in_contracts(held: Held) -> None:
    place(held.core, swap(sz="20"))
    told = held.object()
    assert (told["pos"], told["posSide"], told["avgPx"]) == ("20", "net", "78000.1")
    assert (told["imr"], told["lever"]) == ("3120.004", "5")
    assert (told["fee"], told["realizedPnl"]) == ("-7.80001", "-7.80001")
    assert held.positions.held() == [SWAP]
    assert held.positions.margin("USDT") == Decimal("3120.004")
    assert held.positions.unrealised_pnl("USDT") == Decimal("-0.01")


def test_spot_makes_no_position(held: Held) -> None:
    place(held.core, limit(px="78000.1"))
    assert held.positions.objects([SWAP]) == []


def test_funding_adds_up_while_a_position_is_open(held: Held) -> None:
    place(held.core, swap(sz="20"))
    for hour in (1, 2):
        announce(held.core, 0.0001, NOW_NS + hour * 3_600 * 10**9, 78_000.0)
        held.clock.move(3_600)
        held.core.catch_up()
    assert held.object()["fundingFee"] == "-3.12"


def test_a_position_that_was_flat_begins_anew_with_its_id(held: Held) -> None:
    place(held.core, swap(sz="20"))
    before = held.object()
    held.clock.move(60)
    place(held.core, swap("sell", sz="20"))
    flat = held.object()
    assert (flat["pos"], flat["avgPx"], flat["cTime"]) == ("0", "", before["cTime"])
    assert flat["pnl"] == "-0.02"
    assert held.positions.held() == []
    held.clock.move(60)
    place(held.core, swap("sell", sz="10"))
    anew = held.object()
    assert (anew["posId"], anew["pos"]) == (before["posId"], "-10")
    assert int(anew["cTime"]) == int(before["cTime"]) + 120_000
    assert anew["pnl"] == "0"
