from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import (
    BalanceUpdate,
    BookDelta,
    BookQuote,
    Books,
    BookSnapshot,
    Command,
    CommandKind,
    Event,
    Funding,
    FundingPayment,
    Levels,
    MarketTrade,
    OrderUpdate,
    Tick,
    VenueStatus,
)
from arbitrage.domain.fx import FxQuote
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side

BIDS: Levels = [(4_600_000.0, 0.5), (4_599_000.0, 1.25)]
ASKS: Levels = [(4_601_000.0, 3e-8)]
NOW = 1_714_176_000_123_456_789

ONE_OF_EACH: list[Any] = [
    BookSnapshot(NOW, "upbit", "KRW-ETH", BIDS, ASKS, seq=7),
    BookDelta(NOW, "binance", "ETHUSDT", BIDS, [(4_601_000.0, 0.0)], seq=9, prev_seq=8),
    BookQuote(NOW, "binance", "ETHUSDT", 3300.1, 1.0, 3300.2, 2.0),
    Books(NOW, [BookSnapshot(NOW - 1, "upbit", "KRW-ETH", BIDS, ASKS)]),
    MarketTrade(NOW, "upbit", "KRW-ETH", 4_600_000.0, 0.1, Side.SELL),
    Funding(NOW, "binance", "ETHUSDT", -0.0001, NOW + 1, mark_price=3300.15),
    FundingPayment(NOW, "binance", "ETHUSDT", "USDT", Decimal("-1.23456789")),
    FxQuote(NOW, "USDT", "KRW", 1380.0, 1381.0, "upbit"),
    OrderUpdate(NOW, "s-1", OrderStatus.OPEN, Decimal("1E-8"), Decimal("0.046")),
    BalanceUpdate(NOW, "upbit", "KRW", Decimal("1E+15")),
    VenueStatus(NOW, "upbit", False, "maintenance"),
    Tick(NOW),
    Command(NOW, CommandKind.HALT),
]

decimals = st.decimals(allow_nan=False, allow_infinity=False)
finite = st.floats(allow_nan=False, allow_infinity=False)
levels = st.lists(st.tuples(finite, finite), max_size=5)
moments = st.integers(0, 2**63 - 1)
order_updates = st.builds(
    OrderUpdate,
    ts_ns=moments,
    client_id=st.text(),
    status=st.sampled_from(OrderStatus),
    filled_qty=decimals,
    filled_cost=decimals,
    fees=st.lists(st.tuples(st.text(), decimals), max_size=3).map(tuple),
    reason=st.text(),
)
snapshots = st.builds(
    BookSnapshot,
    ts_ns=moments,
    venue=st.text(),
    symbol=st.text(),
    bids=levels,
    asks=levels,
    seq=moments,
)


def in_json(event: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(event), type=Event)


def in_msgpack(event: Any) -> Any:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=Event)


def test_the_examples_hold_one_of_each_kind() -> None:
    assert {type(event) for event in ONE_OF_EACH} == set(get_args(Event))


@pytest.mark.parametrize("read_back", [in_json, in_msgpack])
@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: type(event).__name__)
def test_an_event_comes_back_from_the_journal_as_it_went_in(event: Any, read_back: Any) -> None:
    assert read_back(event) == event
    assert type(read_back(event)) is type(event)


@pytest.mark.parametrize("read_back", [in_json, in_msgpack])
@given(event=order_updates | snapshots)
def test_no_digit_is_lost_on_the_way(event: Any, read_back: Any) -> None:
    assert repr(read_back(event)) == repr(event)


def test_levels_come_back_as_tuples_of_floats() -> None:
    text = b'{"type":"book","ts_ns":1,"venue":"v","symbol":"s","bids":[[100,1]],"asks":[]}'
    book = msgspec.json.decode(text, type=Event)
    assert isinstance(book, BookSnapshot)
    assert book.bids == [(100.0, 1.0)]
    assert [type(number) for number in book.bids[0]] == [float, float]


def test_an_unknown_kind_of_event_is_not_decoded() -> None:
    with pytest.raises(msgspec.ValidationError, match="Invalid value"):
        msgspec.json.decode(b'{"type":"rumour","ts_ns":1}', type=Event)


def test_an_unknown_order_status_is_not_decoded() -> None:
    text = b'{"type":"order","ts_ns":1,"client_id":"s-1","status":"half_open"}'
    with pytest.raises(msgspec.ValidationError, match="half_open"):
        msgspec.json.decode(text, type=Event)
