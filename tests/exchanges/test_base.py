import asyncio
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import OrderType, PlaceOrder, TimeInForce
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.domain.orders import Order, OrderStatus
from arbitrage.exchanges.base import (
    Balance,
    Exchange,
    NetworkExchange,
    OpenPosition,
    client_id_of,
    exact_number,
)


class Rules:
    """What both kinds of venue below answer without waiting."""

    venue = "v"

    def instrument(self, symbol: str) -> Instrument:
        return Instrument.from_symbol(self.venue, symbol)

    def fees(self, symbol: str) -> FeeSchedule:  # noqa: ARG002
        return FeeSchedule()

    def next_client_id(self) -> str:
        return "v1"


class Distant(Rules, NetworkExchange):
    """A venue that writes the async face alone; every answer takes a turn of the event loop."""

    def __init__(self) -> None:
        self.sent: dict[str, Order] = {}

    async def aget_orderbook(self, symbol: str) -> OrderBookSnapshot | None:
        await asyncio.sleep(0)
        return OrderBookSnapshot(symbol, 1.0, [], [])

    async def asubmit(self, intent: PlaceOrder) -> Order:
        await asyncio.sleep(0)
        self.sent[intent.client_id] = Order(intent=intent, sent_ns=0, status=OrderStatus.OPEN)
        return self.sent[intent.client_id]

    async def acancel_order(self, order_id: str | Order) -> Order:
        order = await self.aget_order(order_id)
        order.status = OrderStatus.CANCELED
        return order

    async def aget_order(self, order_id: str | Order) -> Order:
        await asyncio.sleep(0)
        return self.sent[client_id_of(order_id)]

    async def aget_balance(self, currency: str | None = None) -> Balance | Mapping[str, Balance]:
        await asyncio.sleep(0)
        krw = Balance("KRW", Decimal(2), Decimal(1))
        return {"KRW": krw} if currency is None else krw

    async def aget_open_positions(self) -> list[OpenPosition]:
        await asyncio.sleep(0)
        return []


def test_a_venue_on_the_network_gets_its_sync_face_from_the_async_one() -> None:
    venue = Distant()
    shown = venue.get_orderbook("KRW-BTC")
    assert shown is not None
    assert shown.symbol == "KRW-BTC"
    order = venue.create_order("KRW-BTC", "buy", "1", "5")
    assert venue.get_order(order) is order
    assert venue.get_order_status(order.client_id) is OrderStatus.OPEN
    assert venue.cancel_order(order.client_id).status is OrderStatus.CANCELED
    balance = venue.get_balance("KRW")
    assert isinstance(balance, Balance)
    assert balance.total == 3
    assert venue.get_open_positions() == []
    assert not Distant.in_memory
    venue.close()


def test_its_async_face_works_inside_a_running_loop() -> None:
    venue = Distant()

    async def trade() -> OrderStatus:
        order = await venue.acreate_order("KRW-BTC", "sell", 1, order_type=OrderType.MARKET)
        return await venue.aget_order_status(order)

    assert asyncio.run(trade()) is OrderStatus.OPEN


def test_the_private_loop_is_kept_between_calls_and_begun_anew_after_close() -> None:
    venue = Distant()
    loops = [venue.drive(_running_loop()) for _ in range(2)]
    assert loops[0] is loops[1]
    venue.close()
    venue.close()
    assert venue.drive(_running_loop()) is not loops[0]
    venue.close()


async def _running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_a_network_venue_without_its_async_face_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="Half must write the async methods asubmit, acancel_order"):

        class Half(Rules, NetworkExchange):
            async def aget_orderbook(self, symbol: str) -> OrderBookSnapshot | None:
                raise NotImplementedError


def test_a_venue_in_memory_must_write_the_sync_face() -> None:
    class Nothing(Rules, Exchange):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Nothing()  # type: ignore[abstract]


def test_a_twin_calls_what_a_subclass_overrides() -> None:
    class Frozen(Distant):
        async def aget_orderbook(self, symbol: str) -> OrderBookSnapshot | None:  # noqa: ARG002
            return None

    venue = Frozen()
    assert venue.get_orderbook("KRW-BTC") is None
    venue.close()


def test_a_venue_without_a_stream_says_so() -> None:
    with pytest.raises(NotImplementedError, match="v has no stream of books"):
        Distant().subscribe(print)


def test_twins_carry_the_words_of_the_method_they_follow() -> None:
    assert Exchange.aget_balance.__doc__ == Exchange.get_balance.__doc__
    assert NetworkExchange.get_balance.__name__ == "get_balance"
    assert Exchange.acreate_order.__doc__ == Exchange.order_intent.__doc__


@pytest.mark.parametrize(
    ("arguments", "options", "expected"),
    [
        ((1,), {}, (OrderType.MARKET, TimeInForce.IOC)),
        ((1, 5), {}, (OrderType.LIMIT, TimeInForce.GTC)),
        ((1, 5, "market"), {}, (OrderType.MARKET, TimeInForce.IOC)),
        ((1, 5), {"time_in_force": "FOK"}, (OrderType.LIMIT, TimeInForce.FOK)),
        (
            (1, 5, OrderType.LIMIT),
            {"time_in_force": TimeInForce.POST_ONLY},
            (OrderType.LIMIT, TimeInForce.POST_ONLY),
        ),
    ],
)
def test_type_and_time_in_force_follow_from_the_price_unless_told(
    arguments: Any, options: Any, expected: tuple[OrderType, TimeInForce]
) -> None:
    intent = Distant().order_intent("KRW-BTC", "buy", *arguments, **options)
    assert (intent.order_type, intent.time_in_force) == expected
    assert (intent.venue, intent.client_id, intent.reduce_only) == ("v", "v1", False)


class NumpyLikeFloat(float):
    """A float whose `repr` is not a number, as numpy's is."""

    def __repr__(self) -> str:
        return f"np.float64({float(self)})"


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (1, "1"),
        (0.1, "0.1"),
        (NumpyLikeFloat(0.1), "0.1"),
        (Fraction(1, 4), "0.25"),
        ("0.30", "0.30"),
        (Decimal("1E-8"), "0.00000001"),
    ],
)
def test_a_number_is_the_decimal_that_it_shows(value: Any, exact: str) -> None:
    assert exact_number(value, "x") == Decimal(exact)


@pytest.mark.parametrize("value", ["", "1,5", None, float("inf"), Decimal("NaN"), False, [1]])
def test_what_is_no_finite_number_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"^x is .*expected a finite number"):
        exact_number(value, "x")
