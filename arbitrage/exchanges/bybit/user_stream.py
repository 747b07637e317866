"""The private stream: our orders, executions, positions and balances as the venue pushes them.

Amounts are exact. Topics that we have no use for are passed over; a login or subscription that is
refused, and whatever the venue does to our position on its own, take the venue down until someone
has looked.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import MalformedData, Unavailable
from arbitrage.domain.events import BalanceUpdate, Event, VenueStatus
from arbitrage.exchanges.bybit.auth import RequestSigner
from arbitrage.exchanges.bybit.executions import Executions
from arbitrage.exchanges.bybit.facts import (
    PRIVATE_TOPICS,
    VENUE_CREATE_TYPES,
    VENUES,
    Category,
)
from arbitrage.exchanges.bybit.order_reports import (
    ExecutionReport,
    OrderReport,
    is_other_category,
)
from arbitrage.exchanges.bybit.order_tally import OrderTallies
from arbitrage.exchanges.bybit.wire import UNREADABLE, require_plain

_SHOWN_BYTES = 120
_UNIFIED = "UNIFIED"


class _Kind(msgspec.Struct):
    topic: str = ""
    op: str = ""
    success: bool | None = None
    ret_msg: str = ""


class _OrderFrame(msgspec.Struct):
    data: list[OrderReport]


class _ExecutionFrame(msgspec.Struct):
    data: list[ExecutionReport]


class _Position(msgspec.Struct, rename="camel"):
    symbol: str
    category: str = ""
    position_status: str = ""


class _PositionFrame(msgspec.Struct):
    data: list[_Position]


class _Coin(msgspec.Struct, rename="camel"):
    coin: str
    wallet_balance: Decimal

    def __post_init__(self) -> None:
        require_plain(self.wallet_balance)


class _Wallet(msgspec.Struct, rename="camel"):
    account_type: str
    coin: list[_Coin]


class _WalletFrame(msgspec.Struct):
    data: list[_Wallet]


_kind = msgspec.json.Decoder(_Kind).decode
_order = msgspec.json.Decoder(_OrderFrame).decode
_execution = msgspec.json.Decoder(_ExecutionFrame).decode
_position = msgspec.json.Decoder(_PositionFrame).decode
_wallet = msgspec.json.Decoder(_WalletFrame).decode


SUBSCRIBE = msgspec.json.encode({"op": "subscribe", "args": PRIVATE_TOPICS})


def login_frame(signer: RequestSigner, now_ns: int) -> bytes:
    """What to send first on a private or trade connection: `{"op":"auth","args":["key",
    1662350400000,"signature"]}`. Raises `ConfigError` without credentials."""
    return msgspec.json.encode({"op": "auth", "args": signer.login(now_ns)})


def is_logged_in(frame: bytes) -> bool:
    """Whether a frame of a private connection confirms the login: `{"success":true,"ret_msg":"",
    "op":"auth","conn_id":"cejreaspqfh3sjdnldmg-p"}`. Raises `Unavailable` if it refuses it."""
    try:
        said = _kind(frame)
    except UNREADABLE:
        return False
    if said.op != "auth":
        return False
    if said.success is not True:
        raise Unavailable(f"bybit: login refused: {said.ret_msg or 'no reason given'}")
    return True


def is_of_session(frame: bytes) -> bool:
    """Whether a frame is the venue's answer to what we sent, rather than news of the account."""
    try:
        return not _kind(frame).topic
    except UNREADABLE:
        return False


class UserStream:
    """The private events of one account in one category; totals of orders are kept in `tallies`."""

    def __init__(self, category: Category, tallies: OrderTallies, executions: Executions) -> None:
        self._category = category
        self._venue = VENUES[category]
        self._tallies = tallies
        self._executions = executions
        self._readers: dict[str, Callable[[bytes, int], Sequence[Event]]] = {
            "order": self._on_order,
            "execution": self._on_execution,
            "position": self._on_position,
            "wallet": self._on_wallet,
        }

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """What a private frame received at `ts_ns` says. Raises `MalformedData`.

        What a frame that cannot be read would have said is lost: orders and balances are to be
        asked for.
        """
        try:
            kind = _kind(frame)
            read = self._readers.get(kind.topic)
            if read is not None:
                return read(frame, ts_ns)
            if not kind.topic and not kind.op:
                raise ValueError("neither a topic nor an answer")
        except UNREADABLE as error:
            raise MalformedData(
                f"{self._venue} private stream: {error} in {frame[:_SHOWN_BYTES]!r}; orders and "
                "balances must be asked for"
            ) from error
        if kind.success is False:
            return self._down(f"{kind.op} refused: {kind.ret_msg}", ts_ns)
        return ()

    def _on_order(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"id":"5923240c6880ab-...","topic":"order","creationTime":1672364262474,
        "data":[{...}]}`; the order is shown at `OrderReport`."""
        events: list[Event] = []
        touched: dict[str, None] = {}
        for report in _order(frame).data:
            if is_other_category(report, self._category):
                continue
            report.count(self._tallies)
            touched[report.order_id] = None
            if report.create_type in VENUE_CREATE_TYPES:
                what = f"{report.create_type}, {report.order_status}"
                reason = f"{report.symbol}: the venue trades our position ({what})"
                events.extend(self._down(reason, ts_ns))
        events.extend(self._tallies.update(order_id, ts_ns) for order_id in touched)
        return events

    def _on_execution(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"id":"592324803b2785-...","topic":"execution","creationTime":1672364174455,
        "data":[{...}]}`; the execution is shown at `ExecutionReport`."""
        return self._executions.take_in(_execution(frame).data, ts_ns)

    def _on_position(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"topic":"position","data":[{"category":"linear","symbol":"BTCUSDT",
        "side":"Buy","size":"0.01","positionIdx":0,"positionStatus":"Normal",...}],...}`: the
        position itself follows from our fills; only its status is news."""
        events: list[Event] = []
        for one in _position(frame).data:
            is_ours = one.category in ("", self._category.value)
            if is_ours and one.position_status not in ("", "Normal"):
                events.extend(self._down(f"{one.symbol}: position {one.position_status}", ts_ns))
        return events

    def _on_wallet(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"topic":"wallet","data":[{"accountType":"UNIFIED","coin":[{"coin":"USDT",
        "equity":"4.93","walletBalance":"106.03036732","locked":"0","unrealisedPnl":"-101.1",...}],
        ...}],...}`: balances without unrealised PnL, and of all categories together."""
        return [
            BalanceUpdate(ts_ns, self._venue, coin.coin, coin.wallet_balance)
            for wallet in _wallet(frame).data
            if wallet.account_type == _UNIFIED
            for coin in wallet.coin
        ]

    def _down(self, reason: str, ts_ns: int) -> Sequence[Event]:
        return (VenueStatus(ts_ns, self._venue, is_up=False, reason=reason),)
