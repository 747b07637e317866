"""Which currencies can be moved to and from Bithumb now."""

from collections.abc import Mapping

import msgspec

from arbitrage.exchanges.bithumb.answers import read_answer
from arbitrage.exchanges.order_gateway import Answer
from arbitrage.net.venue_plan import WalletState

# Words of `wallet_state`. They are those of Upbit, whose answer has the same shape (unconfirmed);
# whatever else is said is neither.
_DEPOSITS = frozenset({"working", "deposit_only"})
_WITHDRAWALS = frozenset({"working", "withdraw_only"})


class WalletReply(msgspec.Struct, gc=False):
    """`{"currency":"BTC","wallet_state":"working","block_state":"normal","block_height":1,
    "block_updated_at":"2026-11-22T14:39:04+09:00","block_elapsed_minutes":0,"net_type":"BTC",
    "network_name":"Bitcoin"}`: one for each network of a currency."""

    currency: str
    wallet_state: str


_WALLETS = msgspec.json.Decoder(list[WalletReply])


def wallets(answer: Answer) -> Mapping[str, WalletState]:
    """What can be done with each currency on one of its networks. Raises as `read_answer`."""
    found: dict[str, WalletState] = {}
    for one in read_answer(_WALLETS, answer, "wallets"):
        known = found.get(one.currency, WalletState(can_deposit=False, can_withdraw=False))
        found[one.currency] = WalletState(
            can_deposit=known.can_deposit or one.wallet_state in _DEPOSITS,
            can_withdraw=known.can_withdraw or one.wallet_state in _WITHDRAWALS,
        )
    return found
