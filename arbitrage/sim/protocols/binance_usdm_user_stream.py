"""The user stream of the one account: its listen key, and the sessions that listen with it.

A key lives 60 minutes from the last POST or PUT; POST while one lives gives the same again, DELETE
ends it and closes its streams. When it expires, `listenKeyExpired` is the last event. A session
with a key that does not live is accepted and stays silent, which is unconfirmed
(developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams, read 2026-11-22).
"""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Final

from arbitrage.domain.units import NS_PER_SECOND, ZERO
from arbitrage.sim.core_events import (
    Change,
    CoreEvent,
    FundingPaid,
    Liquidated,
    OrderChanged,
    PositionChanged,
)
from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_errors import BinanceRefusal
from arbitrage.sim.protocols.binance_session import CommandRefusal, MessageGate, read_command
from arbitrage.sim.protocols.binance_usdm_user_events import (
    account_update,
    funding_update,
    liquidation_update,
    listen_key_expired,
    order_trade_update,
    trade_lite,
)
from arbitrage.sim.protocols.binance_wire import Figures, Json, encode
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore

LISTEN_KEY_NS: Final = 3_600 * NS_PER_SECOND


class UserSession:
    """One connection to `/private`; without `events` it hears of all kinds."""

    def __init__(
        self,
        socket: SimSocket,
        core: SimVenueCore,
        listen_key: str,
        *,
        is_combined: bool,
        events: frozenset[str],
        max_messages_per_second: int,
    ) -> None:
        self.listen_key = listen_key
        self.socket = socket
        self._core = core
        self._is_combined = is_combined
        self._events = events
        self._gate = MessageGate(max_messages_per_second)

    def on_frame(self, frame: str | bytes) -> None:
        """Answer a message of the client, of which nothing else comes here."""
        if not self._gate.lets_in(self._core.now_ns):
            self.socket.close(1008, "Too many requests")
            return
        try:
            command = read_command(frame)
            is_list = command.method == "LIST_SUBSCRIPTIONS"
            told = {"result": [self.listen_key] if is_list else None, "id": command.id}
            self.socket.send(encode(told).decode(), "answer")
        except CommandRefusal as refusal:
            self.socket.send(refusal.frame(), "answer")

    def hear(self, event: Json) -> None:
        """Send an event, if its kind is wanted; the end of the key always is."""
        kind = event["e"]
        if self._events and kind not in self._events and kind != "listenKeyExpired":
            return
        data = encode(event).decode()
        frame = f'{{"stream":"{self.listen_key}","data":{data}}}' if self._is_combined else data
        self.socket.send(frame, kind)


class UserStream:
    """The listen key of one account, and everything its sessions are told."""

    def __init__(self, core: SimVenueCore, figures: Mapping[str, Figures]) -> None:
        self._core = core
        self._figures = figures
        self._key = ""
        self._expires_ns = 0
        self._keys_made = 0
        self._sessions: list[UserSession] = []
        self._realised: dict[str, Decimal] = {}
        self._told_qty: dict[str, Decimal] = {}
        self._moved: dict[str, None] = {}
        core.listen(self._on_event)

    # --- the key -------------------------------------------------------------------------------

    def open_key(self, _params: Params) -> Json:
        """POST /fapi/v1/listenKey."""
        self.expire()
        if not self._key:
            self._keys_made += 1
            text = f"{self._core.venue} {self._core.now_ns} {self._keys_made}"
            self._key = blake2b(text.encode(), digest_size=32).hexdigest()
        return self._prolonged()

    def keep_key(self, _params: Params) -> Json:
        """PUT /fapi/v1/listenKey."""
        self.expire()
        if not self._key:
            raise BinanceRefusal(-1125)
        return self._prolonged()

    def close_key(self, _params: Params) -> Json:
        """DELETE /fapi/v1/listenKey."""
        self.expire()
        if not self._key:
            raise BinanceRefusal(-1125)
        for session in self._listening():
            session.socket.close()
        self._key = ""
        return {}

    def _prolonged(self) -> Json:
        self._expires_ns = self._core.now_ns + LISTEN_KEY_NS
        return {"listenKey": self._key}

    def expire(self) -> None:
        """End the key if its time is over."""
        now_ns = self._core.now_ns
        if self._key and now_ns >= self._expires_ns:
            self._tell(listen_key_expired(self._key, now_ns=now_ns))
            self._key = ""

    # --- sessions ------------------------------------------------------------------------------

    def join(self, session: UserSession) -> None:
        self._sessions.append(session)

    def leave(self, session: UserSession) -> None:
        self._sessions.remove(session)

    def _listening(self) -> list[UserSession]:
        return [each for each in self._sessions if self._key and each.listen_key == self._key]

    def _tell(self, event: Json) -> None:
        for session in self._listening():
            session.hear(event)

    # --- what happens --------------------------------------------------------------------------

    def _on_event(self, event: CoreEvent) -> None:
        match event:
            case OrderChanged():
                self._on_order(event)
            case PositionChanged():
                self._on_position(event.symbol)
            case FundingPaid():
                self._tell(funding_update(self._core, event))
            case Liquidated():
                for symbol in event.symbols:
                    self._on_liquidation(symbol)

    def _on_order(self, changed: OrderChanged) -> None:
        symbol, now_ns = changed.order.request.symbol, self._core.now_ns
        figures, fill = self._figures[symbol], changed.fill
        if changed.change is Change.TRADE and fill is not None:
            self._realised[symbol] = self._realised.get(symbol, ZERO) + fill.realised_pnl
            self._tell(trade_lite(changed, fill, figures, now_ns=now_ns))
        update = order_trade_update(changed, figures, now_ns=now_ns)
        if update is not None:
            self._tell(update)

    def _on_position(self, symbol: str) -> None:
        """Tell positions that move together in one event, if anybody listens."""
        if not self._listening():
            self._told_qty[symbol] = self._core.position(symbol).position.qty
            return
        if not self._moved:
            asyncio.get_running_loop().call_soon(self._tell_positions)
        self._moved[symbol] = None

    def _tell_positions(self) -> None:
        moved, self._moved = list(self._moved), {}
        for symbol in moved:
            self._told_qty[symbol] = self._core.position(symbol).position.qty
        self._tell(account_update(self._core, moved, self._realised))

    def _on_liquidation(self, symbol: str) -> None:
        held, now_ns = self._core.position(symbol), self._core.now_ns
        closed_qty = self._told_qty.get(symbol, ZERO) - held.position.qty
        update = liquidation_update(
            self._core.instruments[symbol],
            closed_qty,
            held.mark_price,
            order_id=now_ns // 1000,
            now_ns=now_ns,
        )
        self._tell(update)
