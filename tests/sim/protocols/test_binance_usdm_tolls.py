import json
from typing import Any

from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.protocols.binance_usdm_tolls import UsdmTolls

NOW_NS = 1_795_000_020 * NS_PER_SECOND  # the start of a minute
HOME, ORDER = "127.0.0.1", (1, 1)


def pay(
    tolls: UsdmTolls, weight: int = 1, orders: tuple[int, int] = (0, 0), after: int = 0
) -> tuple[dict[str, str], Any]:
    """A request `after` seconds."""
    now_ns = NOW_NS + after * NS_PER_SECOND
    return tolls.pay(HOME, weight=weight, orders=orders, now_ns=now_ns)


def test_every_answer_says_what_is_used_in_this_minute() -> None:
    tolls = UsdmTolls()
    pay(tolls, 20)
    assert pay(tolls, 5) == ({"X-MBX-USED-WEIGHT-1M": "25"}, None)
    assert pay(tolls, 5, after=60) == ({"X-MBX-USED-WEIGHT-1M": "5"}, None)


def test_orders_are_counted_in_both_windows() -> None:
    tolls = UsdmTolls()
    pay(tolls, 0, (5, 1))
    headers, refused = pay(tolls, 0, ORDER)
    assert refused is None
    assert headers == {
        "X-MBX-USED-WEIGHT-1M": "0",
        "X-MBX-ORDER-COUNT-10S": "6",
        "X-MBX-ORDER-COUNT-1M": "2",
    }
    headers, _ = pay(tolls, 0, ORDER, after=10)
    assert headers["X-MBX-ORDER-COUNT-10S"] == "1"
    assert headers["X-MBX-ORDER-COUNT-1M"] == "3"


def test_too_much_weight_is_refused_until_the_minute_is_over() -> None:
    tolls = UsdmTolls()
    pay(tolls, 2400)
    _, refused = pay(tolls, 1, after=15)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "45")
    assert json.loads(refused.body)["code"] == -1003
    assert pay(tolls, 1, after=60)[1] is None


def test_too_many_orders_have_their_own_code() -> None:
    tolls = UsdmTolls()
    pay(tolls, 0, (300, 1))
    _, refused = pay(tolls, 0, ORDER, after=4)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "6")
    body = json.loads(refused.body)
    assert (body["code"], "TEN_SECONDS" in body["msg"]) == (-1015, True)
    tolls = UsdmTolls()
    pay(tolls, 0, (1, 1200))
    assert "per MINUTE" in json.loads(pay(tolls, 0, ORDER)[1].body)["msg"]


def test_who_goes_on_is_banned() -> None:
    tolls = UsdmTolls()
    pay(tolls, 2400)
    answers = [pay(tolls)[1] for _ in range(10)]
    assert [each.status for each in answers] == [429] * 9 + [418]
    assert answers[-1].headers["Retry-After"] == "120"
    _, refused = pay(tolls, after=61)
    assert (refused.status, refused.headers["Retry-After"]) == (418, "59")
    assert pay(tolls, after=121)[1] is None
