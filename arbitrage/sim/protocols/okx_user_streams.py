"""The private channels of the one account: what each subscription is told, and when.

Orders come one push per step and without a snapshot; balances and positions are pushed whole when
subscribed to, then what changed, all that changed at once in one push, and again whole every five
seconds unless `updateInterval` is 0 (www.okx.com/docs-v5/en, ws-order-channel, ws-account-channel,
ws-positions-channel, read 2026-11-22; that funding is pushed at once, and what a liquidation looks
like as an order, are unconfirmed).
"""

import asyncio
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final, Protocol

import msgspec

from arbitrage.domain.units import ZERO, plain
from arbitrage.sim.core_events import (
    BalanceChanged,
    CoreEvent,
    FundingPaid,
    Liquidated,
    OrderChanged,
    PositionChanged,
)
from arbitrage.sim.protocols.okx_account import USER_ID, OkxAccount
from arbitrage.sim.protocols.okx_markets import kind_of
from arbitrage.sim.protocols.okx_orders import push_object
from arbitrage.sim.protocols.okx_positions import OkxPositions
from arbitrage.sim.protocols.okx_wire import Ids, Json, Params, figure, ms
from arbitrage.sim.venue_core import SimVenueCore

CHANNELS: Final = frozenset(
    {"orders", "account", "positions", "balance_and_position", "liquidation-warning"}
)
# Which want to be told what kind of instruments is meant.
_OF_A_KIND: Final = frozenset({"orders", "positions", "liquidation-warning"})
_KINDS: Final = frozenset({"ANY", "SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION"})
REPEAT_SECONDS: Final = 5.0
_EVENT: Final = {"eventType": "event_update"}
_WHOLE: Final = {"eventType": "snapshot", "curPage": 1, "lastPage": True}


class UserSession(Protocol):
    """Who takes the frames of a subscription."""

    def push(self, body: Json, subject: str) -> None: ...


class _Subscription(msgspec.Struct, frozen=True):
    session: UserSession
    arg: Params
    is_repeated: bool

    @property
    def channel(self) -> str:
        return self.arg["channel"]

    def wants(self, kind: str, symbol: str) -> bool:
        return self.arg.get("instType", "ANY") in ("ANY", kind) and (
            self.arg.get("instId", symbol) == symbol
        )

    def tell(self, data: list[Json], **head: Any) -> None:
        told = {"arg": {**self.arg, "uid": USER_ID}, **head, "data": data}
        self.session.push(told, f"{self.channel} {self.arg.get('instType', '')}".rstrip())


def is_sound(arg: Params) -> bool:
    """Whether there is such a channel."""
    channel = arg.get("channel")
    if channel not in CHANNELS:
        return False
    return channel not in _OF_A_KIND or arg.get("instType") in _KINDS


class UserStreams:
    """Everything that private sessions of one account are told."""

    def __init__(
        self, core: SimVenueCore, account: OkxAccount, positions: OkxPositions, ids: Ids
    ) -> None:
        self._core = core
        self._account = account
        self._positions = positions
        self._ids = ids
        self._subscriptions: list[_Subscription] = []
        self._balances: dict[str, None] = {}
        self._moved: dict[str, None] = {}
        self._told_qty: dict[str, Decimal] = {}
        core.listen(self._on_event)

    # --- who listens ---------------------------------------------------------------------------

    def subscribe(self, session: UserSession, arg: Params, extra: str = "") -> None:
        """Tell `session` of a channel from now on; `extra` are its `extraParams`."""
        one = _Subscription(session, arg, _interval(extra) != "0")
        self._subscriptions.append(one)
        self._tell_whole(one)

    def unsubscribe(self, session: UserSession, arg: Params) -> None:
        self._subscriptions = [
            one for one in self._subscriptions if not (one.session is session and one.arg == arg)
        ]

    def leave(self, session: UserSession) -> None:
        """End every subscription of a session."""
        self._subscriptions = [one for one in self._subscriptions if one.session is not session]

    def connections(self, channel: str) -> int:
        """How many sessions are told of a channel."""
        return len({id(one.session) for one in self._subscriptions if one.channel == channel})

    def repeat(self, session: UserSession) -> None:
        """Tell a session again what it is told by the clock."""
        for one in self._subscriptions:
            if one.session is session and one.is_repeated:
                self._tell_whole(one)

    def _of(self, *channels: str) -> Iterable[_Subscription]:
        return [one for one in self._subscriptions if one.channel in channels]

    def _tell_whole(self, one: _Subscription) -> None:
        held = [symbol for symbol in self._positions.held() if one.wants("SWAP", symbol)]
        match one.channel:
            case "account":
                one.tell(self._balance(one, self._core.currencies), **_WHOLE)
            case "positions":
                one.tell(self._positions.objects(held), **_WHOLE)
            case "balance_and_position":
                one.tell([self._both(self._core.currencies, held, "snapshot")])

    # --- what happens --------------------------------------------------------------------------

    def _on_event(self, event: CoreEvent) -> None:
        match event:
            case OrderChanged():
                self._on_order(event)
            case BalanceChanged():
                self._balances[event.currency] = None
                self._soon()
            case PositionChanged() | FundingPaid():
                self._moved[event.symbol] = None
                self._soon()
            case Liquidated():
                for symbol in event.symbols:
                    self._on_liquidation(symbol)

    def _on_order(self, changed: OrderChanged) -> None:
        symbol = changed.order.request.symbol
        rules = self._core.instruments[symbol]
        told = None
        for one in self._of("orders"):
            if one.wants(kind_of(rules), symbol):
                told = told or push_object(changed, rules, self._core.fees(symbol), self._ids)
                if told is not None:
                    one.tell([told])

    def _soon(self) -> None:
        """Tell what changes together in one push, if anybody listens."""
        if not self._subscriptions:
            self._take_changes()
        elif len(self._balances) + len(self._moved) == 1:
            asyncio.get_running_loop().call_soon(self._tell_changes)

    def _take_changes(self) -> tuple[list[str], list[str]]:
        currencies, moved = list(self._balances), list(self._moved)
        self._balances.clear()
        self._moved.clear()
        for symbol in moved:
            self._told_qty[symbol] = self._positions.qty(symbol)
        return currencies, moved

    def _tell_changes(self) -> None:
        currencies, moved = self._take_changes()
        for one in self._of("account") if currencies else ():
            told = self._balance(one, currencies)
            if told[0]["details"]:
                one.tell(told, **_EVENT)
        for one in self._of("positions") if moved else ():
            symbols = [symbol for symbol in moved if one.wants("SWAP", symbol)]
            if symbols:
                one.tell(self._positions.objects(symbols), **_EVENT)
        if currencies or moved:
            for one in self._of("balance_and_position"):
                one.tell([self._both(currencies, moved, "filled")])

    def _on_liquidation(self, symbol: str) -> None:
        held = self._core.position(symbol)
        closed_qty = self._told_qty.get(symbol, ZERO) - held.position.qty
        now = ms(self._core.now_ns)
        told = {
            "instType": "SWAP",
            "instId": symbol,
            "ordId": self._ids.text(self._core.now_ns % 1_000_000),
            "clOrdId": "",
            "px": "",
            "sz": plain(abs(closed_qty)),
            "ordType": "market",
            "side": "sell" if closed_qty > 0 else "buy",
            "posSide": "net",
            "tdMode": "cross",
            "accFillSz": plain(abs(closed_qty)),
            "avgPx": figure(held.mark_price),
            "fillPx": figure(held.mark_price),
            "fillSz": plain(abs(closed_qty)),
            "tradeId": "",
            "state": "filled",
            "fee": "0",
            "feeCcy": self._core.instruments[symbol].quote,
            "rebate": "0",
            "rebateCcy": "",
            "category": "full_liquidation",
            "cancelSource": "",
            "uTime": now,
            "cTime": now,
        }
        for one in self._of("orders"):
            if one.wants("SWAP", symbol):
                one.tell([told])

    # --- objects -------------------------------------------------------------------------------

    def _balance(self, one: _Subscription, currencies: list[str]) -> list[Json]:
        wanted = one.arg.get("ccy", "")
        return [self._account.balance_object([c for c in currencies if wanted in ("", c)])]

    def _both(self, currencies: list[str], symbols: list[str], event: str) -> Json:
        now = ms(self._core.now_ns)
        balances = [
            {"ccy": one, "cashBal": plain(self._core.balance(one).total), "uTime": now}
            for one in currencies
        ]
        positions = self._positions.objects(symbols)
        return {
            "pTime": now,
            "eventType": event,
            "balData": balances,
            "posData": positions,
            "trades": [],
        }


_decode: Callable[[str], Any] = msgspec.json.decode


def _interval(extra: str) -> str:
    """`updateInterval` of `extraParams`, which are JSON within JSON."""
    try:
        asked = _decode(extra) if extra else {}
    except msgspec.DecodeError:
        return ""
    return str(asked.get("updateInterval", "")) if isinstance(asked, dict) else ""
