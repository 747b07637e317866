"""The doctor says what was looked at, what is wrong, and what to do about it."""

from importlib.resources import files

import pytest
from small_market import small

from arbitrage.config import parse
from arbitrage.doctor import Finding, examine

LIMITS = """
[risk]
max_gross_notional_usd = 60000
max_daily_loss_usd = 500
max_drawdown_usd = 500

[terms]
"""


def wrong(*changes: tuple[str, str]) -> list[Finding]:
    """The findings that are not ok, with every limit set."""
    settings = small(("\n[terms]\n", LIMITS), *changes)
    return [finding for finding in examine(settings) if not finding.is_ok]


def test_a_sound_configuration_says_what_was_checked() -> None:
    findings = examine(small(("\n[terms]\n", LIMITS)))
    assert [finding.name for finding in findings] == [
        *("routes", "fx", "balances", "minimums", "risk"),
    ]
    assert all(finding.is_ok and finding.text and not finding.advice for finding in findings)
    assert findings[0].line() == "ok   routes: 3 routes, every market exists"


def test_the_demo_is_sound() -> None:
    demo = parse(files("arbitrage").joinpath("demo.toml").read_text(encoding="utf-8"))
    assert [finding for finding in examine(demo) if not finding.is_ok] == []


@pytest.mark.parametrize(
    ("change", "name", "text"),
    [
        (("binance-usdm:{base}USDT", "binance-usdm:{base}USD"), "routes", "has no such symbol"),
        (('"BTC", "ETH", "XRP"]\n\n[v', '"BTC", "FOO"]\n\n[v'), "routes", "market.bases is"),
        (('book = "upbit:KRW-USDT"', "rate = 1400"), "", ""),
        (('[fx]\nbook = "upbit:KRW-USDT"', ""), "fx", "3 routes cannot compare their quotes"),
        (("USDT = 50000", "USDT = 0"), "balances", "can trade in no direction"),
        (
            ("min_edge_bps = 2", 'directions = ["LONG_B_SHORT_A"]'),
            "balances",
            "can trade in no direction",
        ),
        (("max_position_usd = 2000", "max_position_usd = 50"), "minimums", "minimum of 100"),
        (("max_daily_loss_usd = 500", ""), "risk", "no limit on max_daily_loss_usd"),
    ],
)
def test_what_is_wrong_is_found_with_advice(change: tuple[str, str], name: str, text: str) -> None:
    found = wrong(change)
    assert {finding.name for finding in found} == ({name} if name else set())
    for finding in found:
        assert text in finding.text
        assert finding.advice
        assert finding.line().startswith(f"FAIL {name}: ")
