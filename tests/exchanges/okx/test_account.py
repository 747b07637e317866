import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from arbitrage.domain.errors import ConfigError, MalformedData, RateLimited, Unavailable
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.exchanges.base import Balance, OpenPosition
from arbitrage.exchanges.okx import account
from arbitrage.exchanges.okx.auth import RequestSigner
from arbitrage.exchanges.okx.orders import SpotMode
from arbitrage.exchanges.order_gateway import AccountState, Answer, Lane

AnswerOf = Callable[..., Answer]
BodyOf = Callable[[str], bytes]
NOW_NS = 1591702613943_000_000
SIGNER = RequestSigner("key", "secret", "pass")
DOLLARS, BITCOIN = Decimal("4850.435693622894"), Decimal("1.5")


def test_the_account_is_cash_and_where_they_were_asked_for_positions(answer: AnswerOf) -> None:
    cash = {"USDT": DOLLARS, "BTC": BITCOIN}

    assert account.account(answer("balance")) == AccountState(cash)
    assert account.account(answer("balance"), answer("positions")) == AccountState(
        cash, {"AVAX-USDT-SWAP": Decimal(3), "BTC-USDT-SWAP": Decimal(-3)}
    )


def test_balances_never_show_more_than_the_cash(answer: AnswerOf) -> None:
    assert account.balances(answer("balance")) == {
        "USDT": Balance("USDT", Decimal("4834.317093622894"), Decimal("16.1186")),
        "BTC": Balance("BTC", BITCOIN, Decimal(0)),
    }


def test_positions_are_net_and_those_that_are_flat_are_left_out(answer: AnswerOf) -> None:
    avalanche, bitcoin = account.held(answer("positions"))

    assert bitcoin == OpenPosition(
        symbol="BTC-USDT-SWAP",
        qty=Decimal(-3),
        entry_price=Decimal("62961.4"),
        unrealised_pnl=Decimal("2.085"),
        margin=Decimal("377.4"),
    )
    assert avalanche == OpenPosition(  # long and short kept apart
        symbol="AVAX-USDT-SWAP",
        qty=Decimal(3),
        entry_price=Decimal(0),
        unrealised_pnl=Decimal("0.75"),
        margin=Decimal(6),
    )


def test_fees_are_read_in_basis_points(answer: AnswerOf) -> None:
    said = account.fees(answer("trade_fee"))

    assert said == FeeSchedule(taker_bps=10.0, maker_bps=8.0, manner=FeeManner.RECEIVED)
    in_quote = account.fees(answer("trade_fee"), FeeManner.QUOTE)
    assert in_quote.manner is FeeManner.QUOTE


def test_a_rebate_is_negative_and_the_dearest_group_counts(body: BodyOf, answer: AnswerOf) -> None:
    groups = b'"feeGroup":[{"maker":"0.0001","taker":"-0.0003"},{"maker":"0","taker":"-0.0005"}]'
    raw = body("trade_fee").replace(b'"instType":"SPOT"', b'"instType":"SWAP"')
    first, _, rest = raw.partition(b'"feeGroup":')
    raw = first + groups + rest.partition(b"]")[2]

    assert account.fees(answer(raw=raw)) == FeeSchedule(taker_bps=5.0, maker_bps=0.0)


@pytest.mark.parametrize(
    ("rate", "error", "said"),
    [
        (b"-7", ConfigError, "taker_bps"),
        (b"0.001", ConfigError, "taker_bps"),
        (b"NaN", MalformedData, "trade-fee"),
        (b"cheap", MalformedData, "trade-fee"),
    ],
)
def test_absurd_fees_are_refused(
    rate: bytes, error: type[Exception], said: str, body: BodyOf, answer: AnswerOf
) -> None:
    raw = body("trade_fee").replace(b'"taker":"-0.001"', b'"taker":"%s"' % rate)

    with pytest.raises(error, match=said):
        account.fees(answer(raw=raw))


def test_fees_without_a_group_are_malformed(answer: AnswerOf) -> None:
    raw = b'{"code":"0","data":[{"instType":"SPOT","feeGroup":[]}],"msg":""}'

    with pytest.raises(MalformedData, match="trade-fee"):
        account.fees(answer(raw=raw))


def test_what_is_documented_differs_by_kind() -> None:
    spot, swap = (account.documented_fees(symbol) for symbol in ("BTC-USDT", "BTC-USDT-SWAP"))

    assert (spot.taker_bps, spot.manner) == (10.0, FeeManner.RECEIVED)
    assert (swap.taker_bps, swap.manner) == (5.0, FeeManner.QUOTE)


@pytest.mark.parametrize(
    ("level", "spot_mode", "trades_swaps"),
    [
        (b"1", SpotMode.CASH, False),
        (b"2", SpotMode.CASH, True),
        (b"3", SpotMode.CROSS, True),
        (b"4", SpotMode.CROSS, True),
    ],
)
def test_the_accounts_mode_decides_how_spot_is_ordered(
    level: bytes, spot_mode: SpotMode, trades_swaps: bool, body: BodyOf, answer: AnswerOf
) -> None:
    raw = body("config").replace(b'"acctLv":"2"', b'"acctLv":"%s"' % level)

    said = account.configuration(answer(raw=raw))

    assert (said.spot_mode, said.trades_swaps) == (spot_mode, trades_swaps)


def test_the_settings_and_the_rights_of_the_key_are_read(body: BodyOf, answer: AnswerOf) -> None:
    said = account.configuration(answer("config"))

    assert said == account.Configuration(
        spot_mode=SpotMode.CASH,
        spot_manner=FeeManner.RECEIVED,
        is_net_mode=False,
        trades_swaps=True,
        may_trade=True,
        may_withdraw=True,
    )
    raw = body("config").replace(b"read_only,withdraw,trade", b"read_only")
    raw = raw.replace(b"long_short_mode", b"net_mode").replace(b'"feeType":"0"', b'"feeType":"1"')
    other = account.configuration(answer(raw=raw))
    assert (other.is_net_mode, other.may_trade, other.may_withdraw) == (True, False, False)
    assert other.spot_manner is FeeManner.QUOTE


@pytest.mark.parametrize(
    ("old", "new"), [(b'"acctLv":"2"', b'"acctLv":"5"'), (b'"feeType":"0"', b'"feeType":"2"')]
)
def test_a_mode_that_we_do_not_know_is_not_traded_in(
    old: bytes, new: bytes, body: BodyOf, answer: AnswerOf
) -> None:
    with pytest.raises(ConfigError, match="nothing is traded"):
        account.configuration(answer(raw=body("config").replace(old, new)))


@pytest.mark.parametrize(
    "read", [account.account, account.balances, account.held, account.fees, account.configuration]
)
def test_what_cannot_be_read_is_malformed(read: Callable[[Answer], Any], answer: AnswerOf) -> None:
    with pytest.raises(MalformedData):
        read(answer(raw=b'{"code":"0","data":{},"msg":""}'))
    with pytest.raises(RateLimited):
        read(answer(status=429))


@pytest.mark.parametrize(
    ("read", "name", "field"),
    [
        (account.balances, "balance", b'"cashBal":"1.5"'),
        (account.held, "positions", b'"pos":"-3"'),
        (account.held, "positions", b'"upl":"2.085"'),
    ],
)
def test_absurd_amounts_are_malformed(
    read: Callable[[Answer], Any], name: str, field: bytes, body: BodyOf, answer: AnswerOf
) -> None:
    absurd = field.partition(b":")[0] + b':"NaN"'

    with pytest.raises(MalformedData, match="is dropped"):
        read(answer(raw=body(name).replace(field, absurd)))


# --- requests -------------------------------------------------------------------------------------


def test_a_setting_that_was_made_is_confirmed(answer: AnswerOf) -> None:
    raw = b'{"code":"0","msg":"","data":[{"posMode":"net_mode"}]}'

    account.confirm_setting(answer(raw=raw), "position mode")


@pytest.mark.parametrize(
    ("status", "raw", "error"),
    [
        (200, b'{"code":"59000","msg":"Close all positions first","data":[]}', ConfigError),
        (200, b'{"code":"51001","msg":"Instrument ID does not exist","data":[]}', ConfigError),
        (200, b'{"code":"50001","msg":"Service temporarily unavailable","data":[]}', Unavailable),
        (503, b'{"code":"0","msg":"","data":[]}', Unavailable),
        (503, b"", Unavailable),
    ],
)
def test_a_setting_that_was_not_made_raises(
    status: int, raw: bytes, error: type[Exception], answer: AnswerOf
) -> None:
    with pytest.raises(error, match="position mode"):
        account.confirm_setting(answer(status=status, raw=raw), "position mode")


def test_settings_are_asked_for_in_the_venues_words() -> None:
    leverage = account.leverage_request(SIGNER, "BTC-USDT-SWAP", 5, NOW_NS)
    net = account.net_mode_request(SIGNER, NOW_NS)

    assert json.loads(leverage.body) == {
        "lever": "5",
        "mgnMode": "cross",
        "instId": "BTC-USDT-SWAP",
    }
    assert json.loads(net.body) == {"posMode": "net_mode"}
    assert [(one.method, one.target) for one in (leverage, net)] == [
        ("POST", "/api/v5/account/set-leverage"),
        ("POST", "/api/v5/account/set-position-mode"),
    ]


def test_questions_spend_the_accounts_lane() -> None:
    requests = [
        account.account_request(SIGNER, NOW_NS),
        account.positions_request(SIGNER, NOW_NS),
        account.configuration_request(SIGNER, NOW_NS),
        account.fees_request(SIGNER, "BTC-USDT-SWAP", NOW_NS),
    ]

    assert [one.target.removeprefix("/api/v5/account/") for one in requests] == [
        "balance",
        "positions?instType=SWAP",
        "config",
        "trade-fee?instType=SWAP&instFamily=BTC-USDT",
    ]
    assert {one.lane for one in requests} == {Lane.ACCOUNT}


@pytest.mark.parametrize("leverage", [0, -1, 126])
def test_a_leverage_that_no_symbol_has_is_refused(leverage: int) -> None:
    with pytest.raises(ConfigError, match=f"leverage {leverage}"):
        account.leverage_request(SIGNER, "BTC-USDT-SWAP", leverage, NOW_NS)


def test_ccxt_signs_the_same_requests(stranger: Callable[..., Any]) -> None:
    leverage = {"lever": "5", "mgnMode": "cross", "instId": "BTC-USDT-SWAP"}
    family = {"instType": "SWAP", "instFamily": "BTC-USDT"}
    pairs = [
        (account.account_request(SIGNER, NOW_NS), "fetch_balance", ()),
        (
            account.positions_request(SIGNER, NOW_NS),
            "privateGetAccountPositions",
            ({"instType": "SWAP"},),
        ),
        (account.configuration_request(SIGNER, NOW_NS), "fetch_position_mode", ()),
        (account.net_mode_request(SIGNER, NOW_NS), "set_position_mode", (False,)),
        (account.fees_request(SIGNER, "BTC-USDT", NOW_NS), "fetch_trading_fee", ("BTC/USDT",)),
        (
            account.fees_request(SIGNER, "BTC-USDT-SWAP", NOW_NS),
            "privateGetAccountTradeFee",
            (family,),
        ),
        (
            account.leverage_request(SIGNER, "BTC-USDT-SWAP", 5, NOW_NS),
            "privatePostAccountSetLeverage",
            (leverage,),
        ),
    ]
    for ours, name, args in pairs:
        sent = (ours.method, ours.target, dict(ours.headers), ours.body)
        assert sent == stranger(name, *args)
