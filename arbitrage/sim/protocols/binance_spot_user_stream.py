"""Binance spot's user stream: the events of the one account, and who has subscribed to them.

Orders are told at once; balances that move together are told in one event after them. A
subscription ends with `eventStreamTerminated`
(github.com/binance/binance-spot-api-docs, user-data-stream.md and web-socket-api.md, read
2026-11-22).
"""

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Protocol

from arbitrage.sim.core_events import BalanceChanged, CoreEvent, OrderChanged
from arbitrage.sim.protocols.binance_spot_user_events import (
    account_position,
    execution_report,
    stream_terminated,
)
from arbitrage.sim.protocols.binance_wire import Figures, Json
from arbitrage.sim.venue_core import SimVenueCore


class EventListener(Protocol):
    """Who takes the events of the account."""

    def hear(self, event: Json) -> None: ...


class SpotUserStream:
    """Everything that the subscribers are told. `cancels` are those of `SpotDesk`."""

    def __init__(
        self, core: SimVenueCore, figures: Mapping[str, Figures], cancels: Mapping[int, str]
    ) -> None:
        self._core = core
        self._figures = figures
        self._cancels = cancels
        self._listeners: list[EventListener] = []
        self._execution_ids = count(1)
        self._moved: dict[str, None] = {}
        core.listen(self._on_event)

    def join(self, listener: EventListener) -> None:
        self._listeners.append(listener)

    def leave(self, listener: EventListener) -> None:
        """Forget a listener; one that never joined is nothing."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def terminate(self, listener: EventListener) -> None:
        """End a subscription, and say so."""
        listener.hear(stream_terminated(self._core.now_ns))
        self.leave(listener)

    def _tell(self, event: Json) -> None:
        for listener in tuple(self._listeners):
            listener.hear(event)

    # --- what happens --------------------------------------------------------------------------

    def _on_event(self, event: CoreEvent) -> None:
        if not self._listeners:
            return
        match event:
            case OrderChanged():
                self._on_order(event)
            case BalanceChanged():
                self._on_balance(event.currency)

    def _on_order(self, changed: OrderChanged) -> None:
        order = changed.order
        report = execution_report(
            changed,
            self._figures[order.request.symbol],
            cancel_id=self._cancels.get(order.id, ""),
            execution_id=next(self._execution_ids),
            now_ns=self._core.now_ns,
        )
        if report is not None:
            self._tell(report)

    def _on_balance(self, currency: str) -> None:
        if not self._moved:
            asyncio.get_running_loop().call_soon(self._tell_balances)
        self._moved[currency] = None

    def _tell_balances(self) -> None:
        moved, self._moved = list(self._moved), {}
        self._tell(account_position(self._core, moved))
