import pytest
from sim_bybit import Clock, announce, bybit_core, markets_of, pass_trade

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.bybit_errors import BybitRefusal
from arbitrage.sim.protocols.bybit_quotes import BybitQuotes
from arbitrage.sim.venue_core import SimVenueCore

BOTH = pytest.mark.parametrize("category", ["linear", "spot"])


def quotes_of(core: SimVenueCore, is_in_maintenance: bool = False) -> BybitQuotes:
    return BybitQuotes(core, markets_of(core), lambda: is_in_maintenance)


def refused(call: object, params: dict[str, str]) -> bool:
    with pytest.raises(BybitRefusal):
        call(params)  # type: ignore[operator]
    return True


def test_the_clock_is_told_to_the_nanosecond() -> None:
    core = bybit_core()
    told = quotes_of(core).time({})
    assert int(told["timeNano"]) == core.now_ns
    assert int(told["timeSecond"]) == core.now_ns // 10**9


def test_maintenance_is_told_while_it_lasts() -> None:
    core = bybit_core()
    assert quotes_of(core).status({}) == {"list": []}
    (notice,) = quotes_of(core, True).status({})["list"]
    assert (notice["state"], notice["product"]) == ("ongoing", [1, 2])


def test_linear_is_listed_in_pages_and_spot_is_not() -> None:
    quotes = quotes_of(bybit_core())
    first = quotes.instruments({"category": "linear", "limit": "1"})
    assert [row["symbol"] for row in first["list"]] == ["BTCUSDT"]
    cursor = first["nextPageCursor"].replace("%3D", "=")
    second = quotes.instruments({"category": "linear", "limit": "1", "cursor": cursor})
    assert [row["symbol"] for row in second["list"]] == ["ETHUSDT"]
    spot = quotes.instruments({"category": "spot", "limit": "1"})
    assert (len(spot["list"]), "nextPageCursor" in spot) == (2, False)
    one = quotes.instruments({"category": "linear", "symbol": "ETHUSDT"})
    assert [row["symbol"] for row in one["list"]] == ["ETHUSDT"]


def test_what_is_not_here_is_listed_empty() -> None:
    quotes = quotes_of(bybit_core())
    for params in (
        {"category": "inverse"},
        {"category": "option", "baseCoin": "BTC"},
        {"category": "linear", "status": "PreLaunch"},
    ):
        assert quotes.instruments(params)["list"] == []
    assert refused(quotes.instruments, {"category": "stocks"})


@pytest.mark.parametrize(("category", "usual", "most"), [("linear", 2, 500), ("spot", 1, 200)])
def test_books_are_as_deep_as_is_asked(category: str, usual: int, most: int) -> None:
    quotes = quotes_of(bybit_core())
    market = {"category": category, "symbol": "BTCUSDT"}
    assert len(quotes.book(market)["b"]) == usual
    assert len(quotes.book({**market, "limit": str(most)})["b"]) == 2
    assert refused(quotes.book, {**market, "limit": str(most + 1)})
    assert refused(quotes.book, {"category": category})


@BOTH
def test_tickers_are_told_of_one_market_or_of_all(category: str) -> None:
    quotes = quotes_of(bybit_core())
    assert len(quotes.tickers({"category": category})["list"]) == 2
    (one,) = quotes.tickers({"category": category, "symbol": "ETHUSDT"})["list"]
    assert one["symbol"] == "ETHUSDT"


def test_trades_are_told_the_newest_first() -> None:
    core = bybit_core()
    for price in (78_000.0, 78_000.1):
        pass_trade(core, price, 0.1, Side.BUY)
    told = quotes_of(core).trades({"category": "linear", "symbol": "BTCUSDT"})["list"]
    assert [row["price"] for row in told] == ["78000.1", "78000.0"]
    assert quotes_of(core).trades({"category": "spot", "symbol": "BTCUSDT"})["list"] == []


def test_settled_funding_is_remembered() -> None:
    clock = Clock()
    core = bybit_core(clock)
    quotes = quotes_of(core)
    due_ns = clock.now_ns + 1_000_000
    announce(core, 0.0001, due_ns)
    announce(core, 0.0002, due_ns)
    announce(core, 0.0003, due_ns + 10**9)
    params = {"category": "linear", "symbol": "BTCUSDT"}
    (row,) = quotes.funding_history(params)["list"]
    assert (row["fundingRate"], row["fundingRateTimestamp"]) == (
        "0.00020000",
        str(due_ns // 10**6),
    )
    late = {**params, "startTime": str(due_ns // 10**6 + 1)}
    assert quotes.funding_history(late)["list"] == []
