"""What the doctor finds at a venue over the wire, sound or broken, and what it says to do."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from sim_venues import RunningVenues, running, still_book, still_market

from arbitrage import venue_doctor
from arbitrage.doctor import Finding
from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.order_gateway import Request
from arbitrage.exchanges.registry import create_exchange
from arbitrage.net.venue_plan import (
    KeyCheck,
    KeyRights,
    Maintenance,
    ServerClock,
    Wallets,
    WalletState,
)
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.listings import BINANCE_USDM, UPBIT, krw_spot, usdt_perpetual
from arbitrage.venue_doctor import examine_venues

BTC, PERPETUAL = krw_spot(UPBIT, "BTC"), usdt_perpetual("BTC")
BOOKS = [
    (BTC, still_book(BTC, 109_000_000.0, 1.0)),
    (PERPETUAL, still_book(PERPETUAL, 78_000.0, 1.0)),
]
KEYS = {"api_key": "sim-key", "secret": "sim-secret"}
SYMBOLS = {UPBIT: "KRW-BTC", BINANCE_USDM: "BTCUSDT"}


def examined(
    monkeypatch: pytest.MonkeyPatch,
    venue: str = UPBIT,
    *,
    symbols: Sequence[str] | None = None,
    keys: Mapping[str, str] = KEYS,
    script: str = "",
    address: str = "",
    **plan: Any,
) -> dict[str, Finding]:
    """The findings of one venue by what was looked at; `plan` changes that of its gateway."""

    def made(name: str, **settings: Any) -> Any:
        rest = address or venues.rest_url(name)
        gateway: Any = create_exchange(name, rest_url=rest, ws_url=venues.ws_url(name), **settings)
        gateway.plan = gateway.rest.plan = msgspec.structs.replace(gateway.plan, **plan)
        return gateway

    with running([venue], still_market(BOOKS), FaultPlan.parse(script)) as running_venues:
        venues: RunningVenues = running_venues
        monkeypatch.setattr(venue_doctor, "create_exchange", made)
        environ = {f"ARBITRAGE_{_shout(venue)}_{_shout(name)}": key for name, key in keys.items()}
        wanted = {venue: [SYMBOLS[venue]] if symbols is None else symbols}
        findings = examine_venues(wanted, environ, on_simulators=False)
    return {finding.name.removeprefix(f"{venue} "): finding for finding in findings}


def _shout(name: str) -> str:
    return name.upper().replace("-", "_")


def asks(_now_ns: int) -> Request:
    """A question that any answer will do for."""
    return Request("GET", "/v1/market/all")


def test_a_sound_venue_is_ok_in_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(monkeypatch, BINANCE_USDM)
    assert [*found] == [
        *("reachable", "clock", "markets", "rights", "maintenance", "balances", "wallets"),
        "stream",
    ]
    assert all(finding.is_ok for finding in found.values())
    assert found["rights"].text == "the key can trade and cannot withdraw"
    assert found["stream"].text == "a book of each of 1 markets came"


def test_simulators_are_examined_with_their_own_keys() -> None:
    found = examine_venues({UPBIT: ["KRW-BTC"]}, {}, on_simulators=True)
    assert [finding for finding in found if not finding.is_ok] == []


def test_a_venue_that_is_not_there_is_not_asked_further(monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(monkeypatch, address="http://127.0.0.1:1")
    assert [*found] == ["reachable"]
    assert not found["reachable"].is_ok
    assert "firewall" in found["reachable"].advice


def test_a_clock_that_is_wrong_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    script = '[[fault]]\nvenue = "binance-usdm"\nkind = "clock_skew"\nskew_seconds = 30\n'
    clock = examined(monkeypatch, BINANCE_USDM, script=script)["clock"]
    assert not clock.is_ok
    assert "the venue is +" in clock.text
    assert "NTP" in clock.advice


def test_a_market_that_is_not_listed_is_named_with_its_neighbours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = examined(monkeypatch, symbols=["KRW-BTC", "KRW-BTT"])
    assert "first KRW-BTT" in found["markets"].text
    assert "KRW-BTC" in found["markets"].advice
    assert found["stream"].is_ok  # of the one that is


def test_without_keys_nothing_private_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(monkeypatch, keys={})
    assert "balances" not in found
    assert "ARBITRAGE_UPBIT_API_KEY" in found["keys"].advice
    assert found["stream"].is_ok


def test_wrong_keys_are_told_from_an_empty_account(monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(monkeypatch, keys={**KEYS, "secret": "wrong"})
    assert not found["balances"].is_ok
    assert "check the key" in found["balances"].advice


@pytest.mark.parametrize(
    ("rights", "is_ok", "text"),
    [
        (KeyRights(can_trade=True, can_withdraw=True), False, "it is refused"),
        (KeyRights(can_trade=False, can_withdraw=False), False, "cannot trade"),
        (KeyRights(can_trade=True), True, "does not tell whether the key may withdraw"),
        (KeyRights(can_withdraw=False), True, "does not tell whether the key may trade"),
        (KeyRights(can_trade=True, can_withdraw=False), True, "cannot withdraw"),
    ],
)
def test_a_key_that_can_do_too_much_or_too_little_is_refused(
    monkeypatch: pytest.MonkeyPatch, rights: KeyRights, is_ok: bool, text: str
) -> None:
    check = KeyCheck(request=asks, read=lambda _answer: rights)
    found = examined(monkeypatch, key_check=check)["rights"]
    assert found.is_ok == is_ok
    assert text in found.text
    assert bool(found.advice) == (not is_ok or "tell" in text)


def test_a_venue_without_a_word_on_rights_leaves_them_to_a_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = examined(monkeypatch, key_check=None)["rights"].line()
    assert line.startswith("note upbit rights: the venue does not tell")


def test_maintenance_and_closed_wallets_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(
        monkeypatch,
        maintenance=Maintenance(request=asks, read=lambda _answer: "until 04:00"),
        wallets=Wallets(request=asks, read=lambda _answer: {"BTC": WalletState(True, False)}),
    )
    assert (found["maintenance"].is_ok, found["maintenance"].text) == (False, "until 04:00")
    assert "no withdrawals of BTC" in found["wallets"].text
    assert found["wallets"].line().startswith("note")


def test_open_wallets_and_no_maintenance_are_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(
        monkeypatch,
        maintenance=Maintenance(request=asks, read=lambda _answer: ""),
        wallets=Wallets(request=asks, read=lambda _answer: {"BTC": WalletState(True, True)}),
    )
    assert found["maintenance"].text == "none"
    assert found["wallets"].text == "1 coins can be moved"


def test_a_venue_that_tells_little_is_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(monkeypatch, clock=None, maintenance=None, wallets=None)
    assert all(found[what].is_ok for what in ("clock", "maintenance", "wallets"))


def test_an_account_without_the_quote_cannot_buy(monkeypatch: pytest.MonkeyPatch) -> None:
    none: dict[str, Any] = {}
    empty = examined(monkeypatch, balances=lambda _answer: none)["balances"]
    assert (empty.is_ok, empty.text) == (False, "the account is empty")


def test_a_stream_without_a_book_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venue_doctor, "BOOK_SECONDS", 0.2)
    script = '[[fault]]\nvenue = "upbit"\nkind = "drop"\non = "frame"\n'
    stream = examined(monkeypatch, script=script)["stream"]
    assert not stream.is_ok
    assert "no book of KRW-BTC" in stream.text


def test_a_question_that_fails_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_answer: object) -> int:
        raise ConfigError("the clock is a sundial")

    clock = ServerClock(request=lambda: asks(0), read=breaks)
    found = examined(monkeypatch, clock=clock)
    assert "sundial" in found["clock"].text
    assert found["balances"].is_ok


def test_an_unknown_venue_is_refused() -> None:
    with pytest.raises(ConfigError, match="venue 'mtgox' is unknown"):
        examine_venues({"mtgox": []}, {}, on_simulators=False)
