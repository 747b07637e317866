from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import InvariantBroken
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.sides import Side
from arbitrage.exchanges.paper.account import (
    Account,
    PaperFill,
    fee_on_top,
    locking_rate,
    spot_lock,
)

SPOT = Instrument.from_symbol("v", "BTC-USDT")
PERPETUAL = Instrument(
    venue="v", symbol="P", base="BTC", quote="USDT", kind=InstrumentKind.PERPETUAL
)
ON_TOP = FeeSchedule(taker_bps=10.0, maker_bps=5.0)
RECEIVED = FeeSchedule(taker_bps=10.0, manner=FeeManner.RECEIVED)
TOKEN = FeeSchedule(taker_bps=10.0, manner=FeeManner.THIRD_TOKEN, third_token="BNB")


def account(**balances: int | str) -> Account:
    return Account("v", {currency: Decimal(amount) for currency, amount in balances.items()})


def fill(
    fees: FeeSchedule,
    side: Side,
    qty: str,
    cost: str,
    *,
    rules: Instrument = SPOT,
    is_maker: bool = False,
    token_price: str | None = None,
) -> PaperFill:
    return PaperFill(
        instrument=rules,
        fees=fees,
        side=side,
        qty=Decimal(qty),
        cost=Decimal(cost),
        is_maker=is_maker,
        token_price=None if token_price is None else Decimal(token_price),
    )


def test_a_fee_on_top_is_paid_in_quote_by_buyer_and_seller() -> None:
    ours = account(USDT=1001, BTC=0)
    assert ours.book_spot(fill(ON_TOP, Side.BUY, "2", "1000")) == ("USDT", 1)
    assert ours.totals() == {"BTC": 2, "USDT": 0}
    assert ours.book_spot(fill(ON_TOP, Side.SELL, "2", "1000", is_maker=True)) == (
        "USDT",
        Decimal("0.5"),
    )
    assert ours.totals() == {"BTC": 0, "USDT": Decimal("999.5")}


def test_a_fee_out_of_what_is_received_leaves_less_to_sell() -> None:
    ours = account(USDT=1000)
    assert ours.book_spot(fill(RECEIVED, Side.BUY, "2", "1000")) == ("BTC", Decimal("0.002"))
    assert ours.total("BTC") == Decimal("1.998")
    with pytest.raises(InvariantBroken):
        ours.book_spot(fill(RECEIVED, Side.SELL, "2", "1000"))
    assert ours.book_spot(fill(RECEIVED, Side.SELL, "1.998", "999")) == ("USDT", Decimal("0.999"))


def test_a_fee_in_a_third_token_leaves_the_trade_whole() -> None:
    ours = account(USDT=1000, BNB=1)
    fee = ours.book_spot(fill(TOKEN, Side.BUY, "2", "1000", token_price="500"))
    assert fee == ("BNB", Decimal("0.002"))
    assert ours.totals() == {"BNB": Decimal("0.998"), "BTC": 2, "USDT": 0}


@pytest.mark.parametrize(("tokens", "token_price"), [("0.001", "500"), ("1", None)])
def test_too_little_or_unpriced_token_falls_back_to_what_is_received(
    tokens: str, token_price: str | None
) -> None:
    ours = account(USDT=1000, BNB=tokens)
    fee = ours.book_spot(fill(TOKEN, Side.BUY, "2", "1000", token_price=token_price))
    assert fee == ("BTC", Decimal("0.002"))
    assert ours.total("BNB") == Decimal(tokens)


def test_a_rebate_is_received() -> None:
    rebate = FeeSchedule(taker_bps=10.0, maker_bps=-2.0)
    ours = account(USDT=1000)
    assert ours.book_spot(fill(rebate, Side.BUY, "2", "1000", is_maker=True)) == (
        "USDT",
        Decimal("-0.2"),
    )
    assert ours.total("USDT") == Decimal("0.2")


def test_a_spot_order_locks_the_dearer_fee_on_top_and_nothing_for_other_manners() -> None:
    both = [
        spot_lock(SPOT, fees, Side.BUY, Decimal(2), Decimal(500)) for fees in (ON_TOP, RECEIVED)
    ]
    assert both == [("USDT", 1001), ("USDT", 1000)]
    assert spot_lock(SPOT, ON_TOP, Side.SELL, Decimal(2), Decimal(500)) == ("BTC", 2)
    assert locking_rate(FeeSchedule(maker_bps=-5.0)) == 0


def test_a_token_that_is_the_quote_is_a_fee_on_top() -> None:
    rules = Instrument.from_symbol("v", "SOL-BNB")
    assert fee_on_top(rules, TOKEN) == Decimal("0.001")
    assert fee_on_top(SPOT, TOKEN) == 0


def test_no_balance_can_be_made_negative_and_a_refused_change_books_nothing() -> None:
    ours = account(USDT=10)
    with pytest.raises(InvariantBroken, match="v USDT: balance would be -5 with 0 locked"):
        ours.book_spot(fill(FeeSchedule(), Side.BUY, "1", "15"))
    assert ours.totals() == {"USDT": 10}
    with pytest.raises(InvariantBroken):
        account(USDT=-1)


def test_locked_funds_cannot_be_spent_nor_locked_twice() -> None:
    ours = account(USDT=10)
    ours.lock("USDT", Decimal(8))
    assert ours.available("USDT") == 2
    with pytest.raises(InvariantBroken):
        ours.lock("USDT", Decimal(3))
    with pytest.raises(InvariantBroken):
        ours.book_spot(fill(FeeSchedule(), Side.BUY, "1", "3"))
    with pytest.raises(InvariantBroken):
        ours.lock("USDT", Decimal(-9))
    ours.lock("USDT", Decimal(-8))
    assert ours.available("USDT") == 10


def test_a_perpetual_moves_only_what_it_realises_and_its_fee() -> None:
    ours = account(USDT=1000)
    assert ours.book_perpetual(fill(ON_TOP, Side.SELL, "1", "500", rules=PERPETUAL)) == (
        "USDT",
        Decimal("0.5"),
    )
    assert ours.total("USDT") == Decimal("999.5")
    ours.book_perpetual(fill(ON_TOP, Side.BUY, "1", "400", rules=PERPETUAL))
    assert ours.total("USDT") == Decimal("999.5") + 100 - Decimal("0.4")
    assert ours.total("BTC") == 0


def test_a_perpetual_pays_in_tokens_or_in_quote_never_in_base() -> None:
    ours = account(USDT=1000, BNB=1)
    with_token = fill(TOKEN, Side.BUY, "1", "500", rules=PERPETUAL, token_price="500")
    assert ours.book_perpetual(with_token) == ("BNB", Decimal("0.001"))
    without = fill(RECEIVED, Side.BUY, "1", "500", rules=PERPETUAL)
    assert ours.book_perpetual(without) == ("USDT", Decimal("0.5"))


def test_a_loss_on_margin_stops_at_what_spot_orders_locked() -> None:
    ours = account(USDT=100)
    ours.lock("USDT", Decimal(30))
    assert ours.book_margin("USDT", Decimal(-120)) == -70
    assert ours.total("USDT") == 30
    assert ours.absorbed == {"USDT": 50}
    assert ours.book_margin("USDT", Decimal(5)) == 5


amounts = st.decimals("0.00000001", 1000, places=8)
rates = st.sampled_from([0.0, 0.1, 4.95, 10.0, 33.333333333])


@given(
    price=amounts,
    steps=st.lists(st.tuples(amounts, st.decimals(0, 1, places=4)), min_size=1, max_size=5),
    bps=rates,
)
def test_a_lock_pays_for_every_way_of_filling(
    price: Decimal, steps: list[tuple[Decimal, Decimal]], bps: float
) -> None:
    """With not a digit more than the lock, any split at prices up to the limit goes through."""
    fees = FeeSchedule(taker_bps=bps, maker_bps=bps)
    qty = sum((step for step, _ in steps), Decimal(0))
    currency, locked = spot_lock(SPOT, fees, Side.BUY, qty, price)
    ours = Account("v", {currency: locked})
    for step, share in steps:
        ours.book_spot(fill(fees, Side.BUY, str(step), str(price * share * step)))
    assert ours.total("USDT") >= 0
    assert ours.total("BTC") == qty
