import pytest

from arbitrage.exchanges.bybit import facts
from arbitrage.exchanges.bybit.facts import Category


def test_spot_and_linear_are_two_venues() -> None:
    assert facts.VENUES == {Category.SPOT: "bybit-spot", Category.LINEAR: "bybit"}


@pytest.mark.parametrize(
    "by_category",
    [
        facts.VENUES,
        facts.PUBLIC_PATHS,
        facts.MAX_TOPICS_PER_REQUEST,
        facts.MAX_DEPTH,
        facts.ORDERS_PER_SECOND,
        facts.TAKER_BPS,
        facts.MAKER_BPS,
    ],
)
def test_what_differs_by_category_is_told_for_each(by_category: dict[Category, object]) -> None:
    assert set(by_category) == set(Category)


def test_the_ping_goes_out_before_the_venue_hangs_up() -> None:
    assert 0 < facts.PING_EVERY_NS < facts.IDLE_CLOSE_NS


def test_the_depth_we_poll_is_served_everywhere() -> None:
    assert all(depth >= facts.POLL_DEPTH for depth in facts.MAX_DEPTH.values())


def test_every_address_is_encrypted() -> None:
    assert all(url.startswith("https://") for url in (facts.REST_URL, facts.TESTNET_REST_URL))
    assert all(url.startswith("wss://") for url in (facts.WS_URL, facts.TESTNET_WS_URL))
