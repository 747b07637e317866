"""Gateways through ccxt, pointed at our simulators."""

from decimal import Decimal
from typing import Any

from sim_venues import RunningVenues

from arbitrage.exchanges.registry import create_exchange
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.sim.listings import BINANCE_USDM, UPBIT

# `fetchCurrencies` asks another service of the venue's; ccxt would sleep between requests.
QUICK: dict[str, Any] = {"enableRateLimit": False, "options": {"fetchCurrencies": False}}
KEYS = {"api_key": "sim-key", "secret": "sim-secret"}


def upbit_urls(rest: str, ws: str) -> dict[str, Any]:
    return {"public": rest, "private": rest, "ws": f"{ws}/websocket/v1"}


def usdm_urls(rest: str, ws: str) -> dict[str, Any]:
    versions = {"": "v1", "V2": "v2", "V3": "v3"}
    apis = {
        f"fapi{side}{suffix}": f"{rest}/fapi/{version}"
        for side in ("Public", "Private")
        for suffix, version in versions.items()
    }
    return {**apis, "ws": {"linear": f"{ws}/ws"}}


def ccxt_upbit(rest: str, ws: str, **changes: Any) -> VenueGateway:
    settings: dict[str, Any] = {
        "symbols": ["BTC/KRW"],
        "urls": upbit_urls(rest, ws),
        "tick_sizes": {"BTC/KRW": Decimal(1000)},
        "ccxt_settings": QUICK,
        **KEYS,
        **changes,
    }
    made = create_exchange("ccxt:upbit", **settings)
    assert isinstance(made, VenueGateway)
    return made


def ccxt_usdm(rest: str, ws: str, **changes: Any) -> VenueGateway:
    settings: dict[str, Any] = {
        "symbols": ["BTC/USDT:USDT"],
        "urls": usdm_urls(rest, ws),
        "ccxt_settings": QUICK,
        **KEYS,
        **changes,
    }
    made = create_exchange("ccxt:binanceusdm", **settings)
    assert isinstance(made, VenueGateway)
    return made


def on_upbit(venues: RunningVenues, **changes: Any) -> VenueGateway:
    return ccxt_upbit(venues.rest_url(UPBIT), venues.ws_url(UPBIT), **changes)


def on_usdm(venues: RunningVenues, **changes: Any) -> VenueGateway:
    return ccxt_usdm(venues.rest_url(BINANCE_USDM), venues.ws_url(BINANCE_USDM), **changes)
