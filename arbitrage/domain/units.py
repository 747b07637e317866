"""Time, basis points and exact decimals: the units that the whole house shares.

Books and edges are floats; from the order outward everything is `Decimal`. The crossing from one
to the other happens here and nowhere else, always by rounding towards the smaller quantity or the
less aggressive price.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND
BPS = 10_000.0
ZERO = Decimal(0)
ONE = Decimal(1)


def decimal_of(value: float | int | str | Decimal) -> Decimal:
    """The shortest decimal that reads back as `value`: `0.1` gives `Decimal("0.1")`."""
    if isinstance(value, Decimal):
        return value
    return Decimal(repr(value) if isinstance(value, float) else value)


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is at most `value`. `step` is positive."""
    return (value / step).to_integral_value(rounding=ROUND_FLOOR) * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is at least `value`. `step` is positive."""
    return (value / step).to_integral_value(rounding=ROUND_CEILING) * step


def plain(value: Decimal) -> str:
    """`value` without exponent and without trailing zeros, as every venue accepts it.

    >>> plain(Decimal("3.5E-8"))
    '0.000000035'
    """
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def seconds_to_ns(seconds: float) -> int:
    """Whole nanoseconds of `seconds`, rounded to the nearest microsecond.

    A float holds an epoch time of today to about 0.2 µs, so finer digits are noise.
    """
    return round(seconds * 1_000_000) * 1_000


def ns_to_seconds(ts_ns: int) -> float:
    """Seconds of `ts_ns` as a float."""
    return ts_ns / NS_PER_SECOND
