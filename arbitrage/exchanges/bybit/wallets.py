"""Which coins can be deposited and withdrawn now [D* asset/coin-info]."""

from collections.abc import Mapping

import msgspec

from arbitrage.exchanges.bybit.answers import read
from arbitrage.exchanges.bybit.auth import RequestSigner
from arbitrage.exchanges.order_gateway import Answer, Request
from arbitrage.net.venue_plan import WalletState

_OPEN = "1"


class _Chain(msgspec.Struct, rename="camel"):
    chain_deposit: str
    chain_withdraw: str


class _Coin(msgspec.Struct):
    coin: str
    chains: list[_Chain]


class _Coins(msgspec.Struct):
    rows: list[_Coin]


_coins = msgspec.json.Decoder(_Coins)


def wallets_request(signer: RequestSigner, now_ns: int) -> Request:
    return signer.get("/v5/asset/coin/query-info", "", now_ns)


def wallets(answer: Answer) -> Mapping[str, WalletState]:
    """By coin, whether any of its chains is open.

    `{"rows":[{"name":"MNT","coin":"MNT","chains":[{"chain":"ETH","chainDeposit":"1",
    "chainWithdraw":"1",...}],...}]}`; raises what `answers.read` raises.
    """
    return {
        row.coin: WalletState(
            can_deposit=any(chain.chain_deposit == _OPEN for chain in row.chains),
            can_withdraw=any(chain.chain_withdraw == _OPEN for chain in row.chains),
        )
        for row in read(_coins, answer, "coins").rows
    }
