from collections.abc import Callable
from decimal import Decimal

import pytest

from arbitrage.domain.errors import MalformedData, Unavailable
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.bybit.instruments import instruments_request, listing
from arbitrage.exchanges.order_gateway import Answer

AnswerOf = Callable[..., Answer]


def test_a_linear_perpetual_has_its_rules(answer: AnswerOf) -> None:
    found = listing(Category.LINEAR, answer("linear"))

    assert found.instruments[0] == Instrument(
        venue="bybit",
        symbol="BTCUSDT",
        base="BTC",
        quote="USDT",
        kind=InstrumentKind.PERPETUAL,
        settle="USDT",
        tick_size=Decimal("0.10"),
        lot_size=Decimal("0.001"),
        min_qty=Decimal("0.001"),
        max_qty=Decimal("500.000"),  # of market orders, the smaller one
        min_notional=Decimal(5),
    )


def test_only_linear_perpetuals_that_trade_are_listed(answer: AnswerOf) -> None:
    found = listing(Category.LINEAR, answer("linear"))

    assert [one.symbol for one in found.instruments] == ["BTCUSDT", "BTCPERP"]
    assert found.instruments[1].quote == "USDC"


def test_a_symbol_without_readable_rules_is_named_and_left_out(answer: AnswerOf) -> None:
    found = listing(Category.LINEAR, answer("linear"))

    assert set(found.unreadable) == {"NILUSDT", "ODDUSDT"}
    assert "no tick or no step" in found.unreadable["NILUSDT"]


def test_a_spot_market_has_its_rules(answer: AnswerOf) -> None:
    found = listing(Category.SPOT, answer("spot"))

    assert found.instruments == [
        Instrument(
            venue="bybit-spot",
            symbol="BTCUSDT",
            base="BTC",
            quote="USDT",
            tick_size=Decimal("0.1"),
            lot_size=Decimal("0.000001"),
            min_qty=Decimal(0),  # listed, but the venue no longer looks at it
            max_qty=Decimal("41.5"),
            min_notional=Decimal(5),
        )
    ]


def test_without_a_greatest_quantity_there_is_no_bound(
    body: Callable[[str], bytes], answer: AnswerOf
) -> None:
    raw = body("spot").replace(b"maxLimitOrderQty", b"x").replace(b"maxMarketOrderQty", b"y")

    assert listing(Category.SPOT, answer(raw=raw)).instruments[0].max_qty is None


def test_the_listing_comes_in_pages_of_linear_alone() -> None:
    path = "/v5/market/instruments-info"

    assert instruments_request(Category.SPOT).target == f"{path}?category=spot"
    first = instruments_request(Category.LINEAR)
    assert first.target == f"{path}?category=linear&limit=1000"
    assert instruments_request(Category.LINEAR, "a%3D").target == f"{first.target}&cursor=a%3D"
    assert (first.method, first.headers) == ("GET", {})


def test_a_listing_that_did_not_come_raises(answer: AnswerOf) -> None:
    with pytest.raises(Unavailable):
        listing(Category.LINEAR, answer(status=502))
    with pytest.raises(MalformedData):
        listing(Category.LINEAR, answer(raw=b'{"retCode":0,"result":{"list":[{}]}}'))
