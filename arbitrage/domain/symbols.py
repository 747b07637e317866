"""Reading base and quote from a venue's symbol.

Venues write one market in many ways (`KRW-BTC`, `BTC-USDT`, `BTCUSDT`, `BTC/USDT:USDT`,
`BTC-USDT-SWAP`). Which part is the quote follows from one order of precedence: of two currencies,
the one that stands earlier in `QUOTE_PRECEDENCE` prices the other. A symbol that cannot be read
is an error; it is never guessed.
"""

import re

from arbitrage.domain.errors import ConfigError

QUOTE_PRECEDENCE = (
    *("KRW", "JPY", "USD", "EUR", "GBP", "TRY", "BRL"),
    *("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "DAI"),
    *("BTC", "ETH", "BNB"),
)
USD_LIKE = frozenset({"USD", "USDT", "USDC", "FDUSD", "BUSD", "TUSD", "DAI"})
_RANK = {currency: rank for rank, currency in enumerate(QUOTE_PRECEDENCE)}
_SPLIT = re.compile(r"[-/_]")
_PERPETUAL_SUFFIXES = ("SWAP", "PERP", "PERPETUAL")


def is_perpetual(symbol: str) -> bool:
    """Whether the symbol itself says that it is a perpetual (`BTC/USDT:USDT`, `BTC-USDT-SWAP`).

    `BTCUSDT` says nothing; a venue's instrument list does.
    """
    parts = _SPLIT.split(symbol.upper())
    return ":" in symbol or parts[-1] in _PERPETUAL_SUFFIXES


def base_and_quote(symbol: str) -> tuple[str, str]:
    """`(base, quote)` of `symbol`. Raises `ConfigError` if it cannot be read.

    >>> base_and_quote("KRW-BTC"), base_and_quote("BTC/USDT:USDT"), base_and_quote("ETHUSDT")
    (('BTC', 'KRW'), ('BTC', 'USDT'), ('ETH', 'USDT'))
    """
    upper = symbol.upper()
    parts = [part for part in _SPLIT.split(upper.split(":")[0]) if part]
    if len(parts) == 3 and parts[2] in _PERPETUAL_SUFFIXES:
        parts = parts[:2]
    if len(parts) == 2:
        first, second = parts
        unranked = len(_RANK)
        if _RANK.get(first, unranked) < _RANK.get(second, unranked):
            return second, first
        return first, second
    if len(parts) == 1:
        for quote in QUOTE_PRECEDENCE:
            if upper.endswith(quote) and len(upper) > len(quote):
                return upper[: -len(quote)], quote
    raise ConfigError(
        f"symbol {symbol!r}: cannot tell base from quote; expected a form such as KRW-BTC, "
        "BTC/USDT or BTCUSDT, or give the venue an Instrument for it"
    )
