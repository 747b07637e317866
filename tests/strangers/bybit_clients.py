"""ccxt's clients of Bybit, unmodified but for their URLs, and the simulator that they meet.

Linear and spot are one exchange there, with one wallet. One option is set: `enableRateLimit` is
off, since ccxt would sleep between requests; the venue's budgets begin anew with each test instead.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import ccxt
import msgspec
import pytest
from sim_venues import RunningVenues, running, still_book, still_market

from arbitrage.sim.listings import BYBIT, BYBIT_SPOT, Listing, usdt_perpetual, usdt_spot
from arbitrage.sim.protocols.bybit_tolls import BybitTolls
from arbitrage.sim.serve import GUESTS


def housed(listing: Listing) -> Listing:
    return msgspec.structs.replace(listing, instrument=GUESTS.instrument(listing.instrument))


BTC, SPOT_BTC = usdt_perpetual("BTC", BYBIT), housed(usdt_spot(BYBIT_SPOT, "BTC"))
BID, ASK = 78_000.0, 78_000.1
SWAP, SPOT = "BTC/USDT:USDT", "BTC/USDT"
BOTH = pytest.mark.parametrize("symbol", [SWAP, SPOT])
KEYS = {SWAP: "BTCUSDT", SPOT: "spot:BTCUSDT"}
BOOKS = [(BTC, still_book(BTC, BID, 0.5)), (SPOT_BTC, still_book(SPOT_BTC, BID, 0.5))]
SETTINGS = {"apiKey": "sim-key", "secret": "sim-secret", "enableRateLimit": False}
_client_ids = count(1)


@contextmanager
def served() -> Iterator[RunningVenues]:
    with running([BYBIT], still_market(BOOKS)) as venues:
        yield venues


def freshen(venues: RunningVenues) -> None:
    """Whole books and unspent budgets."""
    protocol: Any = venues.venues.servers[BYBIT].protocol
    protocol._tolls = BybitTolls()
    for _, book in BOOKS:
        venues.show(book)


def pointed_at(exchange: Any, venues: RunningVenues) -> Any:
    """The exchange with its URLs, and nothing else, replaced."""
    rest, ws = venues.rest_url(BYBIT), venues.ws_url(BYBIT)
    for api in ("public", "private"):
        exchange.urls["api"][api] = rest
    if "ws" in exchange.urls["api"]:
        urls = exchange.urls["api"]["ws"]
        for category in ("spot", "linear"):
            urls["public"][category] = f"{ws}/v5/public/{category}"
        urls["private"]["contract"] = f"{ws}/v5/private"
        urls["private"]["trade"] = f"{ws}/v5/trade"
    return exchange


def client_of(venues: RunningVenues) -> Any:
    exchange = pointed_at(ccxt.bybit(SETTINGS), venues)
    exchange.load_markets()
    return exchange


def flatten(exchange: Any) -> None:
    """Cancel every order and close every position."""
    for symbol in (SWAP, SPOT):
        exchange.cancel_all_orders(symbol)
    for position in exchange.fetch_positions():
        side = "sell" if position["side"] == "long" else "buy"
        params = {"reduceOnly": True}
        exchange.create_order(SWAP, "market", side, position["contracts"], params=params)


def named() -> dict[str, str]:
    return {"clientOrderId": f"ccxt-{next(_client_ids)}"}


def known(exchange: Any, order: Any, symbol: str) -> Any:
    """An order as the venue tells it now."""
    return exchange.fetch_order(order["id"], symbol, {"acknowledged": True})
