from arbitrage.exchanges.binance_usdm import facts


def test_a_listen_key_dies_before_the_connection_does() -> None:
    assert 0 < facts.LISTEN_KEY_LIFE_NS < facts.CONNECTION_LIFE_NS


def test_the_depths_we_ask_for_have_a_weight() -> None:
    greatest = facts.DEPTH_WEIGHTS[-1][0]

    assert facts.POLL_DEPTH <= facts.SYNC_DEPTH <= greatest
    assert [weight for _, weight in facts.DEPTH_WEIGHTS] == sorted(
        weight for _, weight in facts.DEPTH_WEIGHTS
    )


def test_every_address_is_encrypted() -> None:
    assert all(url.startswith("https://") for url in (facts.REST_URL, facts.DEMO_REST_URL))
    assert all(url.startswith("wss://") for url in (facts.WS_URL, facts.DEMO_WS_URL))
