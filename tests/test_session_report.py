"""A report says what the ledger says, adds up as printed, and is ready for JSON."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from small_market import D, events_of, generator_of, instruments_of, small

from arbitrage import session_report
from arbitrage.assembly import build_session
from arbitrage.domain.decisions import Refusal, TradeClosed
from arbitrage.domain.trade import ArbitrageTrade
from arbitrage.engine.session import Session
from arbitrage.session_report import TradeLog, refusals, report, ties_out, trade_row


@pytest.fixture(scope="module")
def traded() -> tuple[Session, TradeLog]:
    """A session that has traded for half a minute."""
    settings, log = small(), TradeLog()
    fees = generator_of(settings).fees()
    session = build_session(settings, instruments_of(settings), fees, on_decisions=log)
    events = events_of(settings, 30)
    for event in events:
        session.on_event(event)
    session.settle(events[-1].ts_ns)
    return session, log


@pytest.fixture(scope="module")
def shown(traded: tuple[Session, TradeLog]) -> dict[str, Any]:
    return report(*traded)


def test_the_report_has_every_part_and_is_json(shown: dict[str, Any]) -> None:
    assert json.loads(json.dumps(shown)) == shown
    assert {
        *("trades", "routes", "pnl_usd", "refusals", "balances", "ledger_residual", "digest")
    } <= set(shown)
    assert len(shown["digest"]) == 64


def test_something_was_traded_and_something_was_refused(shown: dict[str, Any]) -> None:
    assert sum(row["trades"] for row in shown["routes"].values()) == len(shown["trades"]) > 0
    assert shown["orders_sent"] >= 4 * len(shown["trades"])
    assert sum(shown["refusals"].values()) > 0


def test_the_parts_of_every_result_add_up_as_they_are_printed(shown: dict[str, Any]) -> None:
    for row in [*shown["trades"], *shown["routes"].values()]:
        parts = sum(D(row[name]) for name in ("price", "fx", "fees", "funding"))
        assert parts == D(row["pnl"])


def test_results_by_route_are_the_results_of_their_trades(shown: dict[str, Any]) -> None:
    for name, row in shown["routes"].items():
        of_trades = [D(trade["pnl_usd"]) for trade in shown["trades"] if trade["route"] == name]
        assert abs(sum(of_trades) - D(row["pnl_usd"])) < D("1E-6")
    by_route = sum(D(row["pnl_usd"]) for row in shown["routes"].values())
    assert abs(by_route - D(shown["pnl_usd"])) < D("1E-6")


def test_what_was_gained_is_what_the_balances_gained(
    shown: dict[str, Any], traded: tuple[Session, TradeLog]
) -> None:
    """With everything closed, the results explain both accounts, to what rounding leaves."""
    session, _ = traded
    assert all(row["open_trades"] == 0 for row in shown["routes"].values())
    rate = D(repr(session.engine.rates["USDT", "KRW"].mid))
    won = D(shown["balances"]["upbit"]["KRW"]) - D("50000000.5")
    dollars = D(shown["balances"]["binance-usdm"]["USDT"]) - 50_000
    booked = sum(D(row["pnl"]) for row in shown["routes"].values())
    assert float(won + dollars * rate) == pytest.approx(float(booked), rel=1e-3)


def test_the_ledger_has_no_residual_and_ties_out_with_the_venues(
    shown: dict[str, Any], traded: tuple[Session, TradeLog]
) -> None:
    assert set(shown["ledger_residual"].values()) == {"0"}
    assert shown["ties_out"] is True
    session, _ = traded
    owned = {gateway.venue: gateway.balances() for gateway in session.gateways}
    session.engine.accounts.ledger.transfer("adjustment", "upbit", "KRW", D(1))
    assert not ties_out(session.engine, owned)
    assert ties_out(session.engine, owned, D(1))
    session.engine.accounts.ledger.transfer("upbit", "adjustment", "KRW", D(1))


def test_refusals_are_summed_over_routes_and_the_most_frequent_come_first(
    traded: tuple[Session, TradeLog],
) -> None:
    session, _ = traded
    counted = refusals(session.engine)
    assert list(counted.values()) == sorted(counted.values(), reverse=True)
    assert sum(counted.values()) == sum(
        sum(route.refusals.values()) for route in session.engine.routes.values()
    )


def test_a_row_shows_no_exponent_and_no_float_noise(traded: tuple[Session, TradeLog]) -> None:
    _, log = traded
    tiny = msgspec.structs.replace(log.trades[0], pnl_usd=Decimal("3.5E-8"))
    row = trade_row(tiny)
    assert row["pnl_usd"] == "0.00000004"
    assert all("E" not in row[name] for name in ("qty_a", "entry_price_a", "price", "fees"))


def test_a_leg_that_never_traded_has_no_price(traded: tuple[Session, TradeLog]) -> None:
    _, log = traded
    trade = log.trades[0]
    unfilled = msgspec.structs.replace(
        trade, leg_a=msgspec.structs.replace(trade.leg_a, entry_qty=D(0)), exit_reason=None
    )
    row = trade_row(unfilled)
    assert (row["entry_price_a"], row["exit_reason"]) == (None, None)


def test_what_is_beyond_the_bound_is_counted_not_kept(
    traded: tuple[Session, TradeLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_report, "MAX_TRADES_KEPT", 2)
    log = TradeLog()
    trade: ArbitrageTrade = traded[1].trades[0]
    five = [msgspec.structs.replace(trade, trade_id=f"t{number}") for number in range(5)]
    log([*(TradeClosed(0, each) for each in five), Refusal(0, "r", None, "min_edge", 1.0)])
    assert (len(log.trades), log.left_out) == (2, 3)


def test_a_trade_that_closes_again_is_kept_once(traded: tuple[Session, TradeLog]) -> None:
    log = TradeLog()
    log([TradeClosed(0, traded[1].trades[0])] * 2)
    assert (len(log.trades), log.left_out) == (1, 0)
