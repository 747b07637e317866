"""What OKX tells of its markets."""

from decimal import Decimal

import pytest
from sim_okx import EMPTY, NOW_NS, SPOT, SWAP, announce, okx_core, pass_trade

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_markets import Markets, max_qty, trade_object
from arbitrage.sim.venue_core import SimVenueCore


@pytest.fixture
def core() -> SimVenueCore:
    return okx_core()


@pytest.fixture
def markets(core: SimVenueCore) -> Markets:
    return Markets(core)


def test_a_market_is_known_by_name_and_by_number(markets: Markets) -> None:
    assert markets.symbol_of(str(markets.codes[SWAP])) == SWAP
    assert markets.rules(SPOT).symbol == SPOT
    for unknown in (lambda: markets.rules("NOPE"), lambda: markets.symbol_of("x")):
        with pytest.raises(OkxRefusal, match="51001"):
            unknown()


def test_kinds_are_listed_apart(markets: Markets) -> None:
    assert [one.symbol for one in markets.of_kind("SPOT")] == [SPOT]
    assert [one.symbol for one in markets.of_kind("SWAP")] == [SWAP, EMPTY]
    assert len(markets.of_kind("")) == 3
    assert markets.of_kind("FUTURES") == []


def test_a_swap_tells_its_contract_and_spot_its_currencies(markets: Markets) -> None:
    spot, swap = (markets.instrument_object(markets.rules(name)) for name in (SPOT, SWAP))
    assert (spot["baseCcy"], spot["quoteCcy"], spot["ctVal"], spot["uly"]) == (
        "BTC",
        "USDT",
        "",
        "",
    )
    assert (swap["uly"], swap["ctVal"], swap["ctValCcy"], swap["settleCcy"]) == (
        "BTC-USDT",
        "0.01",
        "BTC",
        "USDT",
    )
    assert (swap["lotSz"], spot["lotSz"]) == ("0.1", "0.00001")
    assert (spot["maxMktSz"], swap["maxMktSz"]) == ("1000000", "12000000")


def test_the_largest_order_is_the_instrument_s_own(markets: Markets) -> None:
    rules = markets.rules(SWAP)
    bound = Instrument(venue="okx", symbol="A", base="A", quote="B", max_qty=Decimal(5))
    assert max_qty(bound, is_market=True) == 5
    assert max_qty(rules, is_market=False) == 100_000_000
    assert max_qty(markets.rules(SPOT), is_market=True) is None


def test_the_mark_is_the_middle_unless_it_is_announced(
    core: SimVenueCore, markets: Markets
) -> None:
    assert markets.mark_price(SWAP) == pytest.approx(78_000.05)
    assert markets.mark_price(EMPTY) == 0
    announce(core, 0.0001, NOW_NS + 10**9, 77_777.0)
    assert markets.mark_object(SWAP)["markPx"] == "77777"
    assert markets.funding_object(SWAP)["fundingRate"] == "0.0001"


def test_a_price_may_be_a_tenth_away(markets: Markets) -> None:
    assert markets.price_limit(SPOT, Side.BUY) == Decimal("85800.0")
    assert markets.price_limit(SPOT, Side.SELL) == Decimal("70200.1")
    assert markets.price_limit(EMPTY, Side.BUY) is None


def test_a_ticker_has_both_sides_and_the_day(core: SimVenueCore, markets: Markets) -> None:
    pass_trade(core, 78_000.1, 0.25, Side.BUY)
    pass_trade(core, 78_000.1, 25.0, Side.BUY, SWAP)
    spot, swap = markets.ticker_object(SPOT), markets.ticker_object(SWAP)
    assert (spot["bidPx"], spot["askPx"], spot["last"], spot["lastSz"]) == (
        "78000",
        "78000.1",
        "78000.1",
        "0.25",
    )
    assert (spot["vol24h"], spot["volCcy24h"]) == ("0.25", "19500.025")
    assert (swap["vol24h"], swap["volCcy24h"]) == ("25", "0.25")
    assert markets.ticker_object(EMPTY)["askPx"] == ""


def test_funding_is_of_the_hour_before_it_is_announced(markets: Markets) -> None:
    told = markets.funding_object(SWAP)
    assert int(told["fundingTime"]) == NOW_NS // 10**6 + 2 * 3_600_000
    assert int(told["nextFundingTime"]) - int(told["fundingTime"]) == 8 * 3_600_000


def test_a_trade_has_the_taker_s_side(core: SimVenueCore) -> None:
    pass_trade(core, 78_000.0, 0.5, Side.SELL)
    told = trade_object(core.tape(SPOT).trades[-1])
    assert (told["px"], told["sz"], told["side"], told["tradeId"]) == (
        "78000",
        "0.5",
        "sell",
        "1",
    )
