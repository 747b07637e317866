"""What an account is asked before it may trade, and what it owns, however the venue tells it.

An account that cannot be traded safely is refused before anything else is done with it.
"""

import logging

from arbitrage.domain.errors import ConfigError
from arbitrage.exchanges.order_gateway import AccountState
from arbitrage.net.rest import Rest

_log = logging.getLogger(__name__)


async def admit(rest: Rest) -> None:
    """Look at the rights of the key, then make the account ready for its first order.

    Raises `ConfigError` for a key that can withdraw and for an account that cannot be traded,
    `Unavailable` if the venue could not be asked.
    """
    await _check_key(rest)
    if rest.plan.prepare is not None:
        await rest.plan.prepare(rest.ask)


async def _check_key(rest: Rest) -> None:
    check, venue = rest.plan.key_check, rest.plan.venue
    if check is None:
        return
    rights = check.read(await rest.ask_at(check.rest_url, check.request))
    if rights.can_withdraw:
        raise ConfigError(
            f"{venue}: this API key can withdraw; expected one that cannot. Make a key at the "
            "venue without the right to withdraw, use it here, and delete this one. Nothing was "
            "started"
        )
    if rights.can_trade is False:
        _log.warning("%s: this API key cannot trade; its orders will be refused", venue)


async def read_account(rest: Rest) -> AccountState:
    """Balances and positions. Raises `Unavailable`, `MalformedData` or `ConfigError`."""
    plan = rest.plan
    if plan.read_account is not None:
        return await plan.read_account(rest.ask)
    return plan.codec.account(await rest.ask(plan.codec.account_request))
