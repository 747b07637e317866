from collections.abc import Callable
from decimal import Decimal

import pytest

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.exchanges.okx.instruments import (
    Contract,
    instruments_request,
    is_swap,
    kind_of,
    listing,
)
from arbitrage.exchanges.order_gateway import Answer, Lane

AnswerOf = Callable[..., Answer]


def test_a_spot_market_is_read_with_its_grid(answer: AnswerOf) -> None:
    assert listing(answer("instruments_spot")).instruments == [
        Instrument(
            venue="okx",
            symbol="BTC-USDT",
            base="BTC",
            quote="USDT",
            tick_size=Decimal("0.1"),
            lot_size=Decimal("0.00000001"),
            min_qty=Decimal("0.00001"),
            max_qty=Decimal(9999999999),
        )
    ]


def test_a_linear_swap_is_read_in_contracts(answer: AnswerOf) -> None:
    assert listing(answer("instruments_swap")).instruments[0] == Instrument(
        venue="okx",
        symbol="BTC-USDT-SWAP",
        base="BTC",
        quote="USDT",
        kind=InstrumentKind.PERPETUAL,
        settle="USDT",
        tick_size=Decimal("0.1"),
        lot_size=Decimal("0.01"),
        min_qty=Decimal("0.01"),
        max_qty=Decimal(12000),
        contract_multiplier=Decimal("0.01"),
    )


def test_a_contract_is_its_value_times_its_multiplier(answer: AnswerOf) -> None:
    found = listing(answer("instruments_swap"))

    ether = found.instruments[1]
    assert (ether.contract_multiplier, ether.max_qty) == (Decimal(1), None)
    assert found.contracts == {
        "BTC-USDT-SWAP": Contract(Decimal("0.01"), "USDT", 10459),
        "ETH-USDC-SWAP": Contract(Decimal("1.0"), "USDC", 0),
    }


def test_only_what_is_live_and_linear_is_listed(answer: AnswerOf) -> None:
    found = listing(answer("instruments_swap"))

    assert [one.symbol for one in found.instruments] == ["BTC-USDT-SWAP", "ETH-USDC-SWAP"]


def test_an_unreadable_symbol_is_named_and_does_not_hide_the_others(answer: AnswerOf) -> None:
    spot, swaps = listing(answer("instruments_spot")), listing(answer("instruments_swap"))

    assert set(spot.unreadable) == {"ODD-USDT"}
    assert "tick_size" in spot.unreadable["ODD-USDT"]
    assert set(swaps.unreadable) == {"ODD-USDT-SWAP"}
    assert "expected one of so much base" in swaps.unreadable["ODD-USDT-SWAP"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"uly":"BTC-USDT"', b'"uly":"ETH-USDT"'),
        (b'"uly":"BTC-USDT"', b'"uly":"BTC"'),
        (b'"ctVal":"0.01"', b'"ctVal":"NaN"'),
        (b'"ctVal":"0.01"', b'"ctVal":""'),
        (b'"ctMult":"1","ctType":"linear"', b'"ctMult":"ten","ctType":"linear"'),
    ],
)
def test_a_swap_that_does_not_say_what_it_is_about_is_not_traded(
    old: bytes, new: bytes, body: Callable[[str], bytes], answer: AnswerOf
) -> None:
    raw = body("instruments_swap")
    assert old in raw

    found = listing(answer(raw=raw.replace(old, new)))

    assert "BTC-USDT-SWAP" in found.unreadable
    assert "BTC-USDT-SWAP" not in found.contracts


@pytest.mark.parametrize("raw", [b"{}", b'{"code":"0","data":[{"instId":"X"}],"msg":""}'])
def test_a_listing_that_cannot_be_read_is_malformed(raw: bytes, answer: AnswerOf) -> None:
    with pytest.raises(MalformedData, match="instruments"):
        listing(answer(raw=raw))


@pytest.mark.parametrize(
    ("kind", "word"), [(InstrumentKind.SPOT, "SPOT"), (InstrumentKind.PERPETUAL, "SWAP")]
)
def test_a_listing_is_asked_for_without_a_key(kind: InstrumentKind, word: str) -> None:
    request = instruments_request(kind)

    assert request.target == f"/api/v5/public/instruments?instType={word}"
    assert (request.method, request.headers, request.lane) == ("GET", {}, Lane.MARKET)


def test_a_symbol_tells_its_kind() -> None:
    assert (is_swap("BTC-USDT-SWAP"), kind_of("BTC-USDT-SWAP")) == (True, "SWAP")
    assert (is_swap("BTC-USDT"), kind_of("BTC-USDT")) == (False, "SPOT")
