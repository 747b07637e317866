from collections.abc import Callable
from decimal import Decimal

import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.events import Funding
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.exchanges.paper.clearing import Clearing

SWAP = "BTC-USDT-SWAP"
TOKEN = FeeSchedule(taker_bps=10.0, manner=FeeManner.THIRD_TOKEN, third_token="BNB")


def clearing(fees: FeeSchedule | dict[str, FeeSchedule] | None = None, **balances: int) -> Clearing:
    amounts = {currency: Decimal(amount) for currency, amount in balances.items()}
    return Clearing("v", {}, fees or {}, amounts)


def show(cleared: Clearing, symbol: str, bid: float, ask: float) -> None:
    cleared.market(symbol).replace([(bid, 1.0)], [(ask, 1.0)], 1)


def buy(cleared: Clearing, symbol: str, qty: int, price: int) -> tuple[str, Decimal]:
    market = cleared.market(symbol)
    return cleared.book(market, Side.BUY, Decimal(qty), Decimal(qty * price), is_maker=False)


def test_rules_are_those_given_else_the_finest() -> None:
    given = Instrument.from_symbol("elsewhere", "KRW-BTC")
    cleared = Clearing("v", {"KRW-BTC": given}, {}, {})
    assert cleared.instrument("KRW-BTC").venue == "v"
    assert cleared.instrument("KRW-ETH").lot_size == Decimal("0.00000001")
    with pytest.raises(ConfigError):
        cleared.instrument("???")


def test_fees_are_by_symbol_or_one_for_all() -> None:
    assert clearing(TOKEN).fees("X") is TOKEN
    assert clearing({"X": TOKEN}).fees("X") is TOKEN
    assert clearing({"X": TOKEN}).fees("Y") == FeeSchedule()


def test_assumed_fees_hold_where_none_were_given() -> None:
    cleared = clearing({"X": TOKEN})
    assumed = FeeSchedule(taker_bps=5.0)
    for symbol in ("X", "Y"):
        cleared.assume_fees(symbol, assumed)
    assert cleared.fees("X") is TOKEN
    assert cleared.fees("Y") is assumed
    for_all = clearing(TOKEN)
    for_all.assume_fees("Y", assumed)
    assert for_all.fees("Y") is TOKEN


def test_the_token_is_priced_by_the_venues_own_spot_book() -> None:
    cleared = clearing(TOKEN, USDT=1000, BNB=1)
    show(cleared, "???", 1.0, 3.0)  # a symbol that cannot be read prices nothing
    show(cleared, "BNB-USDT-SWAP", 1.0, 3.0)
    show(cleared, "BNB-USDT", 400.0, 600.0)
    show(cleared, "BTC-USDT", 99.0, 101.0)
    assert buy(cleared, "BTC-USDT", 5, 100) == ("BNB", Decimal("0.001"))


def test_without_a_book_of_the_token_the_fee_comes_out_of_what_is_received() -> None:
    cleared = clearing(TOKEN, USDT=1000, BNB=1)
    assert buy(cleared, "BTC-USDT", 5, 100) == ("BTC", Decimal("0.005"))


def test_a_fill_of_the_token_itself_prices_it() -> None:
    cleared = clearing(TOKEN, USDT=1000)
    assert buy(cleared, "BNB-USDT", 2, 500) == ("BNB", Decimal("0.002"))


def test_a_fill_paid_with_the_token_is_charged_one_for_one() -> None:
    cleared = clearing(TOKEN, BNB=101)
    assert buy(cleared, "SOL-BNB", 10, 10) == ("BNB", Decimal("0.1"))


def test_a_position_is_marked_to_the_middle_or_where_there_is_none_to_the_fill() -> None:
    cleared = clearing(USDT=1000)
    buy(cleared, SWAP, 1, 100)
    assert cleared.account.margin.position(cleared.instrument(SWAP)).mark_price == 100.0
    show(cleared, SWAP, 119.0, 121.0)
    assert not cleared.is_mark_alarming(cleared.market(SWAP))
    assert cleared.account.margin.position(cleared.instrument(SWAP)).mark_price == 120.0
    cleared.market(SWAP).replace([], [(90.0, 1.0)], 2)
    assert not cleared.is_mark_alarming(cleared.market(SWAP))
    assert cleared.account.margin.position(cleared.instrument(SWAP)).mark_price == 120.0


@pytest.mark.parametrize(("mark", "paid"), [(0.0, "0.1"), (200.0, "0.2")])
def test_longs_pay_a_positive_rate_at_the_announced_mark_or_the_middle(
    mark: float, paid: str
) -> None:
    cleared = clearing(USDT=1000)
    show(cleared, SWAP, 99.0, 101.0)
    buy(cleared, SWAP, 1, 100)
    funding = Funding(0, "v", SWAP, 0.001, 10, mark)
    assert cleared.fund(cleared.market(SWAP), funding) == ("USDT", -Decimal(paid))


def test_a_flat_position_is_not_funded(perpetual_of: Callable[..., Instrument]) -> None:
    cleared = Clearing("v", {SWAP: perpetual_of()}, {}, {})
    funding = Funding(0, "v", SWAP, 0.001, 10)
    assert cleared.fund(cleared.market(SWAP), funding) == ("USDT", 0)
