from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from arbitrage.domain.errors import ConfigError, MalformedData, RateLimited
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.binance_spot import account
from arbitrage.exchanges.binance_spot.auth import RequestSigner
from arbitrage.exchanges.order_gateway import AccountState, Answer, Lane

AnswerOf = Callable[..., Answer]
NOW_NS = 1591702613943_000_000
SIGNER = RequestSigner("key", "secret")


def test_balances_count_what_open_orders_lock(answer: AnswerOf) -> None:
    assert account.account(answer("account")) == AccountState(
        {"BTC": Decimal("4723846.99208129"), "LTC": Decimal(0)}
    )


def test_balances_are_told_apart_by_what_is_free(answer: AnswerOf) -> None:
    free = Decimal("4723846.89208129")

    assert account.balances(answer("account"))["BTC"] == Balance("BTC", free, Decimal("0.1"))


def test_an_account_that_cannot_be_read_is_malformed(answer: AnswerOf) -> None:
    raw = b'{"balances":[{"asset":"BTC","free":"NaN","locked":"0"}]}'

    with pytest.raises(MalformedData, match="account"):
        account.account(answer(raw=raw))
    with pytest.raises(RateLimited):
        account.account(answer(status=429))


def test_the_account_and_its_fees_are_asked_for() -> None:
    held, fees = account.account_request(SIGNER, NOW_NS), account.fees_request(SIGNER, "X", NOW_NS)

    assert held.target.startswith("/api/v3/account?timestamp=1591702613943&recvWindow=5000&")
    assert "/api/v3/account/commission?timestamp=1591702613943&symbol=X&" in fees.target
    assert {held.lane, fees.lane} == {Lane.ACCOUNT}
    assert (held.weight, fees.weight) == (20, 20)


def test_every_commission_counts_on_the_dearer_side_and_the_token_discounts_the_standard_one(
    answer: AnswerOf,
) -> None:
    # taker: 10 + (2 + 0.4) + (0.0114 + 0.0118); maker: 8 + (1 + 0.4) + (0.0112 + 0.0118)
    assert account.fees(answer("commission")) == account.Commission(
        FeeSchedule(taker_bps=12.4232, maker_bps=9.423, manner=FeeManner.RECEIVED),
        FeeSchedule(
            taker_bps=9.9232,
            maker_bps=7.423,
            manner=FeeManner.THIRD_TOKEN,
            third_token="BNB",
        ),
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"enabledForAccount":true', b'"enabledForAccount":false'),
        (b'"enabledForSymbol":true', b'"enabledForSymbol":false'),
        (b'"BNB"', b"null"),
    ],
)
def test_without_the_discount_the_fee_comes_out_of_what_is_received(
    old: bytes, new: bytes, body: Callable[[str], bytes], answer: AnswerOf
) -> None:
    fees = account.fees(answer(raw=body("commission").replace(old, new)))

    assert fees.third_token is None
    assert fees.received.manner is FeeManner.RECEIVED


def test_an_account_without_special_commission_pays_none(
    body: Callable[[str], bytes], answer: AnswerOf
) -> None:
    raw = body("commission").replace(b'"specialCommission"', b'"x"')

    assert account.fees(answer(raw=raw)).received.taker_bps == 10.0232


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (b'"discount":"0.75000000"', b'"discount":"1.1"', MalformedData),
        (b'"discount":"0.75000000"', b'"discount":"NaN"', MalformedData),
        (b'"taker":"0.00100000"', b'"taker":"NaN"', MalformedData),
        (b'"taker":"0.00100000"', b'"taker":"1"', MalformedData),
        (b'"taker":"0.00100000"', b'"taker":"0.9999"', ConfigError),
    ],
)
def test_rates_that_cannot_be_are_refused(
    old: bytes, new: bytes, kind: type[Exception], body: Callable[[str], bytes], answer: AnswerOf
) -> None:
    with pytest.raises(kind):
        account.fees(answer(raw=body("commission").replace(old, new)))


def test_ccxt_signs_the_same_requests(stranger: Callable[..., Any]) -> None:
    signer = RequestSigner("key", "secret", 10_000)
    pairs = [
        (account.account_request(signer, NOW_NS), "fetch_balance", ()),
        (
            account.fees_request(signer, "BTCUSDT", NOW_NS),
            "privateGetAccountCommission",
            ({"symbol": "BTCUSDT"},),
        ),
    ]
    for ours, name, args in pairs:
        theirs = stranger(name, *args)
        assert (ours.method, ours.target) == (theirs.method, f"{theirs.path}?{theirs.query}")
