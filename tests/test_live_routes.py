"""Which books make a route: the FX between its quotes, the symbols that name it."""

from decimal import Decimal
from typing import Any

import pytest
from two_venues import FACES, FX, RATE, A, B, Rig, Step, book, one_step, owned

from arbitrage import FixedFx, FxBook, PaperExchange
from arbitrage.domain.errors import ConfigError

D = Decimal
step = pytest.fixture(params=FACES)(one_step)


# --- fx -----------------------------------------------------------------------------------------


def test_without_fx_the_step_succeeds_nothing_trades_and_the_refusal_reads_no_fx(
    step: Step,
) -> None:
    rig = Rig(engine={"fx": None})
    rig.premium(-2)
    assert step(rig.runner) is True
    assert rig.stats["total_trades_opened"] == 0
    assert set(rig.stats["refusals"]) == {"no_fx"}


@pytest.mark.parametrize(
    "fx",
    [1400, 1400.0, D("1400"), FixedFx("USDT", "KRW", 1400.0), FixedFx("KRW", "USDT", 1 / 1400)],
)
def test_a_fixed_rate_may_be_written_in_many_ways(step: Step, fx: Any) -> None:
    rig = Rig(engine={"fx": fx})
    rig.premium(-2)
    assert step(rig.runner) is True
    assert rig.stats["total_trades_opened"] == 1


@pytest.mark.parametrize("legs", ["krw first", "krw last"])
def test_the_rate_prices_the_dollar_whichever_leg_it_is(step: Step, legs: str) -> None:
    krw, usdt = PaperExchange({"KRW": 10**8}), PaperExchange({"USDT": 10**5})
    if legs == "krw first":
        rig = Rig(krw, usdt)
        rig.premium(-2)
    else:
        rig = Rig(usdt, krw, symbols=(B, A))
        rig.show_a(100_000, 100_001)
        rig.show_b(137_200_000, 137_200_001)
    step(rig.runner)
    assert float(owned(krw, "BTC")) * 100_000 == pytest.approx(1000, rel=0.03)


@pytest.mark.parametrize("fx", [f"a:{FX}", f"upbit:{FX}", FxBook("upbit", FX), FxBook("a", FX)])
def test_the_rate_may_be_the_live_book_of_a_market(step: Step, fx: Any) -> None:
    rig = Rig(PaperExchange({"KRW": 10**8}, venue="upbit"), engine={"fx": fx})
    rig.premium(-2)
    assert step(rig.runner) is True
    assert (rig.stats["total_trades_opened"], set(rig.stats["refusals"])) == (0, {"no_fx"})
    rig.a.set_orderbook(FX, book(FX, RATE, RATE + 1, at=rig.clock.now, qty=1e6))
    assert step(rig.runner) is True
    assert rig.stats["total_trades_opened"] == 1


def test_a_rate_that_is_gone_is_not_used_for_ever(step: Step) -> None:
    rig = Rig(engine={"fx": f"b:{FX}"})
    rig.b.set_orderbook(FX, book(FX, RATE, RATE + 1, at=rig.clock.now))
    rig.premium(0)
    step(rig.runner)
    rig.wait(61)
    rig.premium(-2)
    assert step(rig.runner) is True
    assert rig.stats["total_trades_opened"] == 0
    assert "stale_fx" in rig.stats["refusals"]


def test_an_fx_venue_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="fx nowhere:KRW-USDT: no such venue here; expected"):
        Rig(engine={"fx": f"nowhere:{FX}"})


# --- symbols ------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", [A, B])
def test_either_leg_names_the_whole_route(step: Step, symbol: str) -> None:
    rig = Rig()
    rig.premium(-2)
    assert step(rig.runner, symbol) is True
    assert not rig.is_flat


def test_further_routes_are_reached_by_their_symbols(step: Step) -> None:
    rig = Rig(live={"routes": (("KRW-ETH", "ETH/USDT:USDT"),)})
    rig.a.set_orderbook("KRW-ETH", book("KRW-ETH", 4.0e6, 4.0e6 + 1, at=rig.clock.now))
    eth = "ETH/USDT:USDT"
    assert step(rig.runner, "KRW-ETH") is False
    rig.b.set_orderbook(eth, book(eth, 3000, 3001, at=rig.clock.now))
    assert step(rig.runner, eth) is True
    assert rig.b.get_open_positions()[0].symbol == eth
    assert step(rig.runner) is False


@pytest.mark.parametrize("symbol", ["DOGE-USDT", "NO-SUCH", "nonsense", ""])
def test_a_symbol_that_nobody_knows_is_no_success_and_no_route(step: Step, symbol: str) -> None:
    rig = Rig()
    rig.premium(0)
    assert step(rig.runner, symbol or " ") is False
    assert list(rig.runner.engine.routes) == [f"a:{A},b:{B}"]


def test_a_symbol_that_both_exchanges_have_becomes_a_route_of_its_own(step: Step) -> None:
    rig = Rig(PaperExchange({"USDT": 10**5}), PaperExchange({"USDT": 10**5, "ETH": 10}))
    for exchange, bid in ((rig.a, 3000), (rig.b, 3060)):
        exchange.set_orderbook("ETH-USDT", book("ETH-USDT", bid, bid + 1, at=rig.clock.now))
    assert step(rig.runner, "ETH-USDT") is True
    assert (owned(rig.a, "ETH") > 0, owned(rig.b, "ETH") < 10) == (True, True)
