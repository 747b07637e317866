"""The venue's wallet API at `/sapi`: what the key may do, if the venue is up, which coins move.

Its requests have limits of their own, so they cost nothing of the budgets of trading. The demo
venue has no wallet API [K, as ccxt].
"""

import msgspec

from arbitrage.exchanges.binance_spot.answers import read
from arbitrage.exchanges.binance_spot.auth import RequestSigner
from arbitrage.exchanges.order_gateway import Answer, Lane, Request
from arbitrage.net.venue_plan import KeyRights, WalletState

_NORMAL = 0


class _Rights(msgspec.Struct, rename="camel"):
    enable_withdrawals: bool
    enable_spot_and_margin_trading: bool


class _Status(msgspec.Struct):
    status: int
    msg: str = ""


class _Network(msgspec.Struct, rename="camel"):
    deposit_enable: bool
    withdraw_enable: bool


class _Coin(msgspec.Struct, rename="camel"):
    coin: str
    network_list: list[_Network]


_rights = msgspec.json.Decoder(_Rights)
_status = msgspec.json.Decoder(_Status)
_coins = msgspec.json.Decoder(list[_Coin])


def rights_request(signer: RequestSigner, now_ns: int) -> Request:
    return signer.request(
        "GET", "/sapi/v1/account/apiRestrictions", "", now_ns, lane=Lane.ACCOUNT, weight=0
    )


def rights(answer: Answer) -> KeyRights:
    """`{"ipRestrict":false,"createTime":1698645219000,"enableReading":true,
    "enableWithdrawals":false,"enableSpotAndMarginTrading":true,...}` [K]

    An answer that does not tell is `MalformedData`. Raises what `answers.read` raises.
    """
    said = read(_rights, answer, "apiRestrictions")
    return KeyRights(
        can_trade=said.enable_spot_and_margin_trading, can_withdraw=said.enable_withdrawals
    )


def status_request(_now_ns: int) -> Request:
    return Request("GET", "/sapi/v1/system/status", lane=Lane.MARKET, weight=0)


def maintenance(answer: Answer) -> str:
    """`{"status":0,"msg":"normal"}`, or 1 in maintenance [K]: why the venue is down, if it is.

    Raises what `answers.read` raises.
    """
    said = read(_status, answer, "system status")
    return "" if said.status == _NORMAL else said.msg or f"system status {said.status}"


def coins_request(signer: RequestSigner, now_ns: int) -> Request:
    return signer.request(
        "GET", "/sapi/v1/capital/config/getall", "", now_ns, lane=Lane.ACCOUNT, weight=0
    )


def coins(answer: Answer) -> dict[str, WalletState]:
    """`[{"coin":"BTC","free":"0.08","networkList":[{"network":"BTC","depositEnable":true,
    "withdrawEnable":true,...},...],...}]` [K]

    A coin moves if one of its networks does. Raises what `answers.read` raises.
    """
    return {
        each.coin: WalletState(
            can_deposit=any(network.deposit_enable for network in each.network_list),
            can_withdraw=any(network.withdraw_enable for network in each.network_list),
        )
        for each in read(_coins, answer, "capital config")
    }
