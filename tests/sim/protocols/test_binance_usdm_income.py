import pytest
from sim_usdm import NOW_NS, Clock, announce, market, place, show, usdm_core

from arbitrage.sim.protocols.binance_usdm_income import UsdmHistory
from arbitrage.sim.venue_core import SimVenueCore

HOUR_NS = 3_600 * 10**9


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def core(clock: Clock) -> SimVenueCore:
    return usdm_core(clock)


@pytest.fixture
def history(core: SimVenueCore) -> UsdmHistory:
    return UsdmHistory(core)


def settle_funding(core: SimVenueCore, clock: Clock) -> None:
    """Announce, wait until it is due, announce the next."""
    announce(core, 0.0001, clock.now_ns + HOUR_NS, 78_000.0)
    clock.now_ns += HOUR_NS
    announce(core, 0.0002, clock.now_ns + 8 * HOUR_NS, 78_000.0)


def test_fees_profits_and_funding_are_booked_line_by_line(
    history: UsdmHistory, core: SimVenueCore, clock: Clock
) -> None:
    place(core, market(quantity="0.5"))
    settle_funding(core, clock)
    show(core, [(79_000.1, 1.0)], [(79_000.2, 1.0)])
    place(core, market("SELL", quantity="0.5"))
    told = [(each["incomeType"], each["income"]) for each in history.income({})]
    assert told == [
        ("COMMISSION", "-19.50002500"),
        ("FUNDING_FEE", "-3.90000000"),
        ("REALIZED_PNL", "500.00000000"),
        ("COMMISSION", "-19.75002500"),
    ]


def test_income_is_asked_for_by_kind_market_and_time(
    history: UsdmHistory, core: SimVenueCore, clock: Clock
) -> None:
    place(core, market(quantity="0.5"))
    settle_funding(core, clock)
    (funding,) = history.income({"incomeType": "FUNDING_FEE", "symbol": "BTCUSDT"})
    assert (funding["symbol"], funding["asset"], funding["info"]) == (
        "BTCUSDT",
        "USDT",
        "FUNDING_FEE",
    )
    assert history.income({"symbol": "ETHUSDT"}) == []
    later = {"startTime": str(NOW_NS // 1_000_000 + 1)}
    assert [each["incomeType"] for each in history.income(later)] == ["FUNDING_FEE"]
    ids = [each["tranId"] for each in history.income({})]
    assert ids == sorted(set(ids))


def test_funding_that_was_settled_becomes_history(
    history: UsdmHistory, core: SimVenueCore, clock: Clock
) -> None:
    announce(core, 0.0003, clock.now_ns + HOUR_NS)
    assert history.funding_rates({}) == []
    settle_funding(core, clock)
    (rate,) = history.funding_rates({"symbol": "BTCUSDT"})
    assert (rate["fundingRate"], rate["fundingTime"]) == (
        "0.00010000",
        (NOW_NS + HOUR_NS) // 1_000_000,
    )
    assert history.funding_rates({"symbol": "ETHUSDT"}) == []
