from decimal import Decimal
from typing import Any

import msgspec
import pytest
from sim_usdm import (
    FIGURES,
    NOW_NS,
    RULES,
    Clock,
    announce,
    depth_books,
    limit,
    pass_trade,
    place,
    show,
    usdm_core,
)

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.binance_usdm_market import (
    agg_trade_object,
    book_ticker_object,
    depth_object,
    exchange_info,
    funding_info_object,
    funding_rate,
    index_price,
    mark_price,
    max_qty,
    next_funding_ns,
    premium_object,
    price_digits,
    price_object,
)
from arbitrage.sim.venue_core import SimVenueCore

BTC = FIGURES["BTCUSDT"]
HOUR_NS = 3_600 * 10**9


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def core(clock: Clock) -> SimVenueCore:
    return usdm_core(clock)


def test_the_listing_tells_rules_and_limits(core: SimVenueCore) -> None:
    info = exchange_info(core)
    limits = {
        (each["rateLimitType"], each["interval"]): each["limit"] for each in info["rateLimits"]
    }
    assert limits == {
        ("REQUEST_WEIGHT", "MINUTE"): 2400,
        ("ORDERS", "SECOND"): 300,
        ("ORDERS", "MINUTE"): 1200,
    }
    symbol = info["symbols"][0]
    assert (symbol["symbol"], symbol["contractType"], symbol["status"]) == (
        "BTCUSDT",
        "PERPETUAL",
        "TRADING",
    )
    filters: dict[str, Any] = {each["filterType"]: each for each in symbol["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.1"
    assert filters["LOT_SIZE"]["stepSize"] == "0.001"
    assert filters["MIN_NOTIONAL"]["notional"] == "100"
    assert filters["PERCENT_PRICE"]["multiplierUp"] == "1.0500"


def test_the_largest_order_is_the_markets_own_where_it_has_one() -> None:
    rules = msgspec.structs.replace(RULES["BTC"], max_qty=Decimal(500))
    assert max_qty(rules, is_market=False) == 500
    assert max_qty(rules, is_market=True) == 50
    assert max_qty(RULES["BTC"], is_market=False) == 10_000
    assert price_digits(RULES["BTC"]) == 2


def test_a_book_is_told_with_the_number_of_its_last_update(core: SimVenueCore) -> None:
    depth = depth_books(core)["BTCUSDT"]
    empty = book_ticker_object("BTCUSDT", depth, BTC)
    assert (empty["bidPrice"], empty["askQty"], empty["time"]) == ("0.0", "0.000", 0)
    assert depth_object(depth, BTC, limit=5, now_ns=NOW_NS)["bids"] == []
    book = core.book("BTCUSDT")
    assert book is not None
    depth.show(book)
    told = depth_object(depth, BTC, limit=1, now_ns=NOW_NS)
    assert told["lastUpdateId"] == depth.last_update_id
    assert (told["bids"], told["asks"]) == ([["78000.0", "0.500"]], [["78000.1", "0.500"]])
    best = book_ticker_object("BTCUSDT", depth, BTC)
    assert (best["bidPrice"], best["askPrice"]) == ("78000.0", "78000.1")


def test_an_aggregate_tells_its_quantity_twice(core: SimVenueCore) -> None:
    """The second is the one without retail orders."""
    pass_trade(core, 78_000.0, 0.25, Side.SELL)
    told = agg_trade_object(core.tape("BTCUSDT").trades[-1], BTC)
    assert told["q"] == told["nq"] == "0.250"


def test_the_last_price_is_told(core: SimVenueCore) -> None:
    pass_trade(core, 78_780.0, 2.0, Side.BUY)
    assert price_object(core, RULES["BTC"], BTC)["price"] == "78780.0"


def test_the_mark_is_the_middle_of_the_book_or_that_of_the_position(core: SimVenueCore) -> None:
    assert mark_price(core, "BTCUSDT") == 78_000.05
    assert mark_price(core, "ETHUSDT") == 0.0
    place(core, limit(price="78000.1"))
    show(core, [(79_000.0, 1.0)], [(79_000.1, 1.0)])
    assert mark_price(core, "BTCUSDT") == 79_000.05


def test_without_a_book_the_announced_mark_holds(core: SimVenueCore) -> None:
    show(core, [], [(78_000.1, 1.0)])
    assert mark_price(core, "BTCUSDT") == 0.0
    announce(core, 0.0001, NOW_NS + HOUR_NS, 78_010.0)
    assert mark_price(core, "BTCUSDT") == index_price(core, "BTCUSDT") == 78_010.0


def test_funding_is_due_as_announced_else_at_the_next_full_eight_hours(
    core: SimVenueCore, clock: Clock
) -> None:
    assert next_funding_ns(core, "BTCUSDT") == NOW_NS + 2 * HOUR_NS
    assert funding_rate(core, "BTCUSDT") == "0.00000000"
    announce(core, 0.000125, NOW_NS + HOUR_NS)
    assert next_funding_ns(core, "BTCUSDT") == NOW_NS + HOUR_NS
    assert funding_rate(core, "BTCUSDT") == "0.00012500"
    clock.now_ns += HOUR_NS
    assert next_funding_ns(core, "BTCUSDT") == NOW_NS + 2 * HOUR_NS


def test_the_premium_is_told(core: SimVenueCore) -> None:
    announce(core, -0.0001, NOW_NS + HOUR_NS, 78_010.0)
    told = premium_object(core, "BTCUSDT")
    assert (
        told
        | {
            "symbol": "BTCUSDT",
            "markPrice": "78000.05000000",
            "indexPrice": "78010.00000000",
            "lastFundingRate": "-0.00010000",
            "nextFundingTime": (NOW_NS + HOUR_NS) // 1_000_000,
        }
        == told
    )
    assert funding_info_object("BTCUSDT")["fundingIntervalHours"] == 8
