from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.exchanges.base import Balance, OpenPosition
from arbitrage.exchanges.bybit import account
from arbitrage.exchanges.bybit.auth import RequestSigner
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.order_gateway import Answer, Request

AnswerOf = Callable[..., Answer]
NOW_NS = 1591702613943_000_000
SIGNER = RequestSigner("key", "secret")


def same(ours: Request, theirs: Any) -> bool:
    """Whether ccxt sends the same bytes; it adds the header of its broker."""
    return (ours.method, ours.target, ours.body) == (
        theirs.method,
        theirs.target,
        theirs.body,
    ) and ours.headers.items() <= theirs.headers.items()


def test_ccxt_signs_the_same_requests(stranger: Callable[..., Any]) -> None:
    linear, settle = "BTC/USDT:USDT", {"settleCoin": "USDT"}

    assert same(account.wallet_request(SIGNER, NOW_NS), stranger("fetch_balance"))
    assert same(
        account.positions_request(SIGNER, NOW_NS), stranger("fetch_positions", None, settle)
    )
    assert same(
        account.fees_request(SIGNER, Category.LINEAR, "BTCUSDT", NOW_NS),
        stranger("fetch_trading_fee", linear),
    )
    assert same(
        account.leverage_request(SIGNER, "BTCUSDT", 3, NOW_NS), stranger("set_leverage", 3, linear)
    )
    assert same(account.one_way_mode_request(SIGNER, NOW_NS), stranger("set_position_mode", False))


def test_balances_leave_unrealised_profit_out(answer: AnswerOf) -> None:
    state = account.account(answer("wallet"))

    assert state.balances == {"USDT": Decimal("106.03036732"), "BTC": Decimal("0.5")}
    assert state.positions == {}


def test_positions_are_signed_and_those_that_are_flat_left_out(answer: AnswerOf) -> None:
    state = account.account(answer("wallet"), [answer("positions"), answer("no_order")])

    assert state.positions == {"BTCUSDT": Decimal("0.004"), "ADAUSDT": Decimal(-30)}


def test_the_two_sides_of_a_hedge_are_summed(
    body: Callable[[str], bytes], answer: AnswerOf
) -> None:
    other_side = answer(raw=body("positions").replace(b'"side":"Buy"', b'"side":"Sell"'))

    state = account.account(answer("wallet"), [answer("positions"), other_side])

    assert state.positions == {"ADAUSDT": Decimal(-60)}


def test_what_orders_and_positions_bind_is_not_available(answer: AnswerOf) -> None:
    assert account.balances(answer("wallet")) == {
        "USDT": Balance("USDT", Decimal("87.28036732"), Decimal("18.75")),
        "BTC": Balance("BTC", Decimal("0.3"), Decimal("0.2")),
    }


@pytest.mark.parametrize(
    ("locked", "available"), [(b"0.9", Decimal(0)), (b"", Decimal("0.5")), (b"-1", Decimal("0.5"))]
)
def test_available_is_between_nothing_and_the_wallet(
    locked: bytes, available: Decimal, body: Callable[[str], bytes], answer: AnswerOf
) -> None:
    raw = body("wallet").replace(b'"locked":"0.2"', b'"locked":"%s"' % locked)

    balance = account.balances(answer(raw=raw))["BTC"]

    assert (balance.available, balance.total) == (available, Decimal("0.5"))


def test_open_positions_are_sorted_and_tell_what_they_lock(answer: AnswerOf) -> None:
    assert account.positions(answer("positions")) == [
        OpenPosition(
            symbol="ADAUSDT",
            qty=Decimal(-30),
            entry_price=Decimal("0.385"),
            unrealised_pnl=Decimal("0.76427700"),
            margin=Decimal(0),
        ),
        OpenPosition(
            symbol="BTCUSDT",
            qty=Decimal("0.004"),
            entry_price=Decimal("8999.5"),
            unrealised_pnl=Decimal("-0.0016"),
            margin=Decimal("3.6"),
        ),
    ]


def test_positions_come_in_pages_and_by_coin() -> None:
    request = account.positions_request(SIGNER, NOW_NS, "USDC", "a%3D")

    query = "settleCoin=USDC&limit=200&category=linear&cursor=a%3D"
    assert request.target == f"/v5/position/list?{query}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"side":"Sell"', b'"side":"None"'),
        (b'"size":"30"', b'"size":"-30"'),
        (b'"size":"30"', b'"size":"NaN"'),
        (b'"avgPrice":"0.385"', b'"avgPrice":"Infinity"'),
    ],
)
def test_a_position_that_cannot_be_is_malformed(
    old: bytes, new: bytes, body: Callable[[str], bytes], answer: AnswerOf
) -> None:
    raw = body("positions")
    assert old in raw

    with pytest.raises(MalformedData, match="positions"):
        account.positions(answer(raw=raw.replace(old, new)))


@pytest.mark.parametrize("locked", [b"NaN", b"much", b"1E99"])
def test_a_wallet_that_cannot_be_is_malformed(
    locked: bytes, body: Callable[[str], bytes], answer: AnswerOf
) -> None:
    raw = body("wallet").replace(b'"locked":"0.2"', b'"locked":"%s"' % locked)

    for read in (account.account, account.balances):
        with pytest.raises(MalformedData, match="wallet"):
            read(answer(raw=raw))


def test_an_account_that_did_not_come_raises(answer: AnswerOf) -> None:
    with pytest.raises(Unavailable):
        account.account(answer(status=502))


def test_the_accounts_own_fees_are_in_the_manner_of_the_category(answer: AnswerOf) -> None:
    linear = account.fees(Category.LINEAR, answer("fee_rate"))
    spot = account.fees(Category.SPOT, answer("fee_rate"))

    assert linear == FeeSchedule(taker_bps=6.0, maker_bps=1.0, manner=FeeManner.QUOTE)
    assert spot == FeeSchedule(taker_bps=6.0, maker_bps=1.0, manner=FeeManner.RECEIVED)


def test_fees_are_told_of_one_symbol_or_not_taken(answer: AnswerOf) -> None:
    none = b'{"retCode":0,"retMsg":"OK","result":{"list":[]},"retExtInfo":{},"time":1}'
    with pytest.raises(ConfigError, match="0 fee rates"):
        account.fees(Category.LINEAR, answer(raw=none))


def test_documented_fees_hold_until_the_account_tells_its_own() -> None:
    assert account.documented_fees(Category.LINEAR) == FeeSchedule(taker_bps=5.5, maker_bps=2.0)
    assert account.documented_fees(Category.SPOT).manner is FeeManner.RECEIVED


def test_a_leverage_below_one_is_not_asked_for() -> None:
    with pytest.raises(ConfigError, match="leverage 0"):
        account.leverage_request(SIGNER, "BTCUSDT", 0, NOW_NS)


@pytest.mark.parametrize("code", [0, 110043, 110025, 110026])
def test_a_setting_that_holds_is_confirmed_also_if_it_did_before(
    code: int, answer: AnswerOf
) -> None:
    account.confirm_setting(answer(code=code), "leverage")


def test_a_setting_that_does_not_hold_is_not_confirmed(answer: AnswerOf) -> None:
    with pytest.raises(Unavailable, match="leverage: HTTP 200, 110024"):
        account.confirm_setting(answer(code=110024), "leverage")
    with pytest.raises(Unavailable):
        account.confirm_setting(answer(status=502, code=0), "leverage")
    with pytest.raises(Unavailable):
        account.confirm_setting(answer(raw=b"<html>"), "leverage")


def test_the_mode_shows_in_the_positions(body: Callable[[str], bytes], answer: AnswerOf) -> None:
    hedged = body("positions").replace(b'"positionIdx":0', b'"positionIdx":1', 1)

    assert account.is_one_way(answer("positions"))
    assert not account.is_one_way(answer(raw=hedged))


def test_a_symbol_is_asked_for_its_settings_also_without_a_position(
    body: Callable[[str], bytes], answer: AnswerOf
) -> None:
    request = account.symbol_request(SIGNER, "BTCUSDT", NOW_NS)
    lower = body("positions").replace(b'"leverage":"10"', b'"leverage":"2.5"', 1)
    untold = body("positions").replace(b'"leverage":"10"', b'"leverage":""')

    assert request.target == "/v5/position/list?symbol=BTCUSDT&category=linear"
    assert account.least_leverage(answer("positions")) == 10
    assert account.least_leverage(answer(raw=lower)) == Decimal("2.5")
    assert account.least_leverage(answer(raw=untold)) is None
