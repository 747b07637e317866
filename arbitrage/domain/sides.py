"""The two sides of an order and the two directions of a route.

What follows from a member is an attribute of it, set once: these are asked on the hot path, where
looking a member up in its class costs as much as the rest of the question.
"""

from enum import Enum


class Side(Enum):
    """The side *we* take. `sign` is +1 for a purchase, -1 for a sale."""

    BUY = "buy"
    SELL = "sell"

    opposite: "Side"

    def __init__(self, word: str) -> None:
        self.is_buy = word == "buy"
        self.sign = 1 if self.is_buy else -1


Side.BUY.opposite = Side.SELL
Side.SELL.opposite = Side.BUY


class Direction(Enum):
    """Which leg of a route is bought when it opens; `side_a` and `side_b` are the opening sides."""

    LONG_A_SHORT_B = "LONG_A_SHORT_B"
    LONG_B_SHORT_A = "LONG_B_SHORT_A"

    def __init__(self, name: str) -> None:
        self.is_long_a = name == "LONG_A_SHORT_B"
        self.side_a = Side.BUY if self.is_long_a else Side.SELL
        self.side_b = self.side_a.opposite
