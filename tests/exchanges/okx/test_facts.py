import re

import pytest

from arbitrage.exchanges.okx import facts


def test_every_address_is_encrypted() -> None:
    assert facts.REST_URL.startswith("https://")
    assert all(url.startswith("wss://") for url in (facts.WS_URL, facts.DEMO_WS_URL))


def test_every_endpoint_has_a_limit_that_lets_something_pass() -> None:
    assert all(path.startswith("/api/v5/") for path in facts.LIMITS)
    assert all(limit.count > 0 and limit.window_ns > 0 for limit in facts.LIMITS.values())


def test_a_quiet_connection_is_closed_before_a_quiet_book_speaks() -> None:
    assert facts.IDLE_CLOSE_NS < facts.QUIET_BOOK_NS


def test_an_unfilled_order_is_forgotten_first() -> None:
    assert facts.UNFILLED_ORDER_MEMORY_NS < facts.FILLS_MEMORY_NS < facts.ORDER_MEMORY_NS


@pytest.mark.parametrize(
    ("client_id", "is_taken"),
    [("s00000001", True), ("A" * 32, True), ("A" * 33, False), ("", False), ("s-1", False)],
)
def test_client_ids_are_letters_and_digits(client_id: str, is_taken: bool) -> None:
    assert bool(re.fullmatch(facts.CLIENT_ID_PATTERN, client_id)) is is_taken


def test_the_depth_we_poll_is_served() -> None:
    assert facts.POLL_DEPTH <= facts.MAX_DEPTH
