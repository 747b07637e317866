import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.symbols import (
    QUOTE_PRECEDENCE,
    USD_LIKE,
    base_and_quote,
    is_perpetual,
    venue_and_symbol,
)


@pytest.mark.parametrize(
    ("symbol", "base", "quote"),
    [
        # Upbit, Bithumb: the quote first
        ("KRW-BTC", "BTC", "KRW"),
        ("KRW-USDT", "USDT", "KRW"),
        ("BTC-XRP", "XRP", "BTC"),
        ("USDT-BTC", "BTC", "USDT"),
        ("IDR-ETH", "ETH", "IDR"),
        ("BTC_KRW", "BTC", "KRW"),
        # OKX, Coinbase: the base first
        ("BTC-USDT", "BTC", "USDT"),
        ("ETH-BTC", "ETH", "BTC"),
        ("BTC-AUD", "BTC", "AUD"),
        ("USDT-USD", "USDT", "USD"),
        ("BTC-USDT-SWAP", "BTC", "USDT"),
        ("BTC-USDC-PERP", "BTC", "USDC"),
        # Binance, Bybit: no separator
        ("BTCUSDT", "BTC", "USDT"),
        ("btcusdt", "BTC", "USDT"),
        ("1000SHIBUSDT", "1000SHIB", "USDT"),
        ("ETHBTC", "ETH", "BTC"),
        ("EURUSDT", "EUR", "USDT"),
        ("USDTTRY", "USDT", "TRY"),
        ("USDCUSDT", "USDC", "USDT"),
        ("FDUSDUSDT", "FDUSD", "USDT"),
        ("BETHETH", "BETH", "ETH"),
        # the tail reads as two quotes, and only one reading has a known coin
        ("BTCFDUSD", "BTC", "FDUSD"),
        ("ETHTUSD", "ETH", "TUSD"),
        ("BNBUSD", "BNB", "USD"),
        # unified: base/quote, always, even where precedence would say otherwise
        ("BTC/USDT", "BTC", "USDT"),
        ("BTC/USDT:USDT", "BTC", "USDT"),
        ("EUR/USDT", "EUR", "USDT"),
        ("SOL/JTO", "SOL", "JTO"),
        ("BTCUSDT:USDT", "BTC", "USDT"),
    ],
)
def test_base_and_quote_are_read_from_every_venues_form(symbol: str, base: str, quote: str) -> None:
    assert base_and_quote(symbol) == (base, quote)


@pytest.mark.parametrize(
    "symbol",
    [
        *("", "-", "KRW", "KRW-", "-BTC", "KRW--BTC", ":USDT"),
        *("SOL-JTO", "FOOBAR", "BTC/BTC", "USDT-USDT"),
        *("BTCUSDT_240329", "BTC-USDT-240329", "BTC-28JUN24-70000-C"),  # dated: not these markets
        *("DOTUSD", "SHIBUSD", "USDTUSD"),  # DOT/USD or DO/TUSD, SHIB/USD or SHI/BUSD, ...
        *("BTC-PERP", "KRW-PERP", "BTCUSD_PERP", "BTC-SWAP"),  # the contract, or the coin PERP
    ],
)
def test_a_symbol_that_cannot_be_read_is_refused_not_guessed(symbol: str) -> None:
    with pytest.raises(ConfigError, match="cannot tell base from quote"):
        base_and_quote(symbol)


def test_the_error_names_the_symbol_as_it_was_given() -> None:
    with pytest.raises(ConfigError, match="'foobar'"):
        base_and_quote("foobar")


@pytest.mark.parametrize("first", QUOTE_PRECEDENCE)
@pytest.mark.parametrize("second", ["XRP", "SOL", "1INCH"])
def test_a_known_quote_prices_an_unknown_coin_in_every_order(first: str, second: str) -> None:
    expected = (second, first)
    assert base_and_quote(f"{first}-{second}") == expected
    assert base_and_quote(f"{second}_{first}") == expected
    assert base_and_quote(f"{second}/{first}") == expected


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", "BTC-USDT-SWAP", "ETH_USDC_PERP"])
def test_a_perpetual_says_so_itself(symbol: str) -> None:
    assert is_perpetual(symbol)


@pytest.mark.parametrize("symbol", ["KRW-BTC", "BTC/USDT", "BTCUSDT", "SWAP-USDT", "PERPUSDT"])
def test_a_symbol_that_says_nothing_is_not_taken_for_a_perpetual(symbol: str) -> None:
    assert not is_perpetual(symbol)


def test_every_dollar_like_currency_is_a_known_quote() -> None:
    assert set(QUOTE_PRECEDENCE) >= USD_LIKE


@pytest.mark.parametrize(
    ("text", "venue", "symbol"),
    [
        ("upbit:KRW-BTC", "upbit", "KRW-BTC"),
        ("okx:BTC/USDT:USDT", "okx", "BTC/USDT:USDT"),
        ("ccxt:kraken:BTC/USD", "ccxt:kraken", "BTC/USD"),
        ("ccxt:gate:BTC/USDT:USDT", "ccxt:gate", "BTC/USDT:USDT"),
        ("upbit", "upbit", ""),
        (":KRW-BTC", "", "KRW-BTC"),
        ("ccxt:kraken", "ccxt:kraken", ""),
    ],
)
def test_a_market_is_named_by_its_venue_and_symbol(text: str, venue: str, symbol: str) -> None:
    assert venue_and_symbol(text) == (venue, symbol)
