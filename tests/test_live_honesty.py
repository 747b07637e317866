"""What has cost others money in a runner: units, costs, exits, refusals, and made-up results."""

import asyncio
import json
from decimal import Decimal

import msgspec
import pytest
from two_venues import FACES, KRW, RATE, USDT, A, B, Rig, Step, book, one_step, owned

from arbitrage import Instrument, MetricsCollector, OrderBookSnapshot, PaperExchange, RiskLimits
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.intents import PlaceOrder
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.domain.trade import ExitReason
from arbitrage.engine.config import RouteKind
from arbitrage.exchanges.base import Exchange

D = Decimal
step = pytest.fixture(params=FACES)(one_step)


# --- units --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("max_position_usd", "rate"), [(1000.0, 1400.0), (250.0, 1400.0), (1000.0, 1250.0)]
)
def test_a_quantity_is_the_notional_times_the_rate_over_the_price(
    step: Step, max_position_usd: float, rate: float
) -> None:
    rig = Rig(engine={"fx": rate}, live={"max_position_usd": max_position_usd})
    rig.show_a(98_000 * rate, 98_000 * rate + 1)
    rig.show_b(100_000, 100_001)
    step(rig.runner)
    dearer_leg_krw = 100_000 * rate
    expected = max_position_usd * rate / dearer_leg_krw
    assert float(owned(rig.a, "BTC")) == pytest.approx(expected, rel=1e-6)
    assert float(owned(rig.a, "BTC")) <= expected


def test_quantities_of_contracts_are_counted_in_base_units(step: Step) -> None:
    finest = Instrument.from_symbol("b", B)
    rules = msgspec.structs.replace(finest, contract_multiplier=D("0.001"), lot_size=D(1))
    b = PaperExchange({"USDT": 100_000}, instruments={B: rules})
    rig = Rig(b=b, live={"max_position_usd": 1099.0})
    rig.show_a(137_200_000, 137_200_001)
    rig.show_b(100_000, 100_001, qty=1e5)
    step(rig.runner)
    (short,) = rig.b.get_open_positions()
    assert -short.qty * D("0.001") == owned(rig.a, "BTC") == D("0.010")


# --- costs --------------------------------------------------------------------------------------


def entry_edge_bps(krw_ask: float, usdt_bid: float, fee_bps: float) -> float:
    """Of buying A and selling B, both taker fees inside, worked out by hand."""
    fee = fee_bps / 1e4
    return (usdt_bid * RATE * (1 - fee) / (krw_ask * (1 + fee)) - 1) * 1e4


def exit_edge_bps(spread: float, fee_bps: float) -> float:
    """Of the way back at no premium, after both half spreads and both fees."""
    fee = fee_bps / 1e4
    return ((1 - fee) / (1 + fee) * (1 - spread) - 1) * 1e4


@pytest.mark.parametrize("fee_bps", [0.0, 5.0])
@pytest.mark.parametrize("kind", list(RouteKind))
@pytest.mark.parametrize("beyond_bps", [-0.01, 0.01])
def test_the_least_spread_is_honoured_to_a_hundredth_of_a_basis_point(
    step: Step, kind: RouteKind, fee_bps: float, beyond_bps: float
) -> None:
    krw_bid, krw_ask, usdt_bid, usdt_ask = 137_200_000.0, 137_250_000.0, 100_000.0, 100_020.0
    net_bps = entry_edge_bps(krw_ask, usdt_bid, fee_bps)
    if kind is RouteKind.CONVERGENCE:
        spread = (krw_ask - krw_bid) / (krw_ask + krw_bid)
        spread += (usdt_ask - usdt_bid) / (usdt_ask + usdt_bid)
        net_bps += exit_edge_bps(spread, fee_bps)
    fees = {"taker_fee_a_bps": fee_bps, "taker_fee_b_bps": fee_bps}
    rig = Rig(engine={"kind": kind} | fees, live={"min_spread_bps": net_bps + beyond_bps})
    rig.show_a(krw_bid, krw_ask)
    rig.show_b(usdt_bid, usdt_ask)
    assert step(rig.runner) is True
    assert rig.stats["total_trades_opened"] == (1 if beyond_bps < 0 else 0)
    assert rig.stats["refusals"] == ({} if beyond_bps < 0 else {"min_edge": 1})


@pytest.mark.parametrize(
    "terms",
    [
        {"min_spread_bps": 250.0},
        {"taker_fee_a_bps": 100.0},
        {"taker_fee_b_bps": 100.0},
        {"slippage_bps": 100.0},
    ],
    ids=lambda terms: next(iter(terms)),
)
@pytest.mark.parametrize("where", ["engine", "live"])
def test_of_two_terms_the_stricter_holds(step: Step, where: str, terms: dict[str, float]) -> None:
    """At a discount of 2 % there is room for 30 bps, not for what the stricter term asks."""
    rig = Rig()
    rig.premium(-2)
    step(rig.runner)
    assert rig.stats["total_trades_opened"] == 1
    strict = Rig(**{where: terms})  # type: ignore[arg-type]
    strict.premium(-2)
    assert step(strict.runner) is True
    assert strict.stats["total_trades_opened"] == 0


@pytest.mark.parametrize("where", ["engine", "live"])
def test_the_smaller_position_of_two_holds(step: Step, where: str) -> None:
    rig = Rig(**{where: {"max_position_usd": 100.0}})  # type: ignore[arg-type]
    rig.premium(-2)
    step(rig.runner)
    assert float(owned(rig.a, "BTC")) == pytest.approx(100 / 100_000, rel=1e-3)


def test_an_exchange_without_fees_charges_what_the_runner_reckons_with(step: Step) -> None:
    rig = Rig(live={"taker_fee_a_bps": 5.0, "taker_fee_b_bps": 4.0})
    rig.premium(-2)
    step(rig.runner)
    bought = D(137_200_001) * owned(rig.a, "BTC")
    assert D(KRW) - owned(rig.a, "KRW") == bought * D("1.0005")
    sold = D(100_000) * -rig.b.get_open_positions()[0].qty
    assert D(USDT) - owned(rig.b, "USDT") == sold * D("0.0004")


def test_an_exchange_charges_its_own_fees_whatever_the_runner_reckons_with(step: Step) -> None:
    b = PaperExchange({"USDT": USDT}, fees=FeeSchedule(taker_bps=1.0))
    rig = Rig(b=b, live={"taker_fee_b_bps": 4.0})
    rig.premium(-2)
    step(rig.runner)
    sold = D(100_000) * -rig.b.get_open_positions()[0].qty
    assert D(USDT) - owned(rig.b, "USDT") == sold * D("0.0001")


# --- results ------------------------------------------------------------------------------------


@pytest.mark.parametrize("percent_at_exit", [-3.0, -2.5, -1.0, 0.0, 1.0])
def test_what_is_booked_is_what_the_exchanges_hold_more_or_less(
    step: Step, percent_at_exit: float
) -> None:
    """A trade may lose; the result is the change of both accounts to the last digit."""
    rig = Rig(
        engine={"max_holding_seconds": 60.0, "close_on_spread_reversal": False},
        live={"taker_fee_a_bps": 5.0, "taker_fee_b_bps": 5.0},
    )
    rig.premium(-2)
    step(rig.runner)
    rig.wait(61)
    rig.premium(percent_at_exit)
    step(rig.runner)
    assert rig.is_flat
    booked = rig.stats["total_pnl_usd"]
    assert booked == pytest.approx(float(rig.gained_usd()), abs=1e-9)
    assert (booked < 0) == (percent_at_exit < -1.5)


def test_a_stop_loss_closes_with_orders_and_the_loss_counts_against_the_day(step: Step) -> None:
    limits = RiskLimits(max_daily_loss_usd=1.0)
    rig = Rig(engine={"stop_loss_bps": 50.0}, live={"risk_limits": limits})
    rig.premium(-2)
    step(rig.runner)
    rig.wait(1)
    rig.premium(-3)
    step(rig.runner)
    assert rig.is_flat
    assert rig.runner.recent_trades[-1].exit_reason is ExitReason.STOP_LOSS
    assert rig.stats["total_pnl_usd"] < -5
    rig.wait(1)
    rig.premium(-3)
    step(rig.runner)
    assert (rig.stats["total_trades_opened"], rig.is_flat) == (1, True)
    assert "risk:max_daily_loss" in rig.stats["refusals"]


def test_an_exit_is_judged_on_the_side_that_unwinds(step: Step) -> None:
    """The premium is back at the mids, but the bid that the coin would be sold to is not."""
    rig = Rig()
    rig.premium(-2)
    step(rig.runner)
    rig.wait(1)
    rig.show_a(137_200_000, 142_800_000)
    rig.show_b(100_000, 100_000.01)
    assert step(rig.runner) is True
    assert (rig.stats["total_trades_closed"], rig.is_flat) == (0, False)


def test_open_trades_have_no_result_yet(step: Step) -> None:
    rig = Rig()
    rig.premium(-2)
    step(rig.runner)
    assert (rig.stats["total_pnl_usd"], rig.stats["total_trades_closed"]) == (0, 0)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (RiskLimits(max_order_notional_usd=0.0), "risk:max_order_notional"),
        (RiskLimits(max_route_notional_usd=0.0), "risk:max_route_notional"),
        (RiskLimits(max_gross_notional_usd=0.0), "risk:max_gross_notional"),
        (RiskLimits(max_orders_per_second=1.0), "risk:max_orders_per_second"),
        (RiskLimits(price_band_bps=0.0), "risk:price_band"),
    ],
)
@pytest.mark.parametrize("where", ["engine", "live"])
def test_a_trade_that_risk_refuses_sends_nothing_and_earns_nothing(
    step: Step, where: str, limits: RiskLimits, reason: str
) -> None:
    rig = Rig(**{where: {"risk_limits": limits}})  # type: ignore[arg-type]
    rig.show_a(137_200_000, 137_300_000)
    rig.show_b(100_000, 100_010)
    assert step(rig.runner) is True
    assert rig.stats["refusals"] == {reason: 1}
    rig.wait(1)
    rig.premium(0)
    step(rig.runner)
    assert rig.gained_usd() == 0 == rig.stats["total_pnl_usd"]
    assert (rig.stats["total_trades_opened"], rig.stats["total_trades_closed"]) == (0, 0)


@pytest.mark.parametrize(("most", "by"), [(1, "engine"), (2, "engine"), (2, "live"), (3, "both")])
def test_no_more_trades_are_open_than_allowed(step: Step, most: int, by: str) -> None:
    in_engine = most if by != "live" else 9
    rig = Rig(
        engine={"max_open_trades": in_engine},
        live={"max_concurrent_trades": most if by != "engine" else 9},
    )
    for _ in range(5):
        rig.wait(1)
        rig.premium(-2)
        step(rig.runner)
    assert rig.stats["total_trades_opened"] == most
    assert rig.stats["refusals"]["risk:max_open_trades"] == 5 - most


def test_a_direction_that_no_inventory_can_serve_is_not_traded(step: Step) -> None:
    """Selling spot needs the coin, and there is none."""
    rig = Rig()
    rig.premium(+2)
    assert step(rig.runner) is True
    assert rig.stats["refusals"] == {"balance": 1}
    assert rig.gained_usd() == 0


class Refusing(PaperExchange):
    """Refuses every order, as a venue does that has run out of something."""

    in_memory = True

    def submit(self, intent: PlaceOrder) -> Order:
        return Order(intent=intent, sent_ns=0, status=OrderStatus.REJECTED, reason="maintenance")


def test_a_trade_that_the_venues_refuse_is_closed_without_a_result(step: Step) -> None:
    rig = Rig(Refusing({"KRW": KRW}), Refusing({"USDT": USDT}))
    rig.premium(-2)
    step(rig.runner)
    assert (rig.stats["active_orders"], rig.stats["total_pnl_usd"]) == (0, 0)
    assert rig.runner.recent_trades[-1].exit_reason is ExitReason.UNFILLED


def test_a_leg_that_the_other_venue_refuses_is_taken_back_at_its_cost(step: Step) -> None:
    rig = Rig(b=Refusing({"USDT": USDT}))
    rig.premium(-2)
    step(rig.runner)
    for _ in range(15):
        rig.wait(1)
        rig.show_a(137_000_000, 137_010_000)
        rig.show_b(97_000, 97_001)
        step(rig.runner)
    assert rig.is_flat
    assert rig.runner.recent_trades[0].exit_reason is ExitReason.TAKEN_BACK
    assert rig.stats["total_pnl_usd"] == pytest.approx(float(rig.gained_usd()))
    assert rig.gained_usd() < 0


# --- made-up results ----------------------------------------------------------------------------


class Forgetful(PaperExchange):
    """Takes every order and loses the answer on the way back."""

    in_memory = True
    placed = 0

    def submit(self, intent: PlaceOrder) -> Order:
        self.placed += 1
        super().submit(intent)
        raise TimeoutError("no answer")


def test_an_order_whose_answer_is_lost_is_asked_for_and_never_sent_again(step: Step) -> None:
    b = Forgetful({"USDT": USDT})
    rig = Rig(b=b)
    rig.premium(-2)
    assert step(rig.runner) is False
    assert (rig.stats["active_orders"], rig.stats["last_error"]) == (1, "TimeoutError: no answer")
    rig.premium(-2)
    assert step(rig.runner) is True
    assert (b.placed, rig.stats["active_orders"]) == (1, 0)
    assert rig.b.get_open_positions()[0].qty == -owned(rig.a, "BTC")


class Unreachable(PaperExchange):
    """Orders never get there."""

    in_memory = True

    def submit(self, intent: PlaceOrder) -> Order:
        raise ConnectionError(f"{intent.client_id} was not delivered")


def test_an_order_that_never_arrived_is_known_to_when_the_venue_says_so(step: Step) -> None:
    rig = Rig(Unreachable({"KRW": KRW}), Unreachable({"USDT": USDT}))
    rig.premium(-2)
    assert step(rig.runner) is False
    assert rig.stats["active_orders"] == 2
    rig.premium(0)
    assert step(rig.runner) is True
    assert (rig.stats["active_orders"], rig.stats["total_trades_closed"]) == (0, 1)
    assert rig.stats["total_pnl_usd"] == 0


def test_one_book_alone_never_passes_for_two_in_a_run_over_many_symbols() -> None:
    """The error of one symbol is not a success, and does not keep the others from trading."""
    rig = Rig(live={"routes": (("KRW-ETH", "ETH/USDT:USDT"),)})
    rig.premium(-2)
    rig.a.set_orderbook("KRW-ETH", book("KRW-ETH", 3e6, 3e6 + 1, at=rig.clock.now))
    assert asyncio.run(rig.runner.arun_once_for_symbols([A, "KRW-ETH"])) is False
    assert (rig.stats["total_trades_opened"], rig.stats["failed_loop_count"]) == (1, 1)


def test_the_time_of_a_loop_is_its_work_without_its_sleep() -> None:
    metrics = MetricsCollector()
    rig = Rig(live={"poll_interval_seconds": 0.02}, metrics_collector=metrics)
    rig.premium(0)
    rounds = iter(range(3))

    original = rig.runner.provider.get_latest_snapshot

    def counted(symbol: str) -> OrderBookSnapshot | None:
        if symbol.startswith("a:") and next(rounds, None) is None:
            rig.runner.stop()
        return original(symbol)

    rig.runner.provider.get_latest_snapshot = counted  # type: ignore[method-assign]
    rig.runner.run_forever()
    assert rig.stats["loop_count"] == 4
    assert metrics.get_metrics()["loop_time_min_ms"] < 20


def test_figures_are_data_and_health_is_not_always_ok() -> None:
    metrics = MetricsCollector()
    rig = Rig(metrics_collector=metrics)
    assert metrics.get_health()["status"] != "ok"
    rig.premium(-2)
    rig.runner.run_once()
    assert json.loads(json.dumps(rig.stats)) == rig.stats
    assert json.loads(json.dumps(metrics.get_metrics()))["trades_opened_total"] == 1


def test_a_real_exchange_charges_what_it_charges() -> None:
    Exchange.assume_fees(PaperExchange(), A, FeeSchedule(taker_bps=9.0))
    assert PaperExchange().fees(A) == FeeSchedule()
