"""Bybit's account endpoints on the core: wallet, positions, settings, key.

One unified account (UTA 2.0) with one wallet for all categories, in one-way mode with cross margin,
which is what the core knows. Asking for that again is answered as the venue answers (110025,
110043); hedge mode is refused, which the venue would not do. Initial margin is that of the entry,
as the core keeps it, where the venue takes the mark. Shapes: bybit-exchange.github.io/docs/v5,
account, position, user and asset, read 2026-11-22.
"""

from decimal import Decimal
from typing import Final

from arbitrage.domain.units import ONE, ZERO, decimal_of, plain
from arbitrage.sim.core_events import CoreEvent, PositionChanged
from arbitrage.sim.protocols.bybit_errors import BybitRefusal, wrong
from arbitrage.sim.protocols.bybit_figures import MAX_LEVERAGE, mark_price, usd_price
from arbitrage.sim.protocols.bybit_markets import Market, Markets
from arbitrage.sim.protocols.bybit_params import Params, category_of, number, page
from arbitrage.sim.protocols.bybit_wire import Category, Json, money, ms
from arbitrage.sim.venue_core import SimVenueCore

_KEY_PERMISSIONS: Final = {
    "ContractTrade": ["Order", "Position"],
    "Spot": ["SpotTrade"],
    "Wallet": ["AccountTransfer"],
    "Options": [],
    "Derivatives": ["DerivativesTrade"],
    "Exchange": [],
    "CopyTrading": [],
    "BlockTrade": [],
    "NFT": [],
    "Affiliate": [],
    "Earn": [],
}


class BybitAccount:
    """The one account of the venue."""

    def __init__(self, core: SimVenueCore, markets: Markets, api_key: str) -> None:
        self._core = core
        self._markets = markets
        self._api_key = api_key
        self._moved_ms: dict[str, int] = {}
        core.listen(self._on_event)

    def _on_event(self, event: CoreEvent) -> None:
        if isinstance(event, PositionChanged):
            self._moved_ms[event.symbol] = ms(event.ts_ns)

    # --- the wallet ------------------------------------------------------------------------------

    def wallet(self, params: Params) -> Json:
        """GET /v5/account/wallet-balance."""
        if params.get("accountType") != "UNIFIED":
            raise wrong("accountType only support UNIFIED")
        return {"list": [self.wallet_object(params.get("coin", ""))]}

    def wallet_object(self, coins: str = "") -> Json:
        """The wallet, whole or for some coins with commas between; the stream tells the same."""
        names = coins.split(",") if coins else self._core.currencies
        rows = [self._coin(name) for name in names]
        equity = sum((Decimal(row["usdValue"]) for row in rows), ZERO)
        wallet = sum((Decimal(row["walletBalance"]) * self._usd(row["coin"]) for row in rows), ZERO)
        margin = sum(
            (Decimal(row["totalOrderIM"]) + Decimal(row["totalPositionIM"]) for row in rows), ZERO
        )
        return {
            "accountType": "UNIFIED",
            "accountLTV": "0",
            "accountIMRate": "0",
            "accountMMRate": "0",
            "totalEquity": money(equity),
            "totalWalletBalance": money(wallet),
            "totalMarginBalance": money(equity),
            "totalAvailableBalance": money(equity - margin),
            "totalPerpUPL": money(equity - wallet),
            "totalInitialMargin": money(margin),
            "totalMaintenanceMargin": "0",
            "coin": rows,
        }

    def _usd(self, coin: str) -> Decimal:
        return usd_price(self._core, coin)

    def _coin(self, coin: str) -> Json:
        balance = self._core.balance(coin)
        held = [
            self._core.position(market.key)
            for market in self._markets.of(Category.LINEAR)
            if market.rules.quote == coin
        ]
        pnl = round(sum((each.unrealised_pnl for each in held), ZERO), 8)
        position_margin = sum((each.margin for each in held), ZERO)
        locked = self._locked_by_spot(coin)
        losses = max(-pnl, ZERO)
        order_margin = max(balance.locked - locked - position_margin - losses, ZERO)
        equity = balance.total + pnl
        return {
            "coin": coin,
            "equity": money(equity),
            "usdValue": money(equity * self._usd(coin)),
            "walletBalance": money(balance.total),
            "free": "",
            "locked": money(locked),
            "borrowAmount": "0",
            "accruedInterest": "0",
            "availableToWithdraw": "",
            "totalOrderIM": money(order_margin),
            "totalPositionIM": money(position_margin),
            "totalPositionMM": "0",
            "unrealisedPnl": money(pnl),
            "cumRealisedPnl": "0",
            "bonus": "0",
            "collateralSwitch": coin in ("USDT", "USDC"),
            "marginCollateral": coin in ("USDT", "USDC"),
            "spotHedgingQty": "0",
        }

    def _locked_by_spot(self, coin: str) -> Decimal:
        """What spot orders at rest hold of a coin."""
        locked = ZERO
        for order in self._core.orders.open():
            market, wanted = self._markets.by_key[order.request.symbol], order.request
            if market.category is not Category.SPOT or wanted.price is None:
                continue
            if wanted.side.sign < 0 and market.rules.base == coin:
                locked += order.remaining_qty
            elif wanted.side.sign > 0 and market.rules.quote == coin:
                locked += order.remaining_qty * wanted.price
        return locked

    # --- positions -------------------------------------------------------------------------------

    def positions(self, params: Params) -> Json:
        """GET /v5/position/list: a symbol's even if it is flat, of a coin those that are not."""
        category = category_of(params)
        if category is not Category.LINEAR:
            raise wrong("Category is invalid")
        if "symbol" in params:
            found = [self._markets.market(category, params["symbol"])]
        elif "settleCoin" in params:
            found = [
                market
                for market in self._markets.of(category)
                if market.rules.quote == params["settleCoin"]
                and self._core.position(market.key).position.qty
            ]
        else:
            raise wrong("symbol or settleCoin is needed")
        numbered = list(zip(range(len(found), 0, -1), found, strict=True))
        chosen, cursor = page(numbered, lambda row: row[0], params, default=20, most=200)
        return {
            "list": [self.position_object(market) for _, market in chosen],
            "nextPageCursor": cursor,
            "category": category.value,
        }

    def position_object(self, market: Market) -> Json:
        """One position; the stream tells the same."""
        held, figures, rules = self._core.position(market.key), market.figures, market.rules
        qty = held.position.qty
        mark = decimal_of(mark_price(self._core, market.key))
        entry = held.position.avg_entry_price(rules.contract_multiplier)
        value = abs(qty) * rules.contract_multiplier * entry
        moved_ms = str(self._moved_ms.get(market.key, 0))
        return {
            "positionIdx": 0,
            "riskId": 1,
            "riskLimitValue": "2000000",
            "symbol": market.symbol,
            "side": "Buy" if qty > 0 else "Sell" if qty < 0 else "",
            "size": figures.qty(abs(qty)),
            "avgPrice": money(round(entry, 8)),
            "positionValue": money(value),
            "tradeMode": 0,
            "autoAddMargin": 0,
            "positionStatus": "Normal",
            "leverage": plain(round(ONE / self._core.initial_margin(market.key), 2)),
            "markPrice": figures.price(mark),
            "liqPrice": "",
            "bustPrice": "",
            "positionIM": money(held.margin),
            "positionMM": money(rules.maintenance_margin * value),
            "positionBalance": "0",
            "tpslMode": "Full",
            "takeProfit": "",
            "stopLoss": "",
            "trailingStop": "0",
            "unrealisedPnl": money(round(held.unrealised_pnl, 8)),
            "curRealisedPnl": "0",
            "cumRealisedPnl": "0",
            "adlRankIndicator": 2 if qty else 0,
            "isReduceOnly": False,
            "mmrSysUpdatedTime": "",
            "leverageSysUpdatedTime": "",
            "createdTime": moved_ms,
            "updatedTime": moved_ms,
            "seq": -1,
        }

    # --- settings --------------------------------------------------------------------------------

    def set_leverage(self, params: Params) -> Json:
        """POST /v5/position/set-leverage. Refused where the position would lack margin for it."""
        market = self._markets.market(Category.LINEAR, params.get("symbol", ""))
        buy, sell = number(params, "buyLeverage"), number(params, "sellLeverage")
        if buy is None or buy != sell or not 1 <= buy <= MAX_LEVERAGE or buy != int(buy):
            raise wrong("leverage invalid")
        if buy == round(ONE / self._core.initial_margin(market.key), 2):
            raise BybitRefusal(110043)
        held = self._core.position(market.key)
        more = held.position.entry_cost / buy - held.margin
        if more > self._core.balance(market.rules.quote).available:
            raise BybitRefusal(110007)
        self._core.set_leverage(market.key, int(buy))
        return {}

    def switch_mode(self, params: Params) -> Json:
        """POST /v5/position/switch-mode."""
        if params.get("mode") != "0":
            raise wrong("hedge mode is not simulated")
        raise BybitRefusal(110025)

    def fee_rate(self, params: Params) -> Json:
        """GET /v5/account/fee-rate, of one symbol or of all."""
        category = category_of(params)
        symbol = params.get("symbol")
        markets = [self._markets.market(category, symbol)] if symbol else self._markets.of(category)
        return {
            "list": [
                {
                    "symbol": market.symbol,
                    "baseCoin": "",
                    "takerFeeRate": plain(self._core.fees(market.key).rate(is_maker=False)),
                    "makerFeeRate": plain(self._core.fees(market.key).rate(is_maker=True)),
                }
                for market in markets
            ]
        }

    def info(self, _params: Params) -> Json:
        """GET /v5/account/info."""
        return {
            "marginMode": "REGULAR_MARGIN",
            "updatedTime": str(ms(self._core.now_ns)),
            "unifiedMarginStatus": 5,
            "dcpStatus": "OFF",
            "timeWindow": 10,
            "smpGroup": 0,
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
        }

    # --- the key ---------------------------------------------------------------------------------

    def key_info(self, _params: Params) -> Json:
        """GET /v5/user/query-api: a key that may trade and may not withdraw."""
        return {
            "id": "16651472",
            "note": "simulated",
            "apiKey": self._api_key,
            "readOnly": 0,
            "secret": "",
            "permissions": _KEY_PERMISSIONS,
            "ips": ["*"],
            "type": 1,
            "deadlineDay": 88,
            "expiredAt": "2030-01-01T00:00:00Z",
            "createdAt": "2026-01-01T00:00:00Z",
            "unified": 0,
            "uta": 1,
            "userID": 53888001,
            "inviterID": 0,
            "vipLevel": "No VIP",
            "mktMakerLevel": "0",
            "affiliateID": 0,
            "rsaPublicKey": "",
            "isMaster": True,
            "parentUid": "0",
            "kycLevel": "LEVEL_1",
            "kycRegion": "",
        }

    def coins(self, params: Params) -> Json:
        """GET /v5/asset/coin/query-info: each coin on one chain, which is open."""
        names = [params["coin"]] if "coin" in params else self._core.currencies
        return {
            "rows": [
                {
                    "name": name,
                    "coin": name,
                    "remainAmount": "10000000",
                    "chains": [
                        {
                            "chain": name,
                            "chainType": name,
                            "confirmation": "6",
                            "withdrawFee": "0",
                            "depositMin": "0",
                            "withdrawMin": "0",
                            "minAccuracy": "8",
                            "chainDeposit": "1",
                            "chainWithdraw": "1",
                            "withdrawPercentageFee": "0",
                            "contractAddress": "",
                            "safeConfirmNumber": "6",
                        }
                    ],
                }
                for name in names
            ]
        }
