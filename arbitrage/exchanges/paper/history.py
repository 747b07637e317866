"""Orders that a venue remembers, in memory that stays flat however many there were.

Live orders are kept without bound, since margin and balances bound them. Of the closed ones the
latest `CLOSED_LIMIT` are kept whole. Of all others only the client id is remembered, one bit each
for ids that end in a counter: the latest `_PAGE_LIMIT * _PAGE_BITS` (16.7 million, 3 MB) of them.
Ids without order, such as random ones, take a page each and are remembered for the latest 4,096.
"""

import re
from collections import deque

from arbitrage.domain.orders import Order

CLOSED_LIMIT = 10_000
_PAGE_BITS = 4096
_PAGE_LIMIT = 4096
_COUNTED = re.compile(r"(.*?)([0-9]{1,18})", re.DOTALL)


class UsedIds:
    """A set of client ids as pages of bits; the page begun first is forgotten first."""

    def __init__(self, page_limit: int = _PAGE_LIMIT) -> None:
        self._pages: dict[tuple[str, int, int], bytearray] = {}
        self._page_limit = page_limit

    def add(self, client_id: str) -> None:
        key, byte, bit = _place(client_id)
        page = self._pages.get(key)
        if page is None:
            if len(self._pages) >= self._page_limit:
                del self._pages[next(iter(self._pages))]
            page = self._pages[key] = bytearray(_PAGE_BITS // 8)
        page[byte] |= bit

    def __contains__(self, client_id: str) -> bool:
        key, byte, bit = _place(client_id)
        page = self._pages.get(key)
        return page is not None and bool(page[byte] & bit)

    def __len__(self) -> int:
        """How many pages are in memory."""
        return len(self._pages)


def _place(client_id: str) -> tuple[tuple[str, int, int], int, int]:
    """Page, byte and bit of an id. The number of digits is part of the page: `a1` is not `a01`."""
    counted = _COUNTED.fullmatch(client_id)
    if counted is None:
        return (client_id, 0, 0), 0, 1
    prefix, digits = counted.groups()
    page, position = divmod(int(digits), _PAGE_BITS)
    return (prefix, len(digits), page), position >> 3, 1 << (position & 7)


class OrderHistory:
    """Orders by client id: live ones, the latest closed ones, and which ids were ever used."""

    def __init__(self, closed_limit: int = CLOSED_LIMIT) -> None:
        self._orders: dict[str, Order] = {}
        self._closed: deque[str] = deque()
        self._closed_limit = closed_limit
        self._used = UsedIds()

    def add(self, order: Order) -> None:
        client_id = order.intent.client_id
        self._used.add(client_id)
        self._orders[client_id] = order

    def get(self, client_id: str) -> Order | None:
        """The record, or None if there never was one or it has been forgotten."""
        return self._orders.get(client_id)

    def is_used(self, client_id: str) -> bool:
        return client_id in self._orders or client_id in self._used

    def closed(self, order: Order) -> None:
        """Count an order as closed; the one closed longest ago is forgotten beyond the limit."""
        self._closed.append(order.intent.client_id)
        if len(self._closed) > self._closed_limit:
            del self._orders[self._closed.popleft()]

    def __len__(self) -> int:
        return len(self._orders)
