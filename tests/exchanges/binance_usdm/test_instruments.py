from collections.abc import Callable
from decimal import Decimal

import pytest

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.exchanges.binance_usdm.instruments import instruments_request, listing
from arbitrage.exchanges.order_gateway import Answer


def test_a_perpetual_is_read_with_its_filters(answer: Callable[..., Answer]) -> None:
    found = listing(answer("exchange_info"))

    assert found.instruments[0] == Instrument(
        venue="binance-usdm",
        symbol="BTCUSDT",
        base="BTC",
        quote="USDT",
        kind=InstrumentKind.PERPETUAL,
        settle="USDT",
        tick_size=Decimal("0.10"),
        lot_size=Decimal("0.001"),
        min_qty=Decimal("0.001"),
        max_qty=Decimal(1000),
        min_notional=Decimal(50),
    )


def test_only_linear_perpetuals_that_trade_are_listed(answer: Callable[..., Answer]) -> None:
    found = listing(answer("exchange_info"))

    assert [one.symbol for one in found.instruments] == ["BTCUSDT", "测试USDT"]


def test_an_absent_minimum_notional_is_none(answer: Callable[..., Answer]) -> None:
    assert listing(answer("exchange_info")).instruments[1].min_notional == 0


def test_an_unreadable_symbol_is_named_and_does_not_hide_the_others(
    answer: Callable[..., Answer],
) -> None:
    found = listing(answer("exchange_info"))

    assert set(found.unreadable) == {"ODDUSDT", "NILUSDT"}
    assert "LOT_SIZE" in found.unreadable["ODDUSDT"]
    assert "tick_size" in found.unreadable["NILUSDT"]


def test_the_venues_own_limits_are_read(answer: Callable[..., Answer]) -> None:
    assert listing(answer("exchange_info")).limits == {
        "weight-1m": 2400,
        "orders-1m": 1200,
        "orders-10s": 300,
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b'{"symbols":[{"symbol":"X"}]}',
        b'{"symbols":[{"symbol":"X","contractType":"PERPETUAL","status":"TRADING","baseAsset":"X",'
        b'"quoteAsset":"Y","marginAsset":"Y","filters":[{"filterType":"PRICE_FILTER",'
        b'"tickSize":"NaN"}]}]}',
    ],
)
def test_a_listing_that_cannot_be_read_is_malformed(
    raw: bytes, answer: Callable[..., Answer]
) -> None:
    with pytest.raises(MalformedData, match="exchangeInfo"):
        listing(answer(raw=raw))


def test_the_listing_is_asked_for_without_a_key() -> None:
    request = instruments_request()

    assert (request.method, request.target) == ("GET", "/fapi/v1/exchangeInfo")
    assert request.headers == {}
