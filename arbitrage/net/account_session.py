"""Everything private of one venue: our orders, the private stream, and holding both against the
venue at start, after each loss and every minute.

The venue is up only while the stream is open and the last comparison left nothing over.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from random import Random
from ssl import SSLContext

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import Event, FundingPayment, OrderUpdate
from arbitrage.domain.orders import Fill
from arbitrage.net.account_stream import AccountStream
from arbitrage.net.background import Background
from arbitrage.net.order_channel import OrderChannel
from arbitrage.net.order_flow import OrderFlow
from arbitrage.net.order_lists import OrderLists
from arbitrage.net.order_records import OrderRecord, OrderRecords
from arbitrage.net.reconciliation import Reconciliation
from arbitrage.net.rest import Rest
from arbitrage.net.tie_out import TieOut
from arbitrage.net.venue_health import VenueHealth

_NOT_ASKED = (Unavailable, MalformedData, ConfigError)
_STREAM = "account stream"
_COMPARED = "account"
_BROKEN = "broken record"

_log = logging.getLogger(__name__)


class AccountSession:
    """The orders and money of one account. `records`, `channel` and `flow` work without `start`.

    `is_compared` says that everything was compared with the venue at least once.
    """

    def __init__(
        self,
        rest: Rest,
        health: VenueHealth,
        background: Background,
        *,
        symbols: Sequence[str],
        emit: Callable[[Event], None],
        clock_ns: Callable[[], int],
        random: Random,
        ssl_context: SSLContext | None = None,
    ) -> None:
        plan = rest.plan
        self._rest = rest
        self._health = health
        self._background = background
        self._emit = emit
        self._times = plan.times
        self._wake = asyncio.Event()
        self._accepts = self._is_suspicious = False
        self.is_compared = plan.private is None
        self.stream: AccountStream | None = None
        self.records = OrderRecords()
        self._tie_out = TieOut(plan.venue, tolerance=plan.tolerance, tolerances=plan.tolerances)
        lists = OrderLists(rest, clock_ns)
        self.channel = OrderChannel(rest, clock_ns=clock_ns, random=random, ssl_context=ssl_context)
        self.flow = OrderFlow(
            rest,
            self.channel,
            self.records,
            lists,
            background,
            on_update=emit,
            on_fill=self._on_fill,
            on_stranger=self._on_stranger,
            on_broken=self._on_broken,
            clock_ns=clock_ns,
            random=random,
        )
        self._reconciliation = Reconciliation(
            rest, self.records, lists, self.flow, self._tie_out, symbols=symbols, clock_ns=clock_ns
        )
        if plan.private is not None:
            self.stream = AccountStream(
                rest,
                plan.private,
                on_order=self.flow.hear,
                on_funding=self._on_funding,
                on_opened=self._wake.set,
                on_missed=self._suspect,
                on_close=self._on_close,
                emit=emit,
                health=health,
                clock_ns=clock_ns,
                random=random,
                ssl_context=ssl_context,
            )

    # --- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the stream, then compare, and go on doing so."""
        if self.stream is not None:
            self._health.down(_STREAM, "the account stream is not open yet")
            self.stream.stream.start()
            self._background.start(self.stream.stream.wait(), "watch the account stream")
            self._background.start(self.stream.keep_alive_forever(), "keep the stream alive")
            self.channel.start()
            if self.channel.stream is not None:
                self._background.start(self.channel.stream.wait(), "watch the order stream")
            self._health.down(_COMPARED, "not compared with the venue yet")
            self._background.start(self._reconcile_forever(), "reconcile")
        self._background.start(self.flow.settle_forever(), "settle orders")

    async def stop(self) -> None:
        if self.stream is not None:
            await self.stream.stream.stop()
        await self.channel.stop()

    def resume(self) -> None:
        """A person has looked: what the venue says is taken for ours, and compared anew."""
        self._accepts = True
        self._health.resume()
        self._wake.set()

    # --- comparing ----------------------------------------------------------------------------

    async def _reconcile_forever(self) -> None:
        """At once when the stream has opened, then every minute; sooner while something is left
        over, but ever less often, for it may need a person."""
        await self._wake.wait()
        self._wake.clear()
        soon, late = self._times.recheck_seconds, self._times.reconcile_seconds
        pause = soon
        while True:
            is_done = await self._reconcile()
            is_woken = await self._is_woken(within=late if is_done else pause)
            pause = soon if is_done or is_woken else min(2 * pause, late)

    async def _is_woken(self, within: float) -> bool:
        """Wait to be woken, at most `within` seconds; whether we were."""
        try:
            async with asyncio.timeout(within):
                await self._wake.wait()
        except TimeoutError:
            return False
        if self._is_suspicious:
            self._is_suspicious = False
            await asyncio.sleep(self._times.recheck_seconds)
        self._wake.clear()
        return True

    def _suspect(self) -> None:
        """Something may have been missed: compare soon, but not once per message."""
        self._is_suspicious = True
        self._wake.set()

    async def _reconcile(self) -> bool:
        """Compare once; whether everything could be compared and nothing was left over."""
        assert self.stream is not None
        if not self.stream.stream.is_open:
            return False
        opened = self.stream.stream.counts.opened
        accepts, self._accepts = self._accepts, False
        try:
            result = await self._reconciliation.run(accept=accepts)
        except _NOT_ASKED as error:
            self._accepts = accepts or self._accepts
            self._health.down(_COMPARED, f"cannot be compared: {error}")
            return False
        for balance in result.balances:
            self._emit(balance)
        self.is_compared = True
        if result.findings:
            _log.warning("%s: does not tie out: %s", self._rest.plan.venue, result.findings)
            self._health.down(_COMPARED, "; ".join(result.findings))
        else:
            self._health.up(_COMPARED)
        if self.stream.stream.is_open and self.stream.stream.counts.opened == opened:
            self._health.up(_STREAM)
        return result.is_whole and not result.findings

    # --- what is heard ------------------------------------------------------------------------

    def _on_close(self, reason: str) -> None:
        self._health.down(_STREAM, f"account stream: {reason}")

    def _on_fill(self, record: OrderRecord, fill: Fill) -> None:
        self._tie_out.fill(record.instrument, record.order.side, fill)

    def _on_funding(self, payment: FundingPayment) -> None:
        self._tie_out.fund(payment)
        self._emit(payment)

    def _on_stranger(self, update: OrderUpdate) -> None:
        self._reconciliation.meet_stranger(update)
        self._suspect()

    def _on_broken(self, reason: str) -> None:
        _log.error("%s", reason)
        self._health.down(_BROKEN, reason, is_sticky=True)
