from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.protocols.bybit_tolls import BybitTolls

NOW_NS = 1_795_004_000_000_000_000


def test_every_answer_says_what_is_left() -> None:
    tolls = BybitTolls()
    assert tolls.pay("orders", 10, NOW_NS).headers == {
        "X-Bapi-Limit": "10",
        "X-Bapi-Limit-Status": "9",
        "X-Bapi-Limit-Reset-Timestamp": "1795004000000",
    }


def test_a_budget_is_of_one_endpoint_and_one_second() -> None:
    tolls = BybitTolls()
    assert all(tolls.pay("orders", 3, NOW_NS).is_left for _ in range(3))
    refused = tolls.pay("orders", 3, NOW_NS)
    assert not refused.is_left
    assert refused.headers["X-Bapi-Limit-Status"] == "0"
    assert refused.headers["X-Bapi-Limit-Reset-Timestamp"] == "1795004001000"
    assert tolls.pay("cancels", 3, NOW_NS).is_left
    assert tolls.pay("orders", 3, NOW_NS + NS_PER_SECOND).is_left


def test_who_goes_on_over_the_budget_of_an_account_is_not_banned() -> None:
    tolls = BybitTolls()
    for _ in range(100):
        tolls.pay("orders", 1, NOW_NS)
    assert tolls.pay("orders", 1, NOW_NS + NS_PER_SECOND).is_left


def test_an_address_that_asks_too_often_is_sent_away_for_ten_minutes() -> None:
    tolls = BybitTolls()
    assert all(tolls.let_in("a", NOW_NS) for _ in range(600))
    assert not tolls.let_in("a", NOW_NS)
    assert tolls.let_in("b", NOW_NS)
    assert not tolls.let_in("a", NOW_NS + 599 * NS_PER_SECOND)
    assert tolls.let_in("a", NOW_NS + 600 * NS_PER_SECOND)
