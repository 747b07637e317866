import asyncio
import doctest
import inspect
from decimal import Decimal
from typing import Any

import pytest

import arbitrage
from arbitrage.domain.errors import ConfigError, OrderRefused
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import OrderType, TimeInForce
from arbitrage.domain.order_book import OrderBookSnapshot
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.paper import exchange as module
from arbitrage.exchanges.paper.exchange import PaperExchange

SYMBOL = "KRW-BTC"


def book(
    *,
    bid: float = 99.0,
    ask: float = 101.0,
    qty: float = 1.0,
    at: float = 1.0,
    symbol: str = SYMBOL,
) -> OrderBookSnapshot:
    return OrderBookSnapshot(symbol, at, bids=[(bid, qty)], asks=[(ask, qty)])


@pytest.fixture
def exchange() -> PaperExchange:
    exchange = PaperExchange({"KRW": 1_000, "BTC": 2})
    exchange.set_orderbook(SYMBOL, book())
    return exchange


def krw(exchange: PaperExchange) -> Balance:
    balance = exchange.get_balance("KRW")
    assert isinstance(balance, Balance)
    return balance


def test_it_is_importable_as_a_public_name_and_its_example_holds() -> None:
    assert arbitrage.PaperExchange is PaperExchange
    assert doctest.testmod(module).failed == 0


# --- the market -------------------------------------------------------------------------------


def test_the_book_is_given_back_as_it_was_set_whatever_was_taken(exchange: PaperExchange) -> None:
    shown = exchange.get_orderbook(SYMBOL)
    exchange.create_order(SYMBOL, "buy", 1)
    assert exchange.get_orderbook(SYMBOL) is shown
    assert shown is not None
    assert shown.asks == [(101.0, 1.0)]
    assert exchange.get_orderbook("KRW-ETH") is None


def test_a_book_of_another_symbol_is_refused(exchange: PaperExchange) -> None:
    with pytest.raises(ConfigError, match="the book of KRW-BTC was set for KRW-ETH"):
        exchange.set_orderbook("KRW-ETH", book())


def test_subscribers_hear_every_book_until_they_leave(exchange: PaperExchange) -> None:
    heard: list[OrderBookSnapshot] = []
    leave = exchange.subscribe(heard.append)
    shown = book(at=2.0)
    exchange.set_orderbook(SYMBOL, shown)
    leave()
    leave()
    exchange.set_orderbook(SYMBOL, book(at=3.0))
    assert heard == [shown]


def test_subscribers_hear_of_a_book_after_orders_at_rest_met_it(exchange: PaperExchange) -> None:
    order = exchange.create_order(SYMBOL, "buy", 1, 100)
    seen: list[OrderStatus] = []
    exchange.subscribe(lambda _: seen.append(order.status))
    exchange.set_orderbook(SYMBOL, book(ask=99.5, at=2.0))
    assert seen == [OrderStatus.FILLED]


def test_an_older_book_is_taken_and_time_does_not_go_back(exchange: PaperExchange) -> None:
    exchange.set_orderbook("KRW-ETH", book(symbol="KRW-ETH", at=0.5))
    assert exchange.now_ns == 1_000_000_000
    assert exchange.create_order("KRW-ETH", "buy", 1).sent_ns == 1_000_000_000


# --- orders -----------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["buy", "BUY", " Buy ", Side.BUY])
@pytest.mark.parametrize("qty", [1, 1.0, "1", Decimal(1)])
def test_an_order_is_written_in_any_natural_way(
    exchange: PaperExchange, side: Any, qty: Any
) -> None:
    order = exchange.create_order(symbol=SYMBOL, side=side, qty=qty, price=101, order_type="LIMIT")
    assert order.status is OrderStatus.FILLED
    assert (order.symbol, order.side, order.qty, order.price) == (SYMBOL, Side.BUY, 1, 101)
    assert (order.filled_qty, order.filled_cost, order.avg_fill_price) == (1, 101, 101)
    assert order.order_id == order.client_id


def test_a_market_order_needs_no_price_and_ignores_one(exchange: PaperExchange) -> None:
    for arguments in ((None, OrderType.MARKET), (5, "market"), (None, None)):
        exchange.set_orderbook(SYMBOL, book())
        order = exchange.create_order(SYMBOL, "sell", 1, *arguments)
        if arguments[0] is None:
            assert order.price is None
        exchange.create_order(SYMBOL, "buy", 1)
        assert order.avg_fill_price == 99


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((SYMBOL, "hold", 1), {}, "side is 'hold'; expected one of buy, sell"),
        ((SYMBOL, None, 1), {}, "side is None"),
        ((SYMBOL, "buy", 0), {}, "KRW-BTC qty is 0; expected above zero"),
        ((SYMBOL, "buy", -1), {}, "qty is -1"),
        ((SYMBOL, "buy", float("nan")), {}, "qty is nan; expected a finite number"),
        ((SYMBOL, "buy", "Infinity"), {}, "qty is 'Infinity'"),
        ((SYMBOL, "buy", "much"), {}, "qty is 'much'"),
        ((SYMBOL, "buy", None), {}, "qty is None"),
        ((SYMBOL, "buy", True), {}, "qty is True"),
        ((SYMBOL, "buy", 1e19), {}, "at most 1e18"),
        ((SYMBOL, "buy", 1, -5), {}, "price is -5"),
        ((SYMBOL, "buy", 1, None, "limit"), {}, "a limit order needs a price"),
        ((SYMBOL, "buy", 1, 5, "stop"), {}, "order_type is 'stop'; expected one of limit, market"),
        ((SYMBOL, "buy", 1, 5), {"time_in_force": "day"}, "expected one of gtc, ioc, fok"),
        (("???", "buy", 1, 5), {}, "cannot tell base from quote"),
    ],
)
def test_what_cannot_be_an_order_is_an_error_that_says_why(
    exchange: PaperExchange, arguments: Any, options: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        exchange.create_order(*arguments, **options)
    assert krw(exchange).total == 1_000


def test_a_float_is_brought_onto_the_grid_and_an_exact_number_is_taken_at_its_word() -> None:
    rules = Instrument(
        venue="paper",
        symbol=SYMBOL,
        base="BTC",
        quote="KRW",
        lot_size=Decimal("0.001"),
        tick_size=Decimal("0.5"),
    )
    exchange = PaperExchange({"KRW": 1_000}, instruments={SYMBOL: rules})
    exchange.set_orderbook(SYMBOL, book())
    order = exchange.create_order(SYMBOL, "buy", 0.1 + 0.2, 100.7)
    assert (order.qty, order.price) == (Decimal("0.3"), Decimal("100.5"))
    refused = exchange.create_order(SYMBOL, "buy", "0.3004", 100)
    assert (refused.status, refused.reason) == (OrderStatus.REJECTED, "lot_size")
    assert exchange.create_order(SYMBOL, "buy", 1, "100.7").reason == "tick_size"
    assert exchange.create_order(SYMBOL, "buy", 0.0004, 100).reason == "lot_size"


def test_a_record_is_live_and_found_by_itself_or_its_id(exchange: PaperExchange) -> None:
    order = exchange.create_order(SYMBOL, "buy", 2, 101)
    assert (order.status, order.filled_qty) == (OrderStatus.OPEN, 1)
    assert exchange.get_order(order.order_id) is order
    assert exchange.get_order_status(order) is OrderStatus.OPEN
    exchange.set_orderbook(SYMBOL, book(ask=100.0, at=2.0))
    assert exchange.get_order_status(order.client_id) is OrderStatus.FILLED


def test_cancelling_closes_the_rest_and_a_closed_order_stays_as_it_is(
    exchange: PaperExchange,
) -> None:
    order = exchange.create_order(SYMBOL, "buy", 2, 101)
    assert exchange.cancel_order(order).status is OrderStatus.CANCELED
    filled = exchange.create_order(SYMBOL, "sell", 1)
    assert exchange.cancel_order(filled.order_id).status is OrderStatus.FILLED
    assert exchange.cancel_order(order).filled_qty == 1


@pytest.mark.parametrize("ask", ["cancel_order", "get_order", "get_order_status"])
def test_an_unknown_id_is_a_key_error(exchange: PaperExchange, ask: str) -> None:
    with pytest.raises(KeyError, match="paper: no order 'x'"):
        getattr(exchange, ask)("x")


def test_ids_are_never_used_twice(exchange: PaperExchange) -> None:
    mine = exchange.create_order(SYMBOL, "buy", 1, 50, client_id="paper00000002")
    ours = [exchange.create_order(SYMBOL, "buy", 1, 50).client_id for _ in range(2)]
    assert ours == ["paper00000001", "paper00000003"]
    again = exchange.create_order(SYMBOL, "buy", 2, 60, client_id=mine.client_id)
    assert (again.status, again.reason) == (OrderStatus.REJECTED, "duplicate_client_id")
    assert exchange.get_order(mine.client_id) is mine
    assert (mine.status, mine.qty) == (OrderStatus.OPEN, 1)


def test_an_order_for_another_venue_is_refused(exchange: PaperExchange) -> None:
    other = PaperExchange(venue="other")
    with pytest.raises(OrderRefused, match="is for other, this is paper") as refused:
        exchange.submit(other.order_intent(SYMBOL, "buy", 1))
    assert refused.value.reason == "wrong_venue"


def test_an_intent_for_an_unreadable_symbol_comes_back_rejected(exchange: PaperExchange) -> None:
    intent = exchange.order_intent(SYMBOL, "buy", 1)
    strange = type(intent)(
        client_id="x1", venue="paper", symbol="???", side=Side.BUY, qty=Decimal(1)
    )
    assert exchange.submit(strange).reason == "unknown_symbol"


def test_the_average_price_is_per_base_unit_whatever_the_contract() -> None:
    rules = Instrument(
        venue="paper",
        symbol="BTC-USDT",
        base="BTC",
        quote="USDT",
        contract_multiplier=Decimal("0.01"),
    )
    exchange = PaperExchange({"USDT": 1_000}, instruments={"BTC-USDT": rules})
    exchange.set_orderbook("BTC-USDT", book(symbol="BTC-USDT", qty=10))
    order = exchange.create_order("BTC-USDT", "buy", 5, 101, time_in_force=TimeInForce.IOC)
    assert (order.filled_cost, order.avg_fill_price) == (Decimal("5.05"), 101)


# --- latency ----------------------------------------------------------------------------------


def test_an_order_in_flight_meets_the_book_of_its_arrival() -> None:
    exchange = PaperExchange({"KRW": 1_000}, latency_seconds=0.5)
    exchange.set_orderbook(SYMBOL, book(at=1.0))
    order = exchange.create_order(SYMBOL, "buy", 1, 200)
    assert order.status is OrderStatus.IN_FLIGHT
    exchange.set_orderbook(SYMBOL, book(ask=110.0, at=1.2))
    assert order.status is OrderStatus.IN_FLIGHT
    exchange.set_orderbook(SYMBOL, book(ask=120.0, at=1.6))
    assert (order.status, order.avg_fill_price) == (OrderStatus.FILLED, 110)


def test_time_passes_by_hand_and_a_cancel_takes_time_too() -> None:
    exchange = PaperExchange({"KRW": 1_000}, latency_seconds=0.5)
    exchange.set_orderbook(SYMBOL, book(at=1.0))
    order = exchange.create_order(SYMBOL, "buy", 1, 50)
    exchange.advance(1_500_000_000)
    assert order.status is OrderStatus.OPEN
    assert exchange.cancel_order(order).status is OrderStatus.OPEN
    exchange.cancel_order(order)  # the second one will find it closed
    exchange.advance(2_000_000_000)
    assert order.status is OrderStatus.CANCELED


def test_an_echo_about_a_forgotten_order_is_let_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = PaperExchange({"KRW": 1_000}, latency_seconds=0.5)
    exchange.set_orderbook(SYMBOL, book(at=1.0))
    order = exchange.create_order(SYMBOL, "buy", 1, 50)
    monkeypatch.setattr(exchange._orders, "_closed_limit", 0)
    exchange.cancel_order(order)
    exchange.cancel_order(order)
    exchange.advance(3_000_000_000)
    assert order.status is OrderStatus.CANCELED
    with pytest.raises(KeyError):
        exchange.get_order(order)


# --- the account ------------------------------------------------------------------------------


def test_balances_are_exact_and_show_what_is_locked(exchange: PaperExchange) -> None:
    exchange.create_order(SYMBOL, "buy", "0.5", 50)
    assert krw(exchange) == Balance("KRW", Decimal(975), Decimal(25))
    assert krw(exchange).total == 1_000
    assert exchange.get_balance("DOGE") == Balance("DOGE", Decimal(0))
    everything = exchange.get_balance()
    assert not isinstance(everything, Balance)
    assert list(everything) == ["BTC", "KRW"]


def test_opening_balances_take_any_number_as_the_decimal_it_shows() -> None:
    exchange = PaperExchange(
        initial_balance={"KRW": 0.1, "BTC": "0.20", "ETH": Decimal("0.3"), "XRP": 4}
    )
    shown = exchange.get_balance()
    assert not isinstance(shown, Balance)
    assert [balance.total for balance in shown.values()] == [
        Decimal("0.20"),
        Decimal("0.3"),
        Decimal("0.1"),
        4,
    ]


@pytest.mark.parametrize("amount", [-1, float("nan"), "much", None])
def test_an_opening_balance_that_is_no_amount_is_refused(amount: Any) -> None:
    with pytest.raises(ConfigError, match="paper balance of KRW is"):
        PaperExchange({"KRW": amount})


def test_what_was_bought_less_the_fee_in_kind_is_all_that_can_be_sold() -> None:
    fees = FeeSchedule(taker_bps=10.0, manner=FeeManner.RECEIVED)
    exchange = PaperExchange({"KRW": 1_000}, fees=fees)
    exchange.set_orderbook(SYMBOL, book())
    bought = exchange.create_order(SYMBOL, "buy", 1)
    assert bought.fees == {"BTC": Decimal("0.001")}
    assert exchange.create_order(SYMBOL, "sell", 1).reason == "insufficient_balance"
    assert exchange.create_order(SYMBOL, "sell", "0.999").status is OrderStatus.FILLED
    assert exchange.fees(SYMBOL) is fees


def test_a_runner_can_say_which_fees_to_assume(exchange: PaperExchange) -> None:
    exchange.assume_fees(SYMBOL, FeeSchedule(taker_bps=100.0))
    assert exchange.create_order(SYMBOL, "buy", 1).fees == {"KRW": Decimal("1.01")}


def test_positions_are_those_of_perpetuals() -> None:
    exchange = PaperExchange({"USDT": 1_000})
    exchange.set_orderbook("BTC/USDT:USDT", book(symbol="BTC/USDT:USDT"))
    assert exchange.get_open_positions() == []
    exchange.create_order("BTC/USDT:USDT", "sell", 1)
    (position,) = exchange.get_open_positions()
    assert (position.qty, position.entry_price, position.unrealised_pnl) == (-1, 99, -1)


# --- the async face ---------------------------------------------------------------------------


def test_every_call_has_an_async_twin_of_the_same_signature(exchange: PaperExchange) -> None:
    for name in (
        "set_orderbook",
        "get_orderbook",
        "create_order",
        "submit",
        "cancel_order",
        "get_order",
        "get_order_status",
        "get_balance",
        "get_open_positions",
    ):
        plain, twin = getattr(exchange, name), getattr(exchange, f"a{name}")
        assert inspect.iscoroutinefunction(twin)
        assert list(inspect.signature(twin).parameters) == list(inspect.signature(plain).parameters)
        assert twin.__name__ == f"a{name}"


def test_both_faces_do_the_same(exchange: PaperExchange) -> None:
    async def trade() -> None:
        await exchange.aset_orderbook(SYMBOL, book(at=2.0))
        assert await exchange.aget_orderbook(SYMBOL) is exchange.get_orderbook(SYMBOL)
        order = await exchange.acreate_order(SYMBOL, "buy", 2, price=101)
        assert await exchange.aget_order(order) is order
        assert await exchange.aget_order_status(order) is OrderStatus.OPEN
        assert (await exchange.acancel_order(order.order_id)).status is OrderStatus.CANCELED
        submitted = await exchange.asubmit(exchange.order_intent(SYMBOL, "sell", 1))
        assert submitted.status is OrderStatus.FILLED
        assert await exchange.aget_balance("KRW") == exchange.get_balance("KRW")
        assert await exchange.aget_open_positions() == []

    asyncio.run(trade())


def test_a_subclass_that_waits_is_not_taken_to_be_in_memory() -> None:
    class Slow(PaperExchange):
        async def aget_orderbook(self, symbol: str) -> OrderBookSnapshot | None:
            await asyncio.sleep(0)
            return self.get_orderbook(symbol)

    class Renamed(PaperExchange):
        pass

    assert PaperExchange.in_memory
    assert Renamed.in_memory
    assert not Slow.in_memory
