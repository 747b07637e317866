"""What ccxt is asked, by name, and what is kept of its answers: plain JSON.

This is the only room that touches what ccxt returns. Amounts leave it as text, with the digits that
the venue wrote; books as floats. What an order cost and paid is taken from its trades alone: ccxt
fills a missing cost in from the limit price, which nobody paid.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from arbitrage.domain.units import ZERO
from arbitrage.exchanges.ccxt import facts
from arbitrage.exchanges.ccxt.facts import Dialect

Json = dict[str, Any]
# An instance of ccxt, what is known of its exchange, and the arguments of a request.
Call = Callable[[Any, Dialect, Json], Awaitable[Any]]
# An instance of ccxt and the symbols that are watched; returns when there is something new.
Watch = Callable[[Any, Sequence[str]], Awaitable[Json]]

_POLL_SECONDS = 1.0
_MARKET_FIELDS = (
    *("symbol", "base", "quote", "settle", "spot", "swap", "linear", "active", "contractSize"),
    *("taker", "maker", "feeSide"),
)
# Every list of orders that have ended, or may have, that ccxt knows.
_ENDED_LISTS = (
    ("fetchClosedOrders", "fetch_closed_orders"),
    ("fetchCanceledOrders", "fetch_canceled_orders"),
    ("fetchCanceledAndClosedOrders", "fetch_canceled_and_closed_orders"),
)


# --- the market ---------------------------------------------------------------------------------


async def markets(exchange: Any, _dialect: Dialect, _args: Json) -> Any:
    return [
        {
            **{name: market.get(name) for name in _MARKET_FIELDS},
            "contractSize": _text(market.get("contractSize")),
            "taker": _text(market.get("taker")),
            "maker": _text(market.get("maker")),
            "price_step": _step(exchange, market, "price"),
            "amount_step": _step(exchange, market, "amount"),
            "min_amount": _limit(market, "amount", "min"),
            "max_amount": _limit(market, "amount", "max"),
            "min_cost": _limit(market, "cost", "min"),
        }
        for market in exchange.markets.values()
    ]


def _limit(market: Mapping[str, Any], of: str, end: str) -> str | None:
    return _text(((market.get("limits") or {}).get(of) or {}).get(end))


def _step(exchange: Any, market: Mapping[str, Any], name: str) -> str | None:
    """The step of prices or amounts; ccxt may give it as a number of digits after the point."""
    precision = _text((market.get("precision") or {}).get(name))
    if precision is None or exchange.precisionMode == _TICK_SIZE:
        return precision
    if exchange.precisionMode == _DECIMAL_PLACES:
        return str(Decimal(1).scaleb(-int(Decimal(precision))))
    return None


# ccxt's names of how a precision is to be read.
_DECIMAL_PLACES, _TICK_SIZE = 2, 4


async def book(exchange: Any, _dialect: Dialect, args: Json) -> Any:
    return _book(args["symbol"], await exchange.fetch_order_book(args["symbol"]))


def _book(symbol: str, book: Mapping[str, Any]) -> Json:
    """The best levels. Numbers that are text were sorted by ccxt as text, so they are sorted
    again."""
    bids = sorted(_levels(book["bids"]), reverse=True)[: facts.BOOK_LEVELS]
    asks = sorted(_levels(book["asks"]))[: facts.BOOK_LEVELS]
    return {"call": "book", "symbol": symbol, "bids": bids, "asks": asks}


def _levels(side: Sequence[Sequence[Any]]) -> list[tuple[float, float]]:
    return [(float(level[0]), float(level[1])) for level in side]


async def time_ms(exchange: Any, _dialect: Dialect, _args: Json) -> Any:
    return await exchange.fetch_time()


# --- the account --------------------------------------------------------------------------------


async def account(exchange: Any, dialect: Dialect, args: Json) -> Any:
    """Balances by currency and the positions of `args["perpetuals"]`."""
    balances = await exchange.fetch_balance()
    held = await exchange.fetch_positions(args["perpetuals"]) if args["perpetuals"] else []
    return {
        "balances": {
            currency: {
                name: _text((balances.get(currency) or {}).get(name))
                for name in ("free", "used", "total")
            }
            for currency in balances["total"]
        },
        "positions": [_position(exchange, one) for one in held],
        "total_has_pnl": dialect.total_has_pnl,
    }


def _position(exchange: Any, position: Mapping[str, Any]) -> Json:
    symbol = position["symbol"]
    return {
        "symbol": symbol,
        "side": position.get("side"),
        "settle": exchange.market(symbol).get("settle"),
        **{
            name: _text(position.get(name))
            for name in ("contracts", "entryPrice", "unrealizedPnl", "initialMargin")
        },
    }


async def fee(exchange: Any, _dialect: Dialect, args: Json) -> Any:
    told = await exchange.fetch_trading_fee(args["symbol"])
    market = exchange.market(args["symbol"])
    side = None if market.get("swap") else market.get("feeSide")
    return {"taker": _text(told["taker"]), "maker": _text(told["maker"]), "feeSide": side}


async def position_mode(exchange: Any, _dialect: Dialect, args: Json) -> Any:
    return (await exchange.fetch_position_mode(args["symbol"])).get("hedged")


# --- orders -------------------------------------------------------------------------------------


async def create_order(exchange: Any, _dialect: Dialect, args: Json) -> Any:
    order = await exchange.create_order(
        args["symbol"],
        args["type"],
        args["side"],
        args["amount"],
        args["price"],
        args["params"],
    )
    return _order(order)


async def cancel_order(exchange: Any, dialect: Dialect, args: Json) -> Any:
    params = {} if args["id"] else {dialect.client_id_param: args["client_id"]}
    await exchange.cancel_order(args["id"], args["symbol"], params)


async def find_order(exchange: Any, dialect: Dialect, args: Json) -> Any:
    """One order with its trades; None if it is in no list of a venue that cannot be asked for it
    by what we know."""
    order = await _found(exchange, dialect, args)
    if order is None:
        return None
    return {**_order(order), "trades": await _trades(exchange, order, args["symbol"])}


async def _found(exchange: Any, dialect: Dialect, args: Json) -> Any:
    symbol, order_id, client_id = args["symbol"], args["id"], args["client_id"]
    if exchange.has.get("fetchOrder") is True:
        if order_id:
            return await exchange.fetch_order(order_id, symbol)
        if dialect.client_id_param:
            return await exchange.fetch_order("", symbol, {dialect.client_id_param: client_id})
    lists = [await exchange.fetch_open_orders(symbol), *await _ended(exchange, symbol, None, None)]
    for orders in lists:
        for order in orders:
            if client_id == order.get("clientOrderId") or (order_id and order_id == order["id"]):
                return order
    return None


async def _trades(exchange: Any, order: Mapping[str, Any], symbol: str) -> list[Json]:
    """The trades of an order: those that it holds, else those that the venue lists."""
    filled = _number(order.get("filled"))
    trades = order.get("trades") or []
    if not filled:
        return []
    if _sum(trades) != filled and exchange.has.get("fetchMyTrades") is True:
        since = order.get("timestamp")
        listed = await exchange.fetch_my_trades(symbol, since)
        trades = [trade for trade in listed if trade.get("order") == order["id"]]
    if _sum(trades) != filled and exchange.has.get("fetchOrderTrades") is True:
        trades = await exchange.fetch_order_trades(order["id"], symbol)
    return [_trade(trade) for trade in trades]


def _sum(trades: Sequence[Mapping[str, Any]]) -> Decimal:
    return sum((_number(trade.get("amount")) for trade in trades), ZERO)


def _number(text: Any) -> Decimal:
    """An amount to compare with; what is none is taken for zero, and never ties out."""
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return ZERO


async def open_orders(exchange: Any, _dialect: Dialect, args: Json) -> Any:
    return [_order(order) for order in await exchange.fetch_open_orders(args["symbol"])]


async def orders_since(exchange: Any, _dialect: Dialect, args: Json) -> Any:
    """The orders of a symbol made since `args["since_ms"]`, in every list that the venue has."""
    symbol, since_ms, limit = args["symbol"], args["since_ms"], args["limit"]
    if exchange.has.get("fetchOrders") is True:
        return [_order(order) for order in await exchange.fetch_orders(symbol, since_ms, limit)]
    lists = await _ended(exchange, symbol, since_ms, limit)
    return [_order(order) for orders in lists for order in orders]


async def _ended(exchange: Any, symbol: str, since_ms: int | None, limit: int | None) -> list[Any]:
    return [
        await getattr(exchange, method)(symbol, since_ms, limit)
        for name, method in _ENDED_LISTS
        if exchange.has.get(name) is True
    ]


def _order(order: Mapping[str, Any]) -> Json:
    return {
        "id": _text(order.get("id")),
        "client_id": _text(order.get("clientOrderId")),
        "symbol": order.get("symbol"),
        "status": order.get("status"),
        "amount": _text(order.get("amount")),
        "filled": _text(order.get("filled")),
        "fees": _fees(order),
    }


def _trade(trade: Mapping[str, Any]) -> Json:
    return {
        "id": _text(trade.get("id")),
        "amount": _text(trade.get("amount")),
        "cost": _text(trade.get("cost")),
        "fees": _fees(trade),
    }


def _fees(of: Mapping[str, Any]) -> list[Json]:
    """What was charged, without what ccxt left empty."""
    told = of.get("fees") or [of.get("fee") or {}]
    return [
        {"currency": fee["currency"], "cost": _text(fee["cost"])}
        for fee in told
        if fee.get("currency") is not None and fee.get("cost") is not None
    ]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


CALLS: Mapping[str, Call] = {
    call.__name__: call
    for call in (
        *(markets, book, time_ms, account, fee, position_mode),
        *(create_order, cancel_order, find_order, open_orders, orders_since),
    )
}


# --- what is watched ----------------------------------------------------------------------------


async def watch_book(exchange: Any, symbols: Sequence[str]) -> Json:
    (symbol,) = symbols
    return _book(symbol, await exchange.watch_order_book(symbol))


async def poll_book(exchange: Any, symbols: Sequence[str]) -> Json:
    """For venues that push no books."""
    (symbol,) = symbols
    await asyncio.sleep(_POLL_SECONDS)
    return _book(symbol, await exchange.fetch_order_book(symbol))


async def watch_quotes(exchange: Any, symbols: Sequence[str]) -> Json:
    quotes = await exchange.watch_bids_asks(symbols)
    fields = ("bid", "bidVolume", "ask", "askVolume")
    return {
        "call": "quotes",
        "quotes": {
            symbol: {field: quote.get(field) for field in fields}
            for symbol, quote in quotes.items()
        },
    }


async def watch_trades(exchange: Any, symbols: Sequence[str]) -> Json:
    (symbol,) = symbols
    fields = ("price", "amount", "side")
    trades = await exchange.watch_trades(symbol)
    kept = [{field: trade.get(field) for field in fields} for trade in trades]
    return {"call": "trades", "symbol": symbol, "trades": kept}


async def watch_orders(exchange: Any, _symbols: Sequence[str]) -> Json:
    return {"call": "orders", "orders": [_order(one) for one in await exchange.watch_orders()]}


async def poll_funding(exchange: Any, symbols: Sequence[str]) -> Json:
    """What perpetuals were paid or charged lately; ccxt pushes it nowhere."""
    await asyncio.sleep(facts.FUNDING_SECONDS)
    since_ms = exchange.milliseconds() - facts.FUNDING_LOOK_BACK_MS
    return {
        "call": "funding",
        "payments": [
            {
                "id": _text(one.get("id")),
                "symbol": symbol,
                "currency": one.get("code"),
                "amount": _text(one.get("amount")),
                "time_ms": one.get("timestamp"),
            }
            for symbol in symbols
            for one in await exchange.fetch_funding_history(symbol, since_ms)
        ],
    }


WATCHES: Mapping[str, Watch] = {
    watch.__name__: watch
    for watch in (watch_book, poll_book, watch_quotes, watch_trades, watch_orders, poll_funding)
}
# Those that need no socket.
POLLS = frozenset({"poll_book", "poll_funding"})
