"""Balances are those of the wallet, positions are signed, and funding is told once."""

from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import FundingPayment
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.ccxt import account
from arbitrage.exchanges.ccxt.account import FundingFrame, FundingNews, FundingPaid
from arbitrage.exchanges.order_gateway import Answer

SYMBOL = "BTC/USDT:USDT"


def answer(positions: list[dict[str, Any]], *, total_has_pnl: bool = False) -> Answer:
    balances = {
        "USDT": {"free": "900", "used": "99.5", "total": "999.5"},
        "BNB": {"free": None, "used": None, "total": None},
    }
    body = {"balances": balances, "positions": positions, "total_has_pnl": total_has_pnl}
    return Answer(200, msgspec.json.encode(body))


def position(side: str | None = "long", contracts: str | None = "0.5") -> dict[str, Any]:
    return {
        "symbol": SYMBOL,
        "side": side,
        "contracts": contracts,
        "settle": "USDT",
        "entryPrice": "78000",
        "unrealizedPnl": "-0.5",
        "initialMargin": "99.5",
    }


def test_totals_and_signed_positions_are_read() -> None:
    state = account.state(answer([position("short")]))
    assert state.balances == {"USDT": D("999.5"), "BNB": D(0)}
    assert state.positions == {SYMBOL: D("-0.5")}


def test_both_sides_of_a_symbol_are_added() -> None:
    state = account.state(answer([position("long", "0.7"), position("short", "0.5")]))
    assert state.positions == {SYMBOL: D("0.2")}


def test_what_open_positions_would_make_is_not_owned() -> None:
    assert account.state(answer([position()], total_has_pnl=True)).balances["USDT"] == D("1000.0")


def test_a_flat_position_is_none_and_needs_no_side() -> None:
    flat = answer([position(None, "0"), position(None, None)])
    assert account.state(flat).positions == {}
    assert account.positions(flat) == []


def test_a_position_without_a_side_is_never_guessed() -> None:
    with pytest.raises(MalformedData, match="side None"):
        account.state(answer([position(None)]))


def test_balances_tell_what_is_locked() -> None:
    assert account.balances(answer([]))["USDT"] == Balance("USDT", D(900), D("99.5"))


def test_positions_have_price_and_margin() -> None:
    (one,) = account.positions(answer([position("short")]))
    assert (one.qty, one.entry_price, one.margin) == (D("-0.5"), D(78000), D("99.5"))
    assert one.unrealised_pnl == D("-0.5")


# --- funding ------------------------------------------------------------------------------------


def paid(number: int, time_ms: int | None = 2_000, amount: str = "-0.39") -> FundingPaid:
    return FundingPaid(str(number), SYMBOL, "USDT", amount, time_ms)


def test_funding_is_told_once() -> None:
    news = FundingNews()
    news.begin(1_000)
    frame = FundingFrame([paid(1)])
    assert news.payments(frame, "ccxt:x", 7) == [
        FundingPayment(7, "ccxt:x", SYMBOL, "USDT", D("-0.39"))
    ]
    assert news.payments(frame, "ccxt:x", 8) == []
    assert len(news.payments(FundingFrame([paid(1), paid(2)]), "ccxt:x", 9)) == 1


def test_funding_of_before_the_first_balances_is_in_them() -> None:
    news = FundingNews()
    news.begin(1_000)
    news.begin(5_000)  # a second session: what was paid between the two is still news
    frame = FundingFrame([paid(1, 999), paid(2, None), paid(3, 3_000)])
    assert [each.ts_ns for each in news.payments(frame, "ccxt:x", 7)] == [7]


def test_what_was_told_is_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "REMEMBERED_PAYMENTS", 2)
    news = FundingNews()
    news.begin(1_000)
    news.payments(FundingFrame([paid(1), paid(2), paid(3)]), "ccxt:x", 7)
    assert len(news.payments(FundingFrame([paid(2), paid(3)]), "ccxt:x", 8)) == 0
