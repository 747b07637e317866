from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import InvariantBroken
from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.intents import PlaceOrder
from arbitrage.domain.orders import MAY_BECOME, Fill, Order, OrderStatus
from arbitrage.domain.sides import Side

S = OrderStatus
LIVE = {S.IN_FLIGHT, S.OPEN, S.IN_DOUBT}
CLOSED = sorted(set(OrderStatus) - LIVE, key=lambda status: status.value)


def order(status: OrderStatus = S.IN_FLIGHT, filled: str = "0", of: str = "1") -> Order:
    """An order at 100 in `status`, with `filled` units filled before."""
    intent = PlaceOrder(
        client_id="s-1", venue="v", symbol="s", side=Side.BUY, qty=Decimal(of), price=Decimal(100)
    )
    qty = Decimal(filled)
    return Order(
        intent=intent, sent_ns=0, status=status, filled_qty=qty, filled_cost=qty * 100, updated_ns=5
    )


def said(
    status: OrderStatus, filled: str = "0", *, fees: dict[str, str] | None = None, ts_ns: int = 10
) -> OrderUpdate:
    """An update of an order at 100 with the totals given."""
    totals = tuple((currency, Decimal(amount)) for currency, amount in (fees or {}).items())
    return OrderUpdate(ts_ns, "s-1", status, Decimal(filled), Decimal(filled) * 100, totals)


# --- what one message does ---------------------------------------------------------------------


def test_a_fill_is_what_the_totals_added() -> None:
    record = order(S.OPEN, "0.4")
    fill = record.apply(said(S.OPEN, "0.7", fees={"KRW": "0.035"}))
    assert fill == Fill(Decimal("0.3"), Decimal(30), (("KRW", Decimal("0.035")),))
    assert (record.filled_qty, record.filled_cost) == (Decimal("0.7"), Decimal(70))


def test_the_same_message_twice_adds_nothing() -> None:
    record = order(S.OPEN)
    assert record.apply(said(S.OPEN, "0.7", fees={"KRW": "1"})) is not None
    assert record.apply(said(S.OPEN, "0.7", fees={"KRW": "1"})) is None


def test_an_order_that_fills_whole_is_closed_and_holds_what_it_filled() -> None:
    record = order()
    record.apply(said(S.FILLED, "1"))
    assert (record.status, record.is_live) == (S.FILLED, False)
    assert (record.reserved_qty, record.unresolved_qty) == (1, 0)


def test_a_partial_fill_leaves_the_whole_quantity_reserved_while_live() -> None:
    record = order(S.OPEN)
    record.apply(said(S.OPEN, "0.4"))
    assert (record.reserved_qty, record.unresolved_qty) == (1, Decimal("0.6"))


def test_a_cancelled_remainder_is_given_back() -> None:
    record = order(S.OPEN, "0.4")
    record.apply(said(S.CANCELED, "0.4"))
    assert (record.reserved_qty, record.unresolved_qty) == (Decimal("0.4"), 0)


def test_a_cancel_that_filled_more_than_we_knew_counts_the_rest() -> None:
    record = order(S.OPEN, "0.4")
    fill = record.apply(said(S.CANCELED, "0.6"))
    assert fill == Fill(Decimal("0.2"), Decimal(20), ())
    assert (record.status, record.reserved_qty) == (S.CANCELED, Decimal("0.6"))


@pytest.mark.parametrize("late", [S.OPEN, S.FILLED, S.CANCELED, S.IN_DOUBT])
def test_a_fill_that_arrives_after_the_cancel_is_counted(late: OrderStatus) -> None:
    record = order(S.CANCELED, "0.4")
    fill = record.apply(said(late, "1"))
    assert fill == Fill(Decimal("0.6"), Decimal(60), ())
    assert (record.status, record.reserved_qty) == (S.CANCELED, 1)


def test_a_partial_fill_reported_after_the_last_one_is_an_echo() -> None:
    record = order(S.FILLED, "1")
    assert record.apply(said(S.OPEN, "0.5", fees={"KRW": "9"})) is None
    assert (record.status, record.filled_qty, record.fees) == (S.FILLED, 1, {})


def test_an_order_proven_never_to_have_existed_reserves_nothing() -> None:
    record = order(S.IN_DOUBT)
    record.apply(said(S.NEVER_EXISTED))
    assert (record.reserved_qty, record.unresolved_qty) == (0, 0)


def test_filled_with_less_than_was_ordered_is_in_doubt_not_done() -> None:
    record = order(S.OPEN)
    fill = record.apply(said(S.FILLED, "0.9"))
    assert fill == Fill(Decimal("0.9"), Decimal(90), ())
    assert (record.status, record.reserved_qty) == (S.IN_DOUBT, 1)


def test_a_rejection_of_an_order_that_had_filled_breaks() -> None:
    with pytest.raises(InvariantBroken, match="s-1"):
        order(S.OPEN, "0.4").apply(said(S.REJECTED))


def test_the_time_of_the_last_word_never_goes_back() -> None:
    record = order(S.OPEN)
    record.apply(said(S.OPEN, ts_ns=3))
    assert record.updated_ns == 5
    record.apply(said(S.OPEN, ts_ns=9))
    assert record.updated_ns == 9


def test_the_reason_is_that_of_the_status_it_came_with() -> None:
    record = order()
    record.apply(OrderUpdate(1, "s-1", S.REJECTED, reason="insufficient_balance"))
    record.apply(OrderUpdate(2, "s-1", S.OPEN, reason="late"))
    assert record.reason == "insufficient_balance"


# --- fees --------------------------------------------------------------------------------------


def test_a_fee_that_is_told_after_its_fill_is_added() -> None:
    record = order(S.FILLED, "1")
    fill = record.apply(said(S.FILLED, "1", fees={"BNB": "0.001"}))
    assert fill == Fill(Decimal(0), Decimal(0), (("BNB", Decimal("0.001")),))
    assert record.fees == {"BNB": Decimal("0.001")}


def test_an_older_fee_of_the_same_fill_does_not_take_the_newer_back() -> None:
    record = order()
    record.apply(said(S.FILLED, "1", fees={"KRW": "2"}))
    assert record.apply(said(S.FILLED, "1", fees={"KRW": "1"})) is None
    assert record.fees == {"KRW": Decimal(2)}


def test_a_rebate_grows_away_from_zero() -> None:
    record = order(S.OPEN)
    record.apply(said(S.OPEN, "0.5", fees={"KRW": "-1"}))
    fill = record.apply(said(S.FILLED, "1", fees={"KRW": "-2"}))
    assert fill is not None
    assert fill.fees == (("KRW", Decimal(-1)),)
    assert record.apply(said(S.FILLED, "1", fees={"KRW": "-1"})) is None


def test_two_orders_do_not_share_their_fees() -> None:
    first, second = order(), order()
    first.apply(said(S.FILLED, "1", fees={"KRW": "2"}))
    assert second.fees == {}


def test_the_cost_of_a_quantity_is_read_once() -> None:
    record = order(S.OPEN, "0.5")
    update = OrderUpdate(10, "s-1", S.OPEN, Decimal("0.5"), Decimal("50.00000001"))
    assert record.apply(update) is None
    assert record.filled_cost == 50


# --- what cannot be true -----------------------------------------------------------------------


@pytest.mark.parametrize("status", CLOSED)
def test_a_total_that_shrinks_as_the_order_closes_breaks(status: OrderStatus) -> None:
    with pytest.raises(InvariantBroken, match="never shrink"):
        order(S.OPEN, "0.5").apply(said(status, "0.4"))


def test_a_cost_that_shrinks_as_the_fill_grows_breaks() -> None:
    with pytest.raises(InvariantBroken, match="never shrink"):
        order(S.OPEN, "0.5").apply(OrderUpdate(10, "s-1", S.OPEN, Decimal("0.6"), Decimal(49)))


@pytest.mark.parametrize("status", OrderStatus)
def test_more_filled_than_ordered_breaks(status: OrderStatus) -> None:
    with pytest.raises(InvariantBroken, match=r"1\.1"):
        order(S.OPEN, "0.5").apply(said(status, "1.1"))


@pytest.mark.parametrize(
    "update", [said(S.OPEN), said(S.OPEN, "0.1"), said(S.CANCELED, "0.1"), said(S.FILLED, "1")]
)
def test_an_order_that_never_existed_cannot_live_or_fill(update: OrderUpdate) -> None:
    with pytest.raises(InvariantBroken, match="never_existed"):
        order(S.NEVER_EXISTED).apply(update)


@pytest.mark.parametrize("status", [S.REJECTED, S.CANCELED, S.IN_DOUBT, S.NEVER_EXISTED])
def test_an_order_that_never_existed_may_be_closed_again(status: OrderStatus) -> None:
    record = order(S.NEVER_EXISTED)
    assert record.apply(said(status)) is None
    assert record.status is S.NEVER_EXISTED


def test_never_existed_with_a_fill_is_no_proof() -> None:
    with pytest.raises(InvariantBroken, match="never_existed"):
        order(S.IN_DOUBT).apply(said(S.NEVER_EXISTED, "0.5"))


def test_a_message_that_breaks_leaves_the_record_as_it_was() -> None:
    record = order(S.OPEN, "0.5")
    before = msgspec.structs.replace(record)
    with pytest.raises(InvariantBroken):
        record.apply(said(S.FILLED, "1.1", fees={"KRW": "1"}, ts_ns=99))
    assert record == before


# --- the table ---------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("status", [S.IN_FLIGHT, S.IN_DOUBT, S.CANCELED, S.REJECTED])
def test_what_is_closed_stays_closed(closed: OrderStatus, status: OrderStatus) -> None:
    record = order(closed)
    record.apply(said(status))
    assert record.status is closed


@pytest.mark.parametrize("status", OrderStatus)
def test_nothing_goes_back_to_in_flight(status: OrderStatus) -> None:
    assert S.IN_FLIGHT not in MAY_BECOME[status]


def test_an_open_order_cannot_turn_out_never_to_have_existed() -> None:
    record = order(S.OPEN)
    record.apply(said(S.NEVER_EXISTED))
    assert (record.status, record.reserved_qty) == (S.OPEN, 1)


@pytest.mark.parametrize("found", [S.OPEN, S.CANCELED, S.REJECTED, S.NEVER_EXISTED])
def test_what_is_in_doubt_becomes_what_the_venue_says(found: OrderStatus) -> None:
    record = order(S.IN_DOUBT)
    record.apply(said(found))
    assert record.status is found


def test_every_status_is_in_the_table_and_knows_whether_it_is_live() -> None:
    assert set(MAY_BECOME) == set(OrderStatus)
    assert {status for status in OrderStatus if status.is_live} == LIVE
    assert all(not MAY_BECOME[status] for status in CLOSED)


def test_a_record_comes_back_from_the_journal_as_it_went_in() -> None:
    record = order()
    record.apply(said(S.FILLED, "1", fees={"KRW": "2"}))
    assert msgspec.json.decode(msgspec.json.encode(record), type=Order) == record


# --- any order of any messages -----------------------------------------------------------------

steps = st.tuples(st.integers(0, 5), st.integers(1, 200), st.integers(0, 3), st.integers(0, 3))


@st.composite
def monotone_updates(draw: st.DrawFn) -> tuple[Decimal, list[OrderUpdate]]:
    """An order's quantity and what a venue says of it, in the order of truth: totals that grow,
    the fees of a fill told with it or later, and perhaps an end."""
    lots, cost, krw, bnb = 0, 0, 0, 0
    updates = [said(S.OPEN)]
    for more_lots, price, more_krw, more_bnb in draw(st.lists(steps, max_size=6)):
        lots, cost = lots + more_lots, cost + more_lots * price
        krw, bnb = krw + more_krw, bnb - more_bnb
        fees = {"KRW": krw, "BNB": bnb}
        updates.append(
            OrderUpdate(
                len(updates),
                "s-1",
                S.OPEN,
                Decimal(lots) / 1000,
                Decimal(cost) / 1000,
                tuple((currency, Decimal(total)) for currency, total in fees.items() if total),
            )
        )
    ordered = Decimal(lots + draw(st.integers(0 if lots else 1, 3))) / 1000
    last = updates[-1]
    if draw(st.booleans()):
        ending = S.FILLED if last.filled_qty == ordered else S.CANCELED
        updates.append(msgspec.structs.replace(last, status=ending))
    return ordered, updates


@given(truth=monotone_updates(), data=st.data())
def test_any_order_of_any_duplicates_ends_in_the_same_totals(
    truth: tuple[Decimal, list[OrderUpdate]], data: st.DataObject
) -> None:
    ordered, updates = truth
    repeated = data.draw(st.lists(st.sampled_from(updates), max_size=6))
    record = order(of=str(ordered))
    fills = []
    seen = [(record.filled_qty, record.filled_cost)]
    for update in data.draw(st.permutations(updates + repeated)):
        fill = record.apply(update)
        if fill is not None:
            fills.append(fill)
        seen.append((record.filled_qty, record.filled_cost))
        assert record.filled_qty <= record.reserved_qty <= ordered
        assert record.unresolved_qty == (ordered - record.filled_qty if record.is_live else 0)
    last = updates[-1]
    assert record.status is last.status
    assert (record.filled_qty, record.filled_cost) == (last.filled_qty, last.filled_cost)
    assert record.fees == dict(last.fees)
    assert all(before <= after for before, after in pairwise(seen))
    assert sum(fill.qty for fill in fills) == record.filled_qty
    assert sum(fill.cost for fill in fills) == record.filled_cost
    for currency, total in record.fees.items():
        assert sum(dict(fill.fees).get(currency, 0) for fill in fills) == total


anything = st.builds(
    OrderUpdate,
    ts_ns=st.integers(0, 100),
    client_id=st.just("s-1"),
    status=st.sampled_from(OrderStatus),
    filled_qty=st.integers(0, 11).map(lambda lots: Decimal(lots) / 10),
    filled_cost=st.integers(0, 1000).map(Decimal),
)


@given(messages=st.lists(anything, max_size=12))
def test_no_message_whatever_makes_a_reservation_understate(messages: list[OrderUpdate]) -> None:
    record = order()
    for message in messages:
        before = msgspec.structs.replace(record)
        try:
            record.apply(message)
        except InvariantBroken:
            assert record == before
        assert record.filled_qty >= max(Decimal(0), before.filled_qty)
        assert record.filled_qty <= record.reserved_qty <= record.intent.qty
        assert record.unresolved_qty >= 0
        if record.is_live or record.status is S.FILLED:
            assert record.reserved_qty == record.intent.qty


# --- what is read off an order -----------------------------------------------------------------


def test_an_order_shows_what_was_ordered_and_goes_by_its_client_id() -> None:
    record = order(of="2")
    assert (record.order_id, record.client_id, record.symbol) == ("s-1", "s-1", "s")
    assert (record.side, record.qty, record.price) == (Side.BUY, 2, 100)


def test_the_average_fill_price_is_per_base_unit() -> None:
    record = order(S.OPEN, "0.5")
    assert record.avg_fill_price == 100
    assert msgspec.structs.replace(record, contract_multiplier=Decimal(10)).avg_fill_price == 10
    assert order().avg_fill_price is None
