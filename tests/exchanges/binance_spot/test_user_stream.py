from collections.abc import Callable
from decimal import Decimal

import pytest

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BalanceUpdate, OrderUpdate, VenueStatus
from arbitrage.domain.orders import OrderStatus
from arbitrage.exchanges.binance_spot.order_tally import OrderTallies
from arbitrage.exchanges.binance_spot.user_stream import UserStream

Frames = Callable[[str], list[bytes]]
VENUE = "binance-spot"
NEW, TRADE_1, TRADE_2, EXPIRED, CANCELED, ACCOUNT, BALANCE, LIST, ENDED, TAKEN, REFUSED = range(11)


@pytest.fixture
def stream() -> UserStream:
    return UserStream(OrderTallies())


def test_an_order_is_told_from_its_acceptance_to_its_end(
    stream: UserStream, frames: Frames
) -> None:
    said = [stream.decode(frame, 7) for frame in frames("user")[: EXPIRED + 1]]

    btc, bnb = ("BTC", Decimal("0.000004")), ("BNB", Decimal("0.000015"))
    live, partly = OrderStatus.OPEN, "PARTIALLY_FILLED"
    first, both = (Decimal("0.004"), Decimal("15.996")), (Decimal("0.006"), Decimal("23.996"))
    assert said == [
        (OrderUpdate(7, "s00000001", live, reason="NEW"),),
        (OrderUpdate(7, "s00000001", live, *first, (btc,), partly),),
        (OrderUpdate(7, "s00000001", live, *both, (bnb, btc), partly),),
        (OrderUpdate(7, "s00000001", OrderStatus.CANCELED, *both, (bnb, btc), "EXPIRED"),),
    ]


def test_a_repeated_trade_message_does_not_count_twice(stream: UserStream, frames: Frames) -> None:
    first = stream.decode(frames("user")[TRADE_1], 7)

    assert stream.decode(frames("user")[TRADE_1], 7) == first


def test_a_missed_trade_shows_in_the_totals_and_withholds_the_fees(
    stream: UserStream, frames: Frames
) -> None:
    [update] = stream.decode(frames("user")[TRADE_2], 7)

    assert isinstance(update, OrderUpdate)
    assert (update.filled_qty, update.filled_cost) == (Decimal("0.006"), Decimal("23.996"))
    assert update.fees == ()


def test_a_cancelled_order_goes_by_its_own_id_not_by_that_of_the_cancel(
    stream: UserStream, frames: Frames
) -> None:
    [update] = stream.decode(frames("user")[CANCELED], 7)

    assert update == OrderUpdate(7, "s00000003", OrderStatus.CANCELED, reason="CANCELED")


def test_a_trade_without_an_id_of_its_own_counts_in_the_totals_alone(
    stream: UserStream, frames: Frames
) -> None:
    [update] = stream.decode(frames("user")[TRADE_1].replace(b'"t":56', b'"t":-1'), 7)

    assert isinstance(update, OrderUpdate)
    assert (update.filled_qty, update.fees) == (Decimal("0.004"), ())


def test_a_trade_without_a_fee_currency_has_no_fee(stream: UserStream, frames: Frames) -> None:
    [update] = stream.decode(frames("user")[TRADE_1].replace(b'"N":"BTC"', b'"N":null'), 7)

    assert isinstance(update, OrderUpdate)
    assert (update.filled_qty, update.fees) == (Decimal("0.004"), ())


def test_the_first_trade_of_a_market_counts(stream: UserStream, frames: Frames) -> None:
    [update] = stream.decode(frames("user")[TRADE_1].replace(b'"t":56', b'"t":0'), 7)

    assert isinstance(update, OrderUpdate)
    assert update.fees == (("BTC", Decimal("0.000004")),)


def test_an_order_by_cost_closes_with_what_it_bought(stream: UserStream, frames: Frames) -> None:
    frame = frames("user")[TRADE_1].replace(b"PARTIALLY_FILLED", b"FILLED")

    [update] = stream.decode(frame.replace(b'"Q":"0.00000000"', b'"Q":"16.00000000"'), 7)

    assert isinstance(update, OrderUpdate)
    assert (update.status, update.filled_qty) == (OrderStatus.CANCELED, Decimal("0.004"))


def test_a_rejection_says_why(stream: UserStream, frames: Frames) -> None:
    frame = frames("user")[NEW].replace(b'"X":"NEW"', b'"X":"REJECTED"')

    [update] = stream.decode(frame.replace(b'"NONE"', b'"INSUFFICIENT_BALANCES"'), 7)

    assert isinstance(update, OrderUpdate)
    assert (update.status, update.reason) == (OrderStatus.REJECTED, "INSUFFICIENT_BALANCES")


def test_balances_count_what_open_orders_lock(stream: UserStream, frames: Frames) -> None:
    assert stream.decode(frames("user")[ACCOUNT], 7) == [
        BalanceUpdate(7, VENUE, "BTC", Decimal(12_000)),
        BalanceUpdate(7, VENUE, "USDT", Decimal(10_650)),
    ]


def test_the_end_of_the_stream_takes_the_venue_down(stream: UserStream, frames: Frames) -> None:
    [status] = stream.decode(frames("user")[ENDED], 7)

    assert status == VenueStatus(7, VENUE, is_up=False, reason="the user stream has ended")


@pytest.mark.parametrize("number", [BALANCE, LIST, TAKEN])
def test_what_we_have_no_use_for_says_nothing(
    number: int, stream: UserStream, frames: Frames
) -> None:
    assert stream.decode(frames("user")[number], 7) == ()


def test_a_refused_subscription_takes_the_venue_down(stream: UserStream, frames: Frames) -> None:
    [status] = stream.decode(frames("user")[REFUSED], 7)

    assert isinstance(status, VenueStatus)
    assert not status.is_up
    assert status.reason.startswith("the user stream was refused: 401 -2015 REJECTED_MBX_KEY")


def test_a_request_that_the_venue_could_not_read_takes_the_venue_down(stream: UserStream) -> None:
    [status] = stream.decode(b'{"id":null,"status":400}', 7)

    reason = "the user stream was refused: 400 no reason given"
    assert status == VenueStatus(7, VENUE, is_up=False, reason=reason)


def test_answers_to_orders_are_for_whoever_sent_them(stream: UserStream, frames: Frames) -> None:
    assert [stream.decode(frame, 7) for frame in frames("ws_api")] == [(), (), ()]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"e":"executionReport"', b'"y":1'),
        (b'"z":"0.00400000"', b'"z":"NaN"'),
        (b'"z":"0.00400000"', b'"z":"sNaN"'),
        (b'"l":"0.00400000"', b'"l":"1E999999999"'),
        (b'"Y":"15.99600000"', b'"Y":"-1"'),
        (b'"Z":"15.99600000"', b'"Z":"0"'),
        (b'"n":"0.00000400"', b'"n":[]'),
        (b'"i":28', b'"i":-1'),
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


@pytest.mark.parametrize("frame", [b"", b"{}", b"null", b"[" * 100_000, b"\xff", b'{"id":"7"}'])
def test_a_frame_that_is_nothing_is_malformed(frame: bytes, stream: UserStream) -> None:
    with pytest.raises(MalformedData):
        stream.decode(frame, 7)
