from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.orders import Fill
from arbitrage.domain.sides import Direction, Side
from arbitrage.domain.trade import ArbitrageTrade, TradeLeg, TradePhase, TradePnl

SPOT = Instrument(venue="upbit", symbol="KRW-ETH", base="ETH", quote="KRW")
PERPETUAL = Instrument(
    venue="binance",
    symbol="ETHUSDT",
    base="ETH",
    quote="USDT",
    kind=InstrumentKind.PERPETUAL,
    contract_multiplier=Decimal("0.01"),
)


def fill(qty: str, cost: str, **fees: str) -> Fill:
    paid = tuple((currency, Decimal(amount)) for currency, amount in fees.items())
    return Fill(Decimal(qty), Decimal(cost), paid)


def trade() -> ArbitrageTrade:
    return ArbitrageTrade(
        trade_id="t-1",
        route="r",
        direction=Direction.LONG_A_SHORT_B,
        leg_a=TradeLeg(SPOT, Side.BUY),
        leg_b=TradeLeg(PERPETUAL, Side.SELL),
        qty=Decimal(1),
        edge_bps=31.5,
        opened_ns=1,
    )


fills = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.integers(1, 1000).map(lambda lots: Decimal(lots) / 100),
        st.integers(0, 10).map(lambda fee: Decimal(fee) / 10_000),
    ),
    max_size=10,
)


@given(fills=fills, opens_with=st.sampled_from(Side))
def test_the_position_of_a_spot_leg_is_what_its_fills_left_us(
    fills: list[tuple[Side, Decimal, Decimal]], opens_with: Side
) -> None:
    leg = TradeLeg(SPOT, opens_with)
    owned = Decimal(0)
    for side, qty, fee in fills:
        leg.add(side, Fill(qty, qty * 100, (("ETH", fee), ("KRW", fee))))
        owned += qty * side.sign - fee
    assert leg.position == owned


def test_a_leg_counts_base_units_not_contracts() -> None:
    leg = TradeLeg(PERPETUAL, Side.SELL)
    leg.add(Side.SELL, fill("100", "3300"))
    leg.add(Side.BUY, fill("40", "1280"))
    assert (leg.entry_qty, leg.exit_qty) == (1, Decimal("0.4"))
    assert (leg.entry_price, leg.exit_price) == (3300, 3200)
    assert leg.position == Decimal("-0.6")


def test_prices_are_averages_over_the_fills() -> None:
    leg = TradeLeg(SPOT, Side.BUY)
    assert (leg.entry_price, leg.exit_price) == (None, None)
    leg.add(Side.BUY, fill("1", "100"))
    leg.add(Side.BUY, fill("3", "340"))
    assert leg.entry_price == 110


def test_a_fee_in_the_coin_is_missing_from_what_can_be_sold() -> None:
    leg = TradeLeg(SPOT, Side.BUY)
    leg.add(Side.BUY, fill("1", "100", ETH="0.001"))
    assert leg.position == Decimal("0.999")
    assert leg.fees == {"ETH": Decimal("0.001")}


def test_a_third_token_that_is_the_coin_itself_is_missing_too() -> None:
    bnb = Instrument(venue="binance", symbol="BNBUSDT", base="BNB", quote="USDT")
    leg = TradeLeg(bnb, Side.SELL)
    leg.add(Side.SELL, fill("1", "600", BNB="0.00075"))
    assert leg.position == Decimal("-1.00075")


def test_a_fee_in_the_coin_does_not_change_a_perpetual_position() -> None:
    leg = TradeLeg(PERPETUAL, Side.BUY)
    leg.add(Side.BUY, fill("100", "3300", ETH="0.001"))
    assert leg.position == 1


def test_fees_add_up_by_currency() -> None:
    leg = TradeLeg(SPOT, Side.BUY)
    leg.add(Side.BUY, fill("1", "100", KRW="0.05", BNB="1"))
    leg.add(Side.SELL, fill("1", "100", KRW="0.05"))
    assert leg.fees == {"KRW": Decimal("0.10"), "BNB": Decimal(1)}


def test_two_legs_do_not_share_their_fees() -> None:
    first, second = TradeLeg(SPOT, Side.BUY), TradeLeg(SPOT, Side.BUY)
    first.add(Side.BUY, fill("1", "100", KRW="0.05"))
    assert second.fees == {}


def test_two_trades_do_not_share_their_pnl() -> None:
    first, second = trade(), trade()
    first.pnl.price = Decimal(5)
    assert second.pnl.total == 0


def test_matched_legs_leave_no_residual_and_unmatched_ones_show_it() -> None:
    record = trade()
    record.leg_a.add(Side.BUY, fill("0.5", "2300000"))
    record.leg_b.add(Side.SELL, fill("40", "1320"))
    assert record.residual_qty == Decimal("0.1")
    record.leg_b.add(Side.SELL, fill("10", "330"))
    assert record.residual_qty == 0


def test_a_trade_shows_both_legs_by_name() -> None:
    record = trade()
    record.leg_a.add(Side.BUY, fill("1", "4600000"))
    record.leg_a.add(Side.SELL, fill("1", "4650000"))
    record.leg_b.add(Side.SELL, fill("100", "3300"))
    record.leg_b.add(Side.BUY, fill("100", "3310"))
    assert (record.symbol, record.symbol_a, record.symbol_b) == ("KRW-ETH", "KRW-ETH", "ETHUSDT")
    assert (record.qty_a, record.qty_b) == (1, 1)
    assert (record.entry_price_a, record.exit_price_a) == (4_600_000, 4_650_000)
    assert (record.entry_price_b, record.exit_price_b) == (3300, 3310)


def test_the_result_is_the_sum_of_where_it_came_from_and_can_be_negative() -> None:
    pnl = TradePnl(price=Decimal(10), fx=Decimal(-3), fees=Decimal(-9), funding=Decimal(1))
    assert pnl.total == -1


def test_the_result_of_each_leg_is_shown() -> None:
    record = trade()
    record.pnl = TradePnl(leg_a=Decimal(7), leg_b=Decimal(-5))
    assert (record.pnl_a, record.pnl_b) == (7, -5)


@pytest.mark.parametrize("phase", TradePhase)
def test_a_trade_is_open_until_it_is_closed(phase: TradePhase) -> None:
    record = trade()
    record.phase = phase
    assert record.is_open is (phase is not TradePhase.CLOSED)


def test_a_trade_comes_back_from_the_journal_as_it_went_in() -> None:
    record = trade()
    record.leg_a.add(Side.BUY, fill("0.5", "2300000", KRW="1150"))
    assert msgspec.json.decode(msgspec.json.encode(record), type=ArbitrageTrade) == record
