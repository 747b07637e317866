from decimal import Decimal

import pytest
from sim_bybit import (
    LINEAR,
    NOW_NS,
    SPOT,
    announce,
    bybit_core,
    market,
    markets_of,
    pass_trade,
    place,
)

from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.bybit_figures import (
    FUNDING_NS,
    book_object,
    instrument_object,
    mark_price,
    next_funding_ns,
    ticker_object,
    trade_id,
    trade_object,
    usd_price,
)
from arbitrage.sim.protocols.bybit_wire import Category

CORE = bybit_core()
MARKETS = markets_of(CORE)
BTC, SPOT_BTC = MARKETS.by_key[LINEAR], MARKETS.by_key[SPOT]


def test_each_category_names_its_rules_its_own_way() -> None:
    linear, spot = instrument_object(BTC), instrument_object(SPOT_BTC)
    assert linear["symbol"] == spot["symbol"] == "BTCUSDT"
    assert linear["lotSizeFilter"]["qtyStep"] == "0.001"
    assert linear["lotSizeFilter"]["minNotionalValue"] == "100"
    assert (linear["contractType"], linear["settleCoin"]) == ("LinearPerpetual", "USDT")
    assert spot["lotSizeFilter"]["basePrecision"] == "0.00001"
    assert spot["lotSizeFilter"]["minOrderAmt"] == "5"
    assert linear["priceFilter"]["tickSize"] == spot["priceFilter"]["tickSize"] == "0.1"
    assert "settleCoin" not in spot


def test_a_book_shows_its_best_levels() -> None:
    told = book_object(BTC, CORE.book(LINEAR), limit=1, now_ns=NOW_NS)
    assert (told["b"], told["a"]) == ([["78000.0", "0.500"]], [["78000.1", "0.500"]])
    assert told["s"] == "BTCUSDT"
    nothing = book_object(BTC, None, limit=1, now_ns=NOW_NS)
    assert (nothing["b"], nothing["a"], nothing["seq"]) == ([], [], 0)


def test_a_trade_is_told_by_its_taker() -> None:
    core = bybit_core()
    heard: list[PublicTrade] = []
    core.listen(lambda event: heard.append(event) if isinstance(event, PublicTrade) else None)
    pass_trade(core, 78_000.0, 0.125, Side.SELL)
    told = trade_object(heard[0], BTC)
    assert (told["side"], told["price"], told["size"]) == ("Sell", "78000.0", "0.125")
    assert trade_id(heard[0], SPOT_BTC).isdecimal()
    assert "-" in trade_id(heard[0], BTC)


def test_a_ticker_tells_of_the_day_and_the_touch() -> None:
    core = bybit_core()
    pass_trade(core, 78_780.0, 0.5, Side.BUY)
    told = ticker_object(core, BTC)
    assert (told["lastPrice"], told["highPrice24h"], told["lowPrice24h"]) == (
        "78780.0",
        "78780.0",
        "78000.0",
    )
    assert (told["price24hPcnt"], told["volume24h"]) == ("0.010000", "0.500")
    assert (told["bid1Price"], told["ask1Size"]) == ("78000.0", "0.500")


def test_only_contracts_have_a_mark_and_funding() -> None:
    core = bybit_core()
    announce(core, 0.0001, NOW_NS + 10**9, 78_010.0)
    told = ticker_object(core, BTC)
    assert (told["fundingRate"], told["indexPrice"]) == ("0.00010000", "78010.0")
    assert told["nextFundingTime"] == str((NOW_NS + 10**9) // 10**6)
    assert "markPrice" not in ticker_object(core, SPOT_BTC)


def test_a_market_without_a_book_has_a_ticker_of_zeros() -> None:
    told = ticker_object(CORE, MARKETS.market(Category.LINEAR, "ETHUSDT"))
    assert (told["bid1Price"], told["markPrice"], told["price24hPcnt"]) == (
        "0.00",
        "0.00",
        "0.000000",
    )


def test_the_mark_is_the_middle_of_the_book_or_that_of_the_position() -> None:
    core = bybit_core()
    assert mark_price(core, LINEAR) == pytest.approx(78_000.05)
    place(core, market(qty="0.1"))
    assert mark_price(core, LINEAR) == core.position(LINEAR).mark_price


def test_funding_is_due_at_full_eight_hours_unless_it_is_announced() -> None:
    assert next_funding_ns(CORE, LINEAR) % FUNDING_NS == 0
    assert NOW_NS < next_funding_ns(CORE, LINEAR) <= NOW_NS + FUNDING_NS


def test_coins_are_worth_their_last_trade() -> None:
    assert usd_price(CORE, "USDT") == 1
    assert usd_price(CORE, "BTC") == Decimal(78_000)
    assert usd_price(CORE, "KRW") == 0
