"""Binance spot's account endpoints on the core: balances, commissions, counts of orders.

Shapes: github.com/binance/binance-spot-api-docs/rest-api.md, read 2026-11-22; `tradeFee` is of the
wallet API, from general knowledge. The account pays out of what it receives and has no discount.
"""

from arbitrage.domain.units import plain
from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_params import flag, market_of, markets_of
from arbitrage.sim.protocols.binance_tolls import BinanceTolls
from arbitrage.sim.protocols.binance_wire import Json, money, ms
from arbitrage.sim.venue_core import SimVenueCore

_UID = 354_937_868
_BPS = 10_000


class SpotAccount:
    """The one account of the venue."""

    def __init__(self, core: SimVenueCore, tolls: BinanceTolls) -> None:
        self._core = core
        self._tolls = tolls

    def account(self, params: Params) -> Json:
        """GET /api/v3/account."""
        omits_zeros = flag(params, "omitZeroBalances")
        held = [self._core.balance(currency) for currency in self._core.currencies]
        first, *_ = self._core.instruments
        maker, taker = self._rate(first, is_maker=True), self._rate(first, is_maker=False)
        return {
            "makerCommission": int(float(maker) * _BPS),
            "takerCommission": int(float(taker) * _BPS),
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": _rates(maker, taker),
            "canTrade": True,
            "canWithdraw": True,
            "canDeposit": True,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": ms(self._core.now_ns),
            "accountType": "SPOT",
            "balances": [
                {
                    "asset": balance.currency,
                    "free": money(balance.available),
                    "locked": money(balance.locked),
                }
                for balance in held
                if balance.total or not omits_zeros
            ],
            "permissions": ["SPOT"],
            "uid": _UID,
        }

    def commission(self, params: Params) -> Json:
        """GET /api/v3/account/commission."""
        symbol = market_of(params, self._core).symbol
        maker, taker = self._rate(symbol, is_maker=True), self._rate(symbol, is_maker=False)
        return {
            "symbol": symbol,
            "standardCommission": _rates(maker, taker),
            "specialCommission": _rates("0.00000000", "0.00000000"),
            "taxCommission": _rates("0.00000000", "0.00000000"),
            "discount": {
                "enabledForAccount": False,
                "enabledForSymbol": True,
                "discountAsset": "BNB",
                "discount": "0.75000000",
            },
        }

    def trade_fees(self, params: Params) -> list[Json]:
        """GET /sapi/v1/asset/tradeFee."""
        return [
            {
                "symbol": rules.symbol,
                "makerCommission": plain(self._core.fees(rules.symbol).rate(is_maker=True)),
                "takerCommission": plain(self._core.fees(rules.symbol).rate(is_maker=False)),
            }
            for rules in markets_of(params, self._core)
        ]

    def order_counts(self, _params: Params) -> list[Json]:
        """GET /api/v3/rateLimit/order."""
        return self._tolls.order_counts(self._core.now_ns)

    def _rate(self, symbol: str, *, is_maker: bool) -> str:
        return money(self._core.fees(symbol).rate(is_maker=is_maker))


def _rates(maker: str, taker: str) -> Json:
    return {"maker": maker, "taker": taker, "buyer": "0.00000000", "seller": "0.00000000"}
