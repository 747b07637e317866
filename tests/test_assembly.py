"""A session is put together from settings and markets, and lacks nothing that a route needs."""

import pytest
from small_market import START_NS, D, events_of, fees_of, generator_of, instruments_of, small

from arbitrage.assembly import build_session
from arbitrage.domain.decisions import Decision
from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.intents import PlaceOrder
from arbitrage.domain.sides import Side
from arbitrage.exchanges.paper.venue import PaperVenue


def test_every_venue_of_the_settings_is_a_gateway_with_its_balances_and_latencies() -> None:
    session = build_session(small(), instruments_of(small()), fees_of(small()))
    upbit, binance = session.gateways
    assert isinstance(upbit, PaperVenue)
    assert isinstance(binance, PaperVenue)
    assert (upbit.venue, binance.venue) == ("upbit", "binance-usdm")
    assert upbit.balances() == {"KRW": D("50000000.5")}
    assert (upbit.latency_ns, upbit.answer_latency_ns) == (40_000_000, 40_000_000)
    assert (binance.latency_ns, binance.answer_latency_ns) == (60_000_000, 30_000_000)


def test_the_engine_starts_from_the_balances_of_the_venues() -> None:
    session = build_session(small(), instruments_of(small()), fees_of(small()))
    for gateway in session.gateways:
        assert session.engine.accounts.ledger.balances(gateway.venue) == gateway.balances()


def test_engine_and_venue_reckon_with_the_same_fees() -> None:
    settings = small(("USDT = 50000 }", "USDT = 50000 }\nfees = { taker_bps = 1.5 }"))
    session = build_session(settings, instruments_of(settings), generator_of(settings).fees())
    upbit, binance = session.gateways
    assert isinstance(upbit, PaperVenue)
    assert isinstance(binance, PaperVenue)
    for route in session.engine.routes.values():
        assert route.a.fees == upbit.fees(route.a.instrument.symbol)
        assert route.b.fees == binance.fees(route.b.instrument.symbol) == FeeSchedule(taker_bps=1.5)
        assert route.a.fees.taker_bps == 5.0


def test_venues_trade_by_the_rules_of_their_markets() -> None:
    session = build_session(small(), instruments_of(small()), fees_of(small()))
    upbit = session.gateways[0]
    order = PlaceOrder(
        client_id="t1", venue="upbit", symbol="KRW-BTC", side=Side.BUY, qty=D("1"), price=D("1.5")
    )
    upbit.send((order,), START_NS)
    assert upbit.pop_due() is None
    assert getattr(upbit.pop_due(), "reason", "") == "min_notional"


def test_decisions_are_passed_on_as_they_are_made() -> None:
    heard: list[Decision] = []
    session = build_session(
        small(), instruments_of(small()), fees_of(small()), on_decisions=heard.extend
    )
    for event in events_of(small(), 5):
        session.on_event(event)
    assert heard


def test_a_route_to_a_market_that_does_not_exist_is_refused() -> None:
    without_btc = {
        market: each for market, each in instruments_of(small()).items() if each.base != "BTC"
    }
    with pytest.raises(ConfigError, match=r"routes\[0\].a .* upbit has no such symbol"):
        build_session(small(), without_btc, fees_of(small()))
