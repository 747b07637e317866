from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from arbitrage.domain.errors import ConfigError, MalformedData, RateLimited, Unavailable
from arbitrage.domain.fees import FeeSchedule
from arbitrage.exchanges.base import Balance, OpenPosition
from arbitrage.exchanges.binance_usdm import account
from arbitrage.exchanges.binance_usdm.auth import RequestSigner
from arbitrage.exchanges.order_gateway import AccountState, Answer, Lane

AnswerOf = Callable[..., Answer]
NOW_NS = 1591702613943_000_000
SIGNER = RequestSigner("key", "secret")


def test_the_account_is_wallets_and_net_positions(answer: AnswerOf) -> None:
    assert account.account(answer("account")) == AccountState(
        {"USDT": Decimal("23.72469206"), "BNB": Decimal(1)},
        {"ADAUSDT": Decimal(30), "BTCUSDT": Decimal("-0.020")},
    )


def test_balances_never_show_more_than_the_wallet(answer: AnswerOf) -> None:
    assert account.balances(answer("account")) == {
        "USDT": Balance("USDT", Decimal("23.10897821"), Decimal("0.61571385")),
        "BNB": Balance("BNB", Decimal(1), Decimal(0)),
    }


def test_positions_that_are_flat_are_left_out(answer: AnswerOf) -> None:
    found = account.positions(answer("position_risk"))

    assert [position.symbol for position in found] == ["ADAUSDT", "COMPUSDT"]
    assert found[1] == OpenPosition(
        symbol="COMPUSDT",
        qty=Decimal("-0.5"),
        entry_price=Decimal("50.10"),
        unrealised_pnl=Decimal("0.05"),
        margin=Decimal("1.25"),
    )


def test_fees_are_read_in_basis_points(answer: AnswerOf) -> None:
    raw = b'{"symbol":"BTCUSDT","makerCommissionRate":"-0.0001","takerCommissionRate":"0.0004"}'

    assert account.fees(answer(raw=raw)) == FeeSchedule(taker_bps=4.0, maker_bps=-1.0)


def test_absurd_fees_are_refused(answer: AnswerOf) -> None:
    raw = b'{"makerCommissionRate":"0","takerCommissionRate":"7"}'

    with pytest.raises(ConfigError, match="taker_bps"):
        account.fees(answer(raw=raw))


@pytest.mark.parametrize("is_hedge", [True, False])
def test_the_position_mode_is_read(is_hedge: bool, answer: AnswerOf) -> None:
    raw = b'{"dualSidePosition":%s}' % (b"true" if is_hedge else b"false")

    assert account.is_one_way(answer(raw=raw)) is not is_hedge


@pytest.mark.parametrize(
    "read", [account.account, account.balances, account.positions, account.fees]
)
def test_what_cannot_be_read_is_malformed(read: Callable[[Answer], Any], answer: AnswerOf) -> None:
    with pytest.raises(MalformedData):
        read(answer(raw=b"{}" if read is account.positions else b"[]"))
    with pytest.raises(RateLimited):
        read(answer(status=429))


@pytest.mark.parametrize("code", [-4046, -4059])
def test_a_setting_that_holds_already_is_confirmed(code: int, answer: AnswerOf) -> None:
    account.confirm_setting(answer(status=400, raw=b'{"code":%d,"msg":"No need"}' % code), "x")
    account.confirm_setting(answer(raw=b'{"code":200,"msg":"success"}'), "x")


@pytest.mark.parametrize(
    ("status", "raw", "error"),
    [
        (400, b'{"code":-4048,"msg":"there exists position"}', Unavailable),
        (400, b'{"code":-1121,"msg":"Invalid symbol."}', ConfigError),
        (503, b"", Unavailable),
    ],
)
def test_a_setting_that_was_not_made_raises(
    status: int, raw: bytes, error: type[Exception], answer: AnswerOf
) -> None:
    with pytest.raises(error, match="margin type"):
        account.confirm_setting(answer(status=status, raw=raw), "margin type")


def test_settings_are_asked_for_in_the_venues_words() -> None:
    requests = [
        account.leverage_request(SIGNER, "BTCUSDT", 5, NOW_NS),
        account.margin_type_request(SIGNER, "BTCUSDT", "CROSSED", NOW_NS),
        account.one_way_mode_request(SIGNER, NOW_NS),
        account.position_mode_request(SIGNER, NOW_NS),
    ]

    assert [(one.method, one.target.partition("&signature")[0]) for one in requests] == [
        (method, f"{path}?timestamp=1591702613943{query}&recvWindow=5000")
        for method, path, query in (
            ("POST", "/fapi/v1/leverage", "&symbol=BTCUSDT&leverage=5"),
            ("POST", "/fapi/v1/marginType", "&symbol=BTCUSDT&marginType=CROSSED"),
            ("POST", "/fapi/v1/positionSide/dual", "&dualSidePosition=false"),
            ("GET", "/fapi/v1/positionSide/dual", ""),
        )
    ]
    assert [one.weight for one in requests] == [1, 1, 1, 30]


def test_questions_spend_the_accounts_lane() -> None:
    requests = [
        account.account_request(SIGNER, NOW_NS),
        account.positions_request(SIGNER, NOW_NS),
        account.fees_request(SIGNER, "BTCUSDT", NOW_NS),
    ]

    assert [one.target.partition("?")[0] for one in requests] == [
        "/fapi/v3/account",
        "/fapi/v3/positionRisk",
        "/fapi/v1/commissionRate",
    ]
    assert [one.weight for one in requests] == [5, 5, 20]
    assert {one.lane for one in requests} == {Lane.ACCOUNT}


@pytest.mark.parametrize("leverage", [0, -1, 126])
def test_a_leverage_that_no_symbol_has_is_refused(leverage: int) -> None:
    with pytest.raises(ConfigError, match="leverage"):
        account.leverage_request(SIGNER, "BTCUSDT", leverage, NOW_NS)


def test_an_unknown_margin_type_is_refused() -> None:
    with pytest.raises(ConfigError, match="'cross'"):
        account.margin_type_request(SIGNER, "BTCUSDT", "cross", NOW_NS)


def test_the_listen_key_is_opened_kept_and_closed() -> None:
    requests = [
        account.open_stream_request(SIGNER),
        account.keep_stream_request(SIGNER),
        account.close_stream_request(SIGNER),
    ]

    assert [one.method for one in requests] == ["POST", "PUT", "DELETE"]
    assert {one.target for one in requests} == {"/fapi/v1/listenKey"}
    assert all("signature" not in one.target for one in requests)


def test_the_private_socket_is_where_the_listen_key_says(answer: AnswerOf) -> None:
    said = answer(raw=b'{"listenKey":"pqia91ma19a5s61c"}')

    assert account.stream_target(said) == "/private/ws?listenKey=pqia91ma19a5s61c"


def test_ccxt_signs_the_same_requests(stranger: Callable[..., Any]) -> None:
    signer, symbol = RequestSigner("key", "secret", 10_000), "BTC/USDT:USDT"
    pairs = [
        (account.account_request(signer, NOW_NS), "fetch_balance", ()),
        (account.positions_request(signer, NOW_NS), "fapiPrivateV3GetPositionRisk", ()),
        (account.fees_request(signer, "BTCUSDT", NOW_NS), "fetch_trading_fee", (symbol,)),
        (account.leverage_request(signer, "BTCUSDT", 5, NOW_NS), "set_leverage", (5, symbol)),
        (
            account.margin_type_request(signer, "BTCUSDT", "ISOLATED", NOW_NS),
            "set_margin_mode",
            ("isolated", symbol),
        ),
        (account.one_way_mode_request(signer, NOW_NS), "set_position_mode", (False,)),
        (account.position_mode_request(signer, NOW_NS), "fetch_position_mode", ()),
    ]
    for ours, name, args in pairs:
        theirs = stranger(name, *args)
        assert (ours.method, ours.target) == (theirs.method, f"{theirs.path}?{theirs.query}")
