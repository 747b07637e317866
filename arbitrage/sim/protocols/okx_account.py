"""OKX's account endpoints on the core: balances, positions, fees, settings, wallets.

The one account is in futures mode (`acctLv` 2) with one position per symbol and crossed margin,
which is what the core knows; asking for another position mode is refused as if orders were open.
Its key may trade and not withdraw (www.okx.com/docs-v5/en, trading-account and funding-account,
read 2026-11-22).
"""

from typing import Any, Final

from arbitrage.domain.fees import FeeManner
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import ZERO, plain
from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_form import DEFAULT_SELF_TRADE
from arbitrage.sim.protocols.okx_markets import MAX_LEVERAGE, Markets, family_of, kind_of
from arbitrage.sim.protocols.okx_params import inst_type_of, needed, one_of_body, whole
from arbitrage.sim.protocols.okx_positions import OkxPositions
from arbitrage.sim.protocols.okx_wire import Json, Params, ms
from arbitrage.sim.venue_core import SimVenueCore

USER_ID: Final = "44705892343619584"
_RIGHTS: Final = "read_only,trade"
_NO_AMOUNT: Final = "0"


class OkxAccount:
    """The one account of the venue."""

    def __init__(self, core: SimVenueCore, markets: Markets, positions: OkxPositions) -> None:
        self._core = core
        self._markets = markets
        self._positions = positions

    # --- what is owned -------------------------------------------------------------------------

    def balance(self, params: Params) -> list[Json]:
        """GET /api/v5/account/balance, of the currencies that are named or of all."""
        named = [name for name in params.get("ccy", "").split(",") if name]
        return [self.balance_object(named or self._core.currencies)]

    def balance_object(self, currencies: list[str]) -> Json:
        """The account with some of its currencies, as answers and pushes show it."""
        details = [self._currency_object(name) for name in currencies]
        dollars = [one for one in details if one["ccy"] in ("USDT", "USDC")]
        return {
            "uTime": ms(self._core.now_ns),
            "totalEq": dollars[0]["eq"] if dollars else _NO_AMOUNT,
            "adjEq": "",
            "isoEq": _NO_AMOUNT,
            "ordFroz": "",
            "imr": "",
            "mmr": "",
            "mgnRatio": "",
            "notionalUsd": "",
            "upl": "",
            "details": details,
        }

    def _currency_object(self, currency: str) -> Json:
        held = self._core.balance(currency)
        pnl = self._positions.unrealised_pnl(currency)
        margin = self._positions.margin(currency)
        of_orders = held.locked - margin - max(-pnl, ZERO)
        return {
            "ccy": currency,
            "cashBal": plain(held.total),
            "availBal": plain(held.available),
            "availEq": plain(held.available),
            "frozenBal": plain(held.locked),
            "ordFrozen": plain(max(of_orders, ZERO)),
            "eq": plain(held.total + pnl),
            "eqUsd": "",
            "disEq": "",
            "upl": plain(pnl),
            "imr": plain(margin),
            "isoEq": _NO_AMOUNT,
            "liab": "",
            "interest": "",
            "mgnRatio": "",
            "uTime": ms(self._core.now_ns),
        }

    def positions(self, params: Params) -> list[Json]:
        """GET /api/v5/account/positions: those that are not flat."""
        kind, named = inst_type_of(params), params.get("instId", "")
        symbols = [
            symbol
            for symbol in self._positions.held()
            if kind in ("", "SWAP") and (not named or symbol in named.split(","))
        ]
        return self._positions.objects(symbols)

    def currencies(self, params: Params) -> list[Json]:
        """GET /api/v5/asset/currencies: one row per network, of which each currency has one."""
        named = [name for name in params.get("ccy", "").split(",") if name]
        return [
            {
                "ccy": currency,
                "name": currency,
                "chain": f"{currency}-Sim",
                "canDep": True,
                "canWd": True,
                "canInternal": True,
                "minDep": "0.00000001",
                "minWd": "0.001",
                "maxWd": "1000000",
                "wdTickSz": "8",
                "fee": "0.0001",
                "mainNet": True,
                "needTag": False,
            }
            for currency in named or self._core.currencies
        ]

    def funding_balances(self, _params: Params) -> list[Json]:
        """GET /api/v5/asset/balances: everything is in the trading account."""
        return []

    # --- settings ------------------------------------------------------------------------------

    def config(self, _params: Params) -> list[Json]:
        """GET /api/v5/account/config."""
        spot = self._markets.of_kind("SPOT")
        in_quote = bool(spot) and self._core.fees(spot[0].symbol).manner is FeeManner.QUOTE
        return [
            {
                "uid": USER_ID,
                "mainUid": USER_ID,
                "acctLv": "2",
                "posMode": "net_mode",
                "acctStpMode": DEFAULT_SELF_TRADE,
                "autoLoan": False,
                "ctIsoMode": "automatic",
                "enableSpotBorrow": False,
                "feeType": "1" if in_quote else "0",
                "greeksType": "PA",
                "ip": "",
                "kycLv": "3",
                "label": "sim",
                "level": "Lv1",
                "levelTmp": "",
                "perm": _RIGHTS,
                "roleType": "0",
                "settleCcy": "",
                "type": "0",
            }
        ]

    def trade_fee(self, params: Params) -> list[Json]:
        """GET /api/v5/account/trade-fee: of the market or family that is named, else of the first
        of its kind."""
        kind = inst_type_of(params, is_needed=True)
        symbol = params.get("instId", "")
        family = params.get("instFamily") or params.get("uly", "")
        found = [
            rules
            for rules in self._markets.of_kind(kind)
            if symbol in ("", rules.symbol) and family in ("", family_of(rules))
        ]
        if not found:
            raise OkxRefusal("51001")
        fees = self._core.fees(found[0].symbol)
        taker, maker = (plain(-fees.rate(is_maker=is_maker)) for is_maker in (False, True))
        return [
            {
                "instType": kind,
                "level": "Lv1",
                "category": "1",
                "taker": taker,
                "maker": maker,
                "feeGroup": [{"groupId": "1", "taker": taker, "maker": maker}],
                "takerU": taker,
                "makerU": maker,
                "delivery": "",
                "exercise": "",
                "fiat": [],
                "ruleType": "normal",
                "ts": ms(self._core.now_ns),
            }
        ]

    def set_leverage(self, body: Any) -> list[Json]:
        """POST /api/v5/account/set-leverage. Refused where the position would lack margin."""
        params = one_of_body(body)
        rules = self._swap(params)
        if needed(params, "mgnMode") != "cross":
            raise OkxRefusal("51000", "mgnMode")
        needed(params, "lever")
        leverage = whole(params, "lever") or 0
        if leverage < 1:
            raise OkxRefusal("51000", "lever")
        if leverage > MAX_LEVERAGE:
            raise OkxRefusal("59102")
        held = self._core.position(rules.symbol)
        more = held.position.entry_cost / leverage - held.margin
        if more > self._core.balance(rules.quote).available:
            raise OkxRefusal("59108")
        self._core.set_leverage(rules.symbol, leverage)
        return [self._leverage_object(rules)]

    def leverage_info(self, params: Params) -> list[Json]:
        """GET /api/v5/account/leverage-info."""
        needed(params, "mgnMode")
        named = [name for name in needed(params, "instId").split(",") if name]
        return [self._leverage_object(self._swap({"instId": name})) for name in named]

    def _leverage_object(self, rules: Instrument) -> Json:
        return {
            "instId": rules.symbol,
            "ccy": "",
            "mgnMode": "cross",
            "posSide": "net",
            "lever": self._markets.leverage(rules.symbol),
        }

    def _swap(self, params: Params) -> Instrument:
        rules = self._markets.rules(needed(params, "instId"))
        if kind_of(rules) != "SWAP":
            raise OkxRefusal("51000", "instId")
        return rules

    def set_position_mode(self, body: Any) -> list[Json]:
        """POST /api/v5/account/set-position-mode."""
        mode = needed(one_of_body(body), "posMode")
        if mode not in ("net_mode", "long_short_mode"):
            raise OkxRefusal("51000", "posMode")
        if mode != "net_mode":
            raise OkxRefusal("59000")
        return [{"posMode": mode}]
