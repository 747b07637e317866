"""Orders by websocket: the connection `/v5/trade`, which takes the orders of REST unsigned.

`{"op":"auth","args":[key,expires,signature]}` comes first. Then
`{"reqId":"1","header":{"X-BAPI-TIMESTAMP":"..."},"op":"order.create","args":[{...}]}` is answered
by `{"reqId":"1","retCode":0,"retMsg":"OK","op":"order.create","data":{...},"header":{...},
"connId":"..."}`; a `reqId` is taken once (bybit-exchange.github.io/docs/v5/websocket/trade, page
guideline, read 2026-11-22; the code for what is asked before the login is unconfirmed). A fault
that strikes a REST order strikes it here too.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from arbitrage.sim.fault_gate import FaultGate
from arbitrage.sim.faults import Fault, FaultKind
from arbitrage.sim.protocols.bybit_auth import AccountCheck, check_time
from arbitrage.sim.protocols.bybit_errors import OK, TOO_MANY, BybitRefusal, wrong
from arbitrage.sim.protocols.bybit_params import Params, category_of, texts
from arbitrage.sim.protocols.bybit_session import Operation, connection_id, read_operation
from arbitrage.sim.protocols.bybit_tolls import ORDERS_PER_SECOND, BybitTolls
from arbitrage.sim.protocols.bybit_trading import TradingDesk
from arbitrage.sim.protocols.bybit_wire import Json, encode, ms
from arbitrage.sim.sim_socket import SimSocket
from arbitrage.sim.venue_core import SimVenueCore


class TradeSession:
    """One connection. `tolls` are those of REST: that the venue counts both together is
    unconfirmed."""

    def __init__(
        self,
        socket: SimSocket,
        core: SimVenueCore,
        desk: TradingDesk,
        check: AccountCheck,
        tolls: BybitTolls,
        faults: FaultGate,
    ) -> None:
        self._socket = socket
        self._core = core
        self._check = check
        self._tolls = tolls
        self._faults = faults
        self._connection_id = connection_id()
        self._is_known = False
        self._used: set[str] = set()
        self._operations: dict[str, tuple[str, Callable[[Params], Json]]] = {
            "order.create": ("/v5/order/create", desk.create),
            "order.cancel": ("/v5/order/cancel", desk.cancel),
        }

    def on_frame(self, frame: str | bytes) -> None:
        """Take in a message of the client."""
        asked = read_operation(frame)
        if asked.op == "ping":
            self._answer(asked, OK, "OK", op="pong", data=[str(ms(self._core.now_ns))])
        elif asked.op == "auth":
            self._login(asked)
        elif asked.op in self._operations:
            fault = self._faults.request(f"POST {self._operations[asked.op][0]}")
            if fault is None:
                self._tell(asked, self._outcome(asked))
            else:
                self._strike(asked, fault)
        else:
            self._tell(asked, BybitRefusal(10404))

    def _login(self, asked: Operation) -> None:
        try:
            if self._is_known:
                raise BybitRefusal(20001)
            self._check.check_login(asked.args, ms(self._core.now_ns))
        except BybitRefusal as refusal:
            self._answer(asked, refusal.code, refusal.message)
            return
        self._is_known = True
        self._answer(asked, OK, "OK")

    # --- orders ----------------------------------------------------------------------------------

    def _outcome(self, asked: Operation) -> tuple[Json, dict[str, str]] | BybitRefusal:
        """What came of an order or a cancel, and where its budget stands."""
        try:
            return self._obeyed(asked)
        except BybitRefusal as refusal:
            return refusal

    def _obeyed(self, asked: Operation) -> tuple[Json, dict[str, str]]:
        if not self._is_known:
            raise BybitRefusal(10003)
        self._take_id(asked)
        header = texts(asked.header)  # numbers are taken too
        timestamp, window = header.get("X-BAPI-TIMESTAMP", ""), header.get("X-BAPI-RECV-WINDOW", "")
        check_time(timestamp, window, ms(self._core.now_ns))
        args = asked.args
        if not isinstance(args, list) or len(args) != 1 or not isinstance(args[0], dict):
            raise wrong("args must hold one order")
        path, obey = self._operations[asked.op]
        params = texts(args[0])
        category = category_of(params)
        budget = self._tolls.pay(
            f"{path} {category.value}", ORDERS_PER_SECOND[category], self._core.now_ns
        )
        if not budget.is_left:
            raise BybitRefusal(TOO_MANY)
        return obey(params), budget.headers

    def _take_id(self, asked: Operation) -> None:
        if asked.reqId in self._used:
            raise BybitRefusal(20006)
        if asked.reqId is not None:
            self._used.add(asked.reqId)

    # --- faults ----------------------------------------------------------------------------------

    def _strike(self, asked: Operation, fault: Fault) -> None:
        """Let something go wrong with an order or a cancel, as it would with a request."""
        loop = asyncio.get_running_loop()
        match fault.kind:
            case FaultKind.DROP:
                self._socket.abort()
            case FaultKind.RATE_LIMITED | FaultKind.BANNED:
                self._tell(asked, BybitRefusal(TOO_MANY))
            case FaultKind.SERVER_ERROR:
                self._tell(asked, BybitRefusal(10016))
            case FaultKind.DELAY:
                loop.call_later(fault.delay, lambda: self._tell(asked, self._outcome(asked)))
            case FaultKind.DISCONNECT:
                self._outcome(asked)
                self._socket.abort()
            case FaultKind.TIMEOUT:
                self._outcome(asked)
            case FaultKind.CANCEL_RACE:
                self._core.race_next_cancel()
                self._tell(asked, self._outcome(asked))
            case _:
                self._core.doom_next_order(True)
                self._tell(asked, self._outcome(asked))
                self._core.doom_next_order(False)
                loop.call_later(fault.delay, self._core.withdraw_doomed)

    # --- answers ---------------------------------------------------------------------------------

    def _tell(self, asked: Operation, came: tuple[Json, dict[str, str]] | BybitRefusal) -> None:
        """Answer an order or a cancel."""
        header = {"Timenow": str(ms(self._core.now_ns)), "Traceid": self._connection_id}
        if isinstance(came, BybitRefusal):
            self._answer(asked, came.code, came.message, data={}, retExtInfo={}, header=header)
        else:
            data, budget = came
            self._answer(asked, OK, "OK", data=data, retExtInfo={}, header=header | budget)

    def _answer(
        self, asked: Operation, code: int, message: str, *, op: str = "", **more: Any
    ) -> None:
        told = {
            **({} if asked.reqId is None else {"reqId": asked.reqId}),
            "retCode": code,
            "retMsg": message,
            "op": op or asked.op,
            **more,
            "connId": self._connection_id,
        }
        self._socket.send(encode(told).decode(), asked.op)
