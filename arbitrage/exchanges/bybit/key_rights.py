"""What our API key may do, as the venue tells it [D* user/apikey-info]."""

import msgspec

from arbitrage.exchanges.bybit.answers import read
from arbitrage.exchanges.bybit.auth import RequestSigner
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.order_gateway import Answer, Request
from arbitrage.net.venue_plan import KeyRights


class _Permissions(msgspec.Struct, rename="pascal"):
    """Of linear contracts, the older permission and the newer one."""

    wallet: list[str]
    contract_trade: list[str] = []
    derivatives: list[str] = []
    spot: list[str] = []


class _Key(msgspec.Struct, rename="camel"):
    read_only: int
    permissions: _Permissions


_key = msgspec.json.Decoder(_Key)


def key_request(signer: RequestSigner, now_ns: int) -> Request:
    return signer.get("/v5/user/query-api", "", now_ns)


def key_rights(category: Category, answer: Answer) -> KeyRights:
    """`{"readOnly":0,"permissions":{"ContractTrade":["Order","Position"],"Spot":["SpotTrade"],
    "Wallet":["AccountTransfer","SubMemberTransfer","Withdraw"],"Derivatives":["DerivativesTrade"],
    ...},...}`; raises what `answers.read` raises."""
    key = read(_key, answer, "key")
    granted = key.permissions
    if category is Category.SPOT:
        may_order = "SpotTrade" in granted.spot
    else:
        may_order = "Order" in granted.contract_trade or bool(granted.derivatives)
    return KeyRights(
        can_trade=may_order and not key.read_only,
        can_withdraw="Withdraw" in granted.wallet,
    )
