"""What a person writes on the command line, read or refused with what was expected."""

import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.research.scan_route import ScanRoute, parse_route, parse_taker_bps


def test_a_route_is_two_markets() -> None:
    route = parse_route("upbit:KRW-ETH, bithumb:KRW-ETH")
    assert route == ScanRoute(("upbit", "KRW-ETH"), ("bithumb", "KRW-ETH"))
    assert route.name == "upbit:KRW-ETH,bithumb:KRW-ETH"


def test_a_symbol_may_hold_a_colon() -> None:
    assert parse_route("upbit:KRW-BTC,okx:BTC/USDT:USDT").b == ("okx", "BTC/USDT:USDT")


@pytest.mark.parametrize(
    ("text", "fx"), [("upbit:KRW-USDT", "upbit:KRW-USDT"), ("1380.5", 1380.5), (None, None)]
)
def test_fx_is_a_market_or_a_number(text: str | None, fx: object) -> None:
    assert parse_route("upbit:KRW-BTC,okx:BTC-USDT", text).fx == fx


@pytest.mark.parametrize(
    "text",
    [
        "",
        "upbit:KRW-ETH",
        "upbit:KRW-ETH,bithumb",
        "upbit:,bithumb:KRW-ETH",
        ":A,b:A",
        "a:A,b:A,c:A",
    ],
)
def test_another_form_of_route_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected venue:symbol,venue:symbol"):
        parse_route(text)


def test_a_route_from_a_market_to_itself_is_refused() -> None:
    with pytest.raises(ConfigError, match="both legs are the same market"):
        parse_route("upbit:KRW-ETH,upbit:KRW-ETH")


def test_fees_are_basis_points_by_venue() -> None:
    assert parse_taker_bps("upbit=5, bithumb=4.5,") == {"upbit": 5.0, "bithumb": 4.5}
    assert parse_taker_bps("") == {}


@pytest.mark.parametrize("text", ["upbit", "upbit=five", "=5", "upbit:5"])
def test_another_form_of_fee_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected venue=bps"):
        parse_taker_bps(text)
