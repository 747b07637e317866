"""The private stream: running totals to the digit, and none that is not wholly told."""

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
from arbitrage.exchanges.bithumb import private

TS_NS = 1_763_800_000_000_000_000
Frame = Callable[[str], bytes]


def message(**changes: Any) -> bytes:
    whole: dict[str, Any] = {
        "type": "myOrder",
        "code": "KRW-BTC",
        "order_id": "C0101000000001818113",
        "client_order_id": "s00000001",
        "state": "wait",
        "order_quantity": 0.02,
        "executed_quantity": 0.0,
        "executed_amount": 0.0,
        "paid_fee": 0.0,
    }
    kept = {name: value for name, value in {**whole, **changes}.items() if value != "absent"}
    return json.dumps(kept).encode()


def update_of(frame: bytes) -> OrderUpdate:
    (event,) = private.decode(frame, TS_NS)
    assert isinstance(event, OrderUpdate)
    return event


def test_a_trade_carries_the_orders_totals(frame: Frame) -> None:
    assert update_of(frame("my_order_trade")) == OrderUpdate(
        TS_NS,
        "s00000001",
        OrderStatus.OPEN,
        filled_qty=Decimal("0.0123"),
        filled_cost=Decimal(1_672_800),
        fees=(("KRW", Decimal("4182.5")),),
    )


def test_an_order_that_waits_has_no_totals_to_tell(frame: Frame) -> None:
    assert update_of(frame("my_order_wait")) == OrderUpdate(TS_NS, "s00000001", OrderStatus.OPEN)


@pytest.mark.parametrize(
    ("changes", "status", "filled"),
    [
        ({}, OrderStatus.OPEN, "0"),
        ({"state": "trade", "executed_quantity": 0.02}, OrderStatus.OPEN, "0.02"),
        ({"state": "done", "executed_quantity": 0.02}, OrderStatus.FILLED, "0.02"),
        ({"state": "cancel", "executed_quantity": 0.02}, OrderStatus.FILLED, "0.02"),
        ({"state": "cancel", "executed_quantity": 0.015}, OrderStatus.CANCELED, "0.015"),
        ({"state": "cancel"}, OrderStatus.CANCELED, "0"),
        ({"state": "done", "executed_quantity": 0.01}, OrderStatus.IN_DOUBT, "0.01"),
        (
            {"state": "done", "executed_quantity": 0.01, "time_in_force": "ioc"},
            OrderStatus.CANCELED,
            "0.01",
        ),
        (
            {"state": "done", "executed_quantity": 0.01, "cancel_type": "stp_cancel"},
            OrderStatus.CANCELED,
            "0.01",
        ),
        ({"state": "new", "executed_quantity": 0.01}, OrderStatus.IN_DOUBT, "0.01"),
        (
            {"state": "done", "order_quantity": 0, "executed_quantity": 3.5},
            OrderStatus.CANCELED,
            "3.5",
        ),
    ],
)
def test_a_state_ends_an_order_by_what_was_executed(
    changes: dict[str, Any], status: OrderStatus, filled: str
) -> None:
    update = update_of(message(**changes))
    assert (update.status, update.filled_qty) == (status, Decimal(filled))


@pytest.mark.parametrize("missing", ["executed_quantity", "executed_amount", "paid_fee"])
@pytest.mark.parametrize("state", ["trade", "done", "cancel", "new"])
def test_a_message_without_all_totals_has_the_order_asked_for(missing: str, state: str) -> None:
    changes = {"executed_quantity": 0.02, "executed_amount": 5, "paid_fee": 1, missing: "absent"}
    update = update_of(message(state=state, **changes))
    assert (update.status, update.filled_qty, update.fees) == (OrderStatus.IN_DOUBT, 0, ())
    assert update.reason == f"{state} without totals"


def test_an_order_placed_by_hand_goes_by_the_venues_id() -> None:
    assert update_of(message(client_order_id="absent")).client_id == "C0101000000001818113"


class TestQuantitiesBeyondADouble:
    # The double next to it is a billion: more than there is.
    QTY = Decimal("999999999.99999999")

    def test_a_rounded_total_closes_no_order(self) -> None:
        qty = float(self.QTY)
        update = update_of(message(state="done", order_quantity=qty, executed_quantity=qty))
        assert update.status is OrderStatus.IN_DOUBT
        assert update.filled_qty <= self.QTY

    def test_a_rounded_total_still_grows_an_open_order(self) -> None:
        update = update_of(
            message(state="trade", order_quantity=2e9, executed_quantity=float(self.QTY))
        )
        assert update.status is OrderStatus.OPEN
        assert Decimal("999999999") < update.filled_qty <= self.QTY

    @given(st.integers(0, 10**18) | st.integers(2**26 * 10**8 - 9, 2**26 * 10**8 + 9))
    def test_no_total_is_ever_above_the_truth(self, lots: int) -> None:
        truth = Decimal(lots).scaleb(-8)
        changes = {"order_quantity": "absent", "executed_quantity": float(truth)}
        update = update_of(message(state="cancel", **changes))
        assert update.filled_qty <= truth
        if update.status is OrderStatus.CANCELED:
            assert update.filled_qty == truth


def test_balances_are_totals_with_what_orders_lock(frame: Frame) -> None:
    assert private.decode(frame("my_asset"), TS_NS) == (
        BalanceUpdate(TS_NS, "bithumb", "KRW", Decimal("1397259.04")),
        BalanceUpdate(TS_NS, "bithumb", "BTC", Decimal("0.75")),
    )


def test_the_subscription_asks_for_orders_and_assets_at_once() -> None:
    assert [part.get("type") for part in json.loads(private.SUBSCRIPTION)] == [
        None,
        "myOrder",
        "myAsset",
        None,
    ]


def test_a_failed_login_takes_the_venue_down() -> None:
    error = b'{"error":{"name":"INVALID_AUTH","message":"bad token"}}'
    assert private.decode(error, TS_NS) == (
        VenueStatus(TS_NS, "bithumb", False, "INVALID_AUTH: bad token"),
    )


@pytest.mark.parametrize(
    "name", ["executed_quantity", "executed_amount", "paid_fee", "order_quantity"]
)
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
        field=st.sampled_from(
            ["type", "code", "order_id", "state", "executed_quantity", "time_in_force", "x"]
        ),
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
