"""The account: balances and fees."""

from decimal import Decimal

import msgspec

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.units import EXACT, ONE
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.binance_spot import facts
from arbitrage.exchanges.binance_spot.answers import read
from arbitrage.exchanges.binance_spot.auth import RequestSigner, encoded
from arbitrage.exchanges.binance_spot.facts import VENUE
from arbitrage.exchanges.binance_spot.wire import require_plain
from arbitrage.exchanges.order_gateway import AccountState, Answer, Lane, Request

_BPS = Decimal(10_000)


class _Holding(msgspec.Struct, rename="camel"):
    asset: str
    free: Decimal
    locked: Decimal

    def __post_init__(self) -> None:
        require_plain(self.free, self.locked)


class _Account(msgspec.Struct, rename="camel"):
    balances: list[_Holding]


class _Rates(msgspec.Struct, rename="camel"):
    """Shares of what a trade receives; a trade pays its role's and its side's."""

    maker: Decimal
    taker: Decimal
    buyer: Decimal
    seller: Decimal

    def __post_init__(self) -> None:
        require_plain(self.maker, self.taker, self.buyer, self.seller)
        if not all(abs(one) < 1 for one in (self.maker, self.taker, self.buyer, self.seller)):
            raise ValueError(f"commission rates {self}; expected shares below 1")

    def of(self, role: Decimal) -> Decimal:
        """The share of a maker or taker on the dearer side."""
        return EXACT.add(role, max(self.buyer, self.seller))


class _Discount(msgspec.Struct, rename="camel"):
    enabled_for_account: bool
    enabled_for_symbol: bool
    discount_asset: str | None
    discount: Decimal

    def __post_init__(self) -> None:
        require_plain(self.discount)


class _Commission(msgspec.Struct, rename="camel"):
    standard_commission: _Rates
    tax_commission: _Rates
    discount: _Discount
    special_commission: _Rates | None = None


class Commission(msgspec.Struct, frozen=True):
    """What a trade costs: `received` out of what it receives; instead `third_token`, where the
    account has that discount, as long as it holds enough of the token."""

    received: FeeSchedule
    third_token: FeeSchedule | None


_account = msgspec.json.Decoder(_Account)
_commission = msgspec.json.Decoder(_Commission)


def account_request(signer: RequestSigner, now_ns: int) -> Request:
    return signer.request(
        "GET", "/api/v3/account", "", now_ns, lane=Lane.ACCOUNT, weight=facts.ACCOUNT_WEIGHT
    )


def account(answer: Answer) -> AccountState:
    """Total balances of every currency, those of zero too. Raises what `answers.read` raises.

    `{"canTrade":true,"accountType":"SPOT","balances":[{"asset":"BTC","free":"4723846.89208129",
    "locked":"0.00000000"},...],"permissions":["SPOT"],"uid":354937868,...}`
    """
    said = read(_account, answer, "account")
    return AccountState({one.asset: EXACT.add(one.free, one.locked) for one in said.balances})


def balances(answer: Answer) -> dict[str, Balance]:
    """The same answer by currency: what is free, and what open orders lock."""
    said = read(_account, answer, "account")
    return {one.asset: Balance(one.asset, one.free, one.locked) for one in said.balances}


def fees_request(signer: RequestSigner, symbol: str, now_ns: int) -> Request:
    return signer.request(
        "GET",
        "/api/v3/account/commission",
        f"&symbol={encoded(symbol)}",
        now_ns,
        lane=Lane.ACCOUNT,
        weight=facts.COMMISSION_WEIGHT,
    )


def fees(answer: Answer) -> Commission:
    """`{"symbol":"BTCUSDT","standardCommission":{"maker":"0.001","taker":"0.001","buyer":"0",
    "seller":"0"},"specialCommission":{...},"taxCommission":{...},"discount":{
    "enabledForAccount":true,"enabledForSymbol":true,"discountAsset":"BNB","discount":"0.75"}}`

    The discount is a factor on the standard commission alone [D commission_faq]. Raises what
    `answers.read` raises, and `ConfigError` for commissions that together take everything.
    """
    said = read(_commission, answer, "account/commission")
    discount = said.discount
    if not 0 <= discount.discount <= 1:
        raise MalformedData(
            f"{VENUE} account/commission: discount {discount.discount}; expected a factor of 0 to 1"
        )
    is_discounted = discount.enabled_for_account and discount.enabled_for_symbol
    token = discount.discount_asset if is_discounted else None
    return Commission(
        _schedule(said, ONE, FeeManner.RECEIVED),
        _schedule(said, discount.discount, FeeManner.THIRD_TOKEN, token) if token else None,
    )


def _schedule(
    said: _Commission, factor: Decimal, manner: FeeManner, token: str = ""
) -> FeeSchedule:
    """The sum of all commissions, the standard one times `factor`."""
    taker = EXACT.multiply(said.standard_commission.of(said.standard_commission.taker), factor)
    maker = EXACT.multiply(said.standard_commission.of(said.standard_commission.maker), factor)
    for extra in (said.tax_commission, said.special_commission):
        if extra is not None:
            taker = EXACT.add(taker, extra.of(extra.taker))
            maker = EXACT.add(maker, extra.of(extra.maker))
    return FeeSchedule(
        taker_bps=float(EXACT.multiply(taker, _BPS)),
        maker_bps=float(EXACT.multiply(maker, _BPS)),
        manner=manner,
        third_token=token,
    )
