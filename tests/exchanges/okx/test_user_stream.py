import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BalanceUpdate, FundingPayment, OrderUpdate, VenueStatus
from arbitrage.domain.orders import OrderStatus
from arbitrage.exchanges.okx import facts
from arbitrage.exchanges.okx.instruments import Contract
from arbitrage.exchanges.okx.user_stream import (
    SUBSCRIPTION,
    UserStream,
    is_login,
    is_of_session,
)

Frames = Callable[[str], list[bytes]]
VENUE = "okx"
LIVE, PARTIAL, FILLED, CANCELED, LIQUIDATED, ACCOUNT, FUNDED, FUNDED_AGAIN, WARNING = range(9)
UNKNOWN = 9
LOGIN = 3  # of the session's frames


@pytest.fixture
def stream() -> UserStream:
    return UserStream({"BTC-USDT-SWAP": Contract(Decimal("0.01"), "USDT", 10459)})


# --- orders ---------------------------------------------------------------------------------------


def test_an_order_is_told_from_its_acceptance_to_its_end(
    stream: UserStream, frames: Frames
) -> None:
    said = [stream.decode(frame, 7) for frame in frames("user")[: FILLED + 1]]

    live, name = OrderStatus.OPEN, "s00000001"
    first = Decimal("0.001"), Decimal("31.5271"), (("BTC", Decimal("0.000001")),)
    fees = ("BTC", Decimal("0.0000028")), ("USDT", Decimal("-0.01"))
    last = Decimal("0.003"), Decimal("94.5793"), fees
    assert said == [
        [OrderUpdate(7, name, live, reason="live")],
        [OrderUpdate(7, name, live, *first, "partially_filled")],
        [OrderUpdate(7, name, OrderStatus.FILLED, *last, "filled")],
    ]


def test_what_an_order_of_contracts_cost_is_in_quote(stream: UserStream, frames: Frames) -> None:
    [update] = stream.decode(frames("user")[CANCELED], 7)

    reason = "canceled: 14 IOC order was partially canceled due to incompletely filled"
    assert update == OrderUpdate(
        7,
        "s00000002",
        OrderStatus.CANCELED,
        Decimal(3),
        Decimal("270.015"),
        (("USDT", Decimal("0.1350075")),),
        reason,
    )


def test_a_message_said_twice_says_the_same(stream: UserStream, frames: Frames) -> None:
    first = stream.decode(frames("user")[PARTIAL], 7)

    assert stream.decode(frames("user")[PARTIAL], 7) == first


def test_a_trade_of_the_venue_on_our_position_takes_the_venue_down(
    stream: UserStream, frames: Frames
) -> None:
    update, status = stream.decode(frames("user")[LIQUIDATED], 7)

    assert isinstance(update, OrderUpdate)
    assert (update.client_id, update.filled_cost) == ("452197707845866000", Decimal(200))
    reason = "BTC-USDT-SWAP: the venue trades our position (full_liquidation)"
    assert status == VenueStatus(7, VENUE, is_up=False, reason=reason)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"arg"', b'"org"'),
        (b'"accFillSz":"0.001"', b'"accFillSz":"NaN"'),
        (b'"accFillSz":"0.001"', b'"accFillSz":0.001'),
        (b'"accFillSz":"0.001"', b'"accFillSz":"1E999999999"'),
        (b'"avgPx":"31527.1"', b'"avgPx":"-1"'),
        (b'"fee":"-0.000001"', b'"fee":[]'),
        (b'"state":"partially_filled",', b""),
        (b'"data":[', b'"data":[[],'),
    ],
)
def test_an_order_that_cannot_be_read_is_malformed(
    old: bytes, new: bytes, stream: UserStream, frames: Frames
) -> None:
    frame = frames("user")[PARTIAL]
    assert old in frame

    with pytest.raises(MalformedData, match="must be asked for"):
        stream.decode(frame.replace(old, new), 7)


# --- balances and funding -------------------------------------------------------------------------


def test_balances_are_cash(stream: UserStream, frames: Frames) -> None:
    assert stream.decode(frames("user")[ACCOUNT], 7) == [
        BalanceUpdate(7, VENUE, "USDT", Decimal("4750.426970691436")),
        BalanceUpdate(7, VENUE, "BTC", Decimal("1.5")),
    ]


def positions(
    *rows: tuple[str, str, str], kind: str = "snapshot", page: int = 1, is_last: bool = True
) -> bytes:
    """A push of positions, each by id, size and funding paid since it was opened."""
    data = [
        {
            "instId": f"X{name}-USDT-SWAP",
            "posId": name,
            "cTime": "1",
            "pos": size,
            "ccy": "USDT",
            "fundingFee": paid,
        }
        for name, size, paid in rows
    ]
    frame = {
        "arg": {"channel": "positions", "instType": "SWAP"},
        "eventType": kind,
        "curPage": page,
        "lastPage": is_last,
        "data": data,
    }
    return json.dumps(frame).encode()


def paid(stream: UserStream, frame: bytes) -> list[tuple[str, Decimal]]:
    events = stream.decode(frame, 7)
    return [(one.symbol, one.amount) for one in events if isinstance(one, FundingPayment)]


def test_funding_is_what_was_paid_since_it_was_last_told(
    stream: UserStream, frames: Frames
) -> None:
    first, second = frames("user")[FUNDED], frames("user")[FUNDED_AGAIN]

    said = [list(stream.decode(frame, 7)) for frame in (first, first, second, second)]

    payment = FundingPayment(7, VENUE, "BTC-USDT-SWAP", "USDT", Decimal("-0.29"))
    assert said == [[], [], [payment], []]


def test_funding_of_a_position_opened_since_counts_from_nothing(stream: UserStream) -> None:
    assert paid(stream, positions(("1", "5", "-9"))) == []
    assert paid(stream, positions(("1", "5", "-9"), ("2", "-1", "0.25"))) == [
        ("X2-USDT-SWAP", Decimal("0.25"))
    ]


def test_a_closed_position_starts_anew(stream: UserStream) -> None:
    paid(stream, positions(("1", "5", "-9")))
    assert paid(stream, positions(("1", "0", ""), kind="event_update")) == []

    assert paid(stream, positions(("1", "5", ""), kind="event_update")) == []
    assert paid(stream, positions(("1", "5", "-0.5"), kind="event_update")) == [
        ("X1-USDT-SWAP", Decimal("-0.5"))
    ]


def test_positions_that_a_whole_snapshot_does_not_name_are_forgotten(stream: UserStream) -> None:
    paid(stream, positions(("1", "5", "-9"), ("2", "5", "-1")))
    paid(stream, positions(("2", "5", "-1")))

    assert paid(stream, positions(("1", "5", "-2"), kind="event_update")) == [
        ("X1-USDT-SWAP", Decimal(-2))
    ]


def test_a_snapshot_may_come_in_pages(stream: UserStream) -> None:
    for page, name in ((1, "1"), (2, "2")):
        frame = positions((name, "5", "-9"), page=page, is_last=page == 2)
        assert paid(stream, frame) == []

    assert paid(stream, positions(("1", "5", "-10"), page=1, is_last=False)) == [
        ("X1-USDT-SWAP", Decimal(-1))
    ]
    assert paid(stream, positions(("2", "5", "-11"), page=2)) == [("X2-USDT-SWAP", Decimal(-2))]
    assert paid(stream, positions(("1", "5", "-10"), ("2", "5", "-11"))) == []


def test_what_was_paid_before_the_first_whole_snapshot_is_no_news(stream: UserStream) -> None:
    assert paid(stream, positions(("1", "5", "-9"), kind="event_update")) == []
    assert paid(stream, positions(("1", "5", "-9"))) == []


def test_funding_is_in_what_the_swap_settles_in(stream: UserStream, frames: Frames) -> None:
    in_bitcoin = [
        frame.replace(b'"ccy":"USDT"', b'"ccy":"BTC"') for frame in frames("user")[FUNDED:WARNING]
    ]

    [[], [payment]] = [stream.decode(frame, 7) for frame in in_bitcoin]
    assert isinstance(payment, FundingPayment)
    assert payment.currency == "USDT"
    unlisted = UserStream({})
    [[], [payment]] = [unlisted.decode(frame, 7) for frame in in_bitcoin]
    assert isinstance(payment, FundingPayment)
    assert payment.currency == "BTC"


def test_absurd_funding_is_malformed(stream: UserStream) -> None:
    with pytest.raises(MalformedData):
        stream.decode(positions(("1", "5", "NaN")), 7)


# --- the session ----------------------------------------------------------------------------------


def test_a_warning_of_liquidation_takes_the_venue_down(stream: UserStream, frames: Frames) -> None:
    [status] = stream.decode(frames("user")[WARNING], 7)

    reason = "liquidation warning: ETH-USDT-SWAP"
    assert status == VenueStatus(7, VENUE, is_up=False, reason=reason)


def test_what_we_have_no_use_for_says_nothing(stream: UserStream, frames: Frames) -> None:
    assert stream.decode(frames("user")[UNKNOWN], 7) == ()
    assert stream.decode(facts.PONG, 7) == ()


def test_words_about_the_session_are_read_here_too(stream: UserStream, frames: Frames) -> None:
    said = [stream.decode(frame, 7) for frame in frames("session")]

    assert [len(events) for events in said] == [0, 0, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("frame", [b"", b"{}", b"null", b"\xff", b"[" * 100_000, b'{"id":"1"}'])
def test_a_frame_that_is_nothing_is_malformed(frame: bytes, stream: UserStream) -> None:
    with pytest.raises(MalformedData, match="user stream"):
        stream.decode(frame, 7)


def test_the_login_is_told_from_everything_else(frames: Frames) -> None:
    said = [*frames("session"), *frames("user"), b"pong", b"", b"\xff"]

    assert [frame for frame in said if is_login(frame)] == [frames("session")[LOGIN]]


def test_words_about_the_session_are_told_from_those_about_the_account(frames: Frames) -> None:
    assert all(map(is_of_session, frames("session")))
    assert not any(map(is_of_session, [*frames("user"), b"pong", b"\xff"]))


def test_everything_is_subscribed_to_that_is_read(frames: Frames) -> None:
    args = json.loads(SUBSCRIPTION)["args"]

    said = {json.loads(frame).get("arg", {}).get("channel") for frame in frames("user")}
    assert {one["channel"] for one in args} == said - {None, "balance_and_position"}
    [extra] = [one["extraParams"] for one in args if "extraParams" in one]
    assert json.loads(extra) == {"updateInterval": "0"}
