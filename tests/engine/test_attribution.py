from decimal import Decimal

import pytest
from engine.builders import T0, D, perp, spot
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.orders import Fill
from arbitrage.domain.sides import Direction, Side
from arbitrage.domain.trade import ArbitrageTrade, TradeLeg
from arbitrage.engine.attribution import book_fill, book_leftovers, take_leftovers_back
from arbitrage.engine.trade_state import TradeState

BUY, SELL = Side.BUY, Side.SELL
Fees = tuple[tuple[str, Decimal], ...]


def state_of(a: Instrument, b: Instrument, fx: str = "1") -> TradeState:
    trade = ArbitrageTrade(
        trade_id="t",
        route="r",
        direction=Direction.LONG_A_SHORT_B,
        leg_a=TradeLeg(a, BUY),
        leg_b=TradeLeg(b, SELL),
        qty=D(1),
        edge_bps=0.0,
        opened_ns=T0,
    )
    return TradeState(trade, entry_fx_b=D(fx), exit_edge_bps=0.0, carry=D(0))


def no_rate(_currency: str, _quote: str) -> None:
    return None


def fill(
    state: TradeState,
    leg: TradeLeg,
    side: Side,
    qty: str,
    cost: str,
    fees: Fees = (),
    *,
    fx: str = "1",
    rate: str | None = None,
) -> None:
    """Take in a fill as the order desk and then the attribution do."""
    happened = Fill(D(qty), D(cost), fees)
    leg.add(side, happened)
    rate_of = no_rate if rate is None else lambda _currency, _quote: D(rate)
    book_fill(state, leg, side, happened, fx=D(fx), rate_of=rate_of)


def test_price_takes_flows_at_the_opening_rate_and_fx_takes_its_move() -> None:
    state = state_of(spot("alpha", "KRW"), perp("beta"), fx="1000")
    leg_b = state.trade.leg_b
    fill(state, leg_b, SELL, "1", "100", fx="1000")
    assert state.trade.pnl.total == 0  # a perpetual flows only what it realises
    fill(state, leg_b, BUY, "1", "90", fx="1100")
    assert (state.trade.pnl.price, state.trade.pnl.fx) == (10_000, 1000)
    assert (state.trade.pnl.leg_a, state.trade.pnl.leg_b) == (0, 11_000)


def test_a_spot_fill_flows_its_whole_value_at_its_own_rate() -> None:
    state = state_of(spot("alpha", "KRW"), spot("beta"), fx="1000")
    fill(state, state.trade.leg_a, BUY, "1", "100000")
    fill(state, state.trade.leg_b, SELL, "1", "101", fx="1010")
    pnl = state.trade.pnl
    assert (pnl.price, pnl.fx) == (1000, 1010)
    assert (pnl.leg_a, pnl.leg_b) == (-100_000, 102_010)


# --- fees -------------------------------------------------------------------------------------


def test_a_fee_in_quote_is_converted_at_the_rate_of_its_fill() -> None:
    state = state_of(spot("alpha", "KRW"), spot("beta"), fx="1000")
    fill(state, state.trade.leg_b, SELL, "1", "100", (("USDT", D("0.1")),), fx="1010")
    assert state.trade.pnl.fees == -101


def test_a_fee_in_base_is_worth_the_price_of_its_fill() -> None:
    contract = spot("alpha", contract_multiplier=D("0.5"))
    state = state_of(contract, spot("beta"))
    fill(state, state.trade.leg_a, BUY, "4", "200", (("BTC", D("0.01")),))
    assert state.trade.pnl.fees == -1
    assert state.trade.pnl.leg_a == -201


def test_a_fee_that_comes_after_its_fill_needs_a_rate_of_its_own() -> None:
    state = state_of(spot("alpha"), spot("beta"))
    fill(state, state.trade.leg_a, BUY, "0", "0", (("BTC", D("0.01")),), rate="110")
    assert state.trade.pnl.fees == D("-1.1")


def test_a_third_token_is_valued_by_its_rate() -> None:
    state = state_of(spot("alpha"), spot("beta"))
    fill(state, state.trade.leg_b, SELL, "1", "100", (("BNB", D("0.1")),), rate="600")
    assert (state.trade.pnl.fees, state.trade.pnl.leg_b) == (-60, 40)
    assert state.trade.pnl.unvalued == ()


def test_a_third_token_without_a_rate_is_named_and_never_guessed() -> None:
    state = state_of(spot("alpha"), spot("beta"))
    for _ in range(2):
        fill(state, state.trade.leg_b, SELL, "1", "100", (("BNB", D(1)), ("AAA", D(1))))
    assert state.trade.pnl.unvalued == ("AAA", "BNB")
    assert state.trade.pnl.fees == 0
    assert state.trade.leg_b.fees == {"BNB": 2, "AAA": 2}


def test_a_rebate_is_a_gain() -> None:
    state = state_of(spot("alpha"), spot("beta"))
    fill(state, state.trade.leg_a, BUY, "1", "100", (("USDT", D("-0.1")),))
    assert state.trade.pnl.fees == D("0.1")


# --- what is left over ------------------------------------------------------------------------


def test_leftovers_of_an_inventory_trade_cancel_at_any_price() -> None:
    state = state_of(spot("alpha"), spot("beta"))
    fill(state, state.trade.leg_a, BUY, "2", "200")
    fill(state, state.trade.leg_b, SELL, "2", "206")
    book_leftovers(state, D(1))
    assert state.trade.pnl.total == 6
    assert (state.trade.pnl.leg_a, state.trade.pnl.leg_b) == (0, 6)


def test_what_one_leg_could_not_match_is_valued_at_its_price() -> None:
    state = state_of(spot("alpha"), spot("beta"))
    fill(state, state.trade.leg_a, BUY, "2", "200")
    fill(state, state.trade.leg_b, SELL, "1", "103")
    book_leftovers(state, D(1))
    assert state.trade.pnl.total == 3


def test_leftovers_of_the_second_leg_alone_are_valued_in_as_quote() -> None:
    state = state_of(spot("alpha", "KRW"), spot("beta"), fx="1000")
    fill(state, state.trade.leg_b, SELL, "1", "100", fx="1000")
    book_leftovers(state, D(1000))
    assert state.trade.pnl.total == 0


def test_a_perpetual_leaves_nothing_over() -> None:
    state = state_of(spot("alpha"), perp("beta"))
    fill(state, state.trade.leg_a, BUY, "2", "200")
    fill(state, state.trade.leg_b, SELL, "2", "206")
    book_leftovers(state, D(1))
    assert (state.trade.pnl.leg_a, state.trade.pnl.leg_b) == (0, 0)


def test_a_trade_that_never_filled_has_no_price_and_no_result() -> None:
    state = state_of(spot("alpha"), spot("beta"))
    book_leftovers(state, D(1))
    assert state.trade.pnl.total == 0


def test_leftovers_are_counted_once_however_often_the_trade_is_closed() -> None:
    state = state_of(spot("alpha"), spot("beta"))
    fill(state, state.trade.leg_a, BUY, "2", "200")
    book_leftovers(state, D(1))
    book_leftovers(state, D(1))
    assert state.trade.pnl.total == 0
    take_leftovers_back(state)
    assert (state.trade.pnl.total, state.trade.pnl.leg_a) == (-200, -200)


# --- it adds up -------------------------------------------------------------------------------

amounts = st.integers(1, 10**9).map(lambda value: D(value).scaleb(-4))
flows = st.lists(
    st.tuples(st.booleans(), st.booleans(), amounts, amounts, amounts, amounts), max_size=8
)


@given(flows, amounts, st.booleans(), st.sampled_from(["USDT", "BTC"]))
def test_parts_legs_and_cash_flows_are_the_same_sum(
    fills: list[tuple[bool, bool, Decimal, Decimal, Decimal, Decimal]],
    opening_fx: Decimal,
    is_perpetual: bool,
    fee_currency: str,
) -> None:
    second = perp("beta") if is_perpetual else spot("beta")
    state = state_of(spot("alpha", "KRW"), second, fx=str(opening_fx))
    cash = D(0)
    for is_a, is_purchase, qty, cost, fee, fx in fills:
        leg = state.trade.leg_a if is_a else state.trade.leg_b
        rate = D(1) if is_a else fx
        currency = "KRW" if is_a else "USDT" if is_perpetual else fee_currency
        fill(
            state, leg, BUY if is_purchase else SELL,
            str(qty), str(cost), ((currency, fee),), fx=str(rate),
        )  # fmt: skip
        if is_a or not is_perpetual:
            cash += (-cost if is_purchase else cost) * rate
        cash -= (fee if currency != "BTC" else fee * cost / qty) * rate
    pnl = state.trade.pnl
    assert pnl.total == pytest.approx(pnl.leg_a + pnl.leg_b, abs=D("1e-9"))
    if not is_perpetual:
        assert pnl.total == pytest.approx(cash, abs=D("1e-9"))
