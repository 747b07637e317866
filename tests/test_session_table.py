"""The report as tables: what must be readable in them."""

from rich.console import Console

from arbitrage.session_table import report_table


def _report(*, ties_out: bool) -> dict[str, object]:
    row = {
        "trades": 3,
        "losses": 1,
        "price": "1234.5",
        "fx": "-2",
        "fees": "-30.25",
        "funding": "0",
        "pnl": "1202.25",
        "pnl_usd": "0.87",
    }
    return {
        "events": 12_345,
        "orders_sent": 12,
        "routes": {"upbit:KRW-ETH,bithumb:KRW-ETH": row},
        "refusals": {"min_edge": 1_000},
        "balances": {"upbit": {"KRW": "5"}},
        "ties_out": ties_out,
        "digest": "ab" * 32,
    }


def _shown(*, ties_out: bool) -> str:
    console = Console(width=140, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(report_table(_report(ties_out=ties_out)))
    return console.export_text()


def test_results_stand_apart_by_where_they_came_from() -> None:
    text = _shown(ties_out=True)
    for part in ("1,234.50", "-2.00", "-30.25", "1,202.25", "0.87", "min_edge", "1,000"):
        assert part in text


def test_a_ledger_that_does_not_tie_out_says_so_loudly() -> None:
    assert "ledger ties out" in _shown(ties_out=True)
    assert "DOES NOT TIE OUT" in _shown(ties_out=False)


def test_the_digest_is_shown_whole() -> None:
    assert "ab" * 32 in _shown(ties_out=True)
