"""Binance's wallet API at `/sapi`: whether the system is up, what a key may do, which coins move.

At the venue it is one service on the spot address, whatever is traded; here every simulator answers
it. The key may trade and not withdraw; every coin can be deposited and withdrawn
(developers.binance.com/docs/wallet and docs/margin_trading: System-Status, Get-API-Key-Permission,
All-Coins-Information and Get-All-Cross-Margin-Pairs, from general knowledge, unconfirmed).
"""

from collections.abc import Iterable
from typing import Final

from aiohttp import web

from arbitrage.domain.units import plain
from arbitrage.sim.protocols.binance_auth import AccountCheck, Params
from arbitrage.sim.protocols.binance_errors import TroubleWords
from arbitrage.sim.protocols.binance_rest import BinanceRest, Endpoint, Security
from arbitrage.sim.protocols.binance_tolls import WEIGHT, BinanceTolls, TollRule
from arbitrage.sim.protocols.binance_wire import Json, encode, ms
from arbitrage.sim.venue_core import SimVenueCore

_STATUS: Final = "/sapi/v1/system/status"
_MARGIN: Final = "/sapi/v1/margin"
_LIMIT: Final = TollRule(WEIGHT, "MINUTE", 1, 12_000, "X-SAPI-USED-IP-WEIGHT-1M")


class WalletApi:
    """The wallet of the one account of a venue."""

    def __init__(self, core: SimVenueCore, check: AccountCheck, words: TroubleWords) -> None:
        self._core = core
        self._rest = BinanceRest(core, check, BinanceTolls([_LIMIT], words))

    def routes(self, more: Iterable[Endpoint] = ()) -> list[web.RouteDef]:
        """Its paths; `more` are served at the same terms."""
        return self._rest.routes(
            [
                Endpoint("GET", _STATUS, self.status, security=Security.NONE),
                Endpoint("GET", "/sapi/v1/account/apiRestrictions", self.rights),
                Endpoint("GET", "/sapi/v1/capital/config/getall", self.coins, 10),
                Endpoint("GET", f"{_MARGIN}/allPairs", self.margin_pairs),
                Endpoint("GET", f"{_MARGIN}/isolated/allPairs", self.margin_pairs, 10),
                *more,
            ]
        )

    def status_in_maintenance(self, request: web.Request, status: int) -> web.Response | None:
        """The answer of the one path that is served while everything else is refused with 503."""
        if status != 503 or request.path != _STATUS:
            return None
        told = encode({"status": 1, "msg": "system_maintenance"})
        return web.Response(body=told, content_type="application/json")

    def status(self, _params: Params) -> Json:
        """GET /sapi/v1/system/status."""
        return {"status": 0, "msg": "normal"}

    def rights(self, _params: Params) -> Json:
        """GET /sapi/v1/account/apiRestrictions."""
        return {
            "ipRestrict": False,
            "createTime": ms(self._core.now_ns),
            "enableReading": True,
            "enableSpotAndMarginTrading": True,
            "enableWithdrawals": False,
            "enableInternalTransfer": False,
            "enableMargin": False,
            "enableFutures": True,
            "permitsUniversalTransfer": False,
            "enableVanillaOptions": False,
            "enablePortfolioMarginTrading": False,
            "enableFixApiTrade": False,
            "enableFixReadOnly": True,
        }

    def coins(self, _params: Params) -> list[Json]:
        """GET /sapi/v1/capital/config/getall."""
        return [self._coin(currency) for currency in self._core.currencies]

    def margin_pairs(self, _params: Params) -> list[Json]:
        """GET /sapi/v1/margin/allPairs: nothing is traded on margin here."""
        return []

    def _coin(self, currency: str) -> Json:
        held = self._core.balance(currency)
        return {
            "coin": currency,
            "name": currency,
            "depositAllEnable": True,
            "withdrawAllEnable": True,
            "free": plain(held.available),
            "locked": plain(held.locked),
            "freeze": "0",
            "withdrawing": "0",
            "ipoing": "0",
            "ipoable": "0",
            "storage": "0",
            "isLegalMoney": False,
            "trading": True,
            "networkList": [_network(currency)],
        }


def _network(currency: str) -> Json:
    return {
        "network": currency,
        "coin": currency,
        "name": currency,
        "isDefault": True,
        "depositEnable": True,
        "withdrawEnable": True,
        "withdrawFee": "0.0002",
        "withdrawMin": "0.001",
        "withdrawMax": "7500",
        "withdrawIntegerMultiple": "0.00000001",
        "depositDesc": "",
        "withdrawDesc": "",
        "resetAddressStatus": False,
        "addressRegex": "",
        "memoRegex": "",
        "minConfirm": 1,
        "unLockConfirm": 0,
    }
