"""A session over real sockets against simulators in a process of their own, run whole."""

import asyncio
from decimal import Decimal as D
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import pytest

from arbitrage.config import Settings, parse
from arbitrage.domain.errors import ConfigError
from arbitrage.engine.accounts import Accounts
from arbitrage.session_report import ties_out
from arbitrage.simulators import Addresses
from arbitrage.wire_command import _apart, _share, run_wire

_FEW = 'bases = ["BTC", "ETH", "XRP"]'


@pytest.fixture(scope="module")
def demo() -> Settings:
    """The demo with three assets, so that it starts quickly."""
    text = files("arbitrage").joinpath("demo.toml").read_text(encoding="utf-8")
    start = text.index("bases = [")
    return parse(text[:start] + _FEW + text[text.index("]", start) + 1 :])


def test_the_wire_carries_books_orders_and_balances_that_tie_out(demo: Settings) -> None:
    report = run_wire(demo, seconds=4.0, language="en", shows_table=False)
    assert report["events"] > 50
    assert report["ties_out"] is True
    assert set(report["ledger_residual"].values()) == {"0"}
    assert set(report["balances"]) == {"upbit", "binance-usdm"}
    assert not any(row["halted"] for row in report["routes"].values())


def test_the_table_and_the_summary_say_that_the_market_is_simulated(
    demo: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    run_wire(demo, seconds=0.2, language="en", shows_table=True)
    assert "Simulated" in capsys.readouterr().out


def test_a_venue_without_a_simulator_is_refused_in_its_words(demo: Settings) -> None:
    venues = {**demo.venues, "mtgox": demo.venues["upbit"]}
    with pytest.raises(ConfigError, match="mtgox"):
        run_wire(
            demo.model_copy(update={"venues": venues}),
            seconds=0.1,
            language="en",
            shows_table=False,
        )


def test_an_unknown_language_is_refused_before_anything_starts(demo: Settings) -> None:
    with pytest.raises(ConfigError, match="tlh"):
        run_wire(demo, seconds=0.1, language="tlh", shows_table=False)


def test_no_process_and_no_task_is_left(demo: Settings) -> None:
    run_wire(demo, seconds=0.2, language="en", shows_table=False)
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_venues_with_one_wallet_share_it_and_answer_for_it_together() -> None:
    one, other = Addresses("http://a", "ws://a"), Addresses("http://b", "ws://b")
    addresses = {"bybit": one, "upbit": other, "bybit-spot": one}
    assert _share(addresses, "bybit") == {"wallet_share": D("0.5")}
    assert _share(addresses, "upbit") == {}
    accounts = Accounts()
    for venue, usdt in (("bybit", 40), ("bybit-spot", 60), ("upbit", 7)):
        accounts.open(venue, "USDT", D(usdt))
    engine: Any = SimpleNamespace(accounts=accounts)

    def ties_out_with(wallet: int) -> bool:
        owned = {name: {"USDT": D(wallet)} for name in ("bybit", "bybit-spot")}
        return ties_out(engine, _apart(engine, addresses, {**owned, "upbit": {"USDT": D(7)}}))

    assert ties_out_with(100)
    assert not ties_out_with(99)
