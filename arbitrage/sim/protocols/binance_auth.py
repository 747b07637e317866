"""Reads and checks requests as Binance does: parameters, key, signature, timestamp.

The signature is the hex HMAC-SHA256 of a text: by REST, of the percent-encoded query string
followed by the body, as they were sent, without `signature` itself; by websocket, of the parameters
in alphabetical order, as they are. A request is in time if

    timestamp < server time + 1000   and   server time - timestamp <= recvWindow

(developers.binance.com/docs/derivatives/usds-margined-futures/general-info, and
github.com/binance/binance-spot-api-docs, rest-api and web-socket-api, read 2026-11-22). The order
of the checks (key, signature, time) is unconfirmed.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from arbitrage.sim.protocols.binance_errors import BinanceRefusal, missing

DEFAULT_RECV_WINDOW_MS: Final = 5_000
MAX_RECV_WINDOW_MS: Final = 60_000
_AHEAD_MS: Final = 1_000

Params = Mapping[str, str]


def read_params(query: str, body: str) -> dict[str, str]:
    """The parameters of a request; of one in both places the query's value holds.

    Empty values count as not sent. Raises `BinanceRefusal` for one that is given twice.
    """
    found: dict[str, str] = {}
    for text in (body, query):
        pairs = parse_qsl(text)
        if len({name for name, _ in pairs}) < len(pairs):
            raise BinanceRefusal(-1101)
        found.update(pairs)
    return found


class AccountCheck:
    """The credentials of one account."""

    def __init__(self, api_key: str, secret: str) -> None:
        self._api_key = api_key
        self._secret = secret.encode()

    def check_key(self, api_key: str) -> None:
        """Raises `BinanceRefusal` for a wrong `X-MBX-APIKEY`."""
        if not api_key:
            raise BinanceRefusal(-2014)
        if api_key != self._api_key:
            raise BinanceRefusal(-2015)

    def check(self, text: str, params: Params, now_ms: int) -> None:
        """Check signature and time of a request of which `text` was to be signed.

        Raises `BinanceRefusal`.
        """
        timestamp = params.get("timestamp", "")
        if not _is_number(timestamp):
            raise missing("timestamp")
        signature = params.get("signature", "")
        if not signature:
            raise missing("signature")
        expected = hmac.digest(self._secret, text.encode(), hashlib.sha256).hex()
        if not hmac.compare_digest(expected.encode(), signature.lower().encode()):
            raise BinanceRefusal(-1022)
        self._check_time(int(timestamp), params.get("recvWindow", ""), now_ms)

    def _check_time(self, timestamp: int, recv_window: str, now_ms: int) -> None:
        window = int(recv_window) if _is_number(recv_window) else DEFAULT_RECV_WINDOW_MS
        if window > MAX_RECV_WINDOW_MS:
            raise BinanceRefusal(-1131)
        if timestamp >= now_ms + _AHEAD_MS:
            raise BinanceRefusal(
                -1021, "Timestamp for this request was 1000ms ahead of the server's time."
            )
        if now_ms - timestamp > window:
            raise BinanceRefusal(-1021)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def sent_text(query: str, body: str) -> str:
    """What a REST request signs."""
    return _unsigned(query) + _unsigned(body)


def sorted_text(params: Params) -> str:
    """What a websocket request signs."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")


def _unsigned(text: str) -> str:
    """What is signed of a query or body: all but the signature."""
    parts = text.split("&")
    return "&".join(part for part in parts if not part.startswith("signature="))
