"""Numbers as a person reads them in a terminal: signs, thousands, units of time, colour.

Colour only repeats the sign, so that nothing is lost without it. What is unknown or nothing at
all is a dim dash.
"""

from typing import Final

from rich.text import Text

UNKNOWN: Final = "-"


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign; what rounds to zero has none."""
    text = f"{value:+,.{digits}f}"
    return text if text.strip("+-0.,") else text[1:]


def sign_style(value: float) -> str:
    """Green above zero, red below."""
    return "green" if value > 0 else "red" if value < 0 else ""


def figure(value: float | None, *, digits: int, style: str | None = None) -> Text:
    """A signed number, coloured by its sign unless `style` says how."""
    if not value:
        return Text(UNKNOWN, style="dim")
    return Text(signed(value, digits), style=sign_style(value) if style is None else style)


def money(value: float | None) -> Text:
    """An amount in whole cents with its sign."""
    return figure(value, digits=2)


def count(value: int) -> Text:
    return Text(f"{value:,}") if value else Text(UNKNOWN, style="dim")


def whole(value: float | None) -> str:
    """A number without decimals and without a sign."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    total = int(seconds)
    return f"{total // 3600:02d}:{total // 60 % 60:02d}:{total % 60:02d}"
