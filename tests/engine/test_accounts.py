from decimal import Decimal

import pytest
from engine.builders import NO_FEES, T0, D, perp, spot, taker
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import PlaceOrder
from arbitrage.domain.ledger import ADJUSTMENT, FUNDING, OPENING
from arbitrage.domain.orders import Fill, Order, OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.engine.accounts import Accounts

BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
def accounts() -> Accounts:
    mine = Accounts()
    for venue in ("alpha", "beta"):
        mine.open(venue, "USDT", D(1000))
    mine.open("alpha", "BTC", D(5))
    return mine


def order(
    instrument: Instrument,
    side: Side,
    qty: str,
    price: str | None = "100",
    *,
    client_id: str = "s1",
    reduce_only: bool = False,
) -> Order:
    intent = PlaceOrder(
        client_id=client_id,
        venue=instrument.venue,
        symbol=instrument.symbol,
        side=side,
        qty=D(qty),
        price=None if price is None else D(price),
        reduce_only=reduce_only,
    )
    return Order(intent=intent, sent_ns=T0)


def place(mine: Accounts, placed: Order, of: Instrument, fees: FeeSchedule = NO_FEES) -> Order:
    mine.place(placed, of, fees)
    return placed


def filled(mine: Accounts, of: Instrument, side: Side, qty: str, cost: str) -> Decimal:
    return mine.fill(of, side, Fill(D(qty), D(cost), ()))


# --- reservations -----------------------------------------------------------------------------


def test_a_live_purchase_reserves_its_cost_and_its_fee(accounts: Accounts) -> None:
    place(accounts, order(spot(), BUY, "2"), spot(), taker(10.0))
    assert accounts.available("alpha", "USDT") == D("799.8")
    assert accounts.available("alpha", "BTC") == 5
    assert accounts.available("beta", "USDT") == 1000


def test_a_fee_out_of_the_received_asset_reserves_no_quote(accounts: Accounts) -> None:
    place(accounts, order(spot(), BUY, "2"), spot(), taker(10.0, FeeManner.RECEIVED))
    assert accounts.available("alpha", "USDT") == 800


def test_a_live_sale_reserves_its_coin(accounts: Accounts) -> None:
    place(accounts, order(spot(), SELL, "2"), spot(), taker(10.0))
    assert accounts.available("alpha", "BTC") == 3
    assert accounts.available("alpha", "USDT") == 1000


def test_a_live_perpetual_reserves_margin_and_fee_in_base_units(accounts: Accounts) -> None:
    contract = perp("beta", contract_multiplier=D("0.1"))
    place(accounts, order(contract, SELL, "20"), contract, taker(10.0))
    assert accounts.available("beta", "USDT") == 1000 - 200 * (D("0.1") + D("0.001"))


def test_an_order_that_can_only_reduce_reserves_its_fee_alone(accounts: Accounts) -> None:
    place(accounts, order(perp(), BUY, "2", reduce_only=True), perp(), taker(10.0))
    assert accounts.available("beta", "USDT") == D("999.8")


def test_a_market_order_reserves_nothing_in_quote(accounts: Accounts) -> None:
    place(accounts, order(spot(), BUY, "2", None), spot())
    assert accounts.available("alpha", "USDT") == 1000


@pytest.mark.parametrize("status", [OrderStatus.IN_FLIGHT, OrderStatus.OPEN, OrderStatus.IN_DOUBT])
def test_what_is_unresolved_stays_reserved_whatever_is_known(
    accounts: Accounts, status: OrderStatus
) -> None:
    live = place(accounts, order(spot(), BUY, "2"), spot())
    live.status, live.filled_qty = status, D("0.5")
    assert accounts.available("alpha", "USDT") == 850


def test_a_released_order_reserves_nothing(accounts: Accounts) -> None:
    live = place(accounts, order(spot(), BUY, "2"), spot())
    accounts.release(live)
    accounts.release(live)
    assert accounts.available("alpha", "USDT") == 1000
    assert accounts.live_orders() == []


def test_an_open_position_keeps_its_margin(accounts: Accounts) -> None:
    filled(accounts, perp("beta", contract_multiplier=D("0.1")), SELL, "20", "200")
    assert accounts.available("beta", "USDT") == 980
    assert accounts.available("beta", "BTC") == 0


# --- what can be afforded ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fees", "most"),
    [
        (NO_FEES, D(10)),
        (taker(2500.0), D(8)),
        (taker(2000.0, FeeManner.RECEIVED), D(8)),  # ten are paid for, eight arrive
    ],
)
def test_a_purchase_is_bounded_by_quote_fees_inside(
    accounts: Accounts, fees: FeeSchedule, most: Decimal
) -> None:
    assert accounts.affordable(spot(), fees, BUY, D(100)) == most


def test_a_sale_of_spot_is_bounded_by_the_coin_alone(accounts: Accounts) -> None:
    assert accounts.affordable(spot(), taker(50.0), SELL, D(100)) == 5


def test_a_perpetual_is_bounded_by_margin(accounts: Accounts) -> None:
    assert accounts.affordable(perp(), NO_FEES, SELL, D(100)) == 100
    assert accounts.affordable(perp(), taker(1000.0), BUY, D(100)) == 50


def test_reducing_a_position_needs_no_margin(accounts: Accounts) -> None:
    contract = perp("beta", contract_multiplier=D("0.5"))
    filled(accounts, contract, BUY, "200", "10000")  # the whole purse is margin
    assert accounts.available("beta", "USDT") == 0
    assert accounts.affordable(contract, NO_FEES, SELL, D(100)) == 100
    assert accounts.affordable(contract, NO_FEES, BUY, D(100)) == 0


def test_an_overdrawn_purse_affords_nothing(accounts: Accounts) -> None:
    place(accounts, order(spot(), BUY, "50"), spot())
    place(accounts, order(spot(), SELL, "9", client_id="s2"), spot())
    assert accounts.available("alpha", "USDT") == -4000
    assert accounts.affordable(spot(), NO_FEES, BUY, D(100)) == 0
    assert accounts.affordable(spot(), NO_FEES, SELL, D(100)) == 0


cents = st.integers(1, 10**7).map(lambda value: D(value) / 100)


@given(cents, cents, st.integers(0, 100), st.sampled_from([FeeManner.QUOTE, FeeManner.RECEIVED]))
def test_ordering_all_that_is_affordable_spends_no_more_than_there_is(
    purse: Decimal, price: Decimal, fee_bps: int, manner: FeeManner
) -> None:
    for instrument in (spot(), perp()):
        mine = Accounts()
        mine.open(instrument.venue, "USDT", purse)
        fees = taker(float(fee_bps), manner)
        qty = mine.affordable(instrument, fees, BUY, price).quantize(D("1e-8"), "ROUND_DOWN")
        mine.place(order(instrument, BUY, str(qty), str(price)), instrument, fees)
        assert mine.available(instrument.venue, "USDT") >= 0


# --- reduce-only ------------------------------------------------------------------------------


def test_only_what_an_open_position_covers_is_reducing(accounts: Accounts) -> None:
    assert not accounts.reduces(perp(), SELL, D(1))
    filled(accounts, perp(), BUY, "3", "300")
    assert accounts.reduces(perp(), SELL, D(3))
    assert not accounts.reduces(perp(), SELL, D("3.001"))
    assert not accounts.reduces(perp(), BUY, D(1))
    assert not accounts.reduces(spot(), SELL, D(1))


def test_live_orders_use_up_what_there_is_to_reduce(accounts: Accounts) -> None:
    filled(accounts, perp(), BUY, "3", "300")
    place(accounts, order(perp(), SELL, "2"), perp())
    place(accounts, order(perp(), BUY, "7", client_id="s2"), perp())
    assert accounts.reduces(perp(), SELL, D(1))
    assert not accounts.reduces(perp(), SELL, D("1.001"))


# --- the venue's word -------------------------------------------------------------------------


def test_the_first_word_on_a_balance_is_the_opening(accounts: Accounts) -> None:
    assert accounts.confirm("gamma", "USDT", D(7)) == 0
    assert accounts.ledger.balance("gamma", "USDT") == 7
    assert accounts.ledger.balance(OPENING, "USDT") == -2007


def test_the_first_word_after_a_fill_opens_with_what_was_there_before(accounts: Accounts) -> None:
    filled(accounts, spot("gamma"), BUY, "1", "100")
    assert accounts.confirm("gamma", "BTC", D(4)) == 0
    assert accounts.ledger.balance("gamma", "BTC") == 4
    assert accounts.ledger.balance(OPENING, "BTC") == -8


def test_what_ties_out_is_no_difference(accounts: Accounts) -> None:
    assert accounts.confirm("alpha", "USDT", D(1000)) == 0


def test_what_does_not_tie_out_is_booked_and_returned(accounts: Accounts) -> None:
    assert accounts.confirm("alpha", "USDT", D(990)) == -10
    assert accounts.ledger.balance("alpha", "USDT") == 990
    assert accounts.ledger.balance(ADJUSTMENT, "USDT") == 10
    assert accounts.confirm("alpha", "USDT", D(990)) == 0


def test_while_orders_are_live_the_venues_word_is_not_compared(accounts: Accounts) -> None:
    live = place(accounts, order(spot(), BUY, "1"), spot())
    assert accounts.confirm("alpha", "USDT", D(900)) == 0
    assert accounts.confirm("beta", "USDT", D(999)) == -1  # other venues are
    accounts.release(live)
    assert accounts.confirm("alpha", "USDT", D(900)) == -100


# --- fills and funding ------------------------------------------------------------------------


def test_closing_a_perpetual_realises_what_it_made(accounts: Accounts) -> None:
    assert filled(accounts, perp(), SELL, "2", "200") == 0
    assert filled(accounts, perp(), BUY, "1", "90") == 10
    assert accounts.ledger.balance("beta", "USDT") == 1010
    assert filled(accounts, perp(), BUY, "1", "130") == -30
    assert accounts.available("beta", "USDT") == 980


def test_funding_moves_the_balance_and_nothing_else(accounts: Accounts) -> None:
    accounts.fund("beta", "USDT", D("-1.5"))
    assert accounts.ledger.balance("beta", "USDT") == D("998.5")
    assert accounts.ledger.balance(FUNDING, "USDT") == D("1.5")
    assert not any(accounts.ledger.residual().values())
