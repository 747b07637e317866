"""Messages typed from the venue's documentation, answers made of them, and a stranger to compare
our requests with."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from arbitrage.exchanges.order_gateway import Answer

FRAMES = Path(__file__).parents[2] / "frames" / "binance_spot"
NOW_MS = 1591702613943


@pytest.fixture
def body() -> Callable[[str], bytes]:
    """The bytes of `tests/frames/binance_spot/<name>.json`."""
    return lambda name: (FRAMES / f"{name}.json").read_bytes()


@pytest.fixture
def answer(body: Callable[[str], bytes]) -> Callable[..., Answer]:
    """A 200 with the body of that name, or any other answer by its parts."""

    def make(
        name: str = "",
        *,
        status: int = 200,
        raw: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return Answer(status, body(name) if name else raw, headers or {})

    return make


@pytest.fixture
def frames() -> Callable[[str], list[bytes]]:
    """The frames of `tests/frames/binance_spot/<name>.jsonl`."""
    return lambda name: (FRAMES / f"{name}.jsonl").read_bytes().splitlines()


class Sent(NamedTuple):
    """What ccxt sends. `query` holds the parameters, signature last, also where they are a body."""

    method: str
    path: str
    query: str
    headers: dict[str, str]


class Stopped(Exception):
    """Raised where ccxt would use the network."""


@pytest.fixture(scope="session")
def stranger() -> Callable[..., Sent]:
    """A call of ccxt's binance by name, as what it sends: with key `key`, secret `secret`, a
    window of 10,000 ms, at 1591702613943 ms."""
    ccxt = pytest.importorskip("ccxt")
    client = ccxt.binance(_SETTINGS)
    client.milliseconds = lambda: NOW_MS
    client.set_markets([_MARKET])

    def send(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> None:
        path, _, query = url.removeprefix("https://api.binance.com").partition("?")
        raise Stopped(Sent(method, path, body or query, headers or {}))

    client.fetch = send

    def call(name: str, *args: Any) -> Sent:
        with pytest.raises(Stopped) as caught:
            getattr(client, name)(*args)
        sent: Sent = caught.value.args[0]
        return sent

    return call


@pytest.fixture(scope="session")
def signed_by_stranger() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The parameters that ccxt.pro's binance sends on the websocket API for those given."""
    pro = pytest.importorskip("ccxt.pro")
    client = pro.binance(_SETTINGS)
    client.milliseconds = lambda: NOW_MS
    sign: Callable[[dict[str, Any]], dict[str, Any]] = client.sign_params
    return sign


_SETTINGS = {
    "apiKey": "key",
    "secret": "secret",
    "enableRateLimit": False,
    "options": {"recvWindow": 10_000},
}
_MARKET = {
    "id": "BTCUSDT",
    "symbol": "BTC/USDT",
    "base": "BTC",
    "quote": "USDT",
    "type": "spot",
    "precision": {"amount": 0.00001, "price": 0.01},
    "limits": {},
    "info": {"orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"], "quoteOrderQtyMarketAllowed": True},
    **dict.fromkeys(("spot", "active"), True),
    **dict.fromkeys(("swap", "linear", "contract", "margin", "future", "option", "inverse"), False),
}
