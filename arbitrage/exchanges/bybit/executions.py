"""Our executions, pushed or asked for: fills, funding, and what the venue did on its own.

A fill counts in the totals of its order. Funding is booked once, by its execution id, whichever
way it came. Any other kind (liquidation, auto-deleveraging, delivery, ...) has moved our position
without an order of ours and takes the venue down until someone has looked.
"""

from collections import deque
from collections.abc import Iterable

import msgspec

from arbitrage.domain.events import Event, FundingPayment, VenueStatus
from arbitrage.domain.units import ZERO
from arbitrage.exchanges.bybit.answers import read
from arbitrage.exchanges.bybit.facts import (
    FUNDING_EXECUTION,
    TRADE_EXECUTION,
    VENUES,
    Category,
)
from arbitrage.exchanges.bybit.order_reports import ExecutionReport, is_other_category
from arbitrage.exchanges.bybit.order_tally import OrderTallies
from arbitrage.exchanges.order_gateway import Answer

# Of funding and of what the venue did; so many are known again when they are told twice.
MAX_REMEMBERED_EXECUTIONS = 4096


class _Executions(msgspec.Struct):
    list: list[ExecutionReport]


_decoder = msgspec.json.Decoder(_Executions)


class Executions:
    """The executions of one account in one category."""

    def __init__(self, category: Category, tallies: OrderTallies) -> None:
        self._category = category
        self._venue = VENUES[category]
        self._tallies = tallies
        self._told: deque[str] = deque(maxlen=MAX_REMEMBERED_EXECUTIONS)

    def listed(self, answer: Answer, ts_ns: int) -> list[Event]:
        """What a page of executions adds. Raises what `answers.read` raises.

        Fills of orders that nobody has spoken of are left out: an order whose other fills stand
        on another page would seem smaller than it is. Ask for the order first.
        """
        reports = read(_decoder, answer, f"{self._category.value} executions").list
        return self.take_in(reports, ts_ns, of_known_orders=True)

    def take_in(
        self, reports: Iterable[ExecutionReport], ts_ns: int, *, of_known_orders: bool = False
    ) -> list[Event]:
        """The events of `reports`, the totals of their orders last."""
        events: list[Event] = []
        touched: dict[str, None] = {}
        for report in reports:
            if is_other_category(report, self._category):
                continue
            if report.exec_type == TRADE_EXECUTION:
                if not of_known_orders or self._tallies.known(report.order_id) is not None:
                    report.count(self._tallies)
                    touched[report.order_id] = None
            elif report.exec_id not in self._told:
                events.append(self._not_a_fill(report, ts_ns))
                self._told.append(report.exec_id)
        events.extend(self._tallies.update(order_id, ts_ns) for order_id in touched)
        return events

    def _not_a_fill(self, report: ExecutionReport, ts_ns: int) -> Event:
        """Funding paid is a positive fee, funding received a negative one [C; D*
        account/transaction-log for the sign of its rate]."""
        if report.exec_type != FUNDING_EXECUTION:
            reason = (
                f"{report.symbol}: the venue moved our position ({report.exec_type} of "
                f"{report.exec_qty} at {report.exec_price})"
            )
            return VenueStatus(ts_ns, self._venue, is_up=False, reason=reason)
        currency, received = report.settle_currency(), ZERO - report.exec_fee
        return FundingPayment(ts_ns, self._venue, report.symbol, currency, received)
