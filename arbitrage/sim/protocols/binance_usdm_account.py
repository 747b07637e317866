"""Binance USD-M's account endpoints on the core: balances, positions, settings, income.

The one account is in one-way mode with crossed margin, which is what the core knows. Asking for
that again is answered as the venue answers (-4059, -4046); asking for hedge mode or isolated
margin is refused with -1020, which the venue would not do. Initial margin is that of the entry,
as the core keeps it, where the venue takes the mark. Shapes:
developers.binance.com/docs/derivatives/usds-margined-futures, account and trade pages, read
2026-11-22.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import ONE, ZERO, decimal_of, plain
from arbitrage.sim.core_events import CoreEvent, PositionChanged
from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_errors import BinanceRefusal, missing
from arbitrage.sim.protocols.binance_params import choice, flag, market_of, markets_of, whole
from arbitrage.sim.protocols.binance_usdm_market import MAX_LEVERAGE, mark_price
from arbitrage.sim.protocols.binance_wire import Figures, Json, money, ms
from arbitrage.sim.venue_core import SimVenueCore

_MAX_NOTIONAL: Final = Decimal(1_000_000_000)
_NO_AMOUNT: Final = money(ZERO)


class HeldPosition:
    """One position, in figures of the venue."""

    def __init__(self, core: SimVenueCore, rules: Instrument) -> None:
        held = core.position(rules.symbol)
        self.rules = rules
        self.qty = held.position.qty
        self.entry_price = held.position.avg_entry_price(rules.contract_multiplier)
        self.mark_price = decimal_of(mark_price(core, rules.symbol))
        self.unrealised_pnl = held.unrealised_pnl
        self.notional = self.qty * rules.contract_multiplier * self.mark_price
        self.initial_margin = held.margin
        self.maintenance = rules.maintenance_margin * abs(self.notional)
        self.leverage = round(ONE / core.initial_margin(rules.symbol))
        resting = [each for each in core.orders.open(rules.symbol) if each.request.price]
        self.has_orders = bool(resting)
        self.side_notional = {1: ZERO, -1: ZERO}
        for order in resting:
            rest = order.remaining_qty * rules.contract_multiplier * (order.request.price or ZERO)
            self.side_notional[order.request.side.sign] += rest


class AssetFigures:
    """One margin asset: what the wallet holds and what stands behind its positions."""

    def __init__(self, core: SimVenueCore, asset: str, positions: list[HeldPosition]) -> None:
        balance = core.balance(asset)
        mine = [each for each in positions if each.rules.quote == asset]
        self.wallet = balance.total
        self.available = balance.available
        self.unrealised_pnl = sum((each.unrealised_pnl for each in mine), ZERO)
        self.maintenance = sum((each.maintenance for each in mine), ZERO)
        self.position_margin = sum((each.initial_margin for each in mine), ZERO)
        losses = max(-self.unrealised_pnl, ZERO)
        self.order_margin = max(balance.locked - self.position_margin - losses, ZERO)

    def object(self) -> Json:
        """The figures that accounts show of an asset, and of all together."""
        return {
            "walletBalance": money(self.wallet),
            "unrealizedProfit": money(self.unrealised_pnl),
            "marginBalance": money(self.wallet + self.unrealised_pnl),
            "maintMargin": money(self.maintenance),
            "initialMargin": money(self.position_margin + self.order_margin),
            "positionInitialMargin": money(self.position_margin),
            "openOrderInitialMargin": money(self.order_margin),
            "crossWalletBalance": money(self.wallet),
            "crossUnPnl": money(self.unrealised_pnl),
            "availableBalance": money(self.available),
            "maxWithdrawAmount": money(self.available),
        }


class UsdmAccount:
    """The one account of the venue."""

    def __init__(self, core: SimVenueCore, figures: Mapping[str, Figures]) -> None:
        self._core = core
        self._figures = figures
        self._moved_ms: dict[str, int] = {}
        core.listen(self._on_event)

    def _on_event(self, event: CoreEvent) -> None:
        if isinstance(event, PositionChanged):
            self._moved_ms[event.symbol] = ms(event.ts_ns)

    # --- what is owned -------------------------------------------------------------------------

    def _positions(self) -> list[HeldPosition]:
        return [HeldPosition(self._core, rules) for rules in self._core.instruments.values()]

    def _assets(self, positions: list[HeldPosition]) -> dict[str, AssetFigures]:
        core = self._core
        return {asset: AssetFigures(core, asset, positions) for asset in core.currencies}

    def balance(self, _params: Params) -> list[Json]:
        """GET /fapi/v2/balance and v3."""
        return [
            {
                "accountAlias": "SgsR",
                "asset": asset,
                "balance": money(held.wallet),
                "crossWalletBalance": money(held.wallet),
                "crossUnPnl": money(held.unrealised_pnl),
                "availableBalance": money(held.available),
                "maxWithdrawAmount": money(held.available),
                "marginAvailable": True,
                "updateTime": ms(self._core.now_ns),
            }
            for asset, held in self._assets(self._positions()).items()
        ]

    def account(self, _params: Params) -> Json:
        """GET /fapi/v3/account: only positions that are held or have orders."""
        positions = self._positions()
        shown = [each for each in positions if each.qty or each.has_orders]
        return {
            **self._assets_objects(positions),
            "positions": [self._account_position(each) for each in shown],
        }

    def account_v2(self, _params: Params) -> Json:
        """GET /fapi/v2/account: every position, and what the account may do."""
        positions = self._positions()
        return {
            **self.config({}),
            **self._assets_objects(positions),
            "positions": [
                self._account_position(each)
                | {
                    "leverage": str(each.leverage),
                    "isolated": False,
                    "entryPrice": self._figures[each.rules.symbol].average(each.entry_price),
                    "maxNotional": plain(_MAX_NOTIONAL),
                    "positionInitialMargin": money(each.initial_margin),
                }
                for each in positions
            ],
        }

    def config(self, _params: Params) -> Json:
        """GET /fapi/v1/accountConfig."""
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "dualSidePosition": False,
            "updateTime": 0,
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
        }

    def _assets_objects(self, positions: list[HeldPosition]) -> Json:
        """`assets`, and the totals over them; all assets are dollars here."""
        assets = self._assets(positions)
        now_ms = ms(self._core.now_ns)
        objects = {asset: held.object() for asset, held in assets.items()}
        totals: dict[str, Decimal] = {}
        for told in objects.values():
            for name, text in told.items():
                totals[name] = totals.get(name, ZERO) + Decimal(text)
        return {
            "totalInitialMargin": money(totals["initialMargin"]),
            "totalMaintMargin": money(totals["maintMargin"]),
            "totalWalletBalance": money(totals["walletBalance"]),
            "totalUnrealizedProfit": money(totals["unrealizedProfit"]),
            "totalMarginBalance": money(totals["marginBalance"]),
            "totalPositionInitialMargin": money(totals["positionInitialMargin"]),
            "totalOpenOrderInitialMargin": money(totals["openOrderInitialMargin"]),
            "totalCrossWalletBalance": money(totals["crossWalletBalance"]),
            "totalCrossUnPnl": money(totals["crossUnPnl"]),
            "availableBalance": money(totals["availableBalance"]),
            "maxWithdrawAmount": money(totals["maxWithdrawAmount"]),
            "assets": [
                {"asset": asset, **told, "updateTime": now_ms} for asset, told in objects.items()
            ],
        }

    def _account_position(self, held: HeldPosition) -> Json:
        symbol = held.rules.symbol
        return {
            "symbol": symbol,
            "positionSide": "BOTH",
            "positionAmt": self._figures[symbol].qty(held.qty),
            "unrealizedProfit": money(held.unrealised_pnl),
            "isolatedMargin": _NO_AMOUNT,
            "notional": money(held.notional),
            "isolatedWallet": _NO_AMOUNT,
            "initialMargin": money(held.initial_margin),
            "maintMargin": money(held.maintenance),
            "updateTime": self._moved_ms.get(symbol, 0),
        }

    # --- positions -----------------------------------------------------------------------------

    def position_risk(self, params: Params) -> list[Json]:
        """GET /fapi/v3/positionRisk: only positions that are held or have orders."""
        positions = self._positions()
        assets = self._assets(positions)
        symbols = {rules.symbol for rules in markets_of(params, self._core)}
        return [
            self._position_object(each, assets[each.rules.quote])
            | {
                "marginAsset": each.rules.quote,
                "initialMargin": money(each.initial_margin),
                "maintMargin": money(each.maintenance),
                "positionInitialMargin": money(each.initial_margin),
                "openOrderInitialMargin": _NO_AMOUNT,
                "adl": 1 if each.qty else 0,
                "bidNotional": money(each.side_notional[1]),
                "askNotional": money(each.side_notional[-1]),
            }
            for each in positions
            if each.rules.symbol in symbols and (each.qty or each.has_orders)
        ]

    def position_risk_v2(self, params: Params) -> list[Json]:
        """GET /fapi/v2/positionRisk: every position, with its settings."""
        positions = self._positions()
        assets = self._assets(positions)
        symbols = {rules.symbol for rules in markets_of(params, self._core)}
        return [
            self._position_object(each, assets[each.rules.quote])
            | {
                "leverage": str(each.leverage),
                "maxNotionalValue": plain(_MAX_NOTIONAL),
                "marginType": "cross",
                "isAutoAddMargin": "false",
            }
            for each in positions
            if each.rules.symbol in symbols
        ]

    def _position_object(self, held: HeldPosition, asset: AssetFigures) -> Json:
        symbol = held.rules.symbol
        figures = self._figures[symbol]
        return {
            "symbol": symbol,
            "positionSide": "BOTH",
            "positionAmt": figures.qty(held.qty),
            "entryPrice": figures.average(held.entry_price),
            "breakEvenPrice": figures.average(self._break_even(held)),
            "markPrice": money(held.mark_price),
            "unRealizedProfit": money(held.unrealised_pnl),
            "liquidationPrice": figures.average(liquidation_price(held, asset)),
            "isolatedMargin": "0",
            "notional": money(held.notional),
            "isolatedWallet": "0",
            "updateTime": self._moved_ms.get(symbol, 0),
        }

    def _break_even(self, held: HeldPosition) -> Decimal:
        """Where closing as a taker pays the fees of both ways."""
        rate = self._core.fees(held.rules.symbol).rate(is_maker=False)
        return held.entry_price * (1 + 2 * rate * (1 if held.qty >= 0 else -1))

    # --- settings ------------------------------------------------------------------------------

    def set_leverage(self, params: Params) -> Json:
        """POST /fapi/v1/leverage. Refused where the position would lack margin for it."""
        rules, leverage = market_of(params, self._core), whole(params, "leverage")
        if leverage is None:
            raise missing("leverage")
        if not 1 <= leverage <= MAX_LEVERAGE:
            raise BinanceRefusal(-4028, f"Leverage {leverage} is not valid.")
        held = self._core.position(rules.symbol)
        more = held.position.entry_cost / leverage - held.margin
        if more > self._core.balance(rules.quote).available:
            raise BinanceRefusal(-2028)
        self._core.set_leverage(rules.symbol, leverage)
        return {
            "symbol": rules.symbol,
            "leverage": leverage,
            "maxNotionalValue": plain(_MAX_NOTIONAL),
        }

    def set_margin_type(self, params: Params) -> Json:
        """POST /fapi/v1/marginType."""
        market_of(params, self._core)
        if choice(params, "marginType", ("ISOLATED", "CROSSED"), -1130) == "ISOLATED":
            raise BinanceRefusal(-1020)
        raise BinanceRefusal(-4046)

    def set_position_mode(self, params: Params) -> Json:
        """POST /fapi/v1/positionSide/dual."""
        if "dualSidePosition" not in params:
            raise missing("dualSidePosition")
        raise BinanceRefusal(-1020 if flag(params, "dualSidePosition") else -4059)

    def position_mode(self, _params: Params) -> Json:
        """GET /fapi/v1/positionSide/dual."""
        return {"dualSidePosition": False}

    def symbol_config(self, params: Params) -> list[Json]:
        """GET /fapi/v1/symbolConfig."""
        return [
            {
                "symbol": rules.symbol,
                "marginType": "CROSSED",
                "isAutoAddMargin": False,
                "leverage": HeldPosition(self._core, rules).leverage,
                "maxNotionalValue": plain(_MAX_NOTIONAL),
            }
            for rules in markets_of(params, self._core)
        ]

    def leverage_brackets(self, params: Params) -> list[Json]:
        """GET /fapi/v1/leverageBracket: one bracket for any notional."""
        return [
            {
                "symbol": rules.symbol,
                "notionalCoef": 1.0,
                "brackets": [
                    {
                        "bracket": 1,
                        "initialLeverage": MAX_LEVERAGE,
                        "notionalCap": int(_MAX_NOTIONAL),
                        "notionalFloor": 0,
                        "maintMarginRatio": float(rules.maintenance_margin),
                        "cum": 0.0,
                    }
                ],
            }
            for rules in markets_of(params, self._core)
        ]

    def commission_rate(self, params: Params) -> Json:
        """GET /fapi/v1/commissionRate."""
        rules = market_of(params, self._core)
        fees = self._core.fees(rules.symbol)
        return {
            "symbol": rules.symbol,
            "makerCommissionRate": plain(fees.rate(is_maker=True)),
            "takerCommissionRate": plain(fees.rate(is_maker=False)),
            "rpiCommissionRate": "0",
        }


def liquidation_price(held: HeldPosition, asset: AssetFigures) -> Decimal:
    """The mark at which the account would be liquidated if only this one moved; zero if none.

    At a mark p the account's equity less its maintenance is

        wallet + qty·(p − entry) − rate·|qty|·p + the same of all other positions.
    """
    if not held.qty:
        return ZERO
    others = asset.wallet + (asset.unrealised_pnl - held.unrealised_pnl)
    others -= asset.maintenance - held.maintenance
    qty = held.qty * held.rules.contract_multiplier
    per_price = qty - held.rules.maintenance_margin * abs(qty)
    return max((qty * held.entry_price - others) / per_price, ZERO)
