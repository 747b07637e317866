import msgspec
import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fx import FixedFx, FxBook, FxFeed, FxQuote, FxSource


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_that_is_no_positive_number_is_refused(rate: float) -> None:
    with pytest.raises(ConfigError, match="USDT/KRW"):
        FixedFx("USDT", "KRW", rate)


def test_the_rate_has_no_default() -> None:
    with pytest.raises(TypeError, match="rate"):
        FixedFx("USDT", "KRW")  # type: ignore[call-arg]


def test_the_currencies_of_an_fx_book_follow_from_its_symbol() -> None:
    assert FxBook("upbit", "KRW-USDT").currencies == ("USDT", "KRW")


def test_an_fx_book_whose_symbol_cannot_be_read_is_an_error() -> None:
    with pytest.raises(ConfigError, match="FOOBAR"):
        _ = FxBook("upbit", "FOOBAR").currencies


@pytest.mark.parametrize(
    "source",
    [FixedFx("USDT", "KRW", 1380.5), FxBook("upbit", "KRW-USDT"), FxFeed("USD", "KRW")],
)
def test_a_source_is_known_by_its_tag(source: FxSource) -> None:
    assert msgspec.json.decode(msgspec.json.encode(source), type=FxSource) == source


def test_a_fixed_rate_read_from_a_file_is_checked_too() -> None:
    text = b'{"type":"fixed","base":"USDT","quote":"KRW","rate":-1.0}'
    with pytest.raises(msgspec.ValidationError, match="USDT/KRW"):
        msgspec.json.decode(text, type=FxSource)


def test_a_quote_keeps_both_sides_and_its_time() -> None:
    quote = FxQuote(1, "USDT", "KRW", 1380.0, 1381.0)
    assert (quote.ts_ns, quote.bid, quote.ask, quote.source) == (1, 1380.0, 1381.0, "")
