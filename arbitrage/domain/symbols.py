"""Reading base and quote from a venue's symbol.

Venues write one market in many ways (`KRW-BTC`, `BTC-USDT`, `BTCUSDT`, `BTC/USDT:USDT`,
`BTC-USDT-SWAP`). A slash always means base/quote. Elsewhere one order of precedence decides: of
two currencies, the one that stands earlier in `QUOTE_PRECEDENCE` prices the other. A symbol that
cannot be read, or can be read in two ways, is an error; it is never guessed.
"""

import re

from arbitrage.domain.errors import ConfigError

QUOTE_PRECEDENCE = (
    *("KRW", "JPY", "USD", "EUR", "GBP", "TRY", "BRL", "AUD", "CAD", "CHF", "SGD", "HKD", "TWD"),
    *("IDR", "INR", "THB", "VND", "PHP", "MXN", "ARS", "COP", "ZAR", "PLN", "UAH"),
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
    market = symbol.upper().partition(":")[0]
    parts = _SPLIT.split(market)
    if parts[-1] in _PERPETUAL_SUFFIXES:  # BTC-PERP alone: a contract on BTC, or the coin PERP?
        parts = parts[:2] if len(parts) == 3 else []
    readings = _readings(parts, is_ordered="/" in market)
    if len(readings) > 1:  # BTCFDUSD: of BTC/FDUSD and BTCFD/USD, the known coin is meant
        readings = [reading for reading in readings if reading[0] in _RANK]
    if len(readings) == 1:
        return readings[0]
    raise ConfigError(
        f"symbol {symbol!r}: cannot tell base from quote; expected a form such as KRW-BTC, "
        "BTC/USDT or BTCUSDT, or give the venue an Instrument for it"
    )


def venue_and_symbol(text: str) -> tuple[str, str]:
    """`venue:symbol` as a pair, either empty if it is missing. The symbol may hold colons of its
    own; a venue has one only if it is an exchange of ccxt's (`ccxt:kraken`).

    >>> venue_and_symbol("upbit:KRW-BTC"), venue_and_symbol("ccxt:gate:BTC/USDT:USDT")
    (('upbit', 'KRW-BTC'), ('ccxt:gate', 'BTC/USDT:USDT'))
    """
    venue, _, symbol = text.partition(":")
    if venue == "ccxt":
        exchange_id, _, symbol = symbol.partition(":")
        venue = f"{venue}:{exchange_id}"
    return venue, symbol


def _readings(parts: list[str], *, is_ordered: bool) -> list[tuple[str, str]]:
    """Every `(base, quote)` that the parts of a symbol could mean."""
    match parts:
        case [joined]:
            return [
                (joined.removesuffix(quote), quote)
                for quote in QUOTE_PRECEDENCE
                if joined.endswith(quote) and joined != quote
            ]
        case [first, second] if first and second and first != second:
            if is_ordered:
                return [(first, second)]
            quote = min(first, second, key=lambda currency: _RANK.get(currency, len(_RANK)))
            if quote in _RANK:
                return [(second if quote == first else first, quote)]
    return []
