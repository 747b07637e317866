"""The venue's lists of our orders: those open, those made since a time, and their fills.

A list proves something by what is not in it only if it is whole; one as long as the venue ever
gives may have been cut.
"""

from collections.abc import Callable

import msgspec

from arbitrage.domain.events import OrderUpdate
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.net.rest import Rest
from arbitrage.net.venue_plan import OrderHistory

# The venue's clock and ours, and its idea of when an order was made, may differ by this much.
_MARGIN_NS = 10 * NS_PER_SECOND


class Listing(msgspec.Struct, frozen=True):
    """Orders as the venue lists them. `is_whole` says that none was left out."""

    updates: list[OrderUpdate]
    is_whole: bool


class OrderLists:
    """Asks for lists. Every call raises `Unavailable` or `MalformedData` if there is none."""

    def __init__(self, rest: Rest, clock_ns: Callable[[], int]) -> None:
        self._rest = rest
        self._plan = rest.plan
        self._clock_ns = clock_ns

    async def open(self, symbol: str) -> Listing:
        """The open orders of `symbol`; of all symbols for an empty one, where the venue does."""
        codec = self._plan.codec
        answer = await self._rest.ask(lambda now_ns: codec.open_orders_request(symbol, now_ns))
        updates = codec.open_orders(answer, self._clock_ns())
        return Listing(updates, len(updates) < self._plan.open_orders_full)

    async def made_since(self, symbol: str, since_ns: int) -> Listing | None:
        """The orders of `symbol` made since `since_ns`, our time; None where the venue has no such
        list."""
        return await self._since(self._plan.history, symbol, since_ns)

    async def filled_since(self, symbol: str, since_ns: int) -> Listing | None:
        """Totals and fees of orders of `symbol` that filled since `since_ns`, where the venue
        tells them apart from its orders; None where it does not."""
        return await self._since(self._plan.fills, symbol, since_ns)

    async def _since(
        self, history: OrderHistory | None, symbol: str, since_ns: int
    ) -> Listing | None:
        if history is None:
            return None
        start_ns = self._rest.offset.venue_ns(since_ns) - _MARGIN_NS
        answer = await self._rest.ask(lambda now_ns: history.request(symbol, start_ns, now_ns))
        updates = history.read(answer, self._clock_ns())
        return Listing(updates, len(updates) < history.full_length)
