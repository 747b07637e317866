"""What we should own, against what the venue says."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import FundingPayment
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.orders import Fill
from arbitrage.domain.sides import Side
from arbitrage.exchanges.order_gateway import AccountState
from arbitrage.net.tie_out import TieOut

SPOT = Instrument(venue="tiny", symbol="BTC-USD", base="BTC", quote="USD")
PERP = Instrument(
    venue="tiny", symbol="BTC-PERP", base="BTC", quote="USD", kind=InstrumentKind.PERPETUAL
)


def state(usd: object = 1000, btc: object = 1, **positions: object) -> AccountState:
    return AccountState(
        {"USD": D(str(usd)), "BTC": D(str(btc))},
        {symbol.replace("_", "-"): D(str(qty)) for symbol, qty in positions.items()},
    )


def opened(**at: object) -> TieOut:
    tie_out = TieOut("tiny", tolerance=D("0.01"), tolerances={"BTC": D("1E-8")})
    assert not tie_out.is_open
    tie_out.open(state(**at))
    assert tie_out.is_open
    return tie_out


def test_the_first_word_ties_out() -> None:
    assert opened().findings(state()) == []


def test_spot_fills_and_their_fees_move_what_is_expected() -> None:
    tie_out = opened()
    tie_out.fill(SPOT, Side.BUY, Fill(D("0.5"), D(50), (("USD", D("0.05")),)))
    assert tie_out.findings(state("949.95", "1.5")) == []
    assert tie_out.findings(state()) == [
        "-0.5 BTC is not ours by any fill",
        "50.05 USD is not ours by any fill",
    ]


def test_perpetual_fills_move_the_position_and_pay_out_what_they_realise() -> None:
    tie_out = opened()
    tie_out.fill(PERP, Side.SELL, Fill(D(2), D(200), ()))
    tie_out.fill(PERP, Side.BUY, Fill(D("0.5"), D(45), ()))
    assert tie_out.findings(state(1005, BTC_PERP="-1.5")) == []
    assert tie_out.findings(state(1005, BTC_PERP="-1")) == [
        "a position of 0.5 BTC-PERP is not ours by any fill"
    ]


def test_funding_moves_the_balance() -> None:
    tie_out = opened()
    tie_out.fund(FundingPayment(1, "tiny", "BTC-PERP", "USD", D("-3")))
    assert tie_out.findings(state(997)) == []


def test_a_position_that_was_there_before_us_is_not_ours() -> None:
    tie_out = opened(BTC_PERP=3)
    assert tie_out.findings(state(BTC_PERP=3)) == [
        "a position of 3 BTC-PERP is not ours by any fill"
    ]


def test_a_currency_that_is_gone_or_new_is_a_difference() -> None:
    tie_out = opened()
    assert tie_out.balance_differences(AccountState({"ETH": D(2)})) == {
        "BTC": D(-1),
        "ETH": D(2),
        "USD": D(-1000),
    }


@given(st.lists(st.sampled_from([D("0.01"), D("-0.01"), D("0.004")]), max_size=50))
def test_roundings_within_the_tolerance_do_not_add_up(roundings: list[D]) -> None:
    tie_out, usd = opened(), D(1000)
    for rounding in roundings:
        usd += rounding
        assert tie_out.findings(state(usd)) == []


@pytest.mark.parametrize("difference", [D("0.0100001"), D("-0.0100001")])
def test_what_is_beyond_the_tolerance_stays_a_finding(difference: D) -> None:
    tie_out = opened()
    for _ in range(2):
        assert len(tie_out.findings(state(1000 + difference))) == 1


def test_each_currency_has_its_own_tolerance() -> None:
    assert opened().findings(state(btc="1.000001")) == ["0.000001 BTC is not ours by any fill"]


def test_what_was_accepted_ties_out_and_is_ours_from_then_on() -> None:
    tie_out = opened(BTC_PERP=2)
    theirs = state(1500, BTC_PERP=2)
    tie_out.accept(theirs, {"BTC-PERP": D(180)})
    assert tie_out.findings(theirs) == []
    tie_out.fill(PERP, Side.SELL, Fill(D(2), D(200), ()))
    assert tie_out.findings(state(1520)) == []


def test_an_accepted_position_that_is_gone_is_flat() -> None:
    tie_out = opened()
    tie_out.fill(PERP, Side.BUY, Fill(D(1), D(100), ()))
    tie_out.accept(state(), {})
    assert tie_out.findings(state()) == []
