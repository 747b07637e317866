"""Which currencies can be moved to and from the venue now, as its funding account tells."""

from collections.abc import Mapping

import msgspec

from arbitrage.exchanges.okx.answers import read
from arbitrage.exchanges.okx.auth import RequestSigner
from arbitrage.exchanges.order_gateway import Answer, Request
from arbitrage.net.venue_plan import WalletState


class _Network(msgspec.Struct, rename="camel"):
    ccy: str
    can_dep: bool
    can_wd: bool


_networks = msgspec.json.Decoder(list[_Network])


def wallets_request(signer: RequestSigner, now_ns: int) -> Request:
    return signer.get("/api/v5/asset/currencies", now_ns)


def wallets(answer: Answer) -> Mapping[str, WalletState]:
    """`[{"ccy":"USDT","chain":"USDT-TRC20","canDep":true,"canWd":false,...}]`: one row for each
    network of a currency. Raises what `answers.read` raises."""
    found: dict[str, WalletState] = {}
    for one in read(_networks, answer, "currencies"):
        known = found.get(one.ccy, WalletState(can_deposit=False, can_withdraw=False))
        found[one.ccy] = WalletState(
            can_deposit=known.can_deposit or one.can_dep,
            can_withdraw=known.can_withdraw or one.can_wd,
        )
    return found
