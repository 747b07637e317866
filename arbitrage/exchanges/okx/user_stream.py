"""The private connection: our orders, balances and funding as the venue pushes them.

Amounts are exact. A fill that the venue made on its own (liquidation, auto-deleveraging, forced
repayment, conversion) and a warning of liquidation take the venue down until someone has looked.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BalanceUpdate, Event, FundingPayment, VenueStatus
from arbitrage.domain.units import EXACT, ZERO
from arbitrage.exchanges.okx import facts, order_answers
from arbitrage.exchanges.okx.facts import VENUE
from arbitrage.exchanges.okx.market_stream import said_of_session
from arbitrage.exchanges.okx.order_answers import NORMAL, Contracts, OrderRow
from arbitrage.exchanges.okx.wire import UNREADABLE, amount

# The account is pushed when it changes, positions every five seconds too: funding shows there.
SUBSCRIPTION = (
    b'{"op":"subscribe","args":[{"channel":"orders","instType":"ANY"},'
    b'{"channel":"account","extraParams":"{\\"updateInterval\\": \\"0\\"}"},'
    b'{"channel":"positions","instType":"SWAP"},'
    b'{"channel":"liquidation-warning","instType":"ANY"}]}'
)
_SHOWN_BYTES = 40  # of an unreadable frame: its kind


class _Arg(msgspec.Struct, frozen=True):
    channel: str = ""


class _Head(msgspec.Struct):
    """What a frame is: data of a channel, or a word about the session."""

    arg: _Arg = _Arg()
    event: str = ""
    code: str = ""
    msg: str = ""


class _OrdersFrame(msgspec.Struct):
    data: list[OrderRow]


class _Currency(msgspec.Struct, rename="camel"):
    ccy: str
    cash_bal: str


class _Wallet(msgspec.Struct):
    details: list[_Currency]


class _AccountFrame(msgspec.Struct):
    data: list[_Wallet]


class _Position(msgspec.Struct, rename="camel"):
    inst_id: str
    pos_id: str
    c_time: str
    pos: str
    ccy: str = ""
    funding_fee: str = ""


class _PositionsFrame(msgspec.Struct, rename="camel"):
    data: list[_Position]
    event_type: str = ""
    cur_page: int = 1
    last_page: bool = True


class _Risky(msgspec.Struct, rename="camel"):
    inst_id: str


class _WarningFrame(msgspec.Struct):
    data: list[_Risky]


_head = msgspec.json.Decoder(_Head).decode
_orders = msgspec.json.Decoder(_OrdersFrame).decode
_account = msgspec.json.Decoder(_AccountFrame).decode
_positions = msgspec.json.Decoder(_PositionsFrame).decode
_warning = msgspec.json.Decoder(_WarningFrame).decode


class UserStream:
    """The private events of one account; `contracts` tell the sizes of its swaps."""

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._funding = _FundingWatch()
        self._readers: dict[str, Callable[[bytes, int], Sequence[Event]]] = {
            "orders": self._on_orders,
            "account": self._on_account,
            "positions": self._on_positions,
            "liquidation-warning": self._on_warning,
        }

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """What a private frame received at `ts_ns` says. Raises `MalformedData`.

        What a frame that cannot be read would have said is lost: orders and balances are to be
        asked for.
        """
        if frame == facts.PONG:
            return ()
        try:
            head = _head(frame)
            if head.event:
                return said_of_session(head.event, head.code, head.msg, ts_ns)
            if not head.arg.channel:
                raise ValueError("neither data nor an answer")
            read = self._readers.get(head.arg.channel)
            return read(frame, ts_ns) if read is not None else ()
        except UNREADABLE as error:
            raise MalformedData(
                f"{VENUE} user stream: {error} in {frame[:_SHOWN_BYTES]!r}...; orders and "
                "balances must be asked for"
            ) from error

    def _on_orders(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"arg":{"channel":"orders","instType":"ANY","uid":"614488474791936"},"data":[{...}]}`;
        the data are shown at `order_answers.OrderRow`."""
        events: list[Event] = []
        for row in _orders(frame).data:
            events.append(order_answers.update_of(self._contracts, row, ts_ns))
            if row.category != NORMAL:
                reason = f"{row.inst_id}: the venue trades our position ({row.category})"
                events.append(VenueStatus(ts_ns, VENUE, is_up=False, reason=reason))
        return events

    def _on_account(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"arg":{"channel":"account","uid":"44705892343619584"},"eventType":"event_update",
        "data":[{"details":[{"ccy":"USDT","cashBal":"4750.426970691436","availBal":
        "4734.371190691436",...}],...}]}`: cash, without unrealised PnL."""
        return [
            BalanceUpdate(ts_ns, VENUE, one.ccy, amount(one.cash_bal))
            for wallet in _account(frame).data
            for one in wallet.details
        ]

    def _on_positions(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"arg":{"channel":"positions","instType":"SWAP"},"eventType":"snapshot","curPage":1,
        "lastPage":true,"data":[{"instId":"BTC-USDT-SWAP","posId":"307173036051017730","cTime":
        "1619507758793","pos":"1","posSide":"net","ccy":"USDT","fundingFee":"-0.51",...}]}`"""
        return [
            FundingPayment(ts_ns, VENUE, position.inst_id, self._currency(position), paid)
            for position, paid in self._funding.paid(_positions(frame))
        ]

    def _currency(self, position: _Position) -> str:
        """What a swap settles in, which may differ from what its margin is in."""
        contract = self._contracts.get(position.inst_id)
        return contract.settle if contract is not None and contract.settle else position.ccy

    def _on_warning(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        """`{"arg":{"channel":"liquidation-warning","instType":"ANY"},"data":[{"instId":
        "ETH-USDT-SWAP","instType":"SWAP","mgnRatio":"0.62","pos":"1","posSide":"net",...}]}`"""
        symbols = ", ".join(position.inst_id for position in _warning(frame).data)
        return (VenueStatus(ts_ns, VENUE, is_up=False, reason=f"liquidation warning: {symbols}"),)


class _FundingWatch:
    """Funding payments out of what each open position says it was paid since it was opened.

    What was paid before the first whole snapshot is not news. A position is known by its id and
    the time of its opening; one that is flat starts anew.
    """

    def __init__(self) -> None:
        self._totals: dict[tuple[str, str], Decimal] = {}
        self._seen: set[tuple[str, str]] = set()
        self._has_begun = False

    def paid(self, said: _PositionsFrame) -> list[tuple[_Position, Decimal]]:
        """The positions that were paid, or pay (negative), with the amount."""
        if said.event_type == "snapshot" and said.cur_page == 1:
            self._seen.clear()
        found = []
        for position in said.data:
            key = (position.pos_id, position.c_time)
            total = amount(position.funding_fee)
            known = self._totals.pop(key, ZERO if self._has_begun else total)
            if not amount(position.pos):
                continue
            if total and total != known:
                found.append((position, EXACT.subtract(total, known)))
            self._totals[key] = total
            self._seen.add(key)
        if said.event_type == "snapshot" and said.last_page:
            self._totals = {key: self._totals[key] for key in self._seen & self._totals.keys()}
            self._has_begun = True
        return found


def is_login(frame: bytes) -> bool:
    """Whether `frame` says that the login succeeded; before that, subscriptions are refused."""
    try:
        head = _head(frame)
    except UNREADABLE:
        return False
    return head.event == "login" and head.code == "0"


def is_of_session(frame: bytes) -> bool:
    """Whether `frame` speaks of the session itself and not of the account."""
    try:
        return bool(_head(frame).event)
    except UNREADABLE:
        return False
