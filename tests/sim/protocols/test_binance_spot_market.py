from typing import Any

from sim_spot import ASKS, FIGURES, RULES, depth_books, pass_trade, spot_core

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.binance_spot_market import (
    agg_trade_object,
    average_price,
    depth_object,
    exchange_info,
    max_qty,
    ticker_object,
    trade_object,
)

BTC = FIGURES["BTCUSDT"]


def test_markets_tell_their_limits_and_filters() -> None:
    core = spot_core()
    told: Any = exchange_info(core, list(core.instruments.values()))
    assert [limit["rateLimitType"] for limit in told["rateLimits"]] == [
        "REQUEST_WEIGHT",
        "ORDERS",
        "ORDERS",
        "RAW_REQUESTS",
    ]
    symbol = told["symbols"][0]
    assert (symbol["symbol"], symbol["status"], symbol["baseAsset"]) == (
        "BTCUSDT",
        "TRADING",
        "BTC",
    )
    filters = {each["filterType"]: each for each in symbol["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.10000000"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00001000"
    assert filters["MARKET_LOT_SIZE"]["stepSize"] == "0.00000000"
    assert filters["NOTIONAL"]["minNotional"] == "5.00000000"


def test_a_market_order_may_be_a_tenth_of_a_limit_order() -> None:
    rules = RULES["BTC"]
    assert max_qty(rules, is_market=False) == 10 * max_qty(rules, is_market=True)


def test_a_book_carries_the_number_of_its_last_update() -> None:
    core = spot_core()
    depth = depth_books(core)["BTCUSDT"]
    book = core.book("BTCUSDT")
    assert book is not None
    depth.show(book)
    assert depth_object(depth, BTC, limit=1) == {
        "lastUpdateId": 1_005,
        "bids": [["78000.00000000", "0.50000000"]],
        "asks": [["78000.10000000", "0.50000000"]],
    }


def test_trades_and_tickers_have_what_spot_adds() -> None:
    core = spot_core()
    pass_trade(core, ASKS[0][0], 0.25, Side.BUY)
    (printed,) = core.tape("BTCUSDT").trades
    assert trade_object(printed, BTC)["isBestMatch"] is True
    assert agg_trade_object(printed, BTC)["M"] is True
    told = ticker_object(core, RULES["BTC"], depth_books(core)["BTCUSDT"], BTC)
    assert told["prevClosePrice"] == told["openPrice"] == "78000.00000000"
    assert told["lastPrice"] == "78000.10000000"
    assert average_price(core, "BTCUSDT") == 78_000.1
