"""The private stream of the one account: logins, topics, and everything they are told.

`{"op":"auth","args":[key,expires,signature]}` comes first, then subscriptions. Topics are of all
categories (`order`, `execution`, `position`, `wallet`) or of one (`order.linear`). What one command
changes is told when it is done: the executions, then the orders as they are by then, positions and
the wallet; so an order that fills at once is never told as new
(bybit-exchange.github.io/docs/v5/websocket/private and ws/connect, read 2026-11-22; the order of
the topics among each other is unconfirmed).
"""

import asyncio
from itertools import count
from typing import Final

from arbitrage.sim.core_events import (
    BalanceChanged,
    Change,
    CoreEvent,
    FundingPaid,
    Liquidated,
    OrderChanged,
    PositionChanged,
)
from arbitrage.sim.order_records import SimOrder
from arbitrage.sim.protocols.bybit_account import BybitAccount
from arbitrage.sim.protocols.bybit_auth import AccountCheck
from arbitrage.sim.protocols.bybit_errors import BybitRefusal
from arbitrage.sim.protocols.bybit_markets import Market, Markets
from arbitrage.sim.protocols.bybit_orders import (
    execution_object,
    funding_object,
    liquidation_object,
    order_object,
)
from arbitrage.sim.protocols.bybit_session import Connection, Operation, read_operation
from arbitrage.sim.protocols.bybit_wire import Category, Ids, Json, encode, ms
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore

_TOPICS: Final = frozenset(
    {
        *("order", "execution", "position", "wallet"),
        *(f"{word}.{each.value}" for word in ("order", "execution") for each in Category),
        "position.linear",
    }
)


class PrivateStream:
    """Gathers what happens to the account, and tells it to the sessions that listen."""

    def __init__(
        self, core: SimVenueCore, markets: Markets, ids: Ids, account: BybitAccount
    ) -> None:
        self.core = core
        self._markets = markets
        self._ids = ids
        self._account = account
        self._sessions: list[PrivateSession] = []
        self._messages = count(1)
        self._executions: list[Json] = []
        self._orders: dict[int, SimOrder] = {}
        self._positions: dict[str, Market] = {}
        self._liquidated: set[str] = set()
        self._has_wallet_news = self._is_due = False
        core.listen(self._on_event)

    def join(self, session: "PrivateSession") -> None:
        self._sessions.append(session)

    def leave(self, session: "PrivateSession") -> None:
        self._sessions.remove(session)

    # --- what happens ----------------------------------------------------------------------------

    def _on_event(self, event: CoreEvent) -> None:
        if not self._sessions:
            return
        match event:
            case OrderChanged():
                self._on_order(event)
            case PositionChanged():
                self._positions[event.symbol] = self._markets.by_key[event.symbol]
            case BalanceChanged():
                self._has_wallet_news = True
            case FundingPaid():
                market = self._markets.by_key[event.symbol]
                self._executions.append(funding_object(event, market, self.core))
            case Liquidated():
                for key in event.symbols:
                    self._liquidated.add(key)
                    self._executions.append(
                        liquidation_object(self._markets.by_key[key], self.core)
                    )
            case _:
                return
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _on_order(self, changed: OrderChanged) -> None:
        order, fill = changed.order, changed.fill
        self._orders[order.id] = order
        if changed.change is Change.TRADE and fill is not None:
            market = self._markets.by_key[order.request.symbol]
            self._executions.append(execution_object(order, fill, market, self._ids, self.core))

    def _flush(self) -> None:
        """Tell what has gathered."""
        self._is_due = False
        executions, self._executions = self._executions, []
        orders, self._orders = self._orders, {}
        positions, self._positions = self._positions, {}
        liquidated, self._liquidated = self._liquidated, set()
        self._tell("execution", executions)
        self._tell("order", [self._order(order) for order in orders.values()])
        told = []
        for key, market in positions.items():
            status = {"positionStatus": "Liq"} if key in liquidated else {}
            row = self._account.position_object(market)
            told.append({**row, "category": market.category.value, **status})
        self._tell("position", told)
        if self._has_wallet_news:
            self._has_wallet_news = False
            self._tell("wallet", [self._account.wallet_object()])

    def _order(self, order: SimOrder) -> Json:
        market = self._markets.by_key[order.request.symbol]
        return {"category": market.category.value, **order_object(order, market, self._ids)}

    def _tell(self, word: str, rows: list[Json]) -> None:
        for session in self._sessions:
            for topic in session.topics:
                name, _, category = topic.partition(".")
                wanted = [row for row in rows if category in ("", row.get("category"))]
                if name == word and wanted:
                    session.hear(topic, self._frame(topic, wanted), is_book=False)

    def _frame(self, topic: str, rows: list[Json]) -> str:
        now_ms = ms(self.core.now_ns)
        message_id = f"5923240c{next(self._messages):08x}"
        told = {"id": message_id, "topic": topic, "creationTime": now_ms, "data": rows}
        return encode(told).decode()


class PrivateSession(Connection):
    """One connection to `/v5/private`."""

    def __init__(self, socket: SimSocket, stream: PrivateStream, check: AccountCheck) -> None:
        super().__init__(socket)
        self.topics: dict[str, None] = {}
        self._stream = stream
        self._check = check
        self._is_known = False

    def on_frame(self, frame: str | bytes) -> None:
        """Take in a message of the client."""
        asked = read_operation(frame)
        if asked.op == "ping":
            self._pong(asked)
        elif asked.op == "auth":
            self._login(asked)
        elif asked.op not in ("subscribe", "unsubscribe"):
            self.answer(asked, "error:invalid op")
        elif not self._is_known:
            self.answer(asked, "Request not authorized")
        else:
            self._subscribe(asked)

    def _login(self, asked: Operation) -> None:
        try:
            self._check.check_login(asked.args, ms(self._stream.core.now_ns))
        except BybitRefusal as refusal:
            self.answer(asked, refusal.message)
            self.socket.close()
            return
        self._is_known = True
        self.answer(asked)

    def _subscribe(self, asked: Operation) -> None:
        names = asked.topics()
        unknown = [name for name in names if name not in _TOPICS]
        if unknown or not names:
            self.answer(asked, f"error:handler not found,topic:{','.join(unknown)}")
            return
        for name in names:
            if asked.op == "subscribe":
                self.topics[name] = None
            else:
                self.topics.pop(name, None)
        self.answer(asked)

    def _pong(self, asked: Operation) -> None:
        now_ms = str(ms(self._stream.core.now_ns))
        told: Json = {"op": "pong", "args": [now_ms], "conn_id": self.connection_id}
        if asked.req_id is not None:
            told["req_id"] = str(asked.req_id)
        self.socket.send(encode(told).decode(), "answer")
