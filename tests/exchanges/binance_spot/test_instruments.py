from collections.abc import Callable
from decimal import Decimal

import pytest

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.exchanges.binance_spot.instruments import instruments_request, listing
from arbitrage.exchanges.order_gateway import Answer


def test_a_spot_market_is_read_with_its_filters(answer: Callable[..., Answer]) -> None:
    found = listing(answer("exchange_info"))

    assert found.instruments[0] == Instrument(
        venue="binance-spot",
        symbol="BTCUSDT",
        base="BTC",
        quote="USDT",
        kind=InstrumentKind.SPOT,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"),
        min_qty=Decimal("0.00001"),
        max_qty=Decimal("120.51234567"),
        min_notional=Decimal(5),
    )


def test_the_tighter_bounds_of_limit_and_market_orders_hold_for_both(
    answer: Callable[..., Answer],
) -> None:
    ethbtc = listing(answer("exchange_info")).instruments[1]

    assert (ethbtc.lot_size, ethbtc.min_qty, ethbtc.max_qty, ethbtc.min_notional) == (
        Decimal("0.01"),
        Decimal("0.01"),
        Decimal(100_000),
        Decimal("0.001"),  # from the older MIN_NOTIONAL
    )


def test_absent_bounds_are_none(answer: Callable[..., Answer]) -> None:
    bare = listing(answer("exchange_info")).instruments[2]

    assert (bare.min_qty, bare.max_qty, bare.min_notional) == (0, None, 0)


def test_only_spot_markets_that_trade_are_listed(answer: Callable[..., Answer]) -> None:
    found = listing(answer("exchange_info"))

    assert [one.symbol for one in found.instruments] == ["BTCUSDT", "ETHBTC", "１２３４５６"]


def test_an_unreadable_symbol_is_named_and_does_not_hide_the_others(
    answer: Callable[..., Answer],
) -> None:
    found = listing(answer("exchange_info"))

    assert set(found.unreadable) == {"ODDUSDT", "NILUSDT", "GRIDUSDT"}
    assert "LOT_SIZE" in found.unreadable["ODDUSDT"]
    assert "tick_size" in found.unreadable["NILUSDT"]
    assert "steps that do not fit (2, 3)" in found.unreadable["GRIDUSDT"]


def test_the_venues_own_limits_are_read(answer: Callable[..., Answer]) -> None:
    assert listing(answer("exchange_info")).limits == {
        "weight-1m": 6000,
        "orders-10s": 50,
        "orders-1d": 160_000,
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b'{"symbols":[{"symbol":"X"}]}',
        b'{"symbols":[{"symbol":"X","status":"TRADING","baseAsset":"X","quoteAsset":"Y",'
        b'"isSpotTradingAllowed":true,"filters":[{"filterType":"PRICE_FILTER",'
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

    assert (request.method, request.target) == ("GET", "/api/v3/exchangeInfo")
    assert (request.headers, request.weight) == ({}, 20)
