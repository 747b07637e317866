import pytest

from arbitrage.sim.protocols.binance_usdm_errors import TROUBLE_WORDS, refusal_of, too_small

# Every word that the core has for a perpetual.
REASONS = (
    *("duplicate_client_id", "unknown_symbol", "no_book", "lot_size", "min_qty", "max_qty"),
    *("max_price", "tick_size", "insufficient_margin", "reduce_only", "post_only"),
    *("fok_not_filled", "min_notional"),
)


@pytest.mark.parametrize("reason", REASONS)
def test_every_refusal_of_the_core_has_a_code_and_a_message(reason: str) -> None:
    refusal = refusal_of(reason, "5")
    assert refusal.code < -1000
    assert refusal.message


def test_a_small_order_is_told_the_bound() -> None:
    assert "no smaller than 100 " in too_small("100").message


def test_who_asks_too_much_is_named() -> None:
    assert "IP(1.2.3.4)" in TROUBLE_WORDS.too_many.format(address="1.2.3.4")
    assert "until 7" in TROUBLE_WORDS.banned.format(address="1.2.3.4", until=7)
