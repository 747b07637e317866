"""A ccxt that answers what it is told to, in the shapes of ccxt 4.5: whole dicts, with `info`."""

import asyncio
from collections.abc import Callable
from typing import Any

from arbitrage.exchanges.ccxt.facts import UNKNOWN, Dialect


class FakeExchange:
    """Methods that `told` names; a value is given, an exception raised, a function called. An
    instance keeps what it was asked in `asked`."""

    def __init__(self, has: dict[str, Any] | None = None, **told: Any) -> None:
        self.has = has or {}
        self.told = told
        self.asked: list[tuple[Any, ...]] = []
        self.clients: dict[str, Any] = {}
        self.precisionMode = 4
        self.enableRateLimit = True
        self.markets: dict[str, Any] = {}
        self.closed = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in self.told:
            raise AttributeError(name)

        async def method(*args: Any) -> Any:
            self.asked.append((name, *args))
            await asyncio.sleep(0)
            said = self.told[name]
            if isinstance(said, BaseException):
                raise said
            return await said() if callable(said) else said

        return method

    def market(self, symbol: str) -> dict[str, Any]:
        found: dict[str, Any] = self.markets[symbol]
        return found

    def milliseconds(self) -> int:
        return 1_795_000_000_000

    async def close(self) -> None:
        self.closed += 1


class FakeConnector:
    """Gives out one fake; `load` does nothing, or raises what it is told to."""

    exchange_id = "fake"

    def __init__(
        self,
        exchange: FakeExchange,
        dialect: Dialect = UNKNOWN,
        fails: BaseException | None = None,
    ) -> None:
        self.exchange = exchange
        self.dialect = dialect
        self.fails = fails
        self.exact: list[bool] = []

    def instance(self, *, is_exact: bool) -> FakeExchange:
        self.exact.append(is_exact)
        return self.exchange

    async def load(self, exchange: FakeExchange, *, is_exact: bool) -> None:  # noqa: ARG002
        await asyncio.sleep(0)
        if self.fails is not None:
            raise self.fails


def order(**changes: Any) -> dict[str, Any]:
    """An order as ccxt's `fetchOrder` gives it."""
    return {
        "info": {"uuid": "cdd9", "identifier": "s00000001"},
        "id": "cdd9",
        "clientOrderId": "s00000001",
        "timestamp": 1_794_999_000_000,
        "symbol": "BTC/KRW",
        "type": "limit",
        "side": "buy",
        "price": "108000000",
        "amount": "1",
        "filled": "0",
        "remaining": "1",
        "cost": "0",
        "average": None,
        "status": "open",
        "fee": None,
        "fees": [],
        "trades": [],
        **changes,
    }


def trade(**changes: Any) -> dict[str, Any]:
    return {
        "info": {},
        "id": "t1",
        "order": "cdd9",
        "symbol": "BTC/KRW",
        "amount": "0.5",
        "price": "108000000",
        "cost": "54000000",
        "fee": {"currency": "KRW", "cost": "27000"},
        "fees": [{"currency": "KRW", "cost": "27000"}],
        **changes,
    }
