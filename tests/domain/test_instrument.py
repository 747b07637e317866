from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.instrument import Instrument, InstrumentKind, TickBand
from arbitrage.domain.sides import Side

KRW_BANDS = (
    TickBand(Decimal(1_000_000), Decimal(1000)),
    TickBand(Decimal(10_000), Decimal(10)),
    TickBand(Decimal(1_000), Decimal(1)),
    TickBand(Decimal(1), Decimal("0.01")),
)


def instrument(**rules: object) -> Instrument:
    named: dict[str, object] = {"venue": "v", "symbol": "ETH-USDT", "base": "ETH", "quote": "USDT"}
    return Instrument(**(named | rules))  # type: ignore[arg-type]


upbit_eth = instrument(
    tick_size=Decimal("0.0001"), tick_bands=KRW_BANDS, min_notional=Decimal(5000)
)

multipliers = st.sampled_from(["1", "0.001", "0.003", "0.01", "0.7", "10", "1000"]).map(Decimal)
lots = st.sampled_from(["1", "0.1", "0.001", "0.00000001", "5", "100", "0.25"]).map(Decimal)
base_qtys = st.floats(0, 1e12) | st.decimals("0", "1e12", places=18)


@given(base_qty=base_qtys, multiplier=multipliers, lot=lots)
def test_native_qty_is_the_most_whole_lots_that_the_base_quantity_holds(
    base_qty: float | Decimal, multiplier: Decimal, lot: Decimal
) -> None:
    market = instrument(contract_multiplier=multiplier, lot_size=lot)
    native = market.native_qty(base_qty)
    exact = Fraction(Decimal(repr(base_qty)) if isinstance(base_qty, float) else base_qty)
    base_lot = Fraction(lot) * Fraction(multiplier)
    assert Fraction(native) == (exact // base_lot) * Fraction(lot)


@given(base_qty=base_qtys, multiplier=multipliers, lot=lots)
def test_native_qty_is_on_the_venues_grid_or_zero(
    base_qty: float | Decimal, multiplier: Decimal, lot: Decimal
) -> None:
    market = instrument(contract_multiplier=multiplier, lot_size=lot)
    native = market.native_qty(base_qty)
    assert native == 0 or market.refusal(native, Decimal(1)) is None


def test_a_third_of_a_contract_is_not_rounded_up_to_a_whole_one() -> None:
    market = instrument(contract_multiplier=Decimal("0.003"), lot_size=Decimal(1))
    nearly_one = Decimal("0.00299999999999999999999999999999999")
    assert market.native_qty(nearly_one) == 0
    assert market.native_qty(Decimal("0.003")) == 1


@given(base_qty=base_qtys, lot=lots)
def test_native_qty_never_passes_the_largest_order(base_qty: float | Decimal, lot: Decimal) -> None:
    market = instrument(lot_size=lot, max_qty=Decimal("1234.5678"))
    native = market.native_qty(base_qty)
    assert native <= Decimal("1234.5678")
    assert native == 0 or market.refusal(native, Decimal(1)) is None


@given(
    price=st.floats(1e-4, 1e9) | st.decimals("0.0001", "1e9", places=12),
    side=st.sampled_from(Side),
)
def test_a_limit_price_is_on_the_grid_and_never_worse_than_asked(
    price: float | Decimal, side: Side
) -> None:
    limit = upbit_eth.limit_price(price, side)
    asked = Decimal(repr(price)) if isinstance(price, float) else price
    assert limit <= asked if side is Side.BUY else limit >= asked
    assert abs(limit - asked) < upbit_eth.tick_at(asked)
    assert upbit_eth.refusal(Decimal(10**9), limit) is None


def test_a_price_that_is_a_float_artefact_rounds_by_its_shortest_decimal() -> None:
    market = instrument(tick_size=Decimal("0.1"))
    assert market.limit_price(0.3, Side.BUY) == Decimal("0.3")
    assert market.limit_price(0.1 + 0.2, Side.BUY) == Decimal("0.3")
    assert market.limit_price(0.1 + 0.2, Side.SELL) == Decimal("0.4")


@pytest.mark.parametrize(
    ("price", "tick"),
    [
        ("0.5", "0.0001"),
        ("1", "0.01"),
        ("999.99", "0.01"),
        ("1000", "1"),
        ("9999", "1"),
        ("10000", "10"),
        ("5000000", "1000"),
    ],
)
def test_the_tick_follows_the_band_of_the_price(price: str, tick: str) -> None:
    assert upbit_eth.tick_at(Decimal(price)) == Decimal(tick)


def test_a_sale_rounded_up_into_the_next_band_is_on_its_grid() -> None:
    assert upbit_eth.limit_price(Decimal("999.999"), Side.SELL) == 1000
    assert upbit_eth.refusal(Decimal(10**6), Decimal(1000)) is None


@pytest.mark.parametrize(
    "bands",
    [
        tuple(reversed(KRW_BANDS)),
        (KRW_BANDS[0], KRW_BANDS[0]),
        (TickBand(Decimal(1000), Decimal(0)),),
        (TickBand(Decimal(1000), Decimal(-1)),),
        (TickBand(Decimal(1000), Decimal(3)),),
        (TickBand(Decimal("1000.00005"), Decimal("0.00005")),),
    ],
    ids=["lowest first", "twice", "zero", "negative", "off its grid", "off the grid below"],
)
def test_tick_bands_that_would_give_a_wrong_grid_are_refused(bands: tuple[TickBand, ...]) -> None:
    with pytest.raises(ConfigError, match="tick band"):
        instrument(tick_size=Decimal("0.0001"), tick_bands=bands)


@pytest.mark.parametrize(
    ("qty", "price", "reason"),
    [
        ("0.0015", "2000", "lot_size"),
        ("0", "2000", "lot_size"),
        ("-0.01", "2000", "lot_size"),
        ("NaN", "2000", "lot_size"),
        ("Infinity", "2000", "lot_size"),
        ("0.009", "2000", "min_qty"),
        ("1000.001", "2000", "max_qty"),
        ("0.5", "2000.05", "tick_size"),
        ("0.5", "0", "tick_size"),
        ("0.5", "-1", "tick_size"),
        ("0.5", "NaN", "tick_size"),
        ("0.5", "Infinity", "tick_size"),
        ("0.049", "100", "min_notional"),
        ("0.05", "100", None),
        ("1000", "2000.1", None),
    ],
)
def test_an_order_is_refused_for_the_first_rule_it_breaks(
    qty: str, price: str, reason: str | None
) -> None:
    market = instrument(
        tick_size=Decimal("0.1"),
        lot_size=Decimal("0.001"),
        min_qty=Decimal("0.01"),
        max_qty=Decimal(1000),
        min_notional=Decimal(5),
    )
    assert market.refusal(Decimal(qty), Decimal(price)) == reason


def test_the_notional_of_contracts_counts_their_size() -> None:
    market = instrument(
        lot_size=Decimal(1), contract_multiplier=Decimal("0.01"), min_notional=Decimal(5)
    )
    assert market.refusal(Decimal(4), Decimal(100)) == "min_notional"
    assert market.refusal(Decimal(5), Decimal(100)) is None
    assert market.base_lot == Decimal("0.01")


def test_a_quantity_of_more_lots_than_28_digits_is_judged_not_crashed_on() -> None:
    market = instrument(lot_size=Decimal("1E-12"), tick_size=Decimal("1E-12"))
    assert market.refusal(Decimal("1E+20"), Decimal("1E+20")) is None
    assert market.refusal(Decimal("100000000000000000000.0000000000001"), Decimal(1)) == "lot_size"


@pytest.mark.parametrize("name", ["tick_size", "lot_size", "contract_multiplier", "initial_margin"])
@pytest.mark.parametrize("value", ["0", "-1"])
def test_a_rule_that_must_be_positive_is(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        instrument(**{name: Decimal(value)})


def test_a_symbol_gives_its_currencies_and_kind() -> None:
    spot = Instrument.from_symbol("upbit", "KRW-ETH")
    perpetual = Instrument.from_symbol("okx", "ETH-USDT-SWAP")
    assert (spot.base, spot.quote, spot.kind) == ("ETH", "KRW", InstrumentKind.SPOT)
    assert (perpetual.base, perpetual.quote) == ("ETH", "USDT")
    assert perpetual.is_perpetual
    assert not spot.is_perpetual


def test_what_the_symbol_says_of_settlement_is_kept() -> None:
    assert Instrument.from_symbol("bybit", "ETH/USDT:USDT").settle == "USDT"


@pytest.mark.parametrize(
    "symbol", ["BTC/USD:BTC", "BTC-USD-SWAP", "BTC/USDT:USDT-240329", "BTC/USDT:USDC"]
)
def test_a_contract_that_is_or_may_be_inverse_or_dated_is_refused(symbol: str) -> None:
    with pytest.raises(ConfigError, match="settle"):
        Instrument.from_symbol("v", symbol)


def test_a_linear_perpetual_may_name_its_settlement() -> None:
    market = instrument(kind=InstrumentKind.PERPETUAL, settle="USDT")
    assert market.is_perpetual


def test_an_instrument_is_the_same_after_the_journal() -> None:
    assert msgspec.json.decode(msgspec.json.encode(upbit_eth), type=Instrument) == upbit_eth
