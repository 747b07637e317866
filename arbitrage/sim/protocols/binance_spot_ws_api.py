"""Binance spot's websocket API: the endpoints of REST as messages, and the account's events.

`{"id":"7","method":"order.place","params":{...}}` is answered by `{"id":"7","status":200,
"result":{...},"rateLimits":[...]}`, or with an `error`. A signed request carries `apiKey`,
`timestamp` and `signature` among its parameters. `userDataStream.subscribe.signature` makes the
connection hear the account, each event as `{"subscriptionId":0,"event":{...}}`. Logging in
(`session.logon`, for Ed25519 keys alone) is not simulated
(github.com/binance/binance-spot-api-docs/web-socket-api.md, read 2026-11-22; the codes for messages
that cannot be read, for unknown methods and for a second subscription are unconfirmed).
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from arbitrage.sim.protocols.binance_auth import AccountCheck, Params, sorted_text
from arbitrage.sim.protocols.binance_errors import BinanceRefusal, Trouble
from arbitrage.sim.protocols.binance_rest import Endpoint, Security
from arbitrage.sim.protocols.binance_spot_user_stream import SpotUserStream
from arbitrage.sim.protocols.binance_tolls import BinanceTolls, Paid
from arbitrage.sim.protocols.binance_wire import Json, encode, ms
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore

CONNECTION_WEIGHT: Final = 2
_SUBSCRIBE_WEIGHT: Final = 2
_VERSION: Final = "v3/"
_BAD_JSON: Final = -1135
_NO_METHOD: Final = -1020
_SUBSCRIBED: Final = -2035


class WsRequest(NamedTuple):
    """A message that was understood: what is asked of whom."""

    id: int | str | None
    method: str
    params: dict[str, str]


class RequestError(Exception):
    """A message cannot be read; `request_id` is that of the message, if it had one."""

    def __init__(self, message: str, request_id: int | str | None = None) -> None:
        super().__init__(message)
        self.refusal = BinanceRefusal(_BAD_JSON, message)
        self.request_id = request_id


def read_request(frame: str | bytes) -> WsRequest:
    """Read a message; parameters become the texts that are signed. Raises `RequestError`."""
    try:
        asked: Any = msgspec.json.decode(frame)
    except msgspec.DecodeError as error:
        raise RequestError("Invalid JSON Request") from error
    if not isinstance(asked, dict):
        raise RequestError("Invalid JSON Request")
    request_id, method, params = asked.get("id"), asked.get("method"), asked.get("params") or {}
    if isinstance(request_id, bool) or not isinstance(request_id, int | str | None):
        raise RequestError("Invalid 'id'; expected an integer, a string or null")
    if not isinstance(method, str) or not isinstance(params, dict):
        raise RequestError("Invalid JSON Request", request_id)
    texts = {name: _text(value) for name, value in params.items() if value is not None}
    return WsRequest(request_id, method.removeprefix(_VERSION), texts)


def _text(value: Any) -> str:
    """A parameter as it is signed: text as it is, everything else as JSON writes it."""
    return value if isinstance(value, str) else encode(value).decode()


class WsApi:
    """What every connection shares. `methods` are the endpoints by their names here."""

    def __init__(
        self,
        core: SimVenueCore,
        check: AccountCheck,
        tolls: BinanceTolls,
        user: SpotUserStream,
        methods: Mapping[str, Endpoint],
    ) -> None:
        self.core = core
        self.check = check
        self.tolls = tolls
        self.user = user
        self.methods = methods


class WsApiSession:
    """One connection; `shows_limits` says whether answers tell the rate limits unasked."""

    def __init__(self, socket: SimSocket, api: WsApi, *, shows_limits: bool = True) -> None:
        self._socket = socket
        self._api = api
        self._shows_limits = shows_limits
        self._address = socket.request.remote or ""
        self._subscription: int | None = None
        self._subscriptions = 0
        own = [
            Endpoint("", "userDataStream.subscribe.signature", self._subscribe, _SUBSCRIBE_WEIGHT),
            Endpoint(
                "", "userDataStream.unsubscribe", self._unsubscribe, 2, security=Security.NONE
            ),
        ]
        self._own = {each.path: each for each in own}

    def on_close(self) -> None:
        self._api.user.leave(self)

    def on_frame(self, frame: str | bytes) -> None:
        """Take in a message of the client."""
        try:
            asked = read_request(frame)
        except RequestError as error:
            refusal = error.refusal
            self._answer(error.request_id, {"status": 400, "error": _error(refusal)}, "answer")
            return
        endpoint = self._own.get(asked.method) or self._api.methods.get(asked.method)
        paid = self._api.tolls.pay(
            self._address,
            weight=endpoint.cost(asked.params) if endpoint else 1,
            orders=endpoint.orders if endpoint else (),
            now_ns=self._api.core.now_ns,
        )
        if paid.trouble is not None:
            told = _troubled(paid.trouble, ms(self._api.core.now_ns))
        else:
            told = self._told(asked, endpoint)
        self._answer(asked.id, {**told, **self._limits(asked, paid)}, f"answer {asked.method}")
        if told["status"] == 418:
            self._socket.close(1008, "banned")

    def _told(self, asked: WsRequest, endpoint: Endpoint | None) -> Json:
        """The answer to a request that may be refused for its key or signature."""
        try:
            if endpoint is None:
                raise BinanceRefusal(_NO_METHOD, f"Method '{asked.method}' is not supported.")
            if endpoint.security is Security.SIGNED:
                self._api.check.check_key(asked.params.get("apiKey", ""))
                now_ms = ms(self._api.core.now_ns)
                self._api.check.check(sorted_text(asked.params), asked.params, now_ms)
            return {"status": 200, "result": endpoint.handler(asked.params)}
        except BinanceRefusal as refusal:
            return {"status": refusal.status, "error": _error(refusal)}

    def _limits(self, asked: WsRequest, paid: Paid) -> Json:
        wanted = asked.params.get("returnRateLimits")
        shows = self._shows_limits if wanted is None else wanted == "true"
        return {"rateLimits": paid.rate_limits()} if shows else {}

    def _answer(self, request_id: int | str | None, told: Json, subject: str) -> None:
        self._socket.send(encode({"id": request_id, **told}).decode(), subject)

    # --- the user stream -----------------------------------------------------------------------

    def _subscribe(self, _params: Params) -> Json:
        if self._subscription is not None:
            raise BinanceRefusal(_SUBSCRIBED, "User Data Stream subscription already active.")
        self._subscription = self._subscriptions
        self._subscriptions += 1
        self._api.user.join(self)
        return {"subscriptionId": self._subscription}

    def _unsubscribe(self, _params: Params) -> Json:
        if self._subscription is not None:
            self._api.user.terminate(self)
            self._subscription = None
        return {}

    def hear(self, event: Json) -> None:
        """Send an event of the account."""
        told = {"subscriptionId": self._subscription, "event": event}
        self._socket.send(encode(told).decode(), event["e"])


def _error(refusal: BinanceRefusal) -> Json:
    return {"code": refusal.code, "msg": refusal.message}


def _troubled(trouble: Trouble, now_ms: int) -> Json:
    until = now_ms + trouble.retry_after_seconds * 1000
    data = {"serverTime": now_ms, "retryAfter": until}
    error = {"code": trouble.code, "msg": trouble.message, "data": data}
    return {"status": trouble.status, "error": error}
