"""The values that pass between codecs and whatever sends for them."""

import msgspec
import pytest

from arbitrage.exchanges.binance_spot.codec import BinanceSpotCodec
from arbitrage.exchanges.binance_usdm.codec import BinanceUsdmCodec
from arbitrage.exchanges.bithumb.codec import BithumbCodec
from arbitrage.exchanges.bybit.codec import BybitCodec
from arbitrage.exchanges.ccxt.codec import CcxtCodec
from arbitrage.exchanges.okx.codec import OkxCodec
from arbitrage.exchanges.order_gateway import AccountState, Lane, Request, VenueCodec
from arbitrage.exchanges.upbit.codec import UpbitCodec


def test_a_request_cannot_be_changed_once_it_is_signed() -> None:
    request = Request("GET", "/v1/time")
    assert (request.lane, request.weight, request.body) == (Lane.MARKET, 1, b"")
    with pytest.raises(AttributeError):
        request.target = "/v1/order"  # type: ignore[misc]


def test_empty_values_are_nobody_elses() -> None:
    assert AccountState().balances == {}
    assert msgspec.structs.asdict(Request("GET", "/"))["headers"] == {}


CODECS = [
    BinanceSpotCodec,
    BinanceUsdmCodec,
    BithumbCodec,
    BybitCodec,
    CcxtCodec,
    OkxCodec,
    UpbitCodec,
]


@pytest.mark.parametrize("codec", CODECS, ids=[each.__name__ for each in CODECS])
def test_every_codec_says_all_that_the_contract_asks(codec: type[VenueCodec]) -> None:
    asked = {name for name in vars(VenueCodec) if not name.startswith("_")} - {"venue"}
    # The contract's own bodies are empty: each must be written by the venue itself.
    assert {name for name in asked if getattr(codec, name) is getattr(VenueCodec, name)} == set()
    assert codec().venue
