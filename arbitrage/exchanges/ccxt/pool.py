"""Requests carried by ccxt: each one is a call by name, and its answer JSON.

The promises are those of an HTTP pool. A call is made once. What ccxt raises becomes an answer only
if it is one that the venue gave; every other end of a call (a timeout, the network, an error inside
ccxt after the venue had answered) is no answer, for the venue may have carried it out.
"""

import asyncio
import logging
from typing import Any

import msgspec

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.exchanges.ccxt import facts
from arbitrage.exchanges.ccxt.calls import CALLS
from arbitrage.exchanges.ccxt.connector import Connector
from arbitrage.exchanges.order_gateway import Answer, Lane, Request
from arbitrage.net.http import PoolTerms

_OK = 200
_ORDERS = frozenset({Lane.ENTRY, Lane.URGENT})

_log = logging.getLogger(__name__)
_ENCODER = msgspec.json.Encoder()


class CcxtPool:
    """One instance of ccxt on one event loop; `terms` bound what is under way and for how long.

    Polls wait in ccxt's own throttle; orders do not, since they are sent now or not at all.
    """

    def __init__(self, connector: Connector, terms: PoolTerms) -> None:
        self._connector = connector
        self._terms = terms
        self._exchange: Any = None
        self._opening: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()
        self._under_way: dict[asyncio.Task[Any], asyncio.Future[Answer | None]] = {}

    async def open(self) -> None:
        """Read the venue's markets. Raises `Unavailable`. Opening twice is harmless."""
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())
        opening = self._opening
        await asyncio.wait((opening,))
        if not opening.cancelled() and opening.exception() is None:
            return
        if self._opening is opening:
            await self.close()
        error = None if opening.cancelled() else opening.exception()
        if isinstance(error, ConfigError):
            raise error
        raise Unavailable(
            f"{facts.VENUE}:{self._connector.exchange_id}: its markets cannot be read: "
            f"{said(error)}; nothing was sent"
        ) from error

    async def _open(self) -> None:
        exchange = self._connector.instance(is_exact=True)
        self._exchange = exchange
        await self._connector.load(exchange, is_exact=True)

    async def close(self) -> None:
        """End every call: those under way have no answer. Closing twice is harmless."""
        opening, self._opening = self._opening, None
        tasks = (*self._under_way, *(() if opening is None else (opening,)))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            await exchange.close()
        self._closed.set()

    async def wait(self) -> None:
        """Return after `close`."""
        await self._closed.wait()

    def send(self, request: Request) -> "asyncio.Future[Answer | None]":
        """Begin the call that `request` names.

        The future gives the answer, or None if the venue may have carried the call out. Raises
        `Unavailable` if as many are under way as may be, and then nothing was sent.
        """
        allowed = self._terms.connections
        if request.lane is not Lane.ENTRY:
            allowed += self._terms.max_waiting
        told = f"{facts.VENUE}:{self._connector.exchange_id} {request.target}"
        if self._exchange is None:
            raise Unavailable(f"{told}: not open; nothing was sent")
        if len(self._under_way) >= allowed:
            raise Unavailable(
                f"{told}: {len(self._under_way)} calls are under way; nothing was sent"
            )
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer | None] = loop.create_future()
        task = loop.create_task(self._call(request), name=told)
        self._under_way[task] = future
        task.add_done_callback(self._ended)
        return future

    async def _call(self, request: Request) -> Any:
        call = CALLS[request.target]
        arguments = msgspec.json.decode(request.body)
        # Orders and polls go through pools of their own, so this is never changed under a poll.
        if request.lane in _ORDERS:
            self._exchange.enableRateLimit = False
        async with asyncio.timeout(self._terms.timeout_seconds):
            return await call(self._exchange, self._connector.dialect, arguments)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        future = self._under_way.pop(task)
        error = None if task.cancelled() else task.exception()
        if future.done():
            return
        if task.cancelled() or error is not None:
            future.set_result(self._failed(task.get_name(), error))
            return
        try:
            future.set_result(Answer(_OK, _ENCODER.encode(task.result())))
        except TypeError as unreadable:
            future.set_result(self._failed(task.get_name(), unreadable))

    def _failed(self, told: str, error: BaseException | None) -> Answer | None:
        """What an exception of ccxt proves, if it proves anything."""
        _log.info("%s: %s", told, said(error))
        status = facts.STATUSES.get(type(error).__name__)
        if status is None and _is_from_venue(error):
            status = facts.FAILED
        if status is None:
            return None
        body = {"error": type(error).__name__, "message": str(error)}
        return Answer(status, _ENCODER.encode(body))


def said(error: BaseException | None) -> str:
    """An exception in words; None stands for a call that was given up."""
    if error is None:
        return "given up"
    return f"{type(error).__name__} {error}".rstrip()


def _is_from_venue(error: BaseException | None) -> bool:
    """Whether ccxt read an error of the venue, rather than that the network or ccxt failed."""
    return any(kind.__name__ == "ExchangeError" for kind in type(error).__mro__)
