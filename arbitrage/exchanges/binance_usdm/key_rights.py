"""What the API key may do. The venue's wallet API tells, at an address of its own
(`facts.WALLET_URL`)."""

import msgspec

from arbitrage.exchanges.binance_usdm.answers import read
from arbitrage.exchanges.binance_usdm.auth import RequestSigner
from arbitrage.exchanges.order_gateway import Answer, Lane, Request
from arbitrage.net.venue_plan import KeyRights


class _Rights(msgspec.Struct, rename="camel"):
    enable_withdrawals: bool
    enable_futures: bool


_rights = msgspec.json.Decoder(_Rights)


def rights_request(signer: RequestSigner, now_ns: int) -> Request:
    """The wallet API has limits of its own, so this costs nothing of the budgets here."""
    return signer.request(
        "GET", "/sapi/v1/account/apiRestrictions", "", now_ns, lane=Lane.ACCOUNT, weight=0
    )


def rights(answer: Answer) -> KeyRights:
    """`{"ipRestrict":false,"createTime":1698645219000,"enableReading":true,
    "enableWithdrawals":false,"enableFutures":true,...}` [K]

    An answer that does not tell is `MalformedData`. Raises what `answers.read` raises.
    """
    said = read(_rights, answer, "apiRestrictions")
    return KeyRights(can_trade=said.enable_futures, can_withdraw=said.enable_withdrawals)
