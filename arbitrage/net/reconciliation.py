"""Holding our records against the venue's: open orders, fills, balances, positions.

What the venue says of our orders is heard like any other word. What it has and we do not is a
finding; the venue is right, and a finding stays until it ties out or a person accepts it. Balances
and positions are only compared if no order was under way while they were asked for, since an
answer is about a moment that we do not know.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

from arbitrage.domain.events import BalanceUpdate, OrderUpdate
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import EXACT
from arbitrage.exchanges.order_gateway import AccountState
from arbitrage.net.account_questions import read_account
from arbitrage.net.order_flow import OrderFlow
from arbitrage.net.order_lists import Listing, OrderLists
from arbitrage.net.order_records import OrderRecord, OrderRecords
from arbitrage.net.rest import Rest
from arbitrage.net.tie_out import TieOut

MAX_REMEMBERED_STRANGERS = 100


class Reconciled(msgspec.Struct, frozen=True):
    """What one comparison came to: what does not tie out, in words, and the venue's balances that
    the engine must hear of. `is_whole` is False if balances could not be compared this time."""

    findings: list[str]
    balances: list[BalanceUpdate]
    is_whole: bool


class Reconciliation:
    """Compares the orders of `symbols` and the account. Runs one at a time."""

    def __init__(
        self,
        rest: Rest,
        records: OrderRecords,
        lists: OrderLists,
        flow: OrderFlow,
        tie_out: TieOut,
        *,
        symbols: Sequence[str],
        clock_ns: Callable[[], int],
    ) -> None:
        self._rest = rest
        self._plan = rest.plan
        self._records = records
        self._lists = lists
        self._flow = flow
        self._tie_out = tie_out
        self._symbols = symbols
        self._clock_ns = clock_ns
        self._covered_ns = clock_ns()
        self._account_findings: list[str] = []
        self._strangers: dict[str, str] = {}

    def meet_stranger(self, update: OrderUpdate) -> None:
        """Remember an order that filled on our account and is not ours."""
        if update.filled_qty and len(self._strangers) < MAX_REMEMBERED_STRANGERS:
            self._strangers[update.client_id] = f"order {update.client_id} filled and is not ours"

    async def run(self, *, accept: bool = False) -> Reconciled:
        """Compare everything now. `accept` takes what the venue has for ours: a person has looked.

        Raises `Unavailable`, `MalformedData` or `ConfigError` if the venue could not be asked.
        """
        started_ns, version = self._clock_ns(), self._records.version
        was_quiet = not self._records.has_live
        if accept:
            self._strangers.clear()
        findings = [*await self._compare_open_orders(), *await self._compare_history()]
        state = await read_account(self._rest)
        is_first = not self._tie_out.is_open
        if is_first:
            self._tie_out.open(state)
        is_quiet = was_quiet and not self._records.has_live and version == self._records.version
        if accept:
            self._tie_out.accept(state, await self._entry_costs(state))
            self._account_findings, is_quiet = [], True
        differing = list(state.balances) if is_first else []
        if is_quiet:
            differing += self._tie_out.balance_differences(state)
            self._account_findings = self._tie_out.findings(state)
        self._covered_ns = started_ns
        return Reconciled(
            [*findings, *self._strangers.values(), *self._account_findings],
            self._balance_updates(state, differing),
            is_quiet,
        )

    def _balance_updates(
        self, state: AccountState, currencies: Sequence[str]
    ) -> list[BalanceUpdate]:
        now_ns = self._clock_ns()
        return [
            BalanceUpdate(now_ns, self._plan.venue, currency, state.balances.get(currency, _NONE))
            for currency in currencies
        ]

    # --- orders -------------------------------------------------------------------------------

    async def _compare_open_orders(self) -> list[str]:
        live = {record.order.symbol for record in self._records.live()}
        symbols = [""] if self._plan.lists_all_symbols else sorted({*self._symbols, *live})
        findings: list[str] = []
        for symbol in symbols:
            asked_ns = self._clock_ns()
            listing = await self._lists.open(symbol)
            if not listing.is_whole:
                findings.append(f"more open orders of {symbol or 'all symbols'} than can be listed")
            for update in listing.updates:
                findings += self._heard_open(update, asked_ns)
            for record in self._unlisted(symbol, listing, asked_ns):
                await self._flow.ask(record)
        return findings

    def _heard_open(self, update: OrderUpdate, asked_ns: int) -> list[str]:
        record = self._records.get(update.client_id)
        if record is None:
            return [f"open order {update.client_id} is not ours"]
        if not record.order.is_live and record.order.updated_ns < asked_ns:
            status = record.order.status.value
            return [f"order {update.client_id} is {status} for us and open at the venue"]
        self._flow.hear(update)
        return []

    def _unlisted(self, symbol: str, listing: Listing, asked_ns: int) -> list[OrderRecord]:
        """Orders open for us that a whole list of open orders lacks: their end was missed."""
        listed = {update.client_id for update in listing.updates}
        return [
            record
            for record in self._records.live()
            if listing.is_whole
            and symbol in ("", record.order.symbol)
            and record.order.status is OrderStatus.OPEN
            and record.order.updated_ns < asked_ns
            and record.order.client_id not in listed
        ]

    async def _compare_history(self) -> list[str]:
        """Orders and fills of the symbols in which we sent orders since the last comparison."""
        findings: list[str] = []
        for symbol in self._records.symbols_since(self._covered_ns):
            for ask in (self._lists.made_since, self._lists.filled_since):
                listing = await ask(symbol, self._covered_ns)
                if listing is None:
                    continue
                if not listing.is_whole:
                    findings.append(f"more orders or fills of {symbol} than can be listed")
                for update in listing.updates:
                    if update.client_id in self._records:
                        self._flow.hear(update)
                    else:
                        self.meet_stranger(update)
        return findings

    # --- what we own --------------------------------------------------------------------------

    async def _entry_costs(self, state: AccountState) -> Mapping[str, Decimal]:
        """What the venue says our positions were opened for, in quote."""
        positions = self._plan.positions
        if positions is None or not state.positions:
            return {}
        held = positions.read(await self._rest.ask(positions.request))
        return {one.symbol: EXACT.multiply(abs(one.qty), one.entry_price) for one in held}


_NONE = Decimal(0)
