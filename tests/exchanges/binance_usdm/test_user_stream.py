from collections.abc import Callable
from decimal import Decimal

import pytest

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BalanceUpdate, FundingPayment, OrderUpdate, VenueStatus
from arbitrage.domain.orders import OrderStatus
from arbitrage.exchanges.binance_usdm.order_tally import OrderTallies
from arbitrage.exchanges.binance_usdm.user_stream import (
    MAX_REMEMBERED_PAYMENTS,
    VENUE_ORDER_PREFIXES,
    UserStream,
)

Frames = Callable[[str], list[bytes]]
VENUE = "binance-usdm"
NEW, LITE, TRADE_1, TRADE_2, EXPIRED, ACCOUNT, FUNDING, MARGIN_CALL, CONFIG, ALGO, KEY = range(11)


@pytest.fixture
def stream() -> UserStream:
    return UserStream(OrderTallies())


def test_an_order_is_told_from_its_acceptance_to_its_end(
    stream: UserStream, frames: Frames
) -> None:
    said = [stream.decode(frame, 7) for frame in frames("user")[: EXPIRED + 1]]

    exact = Decimal("35.998"), Decimal("53.998")
    fees = ("USDT", Decimal("0.01439920")), ("USDT", Decimal("0.02159920"))
    taken, filled = Decimal("0.004"), Decimal("0.006")
    live = OrderStatus.OPEN
    assert said == [
        (OrderUpdate(7, "s00000001", live, reason="NEW"),),
        (OrderUpdate(7, "s00000001", live, taken, exact[0], (), "NEW"),),
        (OrderUpdate(7, "s00000001", live, taken, exact[0], (fees[0],), "PARTIALLY_FILLED"),),
        (OrderUpdate(7, "s00000001", live, filled, exact[1], (fees[1],), "PARTIALLY_FILLED"),),
        (OrderUpdate(7, "s00000001", OrderStatus.CANCELED, filled, exact[1], (fees[1],), "4"),),
    ]


def test_a_repeated_trade_message_does_not_count_twice(stream: UserStream, frames: Frames) -> None:
    first = stream.decode(frames("user")[TRADE_1], 7)

    assert stream.decode(frames("user")[TRADE_1], 7) == first


def test_a_light_trade_after_the_full_one_changes_nothing(
    stream: UserStream, frames: Frames
) -> None:
    full = stream.decode(frames("user")[TRADE_1], 7)

    assert stream.decode(frames("user")[LITE], 7) == full


def test_a_missed_trade_shows_in_the_totals_and_withholds_the_fees(
    stream: UserStream, frames: Frames
) -> None:
    [update] = stream.decode(frames("user")[TRADE_2], 7)

    assert isinstance(update, OrderUpdate)
    assert (update.filled_qty, update.filled_cost) == (Decimal("0.006"), Decimal("53.9982"))
    assert update.fees == ()


def test_a_fill_without_an_average_price_is_in_doubt(stream: UserStream, frames: Frames) -> None:
    frame = frames("user")[TRADE_2].replace(b'"ap":"8999.7"', b'"ap":"0"')

    [update] = stream.decode(frame, 7)

    assert isinstance(update, OrderUpdate)
    assert update.status is OrderStatus.IN_DOUBT


def test_a_trade_without_a_fee_currency_has_no_fee(stream: UserStream, frames: Frames) -> None:
    frame = frames("user")[TRADE_1].replace(b'"N":"USDT",', b"")

    [update] = stream.decode(frame, 7)

    assert isinstance(update, OrderUpdate)
    assert update.fees == ()


@pytest.mark.parametrize("prefix", VENUE_ORDER_PREFIXES)
def test_an_order_of_the_venue_on_our_position_takes_the_venue_down(
    prefix: str, stream: UserStream, frames: Frames
) -> None:
    frame = frames("user")[TRADE_1].replace(b"s00000001", prefix.encode() + b"1234")

    update, status = stream.decode(frame, 7)

    assert isinstance(update, OrderUpdate)
    assert isinstance(status, VenueStatus)
    assert not status.is_up
    assert f"BTCUSDT: the venue trades our position ({prefix}1234" in status.reason


def test_balances_are_wallet_balances(stream: UserStream, frames: Frames) -> None:
    assert stream.decode(frames("user")[ACCOUNT], 7) == [
        BalanceUpdate(7, VENUE, "USDT", Decimal("122624.12345678")),
        BalanceUpdate(7, VENUE, "BUSD", Decimal("1.00000000")),
    ]


def test_funding_is_booked_before_the_balance_that_holds_it(
    stream: UserStream, frames: Frames
) -> None:
    assert stream.decode(frames("user")[FUNDING], 7) == [
        FundingPayment(7, VENUE, "BTCUSDT", "USDT", Decimal("-0.51")),
        BalanceUpdate(7, VENUE, "USDT", Decimal("122623.61345678")),
    ]


def test_funding_said_twice_is_paid_once(stream: UserStream, frames: Frames) -> None:
    frame = frames("user")[FUNDING]
    stream.decode(frame, 7)

    [balance] = stream.decode(frame, 8)
    assert isinstance(balance, BalanceUpdate)

    another = frame.replace(b'"S":"BTCUSDT"', b'"S":"ETHUSDT"')
    assert len(stream.decode(another, 9)) == 2


def test_payments_are_remembered_in_a_bounded_number(stream: UserStream, frames: Frames) -> None:
    frame = frames("user")[FUNDING]
    for number in range(MAX_REMEMBERED_PAYMENTS + 1):
        later = frame.replace(b'"T":1564745798938', b'"T":%d' % number)
        assert len(stream.decode(later, 7)) == 2

    assert len(stream.decode(frame.replace(b'"T":1564745798938', b'"T":1'), 8)) == 1
    assert len(stream.decode(frame.replace(b'"T":1564745798938', b'"T":0'), 8)) == 2


@pytest.mark.parametrize(
    ("positions", "symbol"),
    [(b'[{"s":"ETHUSDT"}]', "ETHUSDT"), (b"[]", ""), (b'[{"s":"A"},{"s":"B"}]', "")],
)
def test_funding_without_a_symbol_is_its_positions_or_nobodys(
    positions: bytes, symbol: str, stream: UserStream, frames: Frames
) -> None:
    frame = frames("user")[FUNDING].replace(b',"S":"BTCUSDT"', b"").replace(b"[]", positions)

    payment, _ = stream.decode(frame, 7)

    assert isinstance(payment, FundingPayment)
    assert payment.symbol == symbol


def test_a_margin_call_takes_the_venue_down(stream: UserStream, frames: Frames) -> None:
    expected = VenueStatus(7, VENUE, is_up=False, reason="margin call: ETHUSDT")

    assert stream.decode(frames("user")[MARGIN_CALL], 7) == (expected,)


def test_the_end_of_the_listen_key_takes_the_venue_down(stream: UserStream, frames: Frames) -> None:
    [status] = stream.decode(frames("user")[KEY], 7)

    assert status == VenueStatus(7, VENUE, is_up=False, reason="the listen key has expired")


@pytest.mark.parametrize("number", [CONFIG, ALGO])
def test_events_that_we_have_no_use_for_say_nothing(
    number: int, stream: UserStream, frames: Frames
) -> None:
    assert stream.decode(frames("user")[number], 7) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"e":"ORDER_TRADE_UPDATE"', b'"x":1'),
        (b'"z":"0.004"', b'"z":"NaN"'),
        (b'"z":"0.004"', b'"z":"sNaN"'),
        (b'"l":"0.004"', b'"l":"1E999999999"'),
        (b'"L":"8999.50"', b'"L":"-1"'),
        (b'"n":"0.01439920"', b'"n":[]'),
        (b'"i":8886774', b'"i":-1'),
        (b'"X":"PARTIALLY_FILLED",', b""),
    ],
)
def test_an_order_that_cannot_be_read_is_malformed_and_counts_for_nothing(
    old: bytes, new: bytes, stream: UserStream, frames: Frames
) -> None:
    frame = frames("user")[TRADE_1]
    assert old in frame

    with pytest.raises(MalformedData, match="must be asked for"):
        stream.decode(frame.replace(old, new), 7)

    [update] = stream.decode(frame, 8)
    assert isinstance(update, OrderUpdate)
    assert update.filled_qty == Decimal("0.004")


def test_a_light_trade_of_nothing_is_malformed(stream: UserStream, frames: Frames) -> None:
    with pytest.raises(MalformedData):
        stream.decode(frames("user")[LITE].replace(b'"l":"0.004"', b'"l":"0"'), 7)
