import pytest

from arbitrage.sim.protocols.binance_spot_errors import (
    TROUBLE_WORDS,
    filter_failure,
    refusal_of,
    rejection,
)


@pytest.mark.parametrize(
    ("reason", "code", "word"),
    [
        ("lot_size", -1013, "LOT_SIZE"),
        ("min_qty", -1013, "LOT_SIZE"),
        ("max_qty", -1013, "LOT_SIZE"),
        ("tick_size", -1013, "PRICE_FILTER"),
        ("max_price", -1013, "PRICE_FILTER"),
        ("min_notional", -1013, "NOTIONAL"),
        ("duplicate_client_id", -2010, "Duplicate order sent."),
        ("insufficient_balance", -2010, "insufficient balance"),
        ("post_only", -2010, "immediately match and take"),
        ("no_book", -2010, "liquidity"),
    ],
)
def test_every_refusal_of_the_core_has_a_code_and_a_message(
    reason: str, code: int, word: str
) -> None:
    refusal = refusal_of(reason)
    assert (refusal.code, word in refusal.message) == (code, True)


def test_filters_and_the_engine_refuse_by_codes_of_their_own() -> None:
    assert filter_failure("LOT_SIZE").message == "Filter failure: LOT_SIZE"
    assert rejection("Market is closed.").code == -2010


def test_a_ban_tells_its_end() -> None:
    assert "until 7" in TROUBLE_WORDS.banned.format(address="1.2.3.4", until=7)
