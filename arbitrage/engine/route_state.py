"""One route as the engine sees it now: two books, the rate between their quotes, open trades.

The costs of a crossing are folded into one number per direction, `worth_*`, so that the question
asked on nearly every book event, "is there anything here at all?", is two comparisons. Whatever
changes those costs (FX, funding, the running premium) folds them again.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from arbitrage.domain.fees import FeeManner
from arbitrage.domain.grid import Grid, PriceGrid
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Direction, Side
from arbitrage.domain.trade import ArbitrageTrade
from arbitrage.domain.units import BPS, NS_PER_SECOND, ONE, ZERO, decimal_of
from arbitrage.engine.arithmetic import decayed_mean
from arbitrage.engine.config import LegConfig, RouteConfig, RouteKind
from arbitrage.engine.market_state import FxRate, Market
from arbitrage.engine.trade_state import TradeState

_FUNDING_INTERVAL_SECONDS = 8 * 3600.0


class LegState:
    """One leg: its live book, its rules, and what crossing it costs.

    `multiplier` is base units per native unit, `buy_multiplier` what is left of them for a buyer
    whose fee is taken out of what is received. `most_bought` and `most_sold` are the venue's
    largest order in base units, None if there is none; `limit_price` is the instrument's, for
    floats. `lot_qty` is the native quantity of one common lot of the route.
    """

    __slots__ = (
        "buy_factor",
        "buy_multiplier",
        "fees",
        "instrument",
        "is_perpetual",
        "limit_price",
        "lot_qty",
        "market",
        "most_bought",
        "most_sold",
        "multiplier",
        "pays_fee_in_base",
        "sell_factor",
    )

    def __init__(self, config: LegConfig, market: Market) -> None:
        self.market = market
        self.instrument: Instrument = config.instrument
        self.fees = config.fees
        self.multiplier = float(config.instrument.contract_multiplier)
        self.is_perpetual = config.instrument.is_perpetual
        self.pays_fee_in_base = self.fees.manner is FeeManner.RECEIVED and not self.is_perpetual
        self.buy_multiplier = self.multiplier / float(self.gross_of_fee(ONE))
        self.buy_factor = config.fees.buy_factor
        self.sell_factor = config.fees.sell_factor
        self.limit_price: Callable[[float, Side], Decimal] = PriceGrid(
            config.instrument
        ).limit_price
        self.lot_qty = config.instrument.lot_size
        self.most_bought: Decimal | None = None
        self.most_sold: Decimal | None = None
        if config.instrument.max_qty is not None:
            self.most_sold = config.instrument.max_qty * config.instrument.contract_multiplier
            self.most_bought = self.most_sold / self.gross_of_fee(ONE)

    def gross_of_fee(self, qty: Decimal) -> Decimal:
        """Base units to buy for `qty` to be left once a fee in the received asset is taken off."""
        if self.pays_fee_in_base:
            return qty / (ONE - self.fees.rate(is_maker=False))
        return qty


class RouteTotals(msgspec.Struct):
    """What came of a route's closed trades; amounts in A's quote unless they say otherwise."""

    trades: int = 0
    losses: int = 0
    price: Decimal = ZERO
    fx: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    pnl_usd: Decimal = ZERO

    def add(self, trade: ArbitrageTrade, *, times: int = 1) -> None:
        """Count a closed trade; `times=-1` takes it back as it was counted."""
        self.trades += times
        self.losses += times * (trade.pnl_usd < 0)
        self.price += times * trade.pnl.price
        self.fx += times * trade.pnl.fx
        self.fees += times * trade.pnl.fees
        self.funding += times * trade.pnl.funding
        self.pnl_usd += times * trade.pnl_usd


class RouteState:
    """A route with its books, its FX and its open trades."""

    __slots__ = (
        "_market_a",
        "_market_b",
        "a",
        "b",
        "cheaper",
        "common_lot",
        "config",
        "cooldown_until_ns",
        "dearer",
        "dust",
        "fx",
        "fx_buy_b",
        "fx_sell_b",
        "halted_reason",
        "is_convergence",
        "is_flattening",
        "is_paused",
        "lacks_fx",
        "losses_in_a_row",
        "lots",
        "max_book_age_ns",
        "max_fx_age_ns",
        "max_leg_skew_ns",
        "name",
        "needs_no_fx",
        "observes",
        "premium_mean",
        "premium_ns",
        "refusals",
        "totals",
        "trades",
        "worth_ab",
        "worth_ba",
    )

    def __init__(self, config: RouteConfig, a: LegState, b: LegState, fx: FxRate | None) -> None:
        self.config = config
        self.name = config.name
        self.a = a
        self.b = b
        self._market_a = a.market
        self._market_b = b.market
        self.fx = fx
        self.is_convergence = config.kind is RouteKind.CONVERGENCE
        self.observes = config.exit_half_life_seconds is not None
        self.common_lot = _common_lot(a.instrument.base_lot, b.instrument.base_lot)
        self.lots = Grid(self.common_lot)
        for leg in (a, b):
            leg.lot_qty = int(self.common_lot / leg.instrument.base_lot) * leg.instrument.lot_size
        # Half of the slippage beyond the worst price walked is what each leg may pay.
        half_slip = config.slippage_bps / (2 * BPS)
        self.dearer, self.cheaper = 1.0 + half_slip, 1.0 - half_slip
        self.max_book_age_ns = config.max_book_age_seconds * NS_PER_SECOND
        self.max_leg_skew_ns = config.max_leg_skew_seconds * NS_PER_SECOND
        self.max_fx_age_ns = config.max_fx_age_seconds * NS_PER_SECOND
        self.needs_no_fx = a.instrument.quote == b.instrument.quote
        self.trades: list[TradeState] = []
        self.dust = Decimal(0)
        self.is_paused = False
        self.is_flattening = False
        self.refusals: dict[str, int] = {}
        self.totals = RouteTotals()
        self.halted_reason = ""
        self.losses_in_a_row = 0
        self.cooldown_until_ns = 0
        self.premium_mean: float | None = None
        self.premium_ns = 0
        # Multiplies B's quote into A's: what selling B brings, what buying B costs.
        self.fx_sell_b = 0.0
        self.fx_buy_b = 0.0
        self.lacks_fx = True  # the two quotes cannot be compared now
        self.worth_ab = 0.0
        self.worth_ba = 0.0
        self.refold()

    def refold(self) -> None:
        """Fold FX, fees and expected costs into the early-exit factors."""
        self._convert()
        self.lacks_fx = self.fx_sell_b == 0.0
        self.worth_ab = self._worth(Direction.LONG_A_SHORT_B)
        self.worth_ba = self._worth(Direction.LONG_B_SHORT_A)

    def _convert(self) -> None:
        """Rates from B's quote into A's: the executable side where a trade leaves us with the
        other currency (spot against spot), the mid where it does not (a perpetual)."""
        if self.needs_no_fx:
            self.fx_sell_b = self.fx_buy_b = 1.0
            return
        fx = self.fx
        if fx is None or not fx.is_known:
            self.fx_sell_b = self.fx_buy_b = 0.0
            return
        bid, ask = fx.bid, fx.ask
        if self.a.is_perpetual or self.b.is_perpetual:
            bid = ask = fx.mid
        if fx.quote == self.a.instrument.quote:
            self.fx_sell_b, self.fx_buy_b = bid, ask
        else:
            self.fx_sell_b, self.fx_buy_b = 1.0 / ask, 1.0 / bid

    def _worth(self, direction: Direction) -> float:
        if direction not in self.config.directions or self.lacks_fx:
            return 0.0
        least = 1.0 + self.cost_bps(direction, spread_bps=0.0) / BPS
        if direction.is_long_a:
            return self.b.sell_factor * self.fx_sell_b / (self.a.buy_factor * least)
        return self.a.sell_factor / (self.b.buy_factor * self.fx_buy_b * least)

    def has_edge(self) -> bool:
        """Whether either direction is above zero at the touch, spreads of an exit left out.

        This is the early exit: what it refuses is not an opportunity, what it lets through is
        looked at in full.
        """
        a, b = self._market_a, self._market_b
        try:
            if not (
                b.bids[0][0] * self.worth_ab > a.asks[0][0]
                or a.bids[0][0] * self.worth_ba > b.asks[0][0]
            ):
                return False
        except IndexError:
            return False
        return bool(a.asks and b.asks and a.bids and b.bids)

    def cost_bps(self, direction: Direction, *, spread_bps: float) -> float:
        """What must be earned at the entry, after the fees of the entry, to end at zero.

        An inventory trade pays its slippage. A convergence trade also pays for its way back: the
        premium it must give up, fees and slippage of the exit, `spread_bps` (both half spreads),
        funding over the expected holding time.
        """
        config = self.config
        cost = config.slippage_bps + config.leg_risk_bps
        if not self.is_convergence:
            return cost
        return (
            cost
            + config.slippage_bps
            + self.expected_funding_bps(direction)
            - self.expected_exit_edge_bps(direction, spread_bps=spread_bps)
        )

    def expected_exit_edge_bps(self, direction: Direction, *, spread_bps: float) -> float:
        """Net edge in bps that the unwinding crossing is expected to have, fees inside."""
        premium = self.expected_premium_bps() / BPS
        spread = spread_bps / BPS
        if direction.is_long_a:
            kept = self.a.sell_factor / self.b.buy_factor
            return ((1.0 + premium) * kept * (1.0 - spread) - 1.0) * BPS
        kept = self.b.sell_factor / self.a.buy_factor
        return (kept * (1.0 - spread) / (1.0 + premium) - 1.0) * BPS

    def expected_premium_bps(self) -> float:
        """Premium of A over B at which a convergence trade is expected to end."""
        if self.config.exit_half_life_seconds is None or self.premium_mean is None:
            return self.config.expected_exit_bps
        return self.premium_mean * BPS

    def expected_funding_bps(self, direction: Direction) -> float:
        """Funding expected to be paid (negative: received) over the expected holding time."""
        periods = self.config.expected_holding_seconds / _FUNDING_INTERVAL_SECONDS
        rate = 0.0
        if self.a.is_perpetual:
            rate += self.a.market.funding_rate * direction.side_a.sign
        if self.b.is_perpetual:
            rate += self.b.market.funding_rate * direction.side_b.sign
        return rate * periods * BPS

    def spread_bps(self) -> float:
        """Both half spreads together, in bps of mid; infinite for a one-sided book."""
        total = 0.0
        for market in (self._market_a, self._market_b):
            bids, asks = market.bids, market.asks
            if not bids or not asks:
                return float("inf")
            bid, ask = bids[0][0], asks[0][0]
            total += (ask - bid) / (2 * ((bid + ask) / 2))
        return total * BPS

    def premium(self) -> float | None:
        """How much dearer A's mid is than B's in A's quote, as a share; None if unknown."""
        a, b = self._market_a, self._market_b
        bids_a, asks_a, bids_b, asks_b = a.bids, a.asks, b.bids, b.asks
        if self.lacks_fx or not (bids_a and asks_a and bids_b and asks_b):
            return None
        mid_a, mid_b = (bids_a[0][0] + asks_a[0][0]) / 2, (bids_b[0][0] + asks_b[0][0]) / 2
        return mid_a / (mid_b * (self.fx_sell_b + self.fx_buy_b) / 2) - 1.0

    def observe_premium(self, now_ns: int) -> None:
        """Let the running mean of the premium forget and learn."""
        premium = self.premium()
        half_life = self.config.exit_half_life_seconds
        if premium is None or half_life is None:
            return
        if self.premium_mean is None:
            self.premium_mean = premium
        else:
            elapsed = (now_ns - self.premium_ns) / NS_PER_SECOND
            self.premium_mean = decayed_mean(self.premium_mean, premium, elapsed, half_life)
        self.premium_ns = now_ns
        self.worth_ab = self._worth(Direction.LONG_A_SHORT_B)
        self.worth_ba = self._worth(Direction.LONG_B_SHORT_A)

    def touch_edge_bps(self, direction: Direction) -> float:
        """Edge after the fees of this crossing at the touch, before every other cost."""
        a, b = self.a, self.b
        if direction.is_long_a:
            proceeds = b.market.bids[0][0] * b.sell_factor * self.fx_sell_b
            return (proceeds / (a.market.asks[0][0] * a.buy_factor) - 1.0) * BPS
        proceeds = a.market.bids[0][0] * a.sell_factor
        return (proceeds / (b.market.asks[0][0] * b.buy_factor * self.fx_buy_b) - 1.0) * BPS

    def long_and_short(self, direction: Direction) -> tuple[LegState, LegState]:
        """The leg that is bought and the leg that is sold when the route opens in `direction`."""
        return (self.a, self.b) if direction.is_long_a else (self.b, self.a)

    def fx_of(self, leg: LegState) -> Decimal:
        """Mid rate from the leg's quote into A's, exact; zero if unknown."""
        if leg is self.a or self.needs_no_fx:
            return Decimal(1)
        return decimal_of((self.fx_sell_b + self.fx_buy_b) / 2)


def _common_lot(lot_a: Decimal, lot_b: Decimal) -> Decimal:
    """The smallest base quantity that both venues can trade exactly."""
    denominator = max(_scale(lot_a), _scale(lot_b))
    a, b = int(lot_a * denominator), int(lot_b * denominator)
    divisor, rest = a, b
    while rest:
        divisor, rest = rest, divisor % rest
    return Decimal(a // divisor * b) / denominator


def _scale(lot: Decimal) -> int:
    """The power of ten that makes `lot` an integer."""
    exponent = lot.normalize().as_tuple().exponent
    places: int = max(0, -int(exponent))
    return int(10**places)
