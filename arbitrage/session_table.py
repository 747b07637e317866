"""A session's report as tables for a terminal."""

from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


def report_table(report: dict[str, Any]) -> RenderableType:
    """What `session_report.report` says, for eyes."""
    routes = Table(box=box.SIMPLE_HEAD, title="routes", title_justify="left")
    for name in ("route", "trades", "losses", "price", "fx", "fees", "funding", "result", "USD"):
        routes.add_column(name, justify="left" if name == "route" else "right", no_wrap=True)
    for name, row in report["routes"].items():
        amounts = (row[key] for key in ("price", "fx", "fees", "funding", "pnl"))
        routes.add_row(
            name,
            str(row["trades"]),
            str(row["losses"]),
            *(f"{float(amount):,.2f}" for amount in amounts),
            f"{float(row['pnl_usd']):,.2f}",
        )
    refusals = Table(box=box.SIMPLE_HEAD, title="refusals", title_justify="left")
    refusals.add_column("reason")
    refusals.add_column("count", justify="right")
    for reason, count in report["refusals"].items():
        refusals.add_row(reason, f"{count:,}")
    balances = Table(box=box.SIMPLE_HEAD, title="balances", title_justify="left")
    for name in ("venue", "currency", "total"):
        balances.add_column(name, justify="right" if name == "total" else "left")
    for venue, amounts_of in report["balances"].items():
        for currency, amount in amounts_of.items():
            balances.add_row(venue, currency, amount)
    ties = "ties out" if report["ties_out"] else "DOES NOT TIE OUT with the venues"
    foot = Text(
        f"{report['events']:,} events, {report['orders_sent']:,} orders, ledger {ties}\n"
        f"digest {report['digest']}"
    )
    return Group(routes, refusals, balances, foot)
