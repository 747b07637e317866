"""Time, basis points and exact decimals: the units that the whole house shares.

Books and edges are floats; from the order outward everything is `Decimal`. The crossing from one
to the other happens here and nowhere else, always by rounding towards the smaller quantity or the
less aggressive price.
"""

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND
BPS = 10_000.0
ZERO = Decimal(0)
ONE = Decimal(1)

# Exact or an error. The default context keeps 28 digits and rounds in silence, which turns a floor
# into a step too many and a balance into one that no longer ties out.
EXACT = Context(prec=60, traps=[DivisionByZero, Inexact, InvalidOperation, Overflow])
# Finding a method of a context costs as much as running it.
_divmod, _multiply = EXACT.divmod, EXACT.multiply


def decimal_of(value: float | int | str | Decimal) -> Decimal:
    """The shortest decimal that reads back as `value`: `0.1` gives `Decimal("0.1")`."""
    if isinstance(value, Decimal):
        return value
    return Decimal(float.__repr__(value) if isinstance(value, float) else value)


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is at most `value`. `step` is positive.

    Exact to 60 digits and written with the digits of `step`. Raises `decimal.InvalidOperation` for
    a value that is not a finite number.
    """
    steps, rest = _divmod(value, step)
    return _multiply(EXACT.subtract(steps, ONE) if rest < 0 else steps, step)


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is at least `value`; otherwise as `floor_to`."""
    steps, rest = _divmod(value, step)
    return _multiply(EXACT.add(steps, ONE) if rest > 0 else steps, step)


def plain(value: Decimal) -> str:
    """`value` without exponent and without trailing zeros, as every venue accepts it.

    >>> plain(Decimal("3.5E-8"))
    '0.000000035'
    """
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    if text[-1] == "0" and "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def seconds_to_ns(seconds: float) -> int:
    """Whole nanoseconds of `seconds`, rounded to the nearest microsecond.

    A float holds an epoch time of today to about 0.2 µs, so finer digits are noise.
    """
    return round(seconds * 1_000_000) * 1_000


def ns_to_seconds(ts_ns: int) -> float:
    """Seconds of `ts_ns` as a float."""
    return ts_ns / NS_PER_SECOND
