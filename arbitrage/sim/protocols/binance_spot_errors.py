"""Refusals of Binance spot's own: what the core refuses, in the venue's codes and words.

What breaks a filter never reaches the matching engine (-1013); what the engine refuses is -2010
with a message that says why (github.com/binance/binance-spot-api-docs/errors.md, read 2026-11-22).
"""

from typing import Final

from arbitrage.sim.protocols.binance_errors import BinanceRefusal, TroubleWords

TROUBLE_WORDS: Final = TroubleWords(
    too_many=(
        "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API."
    ),
    banned=(
        "Way too much request weight used; IP banned until {until}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    ),
)

_FILTERS: Final = {
    "lot_size": "LOT_SIZE",
    "min_qty": "LOT_SIZE",
    "max_qty": "LOT_SIZE",
    "tick_size": "PRICE_FILTER",
    "max_price": "PRICE_FILTER",
    "min_notional": "NOTIONAL",
}
_REJECTIONS: Final = {
    "duplicate_client_id": "Duplicate order sent.",
    "insufficient_balance": "Account has insufficient balance for requested action.",
    "post_only": "Order would immediately match and take.",
    "no_book": "Order book liquidity is less than symbol minimum quantity.",
}


def filter_failure(name: str) -> BinanceRefusal:
    """An order breaks the filter `name` of its market."""
    return BinanceRefusal(-1013, f"Filter failure: {name}")


def rejection(message: str) -> BinanceRefusal:
    """The matching engine will not have an order."""
    return BinanceRefusal(-2010, message)


def refusal_of(reason: str) -> BinanceRefusal:
    """The venue's refusal for a reason of the core."""
    if reason in _FILTERS:
        return filter_failure(_FILTERS[reason])
    return rejection(_REJECTIONS[reason])
