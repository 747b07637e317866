"""Looks a configuration over before money moves: what is wrong, and what to do about it.

Everything that can be known without a venue is checked here: markets, currencies, FX, balances
and minimums. `is_ok` findings say what was checked, so that silence is never taken for a pass.
"""

from decimal import Decimal

import msgspec

from arbitrage.config import Settings
from arbitrage.domain.errors import ConfigError
from arbitrage.domain.sides import Direction
from arbitrage.domain.units import plain
from arbitrage.engine.config import ArbitrageConfig, RouteConfig
from arbitrage.paper_runner import market_generator


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; `advice` says what to do if it is not ok, or what is left for a
    person to look at where it is."""

    name: str
    is_ok: bool
    text: str
    advice: str = ""

    def line(self) -> str:
        mark = "FAIL" if not self.is_ok else "note" if self.advice else "ok  "
        return f"{mark} {self.name}: {self.text}" + (f"; {self.advice}" if self.advice else "")


def examine(settings: Settings) -> list[Finding]:
    """Every finding on `settings`, in the order in which a session would meet them."""
    try:
        generator = market_generator(settings.market)
        instruments = {
            (instrument.venue, instrument.symbol): instrument
            for instrument in generator.instruments()
        }
        config = settings.engine_config(instruments, generator.fees())
    except ConfigError as error:
        return [Finding("routes", False, str(error), "name markets that exist")]
    findings = [Finding("routes", True, f"{len(config.routes)} routes, every market exists")]
    findings += [_fx(config), *_balances(config), *_minimums(config), *_limits(config)]
    return findings


def _fx(config: ArbitrageConfig) -> Finding:
    without = [
        route.name
        for route in config.routes
        if route.fx is None and route.a.instrument.quote != route.b.instrument.quote
    ]
    if without:
        return Finding(
            "fx",
            False,
            f"{len(without)} routes cannot compare their quotes, first {without[0]}",
            'add [fx] with the book of an FX market, such as book = "upbit:KRW-USDT"',
        )
    return Finding("fx", True, "every route can compare its quotes")


def _balances(config: ArbitrageConfig) -> list[Finding]:
    """A route must have the money for one of its directions at least."""
    findings = []
    for route in config.routes:
        if not any(_is_funded(config, route, direction) for direction in route.directions):
            findings.append(
                Finding(
                    "balances",
                    False,
                    f"{route.name} can trade in no direction",
                    "fund the quote of one leg and the coin (or margin) of the other in "
                    "[venues.NAME] balances",
                )
            )
    if not findings:
        findings.append(Finding("balances", True, "every route is funded for a direction"))
    return findings


def _is_funded(config: ArbitrageConfig, route: RouteConfig, direction: Direction) -> bool:
    legs = (route.a.instrument, route.b.instrument)
    buys, sells = legs if direction is Direction.LONG_A_SHORT_B else legs[::-1]
    sold = sells.quote if sells.is_perpetual else sells.base
    return _owned(config, buys.venue, buys.quote) > 0 and _owned(config, sells.venue, sold) > 0


def _owned(config: ArbitrageConfig, venue: str, currency: str) -> Decimal:
    return config.opening_balances.get(venue, {}).get(currency, Decimal(0))


def _minimums(config: ArbitrageConfig) -> list[Finding]:
    """A position limit below a venue's minimum can never trade."""
    findings = []
    for route in config.routes:
        for leg in (route.a, route.b):
            if leg.instrument.quote in ("USDT", "USDC", "USD"):
                least = leg.instrument.min_notional
                if Decimal(repr(route.max_position_usd)) < least:
                    findings.append(_too_small(route, leg.instrument.venue, least))
    if not findings:
        findings.append(Finding("minimums", True, "no limit is below a venue's minimum"))
    return findings


def _too_small(route: RouteConfig, venue: str, least: Decimal) -> Finding:
    return Finding(
        "minimums",
        False,
        f"{route.name}: max_position_usd {route.max_position_usd:g} is below {venue}'s minimum "
        f"of {plain(least)}",
        "raise max_position_usd or leave the route out",
    )


def _limits(config: ArbitrageConfig) -> list[Finding]:
    limits = config.risk_limits
    unlimited = [
        name
        for name in ("max_gross_notional_usd", "max_daily_loss_usd", "max_drawdown_usd")
        if getattr(limits, name) == float("inf")
    ]
    if unlimited:
        return [
            Finding("risk", False, f"no limit on {', '.join(unlimited)}", "set them under [risk]")
        ]
    return [Finding("risk", True, "gross notional, daily loss and drawdown are limited")]
