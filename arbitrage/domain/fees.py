"""What a venue charges for a trade, and in which currency.

Three manners exist: on top in the quote currency (Upbit, Bithumb, every linear perpetual), out of
the asset received (Binance, Bybit and OKX spot), and in a third token (BNB). The manner decides
how much base is left to sell, so it belongs to the hedge as much as to the profit.
"""

from decimal import Decimal
from enum import Enum
from functools import cached_property

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.sides import Side
from arbitrage.domain.units import BPS, decimal_of


class FeeManner(Enum):
    QUOTE = "quote"
    RECEIVED = "received"
    THIRD_TOKEN = "third_token"


class FeeSchedule(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Fees of one account on one market; rates in basis points of notional.

    A negative `maker_bps` is a rebate. `third_token` names the currency of `THIRD_TOKEN` fees.
    """

    taker_bps: float = 0.0
    maker_bps: float = 0.0
    manner: FeeManner = FeeManner.QUOTE
    third_token: str = ""

    def __post_init__(self) -> None:
        if not 0.0 <= self.taker_bps < BPS:
            raise ConfigError(f"taker_bps is {self.taker_bps}; expected 0 to 10000 basis points")
        if not -BPS < self.maker_bps < BPS:
            raise ConfigError(f"maker_bps is {self.maker_bps}; expected -10000 to 10000")
        if (self.manner is FeeManner.THIRD_TOKEN) != bool(self.third_token):
            raise ConfigError("third_token goes with, and only with, the manner third_token")

    def rate(self, *, is_maker: bool) -> Decimal:
        """The fee as an exact share of notional."""
        return decimal_of(self.maker_bps if is_maker else self.taker_bps) / 10_000

    @property
    def buy_factor(self) -> float:
        """What one unit of quote of book price costs a taker in all, per base unit *received*."""
        rate = self.taker_bps / BPS
        return 1.0 / (1.0 - rate) if self.manner is FeeManner.RECEIVED else 1.0 + rate

    @cached_property
    def exact_buy_factor(self) -> Decimal:
        """`buy_factor` as the ledger's side of the house reads it."""
        return decimal_of(self.buy_factor)

    @property
    def sell_factor(self) -> float:
        """What one unit of quote of book price yields a taker, per base unit given."""
        return 1.0 - self.taker_bps / BPS

    def currency(self, side: Side, *, base: str, quote: str) -> str:
        """The currency in which a fill on `side` is charged."""
        if self.manner is FeeManner.THIRD_TOKEN:
            return self.third_token
        if self.manner is FeeManner.RECEIVED and side is Side.BUY:
            return base
        return quote
