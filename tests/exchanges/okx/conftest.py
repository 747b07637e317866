"""Messages typed from the venue's documentation, answers made of them, and a stranger to compare
our requests with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from arbitrage.exchanges.order_gateway import Answer

FRAMES = Path(__file__).parents[2] / "frames" / "okx"


@pytest.fixture
def body() -> Callable[[str], bytes]:
    """The bytes of `tests/frames/okx/<name>.json`."""
    return lambda name: (FRAMES / f"{name}.json").read_bytes()


@pytest.fixture
def answer(body: Callable[[str], bytes]) -> Callable[..., Answer]:
    """A 200 with the body of that name, or any other answer by its parts."""

    def make(name: str = "", *, status: int = 200, raw: bytes = b"") -> Answer:
        return Answer(status, body(name) if name else raw)

    return make


@pytest.fixture
def frames() -> Callable[[str], list[bytes]]:
    """The frames of `tests/frames/okx/<name>.jsonl`."""
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
    """A call of ccxt's okx by name, as what it sends: with key `key`, secret `secret`, passphrase
    `pass`, at 1591702613943 ms."""
    ccxt = pytest.importorskip("ccxt")
    client = ccxt.okx(
        {
            "apiKey": "key",
            "secret": "secret",
            "password": "pass",
            "enableRateLimit": False,
            "options": {"createOrder": "privatePostTradeOrder"},
        }
    )
    client.milliseconds = lambda: 1591702613943
    client.set_markets([_SWAP, _SPOT])

    def send(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> None:
        target = url.removeprefix("https://www.okx.com")
        raise Stopped(Sent(method, target, headers or {}, (body or "").encode()))

    client.fetch = send

    def call(name: str, *args: Any) -> Sent:
        with pytest.raises(Stopped) as caught:
            getattr(client, name)(*args)
        sent: Sent = caught.value.args[0]
        return sent

    return call


_MARKET = {
    "base": "BTC",
    "quote": "USDT",
    "baseId": "BTC",
    "quoteId": "USDT",
    "active": True,
    "precision": {"amount": 0.001, "price": 0.1},
    "limits": {},
    "info": {},
    **dict.fromkeys(("margin", "future", "option", "inverse"), False),
}
_SWAP = {
    **_MARKET,
    "id": "BTC-USDT-SWAP",
    "symbol": "BTC/USDT:USDT",
    "settle": "USDT",
    "type": "swap",
    "contractSize": 0.01,
    "spot": False,
    **dict.fromkeys(("swap", "linear", "contract"), True),
}
_SPOT = {
    **_MARKET,
    "id": "BTC-USDT",
    "symbol": "BTC/USDT",
    "type": "spot",
    "spot": True,
    **dict.fromkeys(("swap", "linear", "contract"), False),
}
