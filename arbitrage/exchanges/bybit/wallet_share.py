"""One category's share of a wallet that two gateways trade from.

The wallet is one for linear and spot, and its balance does not say who moved it. The venue's
transaction log does: it books every change to a category. What we own of a currency is then

    own = wallet - changes by the other category since we began - (1 - share) * opening

so that a gateway ties out what its own category moves, and the engine never plans with more than
its share. Transfers, interest and whatever else the other category did not move stay in `own` and
are explained by nobody: the venue goes down until someone has looked. So it does for a moment if
the log is behind the wallet, which the venue warns of for wild markets.

No socket and no clock: requests and answers pass through here [D account/transaction-log].
"""

from collections import deque
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.units import EXACT, NS_PER_MS, NS_PER_SECOND, ONE, ZERO
from arbitrage.exchanges.bybit.answers import next_cursor, read
from arbitrage.exchanges.bybit.auth import RequestSigner
from arbitrage.exchanges.bybit.facts import VENUES, Category
from arbitrage.exchanges.bybit.wire import require_plain
from arbitrage.exchanges.order_gateway import Answer, Request

LOG_PAGE = 50
MAX_PAGES = 40
# How far back each reading begins, for entries that were written late.
_OVERLAP_NS = 600 * NS_PER_SECOND
_REMEMBERED = 20_000
_OTHER = {Category.LINEAR: Category.SPOT, Category.SPOT: Category.LINEAR}


class _Entry(msgspec.Struct):
    id: str
    currency: str
    category: str
    change: Decimal

    def __post_init__(self) -> None:
        require_plain(self.change)


class _Log(msgspec.Struct):
    list: list[_Entry]


_log = msgspec.json.Decoder(_Log)


class WalletShare:
    """The share of one category, from its first reading on. Raises `ConfigError` for a share that
    is not above 0 and at most 1."""

    def __init__(self, category: Category, share: Decimal) -> None:
        if not 0 < share <= 1:
            raise ConfigError(
                f"{VENUES[category]}: wallet_share is {share}; expected above 0, at most 1"
            )
        self._category = category
        self._rest = ONE - share
        self._covered_ns = 0
        self._seen: set[str] = set()
        self._seen_in_turn: deque[str] = deque()
        self._moved: dict[str, Decimal] = {}
        self._kept: dict[str, Decimal] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nobody else trades from the wallet, so that no log need be read."""
        return not self._rest

    def request(self, signer: RequestSigner, now_ns: int, cursor: str = "") -> Request:
        """One page of what the other category moved lately, the newest first."""
        since_ns = (self._covered_ns or now_ns) - _OVERLAP_NS
        more = f"&cursor={cursor}" if cursor else ""
        query = (
            f"accountType=UNIFIED&category={_OTHER[self._category].value}&limit={LOG_PAGE}"
            f"&startTime={since_ns // NS_PER_MS}"
            f"&endTime={(now_ns + NS_PER_SECOND) // NS_PER_MS}{more}"
        )
        return signer.get("/v5/account/transaction-log", query, now_ns)

    def take_in(self, answer: Answer) -> tuple[int, str]:
        """Count a page; returns how many of its entries are news, and the cursor to the next page,
        empty if that holds nothing that is news.

        `{"list":[{"id":"592324_XRPUSDT_161440249321","symbol":"XRPUSDT","category":"linear",
        "type":"TRADE","currency":"USDT","change":"-0.01442356",...}],"nextPageCursor":"2163..."}`
        Raises what `answers.read` raises.
        """
        news = 0
        for entry in read(_log, answer, "transaction log").list:
            if entry.id in self._seen:
                continue
            news += 1
            self._remember(entry.id)
            if self._kept is not None:
                moved = self._moved.get(entry.currency, ZERO)
                self._moved[entry.currency] = EXACT.add(moved, entry.change)
        return news, next_cursor(answer) if news else ""

    def _remember(self, entry_id: str) -> None:
        self._seen.add(entry_id)
        self._seen_in_turn.append(entry_id)
        if len(self._seen_in_turn) > _REMEMBERED:
            self._seen.discard(self._seen_in_turn.popleft())

    def own(self, wallet: Mapping[str, Decimal], now_ns: int) -> dict[str, Decimal]:
        """What is ours of the balances of `wallet`, read between two readings of the log of which
        the later, of `now_ns`, told nothing new."""
        self._covered_ns = now_ns
        if self._kept is None:
            self._kept = {
                currency: EXACT.multiply(total, self._rest) for currency, total in wallet.items()
            }
        own = {}
        for currency in {**wallet, **self._moved}:
            others = EXACT.add(self._moved.get(currency, ZERO), self._kept.get(currency, ZERO))
            own[currency] = EXACT.subtract(wallet.get(currency, ZERO), others)
        return own
