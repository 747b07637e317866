"""Messages typed from the venue's documentation, answers made of them, and a stranger to compare
our requests with."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from arbitrage.exchanges.order_gateway import Answer

FRAMES = Path(__file__).parents[2] / "frames" / "bybit"


@pytest.fixture
def body() -> Callable[[str], bytes]:
    """The bytes of `tests/frames/bybit/<name>.json`."""
    return lambda name: (FRAMES / f"{name}.json").read_bytes()


@pytest.fixture
def answer(body: Callable[[str], bytes]) -> Callable[..., Answer]:
    """A 200 with the body of that name or with a code alone, or any other answer by its parts."""

    def make(
        name: str = "",
        *,
        status: int = 200,
        code: int | None = None,
        raw: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        if code is not None:
            raw = b'{"retCode":%d,"retMsg":"no","result":{},"retExtInfo":{},"time":7000}' % code
        return Answer(status, body(name) if name else raw, headers or {})

    return make


@pytest.fixture
def frames() -> Callable[[str], list[bytes]]:
    """The frames of `tests/frames/bybit/<name>.jsonl`."""
    return lambda name: (FRAMES / f"{name}.jsonl").read_bytes().splitlines()


class Sent(NamedTuple):
    """What ccxt sends."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Stopped(Exception):
    """Raised where ccxt would use the network."""


@pytest.fixture(scope="session")
def stranger() -> Callable[..., Sent]:
    """A call of ccxt's bybit by name, as what it sends: with key `key`, secret `secret`, a window
    of 5,000 ms, at 1591702613943 ms."""
    ccxt = pytest.importorskip("ccxt")
    client = ccxt.bybit(
        {
            "apiKey": "key",
            "secret": "secret",
            "enableRateLimit": False,
            "options": {
                "recvWindow": 5_000,
                "enableUnifiedMargin": False,
                "enableUnifiedAccount": True,
            },
        }
    )
    client.milliseconds = lambda: 1591702613943
    client.set_markets([_LINEAR, _SPOT])

    def send(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> None:
        target = url.removeprefix("https://api.bybit.com")
        raise Stopped(Sent(method, target, headers or {}, (body or "").encode()))

    client.fetch = send

    def call(name: str, *args: Any) -> Sent:
        with pytest.raises(Stopped) as caught:
            getattr(client, name)(*args)
        sent: Sent = caught.value.args[0]
        return sent

    return call


_MARKET = {
    "id": "BTCUSDT",
    "base": "BTC",
    "quote": "USDT",
    "contractSize": 1,
    "active": True,
    "precision": {"amount": 0.001, "price": 0.1},
    "limits": {},
    "info": {},
    **dict.fromkeys(("margin", "future", "option", "inverse"), False),
}
_LINEAR = {
    **_MARKET,
    "symbol": "BTC/USDT:USDT",
    "settle": "USDT",
    "type": "swap",
    "subType": "linear",
    "spot": False,
    **dict.fromkeys(("swap", "linear", "contract"), True),
}
_SPOT = {
    **_MARKET,
    "symbol": "BTC/USDT",
    "settle": None,
    "type": "spot",
    "subType": None,
    "spot": True,
    **dict.fromkeys(("swap", "linear", "contract"), False),
}
