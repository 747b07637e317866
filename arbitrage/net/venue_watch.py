"""What is watched of a venue besides its market data and our orders: its clock, its bans, and
whether it is in maintenance."""

import asyncio
import logging
from collections.abc import Callable

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.net.background import Background
from arbitrage.net.rest import Rest
from arbitrage.net.venue_health import VenueHealth
from arbitrage.net.venue_plan import Maintenance

_BAN = "ban"
_MAINTENANCE = "maintenance"
_NOT_TOLD = (Unavailable, MalformedData, ConfigError)

_log = logging.getLogger(__name__)


class VenueWatch:
    """Watches one venue from `start` until `background` is stopped."""

    def __init__(self, rest: Rest, health: VenueHealth, clock_ns: Callable[[], int]) -> None:
        self._rest = rest
        self._health = health
        self._clock_ns = clock_ns
        self._venue = rest.plan.venue
        self._times = rest.plan.times

    def start(self, background: Background) -> None:
        """Begin to watch."""
        background.start(self._sync_clock_forever(), "measure the venue's clock")
        background.start(self._obey_bans_forever(), "obey bans")
        if self._rest.plan.maintenance is not None:
            background.start(
                self._look_for_maintenance_forever(self._rest.plan.maintenance),
                "look for maintenance",
            )

    async def _sync_clock_forever(self) -> None:
        """Measure the venue's clock now and then, and at once when an order was refused, which may
        be because a clock was set."""
        doubted = self._rest.clock_doubted
        while True:
            await asyncio.sleep(self._times.recheck_seconds)
            try:
                async with asyncio.timeout(self._times.clock_seconds):
                    await doubted.wait()
            except TimeoutError:
                pass
            doubted.clear()
            try:
                await self._rest.sync_clock()
            except (Unavailable, MalformedData) as error:
                _log.warning("%s: its clock cannot be read: %s", self._venue, error)

    async def _obey_bans_forever(self) -> None:
        while True:
            left_ns = self._rest.budgets.blocked_until_ns - self._clock_ns()
            if left_ns > 0:
                seconds = left_ns / NS_PER_SECOND
                self._health.down(_BAN, f"{self._venue} told us to stay away for {seconds:.0f} s")
            else:
                self._health.up(_BAN)
            await asyncio.sleep(self._times.settle_seconds)

    async def _look_for_maintenance_forever(self, maintenance: Maintenance) -> None:
        """A venue that cannot be asked has said nothing: what it said before stands."""
        while True:
            try:
                answer = await self._rest.ask_at(maintenance.rest_url, maintenance.request)
                reason = maintenance.read(answer)
            except _NOT_TOLD as error:
                _log.warning("%s: maintenance cannot be asked about: %s", self._venue, error)
            else:
                if reason:
                    self._health.down(_MAINTENANCE, f"{self._venue} is in maintenance: {reason}")
                else:
                    self._health.up(_MAINTENANCE)
            await asyncio.sleep(self._times.maintenance_seconds)
