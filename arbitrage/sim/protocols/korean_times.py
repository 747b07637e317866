"""How Upbit and Bithumb write and read times: milliseconds, and wall clocks of Seoul or of UTC."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from arbitrage.domain.units import NS_PER_MS, NS_PER_SECOND

KST: Final = timezone(timedelta(hours=9))


def ms(ts_ns: int) -> int:
    return ts_ns // NS_PER_MS


def korean_time(ts_ns: int) -> str:
    """`2026-11-22T21:04:05+09:00`."""
    return datetime.fromtimestamp(ts_ns // NS_PER_SECOND, KST).isoformat()


def utc(ts_ns: int, pattern: str) -> str:
    """A UTC time by a `strftime` pattern."""
    return datetime.fromtimestamp(ts_ns // NS_PER_SECOND, UTC).strftime(pattern)


def kst(ts_ns: int, pattern: str) -> str:
    """A Korean time by a `strftime` pattern."""
    return datetime.fromtimestamp(ts_ns // NS_PER_SECOND, KST).strftime(pattern)
