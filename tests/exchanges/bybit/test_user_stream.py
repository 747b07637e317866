import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import BalanceUpdate, FundingPayment, OrderUpdate, VenueStatus
from arbitrage.domain.orders import OrderStatus
from arbitrage.exchanges.bybit.auth import RequestSigner
from arbitrage.exchanges.bybit.executions import Executions
from arbitrage.exchanges.bybit.facts import VENUE_CREATE_TYPES, Category
from arbitrage.exchanges.bybit.order_tally import OrderTallies
from arbitrage.exchanges.bybit.user_stream import (
    SUBSCRIBE,
    UserStream,
    is_logged_in,
    is_of_session,
    login_frame,
)

Frames = Callable[[str], list[bytes]]
NEW, FILL, PARTIAL, CANCELLED, POSITION, WALLET, FUNDING, ADL, LIQUIDATED, GREEKS = range(10)


def stream_of(category: Category) -> UserStream:
    tallies = OrderTallies()
    return UserStream(category, tallies, Executions(category, tallies))


@pytest.fixture
def stream() -> UserStream:
    return stream_of(Category.LINEAR)


def test_a_new_connection_logs_in_and_then_subscribes() -> None:
    signer = RequestSigner("key", "secret")

    login = login_frame(signer, 1662350390000_000_000)

    key, expires_ms, signature = json.loads(login)["args"]
    assert (key, expires_ms) == ("key", 1662350400000)
    assert signature == signer.signature("GET/realtime1662350400000")
    assert json.loads(SUBSCRIBE) == {
        "op": "subscribe",
        "args": ["order", "execution", "position", "wallet"],
    }


def test_nobody_logs_in_without_a_key() -> None:
    with pytest.raises(ConfigError, match="no API key"):
        login_frame(RequestSigner("", ""), 0)


def test_a_login_is_waited_for() -> None:
    assert is_logged_in(b'{"success":true,"ret_msg":"","op":"auth","conn_id":"c"}')
    for other in (b'{"op":"pong","args":["1"],"conn_id":"c"}', b"nonsense"):
        assert not is_logged_in(other)
    with pytest.raises(Unavailable, match="API key is invalid"):
        is_logged_in(b'{"success":false,"ret_msg":"API key is invalid.","op":"auth"}')


def test_answers_are_told_from_news(frames: Frames) -> None:
    assert is_of_session(b'{"success":false,"ret_msg":"no","op":"subscribe"}')
    assert not any(is_of_session(frame) for frame in [*frames("private"), b"nonsense"])


def test_an_order_is_told_from_its_acceptance_to_its_end(
    stream: UserStream, frames: Frames
) -> None:
    said = [stream.decode(frame, 7) for frame in frames("private")[: CANCELLED + 1]]

    filled = Decimal("0.004"), Decimal("35.998")
    fees = (("USDT", Decimal("0.0197989")),)
    live, ended = OrderStatus.OPEN, OrderStatus.CANCELED
    assert said == [
        [OrderUpdate(7, "s00000001", live, reason="New")],
        [OrderUpdate(7, "s00000001", live, *filled, (), "New")],
        [OrderUpdate(7, "s00000001", live, *filled, fees, "PartiallyFilled")],
        [OrderUpdate(7, "s00000001", ended, *filled, fees, "EC_NoImmediateQtyToFill")],
    ]


def test_a_repeated_frame_changes_nothing(stream: UserStream, frames: Frames) -> None:
    for number in (FILL, PARTIAL):
        frame = frames("private")[number]
        assert stream.decode(frame, 7) == stream.decode(frame, 7)


def test_a_missed_execution_shows_in_the_orders_totals(stream: UserStream, frames: Frames) -> None:
    [update] = stream.decode(frames("private")[PARTIAL], 7)

    assert isinstance(update, OrderUpdate)
    assert (update.filled_qty, update.filled_cost) == (Decimal("0.004"), Decimal("35.998"))


def test_what_belongs_to_the_other_category_says_nothing(frames: Frames) -> None:
    stream = stream_of(Category.SPOT)

    told = [stream.decode(frame, 7) for frame in frames("private")]

    assert [len(events) for events in told] == [0, 0, 0, 0, 0, 2, 0, 0, 0, 0]


def test_the_wallet_is_told_without_unrealised_profit(frames: Frames) -> None:
    assert stream_of(Category.SPOT).decode(frames("private")[WALLET], 7) == [
        BalanceUpdate(7, "bybit-spot", "USDT", Decimal("106.03036732")),
        BalanceUpdate(7, "bybit-spot", "BTC", Decimal("0.5")),
    ]


def test_the_wallet_of_another_kind_of_account_says_nothing(
    stream: UserStream, frames: Frames
) -> None:
    frame = frames("private")[WALLET].replace(b'"UNIFIED"', b'"CONTRACT"')

    assert stream.decode(frame, 7) == []


def test_funding_is_booked_once(stream: UserStream, frames: Frames) -> None:
    frame = frames("private")[FUNDING]

    expected = FundingPayment(7, "bybit", "BTCUSDT", "USDT", Decimal("0.10232512"))
    assert stream.decode(frame, 7) == [expected]
    assert stream.decode(frame, 8) == []


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (ADL, "BTCUSDT: the venue moved our position (AdlTrade of 0.004 at 8999.5)"),
        (LIQUIDATED, "BTCUSDT: position Liq"),
    ],
)
def test_what_the_venue_does_to_our_position_takes_it_down(
    number: int, reason: str, stream: UserStream, frames: Frames
) -> None:
    [status] = stream.decode(frames("private")[number], 7)

    assert status == VenueStatus(7, "bybit", is_up=False, reason=reason)


@pytest.mark.parametrize("create_type", sorted(VENUE_CREATE_TYPES))
def test_an_order_of_the_venue_on_our_position_takes_it_down(
    create_type: str, stream: UserStream, frames: Frames
) -> None:
    frame = frames("private")[PARTIAL].replace(b"CreateByUser", create_type.encode())

    status, update = stream.decode(frame, 7)

    assert isinstance(update, OrderUpdate)
    assert isinstance(status, VenueStatus)
    assert not status.is_up
    assert status.reason.startswith(f"BTCUSDT: the venue trades our position ({create_type}")


@pytest.mark.parametrize("number", [POSITION, GREEKS])
def test_topics_that_we_have_no_use_for_say_nothing(
    number: int, stream: UserStream, frames: Frames
) -> None:
    assert not stream.decode(frames("private")[number], 7)


def test_answers_to_what_we_sent_say_nothing(stream: UserStream, frames: Frames) -> None:
    assert all(stream.decode(frame, 7) == () for frame in frames("answers"))


@pytest.mark.parametrize("op", ["auth", "subscribe"])
def test_a_refused_login_or_subscription_takes_the_venue_down(op: str, stream: UserStream) -> None:
    frame = b'{"success":false,"ret_msg":"Params Error","op":"%s","conn_id":"c"}' % op.encode()

    [status] = stream.decode(frame, 7)

    assert status == VenueStatus(7, "bybit", is_up=False, reason=f"{op} refused: Params Error")


@pytest.mark.parametrize(
    ("number", "old", "new"),
    [
        (PARTIAL, b'"topic":"order"', b'"x":1'),
        (PARTIAL, b'"cumExecQty":"0.004"', b'"cumExecQty":"NaN"'),
        (PARTIAL, b'"cumExecValue":"35.998"', b'"cumExecValue":"0"'),
        (PARTIAL, b'"orderStatus":"PartiallyFilled",', b""),
        (FILL, b'"execQty":"0.004"', b'"execQty":"-0.004"'),
        (FILL, b'"execValue":"35.998"', b'"execValue":"1E999999999"'),
        (FILL, b'"execFee":"0.0197989"', b'"execFee":[]'),
        (WALLET, b'"walletBalance":"0.5"', b'"walletBalance":""'),
        (WALLET, b'"walletBalance":"0.5"', b'"walletBalance":"sNaN"'),
    ],
)
def test_a_frame_that_cannot_be_read_is_malformed_and_counts_for_nothing(
    number: int, old: bytes, new: bytes, stream: UserStream, frames: Frames
) -> None:
    frame = frames("private")[number]
    assert old in frame

    with pytest.raises(MalformedData, match="must be asked for"):
        stream.decode(frame.replace(old, new), 7)

    assert stream.decode(frame, 8) == stream_of(Category.LINEAR).decode(frame, 8)
