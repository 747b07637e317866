"""Whatever the markets do, the ledger is the exchanges' own word and no leg is left alone."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from two_venues import A, B, Rig, owned

from arbitrage import Instrument, PaperExchange
from arbitrage.domain.fees import FeeManner, FeeSchedule

LOT_A, LOT_B = Decimal("0.0001"), Decimal("0.001")

MARKETS = st.lists(
    st.tuples(
        st.floats(-4, 3),  # premium in percent
        st.sampled_from([0.002, 0.0075, 0.03, 10.0]),  # depth of A, in BTC
        st.sampled_from([0.0013, 0.005, 0.02, 10.0]),  # depth of B
        st.sampled_from([0.1, 1.0, 7.0]),  # seconds until then
    ),
    min_size=1,
    max_size=25,
)
FEES = st.builds(
    FeeSchedule,
    taker_bps=st.sampled_from([0.0, 3.0, 10.0]),
    manner=st.sampled_from([FeeManner.QUOTE, FeeManner.RECEIVED]),
)


def ruled(venue: str, symbol: str, lot_size: Decimal) -> dict[str, Instrument]:
    known = Instrument.from_symbol(venue, symbol)
    return {
        symbol: Instrument(
            venue=venue,
            symbol=symbol,
            base=known.base,
            quote=known.quote,
            kind=known.kind,
            lot_size=lot_size,
        )
    }


@given(markets=MARKETS, fees=FEES, latency=st.sampled_from([0.0, 0.25]))
def test_the_ledger_is_the_exchanges_word_and_no_leg_is_left_alone(
    markets: list[tuple[float, float, float, float]], fees: FeeSchedule, latency: float
) -> None:
    rules_a, rules_b = ruled("a", A, LOT_A), ruled("b", B, LOT_B)
    rig = Rig(
        PaperExchange(
            {"KRW": 100_000_000}, instruments=rules_a, fees=fees, latency_seconds=latency
        ),
        PaperExchange({"USDT": 100_000}, instruments=rules_b, latency_seconds=latency),
        engine={"max_holding_seconds": 20.0, "stop_loss_bps": 100.0},
        live={"taker_fee_b_bps": 5.0, "slippage_bps": 5.0},
    )
    for percent, depth_a, depth_b, seconds in markets:
        rig.wait(seconds)
        price = 140_000_000 * (1 + percent / 100)
        rig.show_a(price - 1000, price + 1000, qty=depth_a)
        rig.show_b(100_000, 100_001, qty=depth_b)
        assert rig.runner.run_once() is True
        check(rig, is_hedging=rig.stats["active_orders"] > 0)


def check(rig: Rig, *, is_hedging: bool) -> None:
    engine = rig.runner.engine
    (route,) = engine.routes.values()
    assert engine.risk.level.name == "NORMAL"
    assert set(engine.accounts.ledger.residual().values()) <= {Decimal(0)}
    if is_hedging:
        return
    for name, exchange in (("a", rig.a), ("b", rig.b)):
        for currency, amount in engine.accounts.ledger.balances(name).items():
            assert owned(exchange, currency) == amount
    short = sum((position.qty for position in rig.b.get_open_positions()), Decimal(0))
    unmatched = owned(rig.a, "BTC") + short
    wanted = sum((state.residual for state in route.trades), route.dust)
    assert unmatched == wanted
