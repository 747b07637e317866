from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import InvariantBroken
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.ledger import (
    ADJUSTMENT,
    CONTRA_ACCOUNTS,
    FEES,
    FUNDING,
    OPENING,
    TRADING,
    Entry,
    Ledger,
)
from arbitrage.domain.orders import Fill
from arbitrage.domain.position import Position
from arbitrage.domain.sides import Side

SPOT = Instrument(venue="upbit", symbol="KRW-ETH", base="ETH", quote="KRW")
PERPETUAL = Instrument(
    venue="binance",
    symbol="ETHUSDT",
    base="ETH",
    quote="USDT",
    kind=InstrumentKind.PERPETUAL,
    contract_multiplier=Decimal("0.01"),
)

amounts = st.decimals("-1e15", "1e15", places=12)
accounts = st.sampled_from(["upbit", "binance", TRADING, FEES])
currencies = st.sampled_from(["KRW", "ETH", "USDT"])
transfers = st.lists(st.tuples(accounts, accounts, currencies, amounts), max_size=20)
fills = st.builds(
    Fill,
    qty=st.decimals("1e-12", "1e6", places=12),
    cost=st.decimals("0", "1e15", places=12),
    fees=st.lists(
        st.tuples(st.sampled_from(["KRW", "ETH", "BNB"]), st.decimals("-1", "1", places=16)),
        max_size=2,
    ).map(tuple),
)


@given(transfers=transfers)
def test_every_account_is_the_exact_sum_of_what_was_booked_on_it(
    transfers: list[tuple[str, str, str, Decimal]],
) -> None:
    ledger = Ledger()
    expected: dict[tuple[str, str], Fraction] = {}
    for source, target, currency, amount in transfers:
        ledger.transfer(source, target, currency, amount)
        for account, sign in ((source, -1), (target, 1)):
            key = (account, currency)
            expected[key] = expected.get(key, Fraction(0)) + sign * Fraction(amount)
        assert not any(ledger.residual().values())
    assert ledger.postings == len(transfers)
    for (account, currency), total in expected.items():
        assert Fraction(ledger.balance(account, currency)) == total


@given(trades=st.lists(st.tuples(st.sampled_from(Side), fills), max_size=12))
def test_a_venues_account_is_the_cash_flow_of_its_spot_fills(
    trades: list[tuple[Side, Fill]],
) -> None:
    ledger = Ledger()
    expected: dict[str, Fraction] = {}
    for side, fill in trades:
        assert ledger.fill(SPOT, side, fill, None) == 0
        flows = [("ETH", fill.qty * side.sign), ("KRW", fill.cost * -side.sign)]
        for currency, amount in flows + [(currency, -fee) for currency, fee in fill.fees]:
            expected[currency] = expected.get(currency, Fraction(0)) + Fraction(amount)
        assert not any(ledger.residual().values())
    assert {c: Fraction(total) for c, total in ledger.balances("upbit").items()} == expected


@given(trades=st.lists(st.tuples(st.sampled_from(Side), fills), max_size=12))
def test_a_perpetual_books_what_it_realised_and_no_coin(
    trades: list[tuple[Side, Fill]],
) -> None:
    ledger, position, twin = Ledger(), Position(), Position()
    total = Fraction(0)
    for side, fill in trades:
        realised = ledger.fill(PERPETUAL, side, Fill(fill.qty, fill.cost, ()), position)
        assert realised == twin.apply(side, fill.qty, fill.cost)
        total += Fraction(realised)
        assert not any(ledger.residual().values())
    assert position == twin
    assert Fraction(ledger.balance("binance", "USDT")) == total
    assert ledger.balance("binance", "ETH") == 0


def test_a_purchase_with_its_fee_in_the_coin_leaves_less_of_it() -> None:
    ledger = Ledger()
    ledger.transfer(OPENING, "upbit", "KRW", Decimal(10_000_000))
    fee = (("ETH", Decimal("0.001")),)
    ledger.fill(SPOT, Side.BUY, Fill(Decimal(1), Decimal(4_600_000), fee), None)
    assert ledger.balances("upbit") == {"ETH": Decimal("0.999"), "KRW": Decimal(5_400_000)}
    assert ledger.balance(FEES, "ETH") == Decimal("0.001")
    assert ledger.balance(TRADING, "KRW") == 4_600_000


def test_contracts_of_spot_are_booked_in_base_units() -> None:
    ledger = Ledger()
    lots = Instrument(venue="v", symbol="s", base="PEPE", quote="USDT", contract_multiplier=1000)  # type: ignore[arg-type]
    ledger.fill(lots, Side.SELL, Fill(Decimal(2), Decimal(5), ()), None)
    assert ledger.balances("v") == {"PEPE": Decimal(-2000), "USDT": Decimal(5)}


def test_a_rebate_is_income() -> None:
    ledger = Ledger()
    ledger.fill(SPOT, Side.SELL, Fill(Decimal(1), Decimal(100), (("KRW", Decimal(-1)),)), None)
    assert ledger.balance("upbit", "KRW") == 101


def test_a_posting_that_does_not_balance_is_refused_and_nothing_of_it_booked() -> None:
    ledger = Ledger()
    entries = [
        Entry("upbit", "KRW", Decimal(1)),
        Entry(TRADING, "KRW", Decimal(-1)),
        Entry("upbit", "ETH", Decimal("1E-12")),
    ]
    with pytest.raises(InvariantBroken, match=r"does not balance.*ETH"):
        ledger.post(entries)
    assert (ledger.balances("upbit"), ledger.residual(), ledger.postings) == ({}, {}, 0)


def test_one_currency_does_not_pay_for_another() -> None:
    with pytest.raises(InvariantBroken, match="KRW"):
        Ledger().post([Entry("upbit", "KRW", Decimal(1)), Entry("upbit", "USDT", Decimal(-1))])


def test_many_entries_on_one_account_are_booked_together() -> None:
    ledger = Ledger()
    ledger.post(
        [
            Entry("upbit", "KRW", Decimal(3)),
            Entry("upbit", "KRW", Decimal(4)),
            Entry(ADJUSTMENT, "KRW", Decimal(-7)),
        ]
    )
    assert ledger.balance("upbit", "KRW") == 7
    assert ledger.balance(ADJUSTMENT, "KRW") == -7


def test_the_smallest_step_on_the_largest_amount_is_not_lost() -> None:
    ledger = Ledger()
    ledger.transfer(OPENING, "upbit", "KRW", Decimal("1E+15"))
    for _ in range(1000):
        ledger.transfer(TRADING, "upbit", "KRW", Decimal("1E-12"))
    assert ledger.balance("upbit", "KRW") == Decimal("1000000000000000.000000001")


def test_an_amount_of_more_digits_than_the_default_context_balances() -> None:
    amount = Decimal("123456789012345678901234567890.123456789012")
    ledger = Ledger()
    ledger.transfer(OPENING, "upbit", "KRW", amount)
    assert ledger.balance("upbit", "KRW") == amount
    assert ledger.balance(OPENING, "KRW") == amount.copy_negate()


@pytest.mark.parametrize("amount", ["1E-60", "NaN", "Infinity", "sNaN"])
def test_an_amount_that_cannot_be_summed_exactly_is_refused_not_rounded(amount: str) -> None:
    ledger = Ledger()
    ledger.transfer(OPENING, "upbit", "KRW", Decimal("1E+15"))
    with pytest.raises(InvariantBroken, match="not booked"):
        ledger.transfer(TRADING, "upbit", "KRW", Decimal(amount))
    assert ledger.balance("upbit", "KRW") == Decimal("1E+15")
    assert ledger.balance(TRADING, "KRW") == 0


def test_a_negative_transfer_goes_the_other_way() -> None:
    ledger = Ledger()
    ledger.transfer(FUNDING, "binance", "USDT", Decimal(-2))
    assert ledger.balance("binance", "USDT") == -2
    assert ledger.balance(FUNDING, "USDT") == 2


def test_balances_are_sorted_and_of_one_account_only() -> None:
    ledger = Ledger()
    for currency in ("USDT", "BTC", "KRW"):
        ledger.transfer(OPENING, "upbit", currency, Decimal(1))
    assert list(ledger.balances("upbit")) == ["BTC", "KRW", "USDT"]
    assert ledger.balances("bithumb") == {}
    assert ledger.balance("bithumb", "KRW") == 0


def test_where_money_comes_from_is_no_venue() -> None:
    assert {OPENING, TRADING, FEES, FUNDING, ADJUSTMENT} == CONTRA_ACCOUNTS
