import pytest
from sim_bybit import RULES

from arbitrage.sim.protocols.bybit_errors import BybitRefusal
from arbitrage.sim.protocols.bybit_markets import Markets
from arbitrage.sim.protocols.bybit_wire import Category

MARKETS = Markets(RULES)


def test_one_name_is_two_markets() -> None:
    linear = MARKETS.market(Category.LINEAR, "BTCUSDT")
    spot = MARKETS.market(Category.SPOT, "BTCUSDT")
    assert (linear.key, spot.key) == ("BTCUSDT", "spot:BTCUSDT")
    assert linear.rules.is_perpetual
    assert not spot.rules.is_perpetual
    assert MARKETS.by_key["spot:BTCUSDT"] is spot


def test_the_markets_of_a_category_are_listed_by_name() -> None:
    assert [market.symbol for market in MARKETS.of(Category.SPOT)] == ["BTCUSDT", "ETHUSDT"]


@pytest.mark.parametrize(("category", "code"), [(Category.LINEAR, 10001), (Category.SPOT, 170121)])
@pytest.mark.parametrize("symbol", ["", "NOPEUSDT", "spot:BTCUSDT"])
def test_an_unknown_market_is_refused_in_the_words_of_its_category(
    category: Category, code: int, symbol: str
) -> None:
    assert MARKETS.find(category, symbol) is None
    with pytest.raises(BybitRefusal) as caught:
        MARKETS.market(category, symbol)
    assert caught.value.code == code
