"""The account as Upbit and Bithumb both show it: balances, terms of a market, wallets, keys.

`GET /v1/accounts`, `/v1/orders/chance`, `/v1/status/wallet` and `/v1/api_keys` have the same
objects at both (docs.upbit.com/kr/reference, apidocs.bithumb.com/reference, read 2026-11-22).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_DAY, plain
from arbitrage.sim.protocols.korean_times import korean_time
from arbitrage.sim.venue_core import SimVenueCore

MAX_TOTAL: Final = {"KRW": Decimal(1_000_000_000)}
_MAX_TOTAL_ELSEWHERE: Final = Decimal(1_000_000)
_KEY_LIFE_NS: Final = 365 * NS_PER_DAY


def account_objects(core: SimVenueCore) -> list[dict[str, Any]]:
    """Every currency ever held."""
    return [_account(core, currency) for currency in core.currencies]


def _account(core: SimVenueCore, currency: str) -> dict[str, Any]:
    balance = core.balance(currency)
    return {
        "currency": currency,
        "balance": plain(balance.available),
        "locked": plain(balance.locked),
        "avg_buy_price": "0",
        "avg_buy_price_modified": False,
        "unit_currency": "KRW",
    }


def chance_object(
    core: SimVenueCore, rules: Instrument, *, bid_types: Sequence[str], ask_types: Sequence[str]
) -> dict[str, Any]:
    """Fees and bounds of the account's orders on a market."""
    fees = core.fees(rules.symbol)
    taker, maker = plain(fees.rate(is_maker=False)), plain(fees.rate(is_maker=True))
    min_total = plain(rules.min_notional)
    market = {
        "id": rules.symbol,
        "name": f"{rules.base}/{rules.quote}",
        "order_types": ["limit"],
        "order_sides": ["ask", "bid"],
        "bid_types": list(bid_types),
        "ask_types": list(ask_types),
        "bid": {"currency": rules.quote, "min_total": min_total},
        "ask": {"currency": rules.base, "min_total": min_total},
        "max_total": plain(MAX_TOTAL.get(rules.quote, _MAX_TOTAL_ELSEWHERE)),
        "state": "active",
    }
    return {
        "bid_fee": taker,
        "ask_fee": taker,
        "maker_bid_fee": maker,
        "maker_ask_fee": maker,
        "market": market,
        "bid_account": _account(core, rules.quote),
        "ask_account": _account(core, rules.base),
    }


def wallet_objects(core: SimVenueCore) -> list[dict[str, Any]]:
    """Every wallet works; KRW has none."""
    return [
        {
            "currency": currency,
            "wallet_state": "working",
            "block_state": "normal",
            "block_height": 1,
            "block_updated_at": korean_time(core.now_ns),
            "block_elapsed_minutes": 0,
            "net_type": currency,
            "network_name": currency,
        }
        for currency in core.currencies
        if currency != "KRW"
    ]


def api_key_objects(core: SimVenueCore, access_key: str) -> list[dict[str, str]]:
    """The key in use, good for a year."""
    return [{"access_key": access_key, "expire_at": korean_time(core.now_ns + _KEY_LIFE_NS)}]
