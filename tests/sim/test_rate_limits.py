from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.sim.rate_limits import RateLimit, RateLimits

SECOND = NS_PER_SECOND


def limits_of(limit: int = 3, strikes: int = 100) -> RateLimits:
    return RateLimits({"order": RateLimit(limit), "other": RateLimit(1)}, strikes=strikes)


def test_a_budget_counts_down_and_refuses_beyond_it() -> None:
    limits = limits_of()
    assert [limits.take("order", 10).left for _ in range(3)] == [2, 1, 0]
    refused = limits.take("order", SECOND // 4)
    assert (refused.status, refused.retry_after_ns) == (429, 3 * SECOND // 4)


def test_a_new_window_is_a_new_budget() -> None:
    limits = limits_of(limit=1)
    limits.take("order", 0)
    assert limits.take("order", SECOND - 1).status == 429
    assert limits.take("order", SECOND).status == 200


def test_groups_and_askers_are_counted_apart() -> None:
    limits = limits_of(limit=1)
    limits.take("order", 0, who="a")
    assert limits.take("other", 0, who="a").status == 200
    assert limits.take("order", 0, who="b").status == 200


def test_weight_counts_and_what_is_refused_is_not_spent() -> None:
    limits = limits_of(limit=5)
    assert limits.take("order", 0, weight=4).used == 4
    assert limits.take("order", 0, weight=2).status == 429
    assert limits.take("order", 0).used == 5


def test_who_goes_on_is_banned_everywhere_for_a_time() -> None:
    limits = limits_of(limit=1, strikes=2)
    limits.take("order", 0)
    assert [limits.take("order", 0).status for _ in range(2)] == [429, 418]
    banned = limits.take("other", 59 * SECOND)
    assert (banned.status, banned.retry_after_ns) == (418, SECOND)
    assert limits.take("other", 60 * SECOND).status == 200


def test_strikes_are_forgotten_with_their_window() -> None:
    limits = limits_of(limit=1, strikes=2)
    for second in (0, 11, 22):
        limits.take("order", second * SECOND)
        assert limits.take("order", second * SECOND).status == 429
