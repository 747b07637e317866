"""The two sides of an order and the two directions of a route."""

from enum import Enum


class Side(Enum):
    """The side *we* take."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """+1 for a purchase, -1 for a sale."""
        return 1 if self is Side.BUY else -1


class Direction(Enum):
    """Which leg of a route is bought when it opens."""

    LONG_A_SHORT_B = "LONG_A_SHORT_B"
    LONG_B_SHORT_A = "LONG_B_SHORT_A"

    @property
    def side_a(self) -> Side:
        return Side.BUY if self is Direction.LONG_A_SHORT_B else Side.SELL

    @property
    def side_b(self) -> Side:
        return self.side_a.opposite
