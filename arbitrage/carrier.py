"""Makes the wishes of a step come true: with sync calls, or with awaits.

The two faces of the runner differ here and nowhere else. No error of a provider or an exchange
passes through: a book that cannot be read is not seen, an order that was not definitely refused
is in doubt and will be asked for. Each error is counted, so that no step with one is a success.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from arbitrage.domain.errors import ConfigError, OrderRefused
from arbitrage.domain.intents import CancelOrder, Intent, PlaceOrder
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.exchanges.base import Balance, Exchange
from arbitrage.exchanges.market_data_provider import MarketDataProvider
from arbitrage.steps import Ask, AskBalances, Work

T = TypeVar("T")
_REFUSALS = (OrderRefused, ConfigError)


class Carrier:
    """Between the steps of one runner and the world.

    `errors` counts what went wrong, `last_error` says what it was. `record_of` is the engine's
    record of one of its orders.
    """

    def __init__(
        self,
        provider: MarketDataProvider,
        exchanges: Mapping[str, Exchange],
        record_of: Callable[[str], Order],
    ) -> None:
        self.errors = 0
        self.last_error = ""
        self._provider = provider
        self._exchanges = exchanges
        self._record_of = record_of
        self._books_in_memory = provider.in_memory is True
        self.orders_in_memory = all(each.in_memory is True for each in exchanges.values())

    # --- the two skins ------------------------------------------------------------------------

    def run(self, work: Work[T]) -> T:
        """Answer the wishes of `work` with sync calls.

        Should it be interrupted, `work` is closed before anyone else is told.
        """
        answer: Any = None
        try:
            while True:
                wish = work.send(answer)
                if isinstance(wish, Ask):
                    answer = self._books(wish.symbols)
                elif isinstance(wish, AskBalances):
                    answer = self._balances()
                else:
                    answer = [self._carry(intent) for intent in wish.intents]
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            work.close()

    async def arun(self, work: Work[T]) -> T:
        """`run` with awaits; what may wait is awaited together."""
        answer: Any = None
        try:
            while True:
                wish = work.send(answer)
                if isinstance(wish, Ask):
                    if self._books_in_memory:
                        answer = self._books(wish.symbols)
                    else:
                        answer = await asyncio.gather(*map(self._abook, wish.symbols))
                elif isinstance(wish, AskBalances):
                    answer = await self._abalances()
                elif self.orders_in_memory:
                    answer = [await self._acarry(intent) for intent in wish.intents]
                else:
                    answer = await asyncio.gather(*map(self._acarry, wish.intents))
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            work.close()

    def _note(self, error: Exception) -> None:
        self.errors += 1
        self.last_error = f"{type(error).__name__}: {error}"

    # --- books --------------------------------------------------------------------------------

    def _books(self, symbols: Sequence[str]) -> list[OrderBookSnapshot | None]:
        get = self._provider.get_latest_snapshot
        books: list[OrderBookSnapshot | None] = []
        for symbol in symbols:
            try:
                books.append(get(symbol))
            except Exception as error:  # noqa: BLE001 - a provider of the user's may raise anything
                self._note(error)
                books.append(None)
        return books

    async def _abook(self, symbol: str) -> OrderBookSnapshot | None:
        try:
            return await self._provider.aget_latest_snapshot(symbol)
        except Exception as error:  # noqa: BLE001 - as above
            self._note(error)
            return None

    # --- balances -----------------------------------------------------------------------------

    def _balances(self) -> dict[str, list[Balance]] | None:
        try:
            return {name: _all(each.get_balance()) for name, each in self._exchanges.items()}
        except Exception as error:  # noqa: BLE001 - nothing is traded before they are known
            self._note(error)
            return None

    async def _abalances(self) -> dict[str, list[Balance]] | None:
        answers = await asyncio.gather(
            *(each.aget_balance() for each in self._exchanges.values()), return_exceptions=True
        )
        owned = {}
        for name, answer in zip(self._exchanges, answers, strict=True):
            if isinstance(answer, Exception):
                self._note(answer)
                return None
            if isinstance(answer, BaseException):
                raise answer
            owned[name] = _all(answer)
        return owned

    # --- orders -------------------------------------------------------------------------------

    def _carry(self, intent: Intent) -> Order:
        """Do what `intent` says at its exchange; returns the order as the exchange sees it."""
        exchange = self._exchanges[intent.venue]
        try:
            if isinstance(intent, PlaceOrder):
                return exchange.create_order(*_positional(intent), **_keywords(intent))
            if isinstance(intent, CancelOrder):
                return exchange.cancel_order(intent.client_id)
            return exchange.get_order(intent.client_id)
        except Exception as error:  # noqa: BLE001 - whatever is not a refusal leaves doubt
            return self._after(error, intent)

    async def _acarry(self, intent: Intent) -> Order:
        """`_carry` without blocking."""
        exchange = self._exchanges[intent.venue]
        try:
            if isinstance(intent, PlaceOrder):
                return await exchange.acreate_order(*_positional(intent), **_keywords(intent))
            if isinstance(intent, CancelOrder):
                return await exchange.acancel_order(intent.client_id)
            return await exchange.aget_order(intent.client_id)
        except Exception as error:  # noqa: BLE001 - as above
            return self._after(error, intent)

    def _after(self, error: Exception, intent: Intent) -> Order:
        """What is known of an order after its exchange raised `error`.

        To a cancel or a query `KeyError` is an answer: the exchange never had the order.
        """
        known = self._record_of(intent.client_id)
        if isinstance(error, KeyError) and not isinstance(intent, PlaceOrder):
            return _with(known, OrderStatus.NEVER_EXISTED, "")
        self._note(error)
        if isinstance(error, _REFUSALS) and isinstance(intent, PlaceOrder):
            return _with(known, OrderStatus.REJECTED, str(error))
        return _with(known, OrderStatus.IN_DOUBT, str(error))


def _with(order: Order, status: OrderStatus, reason: str) -> Order:
    return msgspec.structs.replace(order, status=status, reason=reason)


def _positional(intent: PlaceOrder) -> tuple[Any, ...]:
    return intent.symbol, intent.side, intent.qty, intent.price


def _keywords(intent: PlaceOrder) -> dict[str, Any]:
    return {
        "order_type": intent.order_type,
        "time_in_force": intent.time_in_force,
        "client_id": intent.client_id,
        "reduce_only": intent.reduce_only,
        "purpose": intent.purpose,
        "trade_id": intent.trade_id,
    }


def _all(balances: Balance | Mapping[str, Balance]) -> list[Balance]:
    return [balances] if isinstance(balances, Balance) else list(balances.values())
