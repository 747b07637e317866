"""The private stream: running totals to the digit, and none that a double could not hold."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BalanceUpdate, OrderUpdate, VenueStatus
from arbitrage.domain.orders import OrderStatus
from arbitrage.exchanges.upbit import private

TS_NS = 1_763_800_000_000_000_000
Frame = Callable[[str], bytes]


def message(**changes: Any) -> bytes:
    whole: dict[str, Any] = {
        "type": "myOrder",
        "code": "KRW-BTC",
        "uuid": "ac2dc2a3-fce9-40a2-a4f6-5987c25c438f",
        "state": "wait",
        "volume": 0.02,
        "executed_volume": 0.0,
        "executed_funds": 0.0,
        "paid_fee": 0.0,
        "identifier": "s00000001",
    }
    return json.dumps({**whole, **changes}).encode()


def update_of(frame: bytes) -> OrderUpdate:
    (event,) = private.decode(frame, TS_NS)
    assert isinstance(event, OrderUpdate)
    return event


def test_a_trade_carries_the_orders_totals_digit_by_digit(frame: Frame) -> None:
    assert update_of(frame("my_order_trade")) == OrderUpdate(
        TS_NS,
        "test-1",
        OrderStatus.OPEN,
        filled_qty=Decimal("30925891.29839369"),
        filled_cost=Decimal("44935.32005656603"),
        fees=(("KRW", Decimal("22.467660028283017")),),
    )


@pytest.mark.parametrize(
    ("changes", "status", "filled"),
    [
        ({}, OrderStatus.OPEN, "0"),
        ({"state": "trade", "volume": 0.005, "executed_volume": 0.02}, OrderStatus.OPEN, "0.02"),
        ({"state": "done", "executed_volume": 0.02}, OrderStatus.FILLED, "0.02"),
        ({"state": "cancel", "executed_volume": 0.02}, OrderStatus.FILLED, "0.02"),
        ({"state": "cancel", "executed_volume": 0.015}, OrderStatus.CANCELED, "0.015"),
        ({"state": "cancel"}, OrderStatus.CANCELED, "0"),
        ({"state": "prevented", "prevented_volume": 0.01}, OrderStatus.OPEN, "0"),
        ({"state": "done", "executed_volume": 0.01}, OrderStatus.IN_DOUBT, "0.01"),
        ({"state": "new", "executed_volume": 0.01}, OrderStatus.IN_DOUBT, "0.01"),
        ({"state": "cancel", "volume": None, "executed_volume": 3.5}, OrderStatus.CANCELED, "3.5"),
    ],
)
def test_a_state_ends_an_order_by_what_was_executed(
    changes: dict[str, Any], status: OrderStatus, filled: str
) -> None:
    update = update_of(message(**changes))
    assert (update.status, update.filled_qty) == (status, Decimal(filled))


def test_an_order_placed_by_hand_goes_by_the_venues_id() -> None:
    assert update_of(message(identifier=None)).client_id == "ac2dc2a3-fce9-40a2-a4f6-5987c25c438f"


def test_fees_are_in_the_markets_quote() -> None:
    assert update_of(message(code="USDT-BTC", paid_fee=1.25)).fees == (("USDT", Decimal("1.25")),)


class TestQuantitiesBeyondADouble:
    # The double next to it is a billion: more than there is.
    QTY = Decimal("999999999.99999999")

    def test_a_rounded_total_closes_no_order(self) -> None:
        frame = message(state="done", volume=float(self.QTY), executed_volume=float(self.QTY))
        update = update_of(frame)
        assert update.status is OrderStatus.IN_DOUBT
        assert update.filled_qty <= self.QTY

    def test_a_rounded_total_still_grows_an_open_order(self) -> None:
        update = update_of(message(state="trade", executed_volume=float(self.QTY)))
        assert update.status is OrderStatus.OPEN
        assert Decimal("999999999") < update.filled_qty <= self.QTY

    @given(st.integers(0, 10**18) | st.integers(2**26 * 10**8 - 9, 2**26 * 10**8 + 9))
    def test_no_total_is_ever_above_the_truth(self, lots: int) -> None:
        truth = Decimal(lots).scaleb(-8)
        update = update_of(message(state="cancel", volume=None, executed_volume=float(truth)))
        assert update.filled_qty <= truth
        if update.status is OrderStatus.CANCELED:
            assert update.filled_qty == truth


def test_balances_are_totals_with_what_orders_lock(frame: Frame) -> None:
    assert private.decode(frame("my_asset"), TS_NS) == (
        BalanceUpdate(TS_NS, "upbit", "KRW", Decimal("1397259.042438149497")),
        BalanceUpdate(TS_NS, "upbit", "BTC", Decimal("0.75")),
    )


def test_the_subscription_asks_for_orders_and_assets_at_once() -> None:
    assert json.loads(private.SUBSCRIPTION) == [
        {"ticket": "arbitrage"},
        {"type": "myOrder"},
        {"type": "myAsset"},
        {"format": "DEFAULT"},
    ]


def test_a_failed_login_takes_the_venue_down() -> None:
    error = b'{"error":{"name":"INVALID_AUTH","message":"bad token"}}'
    assert private.decode(error, TS_NS) == (
        VenueStatus(TS_NS, "upbit", False, "INVALID_AUTH: bad token"),
    )


@pytest.mark.parametrize("name", ["executed_volume", "executed_funds", "paid_fee", "volume"])
@pytest.mark.parametrize("value", [-1, 1e300, "NaN", "x", True, [], {}])
def test_a_number_that_is_none_is_refused(name: str, value: object) -> None:
    with pytest.raises(MalformedData):
        private.decode(message(**{name: value}), TS_NS)


@pytest.mark.parametrize("value", [-1, 1e300, "NaN", None])
def test_a_balance_that_is_none_is_refused(value: object) -> None:
    asset = {"currency": "KRW", "balance": 1, "locked": value}
    with pytest.raises(MalformedData):
        private.decode(json.dumps({"type": "myAsset", "assets": [asset]}).encode(), TS_NS)


class TestBrokenFrames:
    def survives(self, broken: bytes) -> None:
        try:
            events = private.decode(broken, TS_NS)
        except MalformedData:
            return
        assert all(isinstance(one, OrderUpdate | BalanceUpdate | VenueStatus) for one in events)

    @given(cut=st.integers(0, 900), name=st.sampled_from(["my_order_trade", "my_asset"]))
    def test_a_torn_frame_ends_as_events_or_malformed(
        self, cut: int, name: str, frame: Frame
    ) -> None:
        self.survives(frame(name)[:cut])

    @given(
        field=st.sampled_from(["type", "code", "uuid", "state", "executed_volume", "volume", "x"]),
        value=st.none()
        | st.booleans()
        | st.integers(-(10**400), 10**400)
        | st.floats()
        | st.text(max_size=6)
        | st.lists(st.none(), max_size=2),
    )
    def test_a_field_of_any_type_ends_as_events_or_malformed(
        self, field: str, value: object
    ) -> None:
        self.survives(message(**{field: value}))
        asset = {"currency": "KRW", "balance": 1, "locked": value}
        self.survives(json.dumps({"type": "myAsset", "assets": [asset], field: value}).encode())

    @given(data=st.binary(max_size=60))
    def test_any_bytes_end_as_events_or_malformed(self, data: bytes) -> None:
        self.survives(data)
