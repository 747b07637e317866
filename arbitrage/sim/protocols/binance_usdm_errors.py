"""Refusals of Binance USD-M's own: what the core refuses, in the venue's codes."""

from typing import Final

from arbitrage.sim.protocols.binance_errors import BinanceRefusal, TroubleWords

TROUBLE_WORDS: Final = TroubleWords(
    too_many=(
        "Too many requests; current limit of IP({address}) is 2400 requests per minute. "
        "Please use the websocket for live updates to avoid polling the API."
    ),
    banned=(
        "Way too many requests; IP({address}) banned until {until}. "
        "Please use the websocket for live updates to avoid bans."
    ),
)

# Words of the core -> codes of the venue. Lots, ticks and minimums are refused by the form before
# the core sees them.
_REASONS: Final = {
    "duplicate_client_id": -4116,
    "unknown_symbol": -1121,
    "no_book": -4131,
    "lot_size": -4023,
    "min_qty": -4004,
    "max_qty": -4005,
    "max_price": -4002,
    "tick_size": -4014,
    "insufficient_margin": -2019,
    "reduce_only": -2022,
    "post_only": -5022,
    "fok_not_filled": -5021,
}


def refusal_of(reason: str, min_notional: str) -> BinanceRefusal:
    """The venue's refusal for a reason of the core; `min_notional` is that of the market."""
    if reason == "min_notional":
        return too_small(min_notional)
    return BinanceRefusal(_REASONS[reason])


def too_small(min_notional: str) -> BinanceRefusal:
    """An order is worth less than `min_notional`."""
    return BinanceRefusal(
        -4164,
        f"Order's notional must be no smaller than {min_notional} (unless you choose reduce only).",
    )
