"""Messages typed from the venue's documentation, answers made of them, and a stranger to compare
our requests with."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from arbitrage.exchanges.order_gateway import Answer

FRAMES = Path(__file__).parents[2] / "frames" / "binance_usdm"


@pytest.fixture
def body() -> Callable[[str], bytes]:
    """The bytes of `tests/frames/binance_usdm/<name>.json`."""
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
    """The frames of `tests/frames/binance_usdm/<name>.jsonl`."""
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
    """A call of ccxt's binanceusdm by name, as what it sends: with key `key`, secret `secret`, a
    window of 10,000 ms, at 1591702613943 ms."""
    ccxt = pytest.importorskip("ccxt")
    client = ccxt.binanceusdm(
        {
            "apiKey": "key",
            "secret": "secret",
            "enableRateLimit": False,
            "options": {"recvWindow": 10_000},
        }
    )
    client.milliseconds = lambda: 1591702613943
    client.set_markets([_MARKET])

    def send(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> None:
        path, _, query = url.removeprefix("https://fapi.binance.com").partition("?")
        raise Stopped(Sent(method, path, body or query, headers or {}))

    client.fetch = send

    def call(name: str, *args: Any) -> Sent:
        with pytest.raises(Stopped) as caught:
            getattr(client, name)(*args)
        sent: Sent = caught.value.args[0]
        return sent

    return call


_MARKET = {
    "id": "BTCUSDT",
    "symbol": "BTC/USDT:USDT",
    "base": "BTC",
    "quote": "USDT",
    "settle": "USDT",
    "type": "swap",
    "subType": "linear",
    "contractSize": 1,
    "precision": {"amount": 0.001, "price": 0.1},
    "limits": {},
    "info": {"orderTypes": ["LIMIT", "MARKET"]},
    **dict.fromkeys(("swap", "linear", "contract", "active"), True),
    **dict.fromkeys(("spot", "margin", "future", "option", "inverse"), False),
}
