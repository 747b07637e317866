from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.protocols.binance_errors import TroubleWords
from arbitrage.sim.protocols.binance_tolls import ORDERS, RAW, WEIGHT, BinanceTolls, Paid, TollRule

NOW_NS = 1_795_000_020 * NS_PER_SECOND  # the start of a minute
HOME, ORDER = "127.0.0.1", (1, 1)
WORDS = TroubleWords("{address} asks too much", "banned until {until}")
RULES = (
    TollRule(WEIGHT, "MINUTE", 1, 2400),
    TollRule(ORDERS, "SECOND", 10, 300),
    TollRule(ORDERS, "MINUTE", 1, 1200),
)


def made(*rules: TollRule) -> BinanceTolls:
    return BinanceTolls(rules or RULES, WORDS)


def pay(tolls: BinanceTolls, weight: int = 1, orders: tuple[int, ...] = (), after: int = 0) -> Paid:
    """A request `after` seconds."""
    now_ns = NOW_NS + after * NS_PER_SECOND
    return tolls.pay(HOME, weight=weight, orders=orders, now_ns=now_ns)


def test_every_answer_says_what_is_used_in_this_minute() -> None:
    tolls = made()
    pay(tolls, 20)
    assert pay(tolls, 5).headers() == {"X-MBX-USED-WEIGHT-1M": "25"}
    assert pay(tolls, 5, after=60).headers() == {"X-MBX-USED-WEIGHT-1M": "5"}


def test_orders_are_counted_in_every_window() -> None:
    tolls = made()
    pay(tolls, 0, (5, 1))
    paid = pay(tolls, 0, ORDER)
    assert paid.trouble is None
    assert paid.headers() == {
        "X-MBX-USED-WEIGHT-1M": "0",
        "X-MBX-ORDER-COUNT-10S": "6",
        "X-MBX-ORDER-COUNT-1M": "2",
    }
    headers = pay(tolls, 0, ORDER, after=10).headers()
    assert headers["X-MBX-ORDER-COUNT-10S"] == "1"
    assert headers["X-MBX-ORDER-COUNT-1M"] == "3"
    now_ns = NOW_NS + 10 * NS_PER_SECOND
    assert [each["count"] for each in tolls.order_counts(now_ns)] == [1, 3]


def test_a_websocket_answer_lists_the_limits_that_it_touched() -> None:
    told = pay(made(), 2, ORDER).rate_limits()
    assert [each["rateLimitType"] for each in told] == [WEIGHT, ORDERS, ORDERS]
    assert told[0] == {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": 2400,
        "count": 2,
    }


def test_too_much_weight_is_refused_until_the_minute_is_over() -> None:
    tolls = made()
    pay(tolls, 2400)
    trouble = pay(tolls, 1, after=15).trouble
    assert trouble is not None
    assert (trouble.status, trouble.code, trouble.retry_after_seconds) == (429, -1003, 45)
    assert trouble.message == "127.0.0.1 asks too much"
    assert pay(tolls, 1, after=60).trouble is None


def test_too_many_orders_have_their_own_code() -> None:
    tolls = made()
    pay(tolls, 0, (300, 1))
    trouble = pay(tolls, 0, ORDER, after=4).trouble
    assert trouble is not None
    assert (trouble.status, trouble.code, trouble.retry_after_seconds) == (429, -1015, 6)
    assert "TEN_SECONDS" in trouble.message
    tolls = made()
    pay(tolls, 0, (1, 1200))
    assert "per MINUTE" in str(pay(tolls, 0, ORDER).trouble)


def test_requests_are_counted_too_where_the_venue_does_and_nobody_is_told() -> None:
    tolls = made(TollRule(WEIGHT, "MINUTE", 1, 100), TollRule(RAW, "MINUTE", 5, 2))
    paid = [pay(tolls, 10) for _ in range(3)]
    assert [each.trouble is None for each in paid] == [True, True, False]
    assert paid[1].headers() == {"X-MBX-USED-WEIGHT-1M": "20"}
    assert len(paid[1].rate_limits()) == 1


def test_a_limit_may_have_a_header_of_its_own() -> None:
    tolls = made(TollRule(WEIGHT, "MINUTE", 1, 100, "X-SAPI-USED-IP-WEIGHT-1M"))
    assert pay(tolls, 10).headers() == {"X-SAPI-USED-IP-WEIGHT-1M": "10"}


def test_who_goes_on_is_banned() -> None:
    tolls = made()
    pay(tolls, 2400)
    troubles = [trouble for _ in range(10) if (trouble := pay(tolls).trouble)]
    assert [each.status for each in troubles] == [429] * 9 + [418]
    assert troubles[-1].retry_after_seconds == 120
    trouble = pay(tolls, after=61).trouble
    assert trouble is not None
    assert (trouble.status, trouble.retry_after_seconds) == (418, 59)
    assert pay(tolls, after=121).trouble is None
