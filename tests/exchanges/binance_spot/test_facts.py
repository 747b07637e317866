from arbitrage.exchanges.binance_spot import facts


def test_a_ping_comes_often_enough_to_be_missed_and_answered() -> None:
    assert 0 < facts.PING_EVERY_NS < facts.PONG_WITHIN_NS < facts.CONNECTION_LIFE_NS


def test_the_depths_we_ask_for_have_a_weight() -> None:
    greatest = facts.DEPTH_WEIGHTS[-1][0]

    assert facts.POLL_DEPTH <= facts.SYNC_DEPTH <= facts.MAX_DEPTH == greatest
    assert [weight for _, weight in facts.DEPTH_WEIGHTS] == sorted(
        weight for _, weight in facts.DEPTH_WEIGHTS
    )


def test_every_address_is_encrypted() -> None:
    assert all(url.startswith("https://") for url in (facts.REST_URL, facts.DEMO_REST_URL))
    sockets = (facts.WS_URL, facts.WS_API_URL, facts.DEMO_WS_URL, facts.DEMO_WS_API_URL)
    assert all(url.startswith("wss://") for url in sockets)
