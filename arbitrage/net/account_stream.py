"""The private stream of an account: what it says is told apart here and handed to whom it concerns.

Balances that a venue pushes are about a moment that we cannot place among our fills, so they are
not passed on; the account is asked for instead when nothing is under way.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import Random
from ssl import SSLContext

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import (
    BalanceUpdate,
    Event,
    FundingPayment,
    OrderUpdate,
    VenueStatus,
)
from arbitrage.net.rest import Rest
from arbitrage.net.stream import Stream
from arbitrage.net.venue_health import VenueHealth
from arbitrage.net.venue_plan import Ask, PrivateStream
from arbitrage.net.websocket import Endpoint

_SAID = "said"

_log = logging.getLogger(__name__)


class AccountStream:
    """One private stream. `on_order` and `on_funding` get what concerns orders and money, `emit`
    the rest; `on_missed` is told that a frame could not be read. `malformed` counts those."""

    def __init__(
        self,
        rest: Rest,
        plan: PrivateStream,
        *,
        on_order: Callable[[OrderUpdate], None],
        on_funding: Callable[[FundingPayment], None],
        on_opened: Callable[[], None],
        on_missed: Callable[[], None],
        on_close: Callable[[str], None],
        emit: Callable[[Event], None],
        health: VenueHealth,
        clock_ns: Callable[[], int],
        random: Random,
        ssl_context: SSLContext | None = None,
    ) -> None:
        self.malformed = 0
        self._rest = rest
        self._plan = plan
        self._on_order = on_order
        self._on_funding = on_funding
        self._on_missed = on_missed
        self._emit = emit
        self._health = health
        self.stream = Stream(
            f"{rest.plan.venue} account",
            self._endpoint,
            on_message=self.on_message,
            on_open=on_opened,
            on_close=on_close,
            terms=plan.terms,
            random=random,
            backoff=rest.plan.reconnect,
            clock_ns=clock_ns,
            ssl_context=ssl_context,
            new_connection=rest.plan.new_connection,
        )

    async def _endpoint(self) -> Endpoint:
        return await fresh_endpoint(self._plan.endpoint, self._rest)

    def on_message(self, frame: bytes, ts_ns: int) -> None:
        """Read a frame and hand out what it says."""
        try:
            events = self._plan.decode(frame, ts_ns)
        except Unavailable as error:
            self.stream.reconnect(str(error))
            return
        except MalformedData as error:
            self.malformed += 1
            _log.warning("%s: %s", self.stream.name, error)
            self._on_missed()
            return
        for event in events:
            if isinstance(event, OrderUpdate):
                self._on_order(event)
            elif isinstance(event, FundingPayment):
                self._on_funding(event)
            elif isinstance(event, VenueStatus):
                self._on_said(event)
            elif not isinstance(event, BalanceUpdate):
                self._emit(event)

    def _on_said(self, said: VenueStatus) -> None:
        """What a venue says on this stream (a margin call, a liquidation) is for a person."""
        if said.is_up:
            self._health.up(_SAID)
        else:
            self._health.down(_SAID, said.reason, is_sticky=True, ts_ns=said.ts_ns)

    async def keep_alive_forever(self) -> None:
        """Prolong the session where the venue wants it; one that is refused is opened anew."""
        request = self._plan.keep_alive
        while request is not None:
            await asyncio.sleep(self._plan.keep_alive_seconds)
            try:
                answer = await self._rest.ask(request)
            except Unavailable as error:
                _log.warning("%s: not prolonged: %s", self.stream.name, error)
            else:
                if answer.status >= 400:
                    self.stream.reconnect(f"the venue does not prolong it: http {answer.status}")


async def fresh_endpoint(endpoint: Callable[[Ask], Awaitable[Endpoint]], rest: Rest) -> Endpoint:
    """A fresh one. Raises `Unavailable` alone, whatever is wrong: then it is tried again, like a
    lost stream."""
    try:
        return await endpoint(rest.ask)
    except (MalformedData, ConfigError) as error:
        raise Unavailable(str(error)) from error
