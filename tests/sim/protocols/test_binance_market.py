from sim_usdm import FIGURES, RULES, depth_books, pass_trade, usdm_core

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.binance_market import (
    agg_trade_entry,
    day_object,
    each_market,
    latest_trades,
    quote_object,
    trade_entry,
)

BTC = FIGURES["BTCUSDT"]


def test_trades_are_the_latest_oldest_first_or_from_an_id_on() -> None:
    core = usdm_core()
    for qty in (0.1, 0.2, 0.3):
        pass_trade(core, 78_000.0, qty, Side.SELL)
    asked = {"symbol": "BTCUSDT"}
    assert [each.trade.qty for each in latest_trades(asked, core)] == [0.1, 0.2, 0.3]
    assert [each.trade.qty for each in latest_trades({**asked, "limit": "2"}, core)] == [0.2, 0.3]
    first = str(core.tape("BTCUSDT").trades[1].trade_id)
    found = latest_trades({**asked, "fromId": first, "limit": "1"}, core)
    assert [each.trade.qty for each in found] == [0.2]


def test_a_trade_says_whether_the_buyer_was_the_maker() -> None:
    core = usdm_core()
    pass_trade(core, 78_000.0, 0.5, Side.SELL)
    (printed,) = core.tape("BTCUSDT").trades
    trade, aggregate = trade_entry(printed, BTC), agg_trade_entry(printed, BTC)
    assert trade["isBuyerMaker"] is aggregate["m"] is True
    assert (trade["price"], trade["quoteQty"]) == ("78000.0", "39000.00")
    assert (aggregate["f"], aggregate["l"]) == (trade["id"], trade["id"])


def test_an_empty_side_is_written_as_zeros() -> None:
    depth = depth_books(usdm_core())["BTCUSDT"]
    assert quote_object("BTCUSDT", depth, BTC)["askQty"] == "0.000"


def test_the_day_goes_from_its_first_price_to_its_last() -> None:
    core = usdm_core()
    assert day_object(core, RULES["BTC"], BTC)["count"] == 0
    pass_trade(core, 78_390.0, 0.5, Side.BUY)
    told = day_object(core, RULES["BTC"], BTC)
    assert (told["openPrice"], told["lastPrice"], told["priceChangePercent"]) == (
        "78000.0",
        "78390.0",
        "0.500",
    )
    assert day_object(core, RULES["ETH"], FIGURES["ETHUSDT"])["priceChangePercent"] == "0.000"


def test_one_market_is_an_object_and_several_are_a_list() -> None:
    def told(rules: object) -> dict[str, object]:
        return {"rules": rules}

    markets = list(RULES.values())
    assert each_market({"symbol": "BTCUSDT"}, markets[:1], told) == {"rules": RULES["BTC"]}
    assert len(each_market({}, markets, told)) == 2
