"""Where to look for an order of which nothing was heard, and when it is known to be nowhere.

No single list proves that an order never existed: `realtime` forgets closed orders when 500 newer
ones have closed or the service restarts, `history` holds closed ones alone and lags. So both are
asked, `realtime` before and after `history`: an order that was open all the while shows in it, one
that closed before the last look shows in either. Only three noes in a row count as the venue's
word, and still of that moment: an order on its way may arrive later.
"""

import msgspec

from arbitrage.exchanges.bybit.facts import ANSWER_WITHIN_NS
from arbitrage.exchanges.bybit.orders import HISTORY_PATH, REALTIME_PATH

PLACES = (REALTIME_PATH, HISTORY_PATH, REALTIME_PATH)
MAX_SEARCHES = 1024


class _Search(msgspec.Struct):
    step: int = 0
    last_ns: int = 0
    asked_ns: list[int] = []  # of questions whose answers are still to come


class OrderSearch:
    """The searches of one account by client id; beyond `MAX_SEARCHES` the oldest begins anew.

    An answer does not name its list, so a no counts only when no other question about the order
    is open; one without an answer is given up after `ANSWER_WITHIN_NS`, and a search that rested
    for so long begins anew.
    """

    def __init__(self) -> None:
        self._searches: dict[str, _Search] = {}

    def next_place(self, client_id: str, now_ns: int) -> str:
        """The path of the list to ask now."""
        open_since_ns = now_ns - ANSWER_WITHIN_NS
        search = self._searches.get(client_id)
        if search is None or search.last_ns <= open_since_ns:
            search = self._searches[client_id] = _Search()
            if len(self._searches) > MAX_SEARCHES:
                del self._searches[next(iter(self._searches))]
        search.last_ns = now_ns
        search.asked_ns = [asked for asked in search.asked_ns if asked > open_since_ns]
        search.asked_ns.append(now_ns)
        return PLACES[search.step]

    def found(self, client_id: str) -> None:
        """The order showed up; a later search begins anew."""
        self._searches.pop(client_id, None)

    def missed(self, client_id: str) -> bool:
        """A list said that it has no such order; returns whether every list has now said so."""
        search = self._searches.get(client_id)
        if search is None or not search.asked_ns:
            return False
        search.asked_ns.pop()
        if search.asked_ns:
            return False
        search.step += 1
        if search.step < len(PLACES):
            return False
        del self._searches[client_id]
        return True

    def __len__(self) -> int:
        return len(self._searches)
