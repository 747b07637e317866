"""One seeded run of the engine through every trouble, with its invariants checked at each step.

Three routes of different kinds share venues and markets; books wander and premiums open and
close; commands come at odd times. At the end the venues turn kind, and what is left must be flat
within dust, or halted with the true residual shown.
"""

import random
from decimal import Decimal
from itertools import product

from engine.builders import T0, D, convergence, krw_usdt, perp, route, spot, taker
from engine.nasty_gateway import NastyGateway

from arbitrage.domain.decisions import RiskChanged, Step
from arbitrage.domain.events import BookSnapshot, Command, CommandKind, Event
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import PlaceOrder, Purpose
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.trade import TradeLeg
from arbitrage.domain.units import NS_PER_MS, NS_PER_SECOND, ZERO, plain
from arbitrage.engine.config import ArbitrageConfig, RiskLimits, RouteConfig
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.engine.entry import kept_for_exits, open_qtys
from arbitrage.engine.hedging import is_dust_on
from arbitrage.engine.risk import Level
from arbitrage.engine.route_state import RouteState
from arbitrage.engine.session import Session
from arbitrage.engine.trade_state import TradeState

EVENTS = 160
BLACKOUT = range(40, 130)
FX = 1000.0
ALPHA_WON = spot("alpha", "KRW", tick_size=D(10), lot_size=D("0.0001"), min_notional=D(5000))
BETA = spot("beta", min_notional=D(10), lot_size=D("0.001"))
BETA_PERP = perp("beta", lot_size=D(1), contract_multiplier=D("0.01"), min_qty=D(2))
GAMMA = spot("gamma", tick_size=D("0.05"), lot_size=D("0.01"), min_notional=D(20))
FEES = {
    "alpha": taker(5.0),
    "beta": taker(10.0, FeeManner.RECEIVED),
    "gamma": taker(8.0, FeeManner.THIRD_TOKEN, "BNB"),
}
PERP_FEES = taker(4.0)


def fees_of(instrument: Instrument) -> FeeSchedule:
    return PERP_FEES if instrument.is_perpetual else FEES[instrument.venue]


def routes(rng: random.Random) -> tuple[RouteConfig, ...]:
    """Won against dollars, dollars against dollars, and spot against a perpetual."""
    terms = {
        "max_position_usd": rng.choice([60.0, 300.0, 1500.0]),
        "hedge_retry_seconds": rng.choice([0.0, 0.25]),
        "answer_timeout_seconds": 3.0,
        "hedge_band_max_bps": rng.choice([20.0, 100.0]),
        "slippage_bps": 4.0,
        "fx": krw_usdt(FX),
    }
    pairs = ((ALPHA_WON, BETA), (BETA, GAMMA), (ALPHA_WON, BETA_PERP))
    built = []
    for name, (a, b) in zip(("won", "usd", "perp"), pairs, strict=True):
        build = convergence if name == "perp" else route
        more = {"max_open_trades": 2, "max_holding_seconds": 9.0} if name == "perp" else {}
        built.append(build(a, b, name=name, fee_a=fees_of(a), fee_b=fees_of(b), **terms, **more))
    return tuple(built)


def purses(rng: random.Random) -> dict[str, dict[str, Decimal]]:
    """Enough for some trades each way, not for all."""
    coin = D(rng.choice([4, 40]))
    dollars = coin * 150
    return {
        "alpha": {"KRW": dollars * 1000, "BTC": coin},
        "beta": {"USDT": dollars, "BTC": coin},
        "gamma": {"USDT": dollars, "BTC": coin, "BNB": D(1)},
    }


class WatchedEngine(ArbitrageEngine):
    """The engine with its invariants asserted after every step."""

    def __init__(self, config: ArbitrageConfig, gateways: list[NastyGateway]) -> None:
        super().__init__(config)
        self.gateways = gateways
        self.halts = 0
        self.placed: list[PlaceOrder] = []
        self.ids: set[str] = set()
        self.targets: dict[tuple[str, str], Decimal] = {}
        self.by_trade: dict[str, TradeState] = {}
        self.carried: dict[str, Decimal] = {}

    def step(self, event: Event) -> Step:
        step = super().step(event)
        assert not any(self.accounts.ledger.residual().values())
        assert self.risk.reason != "invariant", step.decisions
        for each in self.routes.values():
            for state in each.trades:
                self.by_trade[state.trade.trade_id] = state
        for intent in step.intents:
            if isinstance(intent, PlaceOrder):
                self._check_order(intent)
        for decision in step.decisions:
            if isinstance(decision, RiskChanged) and decision.scope in self.routes:
                self._check_halt(decision)
        for state in self.by_trade.values():
            for leg in (state.trade.leg_a, state.trade.leg_b):
                self._check_acquired(state, leg)
        self._check_folds()
        if not any(gateway.surprises for gateway in self.gateways):
            self._check_purses()
        return step

    def _check_folds(self) -> None:
        """What is kept from step to step is what a new look at everything gives."""
        routes = self.routes.values()
        open_trades = self.trading.open_trades
        assert open_trades.kept == kept_for_exits(routes)
        assert open_trades.qtys == [(each, open_qtys(each)) for each in routes if each.trades]
        for (venue, currency), margin in self.accounts._margins.items():
            assert margin == self.accounts.margin(venue, currency)

    def _check_order(self, intent: PlaceOrder) -> None:
        assert intent.client_id not in self.ids, f"{intent.client_id} was used twice"
        self.ids.add(intent.client_id)
        self.placed.append(intent)
        assert self.risk.level is not Level.HALT
        state = self.by_trade[intent.trade_id]
        if intent.purpose is Purpose.ENTRY:
            assert self.risk.level is Level.NORMAL
            for other in self.routes[state.trade.route].trades:
                statuses = [order.status for order, _ in other.orders.values()]
                assert OrderStatus.IN_DOUBT not in statuses
            leg = self._leg(state, intent)
            base_qty = intent.qty * leg.instrument.contract_multiplier
            self.targets[intent.trade_id, leg.instrument.venue] = base_qty
        elif intent.purpose is not Purpose.EXIT:
            self._check_correction(state, intent)

    def _check_halt(self, told: RiskChanged) -> None:
        """A route that halts by itself says what it could not hedge."""
        state = self.routes[told.scope]
        if state.halted_reason:
            self.halts += 1
            residuals = [
                f"{state.halted_reason}: {plain(each.residual)} BTC of {each.trade.trade_id}"
                for each in state.trades
            ]
            assert told.reason in residuals

    @staticmethod
    def _leg(state: TradeState, intent: PlaceOrder) -> TradeLeg:
        first = state.trade.leg_a.instrument
        is_a = (first.venue, first.symbol) == (intent.venue, intent.symbol)
        return state.trade.leg_a if is_a else state.trade.leg_b

    def _check_correction(self, state: TradeState, intent: PlaceOrder) -> None:
        """Whatever becomes of everything else, the correction brings the residual no further from
        zero, not even when it fills in part."""
        multiplier = self._leg(state, intent).instrument.contract_multiplier
        whole = intent.qty * multiplier * intent.side.sign
        outcomes = [
            (ZERO, order.unresolved_qty * leg.instrument.contract_multiplier * order.side.sign)
            for client_id, (order, leg) in state.orders.items()
            if client_id != intent.client_id
        ]
        for outcome in product(*outcomes):
            residual = state.residual + sum(outcome, ZERO)
            assert abs(residual + whole) <= abs(residual), (intent, residual)

    def _check_acquired(self, state: TradeState, leg: TradeLeg) -> None:
        """On each leg what is held and may still come never passes the target, but for what the
        venue filled after it had told the end, and what was carried in from earlier trades."""
        held = leg.position * leg.side.sign
        for order, order_leg in state.orders.values():
            if order_leg is leg and order.side is leg.side:
                held += order.unresolved_qty * leg.instrument.contract_multiplier
        trade_id = state.trade.trade_id
        extra = sum((each.surprises.get(trade_id, ZERO) for each in self.gateways), ZERO)
        carried = max(self.carried.get(trade_id, ZERO), abs(state.carry))
        self.carried[trade_id] = carried
        target = self.targets[trade_id, leg.instrument.venue]
        assert held <= target + extra + carried, (trade_id, held, target, extra, carried)

    def _check_purses(self) -> None:
        for gateway in self.gateways:
            for currency in self.accounts.ledger.balances(gateway.venue):
                if currency != "BNB":  # fees in a third token come out of whatever is there
                    available = self.accounts.available(gateway.venue, currency)
                    assert available >= -self._held_margin(gateway.venue), (gateway.venue, currency)

    def _held_margin(self, venue: str) -> Decimal:
        """What a position may have lost counts against the purse of its venue."""
        positions = self.accounts.positions.values()
        return sum((each.entry_cost for of, each in positions if of.venue == venue), ZERO)


class FaultRun:
    """One world: venues, engine, session, and the random walk of their books."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        config = routes(self.rng)
        self.opening = purses(self.rng)
        legs = [leg.instrument for each in config for leg in (each.a, each.b)]
        self.instruments = list({(leg.venue, leg.symbol): leg for leg in legs}.values())
        self.gateways = [
            NastyGateway(
                venue,
                {
                    each.symbol: (each, fees_of(each))
                    for each in self.instruments
                    if each.venue == venue
                },
                purse,
                random.Random(seed * 31 + index),
            )
            for index, (venue, purse) in enumerate(self.opening.items())
        ]
        limits = RiskLimits(
            price_band_bps=2000.0, max_unhedged_seconds=self.rng.choice([2.0, 30.0])
        )
        settings = ArbitrageConfig(
            routes=config, risk_limits=limits, opening_balances=self.opening, tick_seconds=0.5
        )
        self.engine = WatchedEngine(settings, self.gateways)
        self.session = Session(self.engine, self.gateways)
        self.now_ns = T0
        self.mid = 100.0

    # --- the world ----------------------------------------------------------------------------

    def show(self, instrument: Instrument, premium: float, depth: float) -> None:
        """A book of three levels around the common price."""
        unit = FX if instrument.quote == "KRW" else 1.0
        mid = self.mid * (1 + premium) * unit
        tick = float(instrument.tick_size)
        step = max(tick, round(mid * 0.0004 / tick) * tick)
        best_bid = round((mid - step / 2) / tick) * tick
        size = depth / float(instrument.contract_multiplier)
        levels = [round(size * (1 + self.rng.random()), 4) for _ in range(6)]
        bids = [(round(best_bid - i * step, 8), levels[i]) for i in range(3)]
        asks = [(round(best_bid + (i + 1) * step, 8), levels[3 + i]) for i in range(3)]
        symbol, venue = instrument.symbol, instrument.venue
        self.session.on_event(BookSnapshot(self.now_ns, venue, symbol, bids, asks))

    def wander(self) -> None:
        """Prices drift, premiums jump, books come and sometimes fail to. In some worlds there is a
        time when hardly any order is taken."""
        has_blackout = self.rng.random() < 0.4
        for index in range(EVENTS):
            for gateway in self.gateways:
                gateway.refuses = 0.97 if has_blackout and index in BLACKOUT else 0.07
            self.now_ns += self.rng.randrange(5, 400) * NS_PER_MS
            self.mid *= 1 + self.rng.gauss(0, 0.0008)
            instrument = self.rng.choice(self.instruments)
            premium = self.rng.choice([0.0, 0.0, 0.004, -0.004, 0.012, -0.012])
            self.show(instrument, premium, self.rng.choice([0.1, 1.0, 5.0]))
            if self.rng.random() < 0.02:
                kind = self.rng.choice([CommandKind.PAUSE, CommandKind.RESUME, CommandKind.FLATTEN])
                self.session.on_event(Command(self.now_ns, kind))

    def calm(self, seconds: int) -> None:
        """The venues turn kind, prices agree, and there is depth for everything."""
        for gateway in self.gateways:
            gateway.is_kind = True
        for _ in range(seconds):
            self.now_ns += NS_PER_SECOND
            for instrument in self.instruments:
                self.show(instrument, 0.0, 500.0)

    def run(self) -> None:
        self.wander()
        if self.rng.random() < 0.2:
            self.session.on_event(Command(self.now_ns, CommandKind.HALT))
        self.calm(12)  # long enough for every late word
        self.session.on_event(Command(self.now_ns, CommandKind.FLATTEN))
        if self.rng.random() < 0.5:
            for name in self.engine.routes:
                self.session.on_event(Command(self.now_ns, CommandKind.RESUME, name))
        self.calm(30)

    # --- what must be true at the end ---------------------------------------------------------

    def check_the_end(self) -> None:
        assert self.engine.accounts.live_orders() == []
        self._check_books()
        self._check_residual()
        for state in self.engine.routes.values():
            if self.engine.risk.level is Level.HALT or state.halted_reason:
                continue
            for each in state.trades:
                self._check_locked_in(state, each)
            self._check_dust(state)

    def _check_locked_in(self, route: RouteState, state: TradeState) -> None:
        """What is still open is hedged, and one of its venues has not the coin or the money: a
        late fill or a hedge of another trade took it."""
        assert state.residual == 0
        assert any(
            self.engine.accounts.affordable(leg.instrument, leg.fees, side, mid) < abs(held)
            for leg, side, held, mid in (
                (leg_state, leg.side.opposite, leg.position, D(str(leg_state.market.mid)))
                for leg, leg_state in ((state.trade.leg_a, route.a), (state.trade.leg_b, route.b))
            )
        ), f"{route.name}: {route.refusals}"

    @staticmethod
    def _check_dust(state: RouteState) -> None:
        """What is left is too small for one of the two venues, or was when it was laid aside: two
        trades may have left as much each, and the price may have gone up since."""
        then = abs(state.dust) * D("0.35")
        assert any(is_dust_on(state, leg, then) for leg in (state.a, state.b)), (
            f"{state.name}: {state.dust} is no dust"
        )

    def _check_books(self) -> None:
        """Every balance at every venue is what the venue says, to the last digit."""
        accounts = self.engine.accounts
        for gateway in self.gateways:
            for currency, cash in gateway.balances().items():
                invested = ZERO
                for (venue, _), (of, position) in accounts.positions.items():
                    if venue == gateway.venue and of.quote == currency:
                        invested += position.entry_cost * (1 if position.qty > 0 else -1)
                ours = accounts.ledger.balance(gateway.venue, currency) - invested
                assert ours == cash, (gateway.venue, currency)

    def _check_residual(self) -> None:
        """The coin that was gained or lost is what the routes say: dust and open residuals."""
        really = sum(
            (each.base_delta("BTC", self.opening[each.venue]["BTC"]) for each in self.gateways),
            ZERO,
        )
        told = ZERO
        for state in self.engine.routes.values():
            told += state.dust + sum((each.residual for each in state.trades), ZERO)
        assert told == really
