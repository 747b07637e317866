"""Any exchange that ccxt knows, live, as `ccxt:ID`: by ccxt.pro where it has it, polled where not.

This is the slow road, for venues without a folder of their own: a frame takes some hundred
microseconds instead of a few, an order leaves a task later, and fills are asked for by REST. Orders
are as safe as elsewhere: the same three outcomes, never sent twice, held against the venue.
What ccxt cannot tell (whether a key may withdraw, funding that was paid, ticks that depend on the
price) is not made up; see docs/venues.md.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from math import ceil
from typing import Any

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_SECOND
from arbitrage.exchanges.base import Number, exact_number
from arbitrage.exchanges.ccxt import account, facts, markets
from arbitrage.exchanges.ccxt.answers import read_answer
from arbitrage.exchanges.ccxt.codec import CcxtCodec
from arbitrage.exchanges.ccxt.connector import Connector
from arbitrage.exchanges.ccxt.orders import Abilities
from arbitrage.exchanges.ccxt.pool import CcxtPool
from arbitrage.exchanges.ccxt.watching import CcxtConnection
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.net.budgets import BudgetRule
from arbitrage.net.heartbeat import SessionTerms
from arbitrage.net.http import PoolTerms
from arbitrage.net.transport import Transport
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import (
    AccountFees,
    Ask,
    GatewayTimes,
    OrderHistory,
    Positions,
    PrivateStream,
    PublicStreams,
    ServerClock,
    VenuePlan,
)
from arbitrage.net.websocket import Endpoint

_SYMBOLS_PER_CONNECTION = 20
# The quietest book that is traded on; a venue that says nothing for longer is connected to again.
_STALE_SECONDS = 60.0
_POLLS = PoolTerms(connections=4, timeout_seconds=15.0)
_ORDERS = PoolTerms(connections=4, max_waiting=16, timeout_seconds=10.0)
# Fills are told by questions alone, so those come soon; without pushes the lists do as well.
_TIMES = GatewayTimes(start_seconds=60.0, silent_order_seconds=0.1)
_POLLED_RECONCILE_SECONDS = 5.0


def create(
    *,
    exchange_id: str = "",
    symbols: Sequence[str] = (),
    api_key: str = "",
    secret: str = "",
    passphrase: str = "",
    tick_sizes: Mapping[str, Number] | None = None,
    fees: FeeSchedule | None = None,
    ccxt_settings: Mapping[str, Any] | None = None,
    urls: Mapping[str, Any] | None = None,
    **settings: Any,
) -> VenueGateway:
    """The exchange `exchange_id` for one account; without keys only its market data.

    `symbols` are ccxt's (`BTC/USDT`, `BTC/USDT:USDT`). `tick_sizes` and `fees` are for markets that
    the user knows better than ccxt. `ccxt_settings` go to ccxt as they are (`uid`, `walletAddress`,
    `options`), `urls` replaces addresses; `settings` are those of `VenueGateway`. Raises
    `ConfigError` where ccxt is not installed, for an exchange that it does not know, and for keys
    at one where it cannot tell what an order cost.
    """
    keys = {"apiKey": api_key, "secret": secret, "password": passphrase}
    given = {name: value for name, value in keys.items() if value}
    connector = Connector(exchange_id, {**given, **(ccxt_settings or {})}, urls or {})
    if connector.has_keys:
        _require_proof_of_fills(connector)
    watches = _watches(connector)
    perpetuals = [symbol for symbol in symbols if ":" in symbol]
    codec = CcxtCodec(
        exchange_id,
        abilities=Abilities.of(connector.model.features, symbols),
        has_keys=connector.has_keys,
        watches=watches,
        perpetuals=perpetuals if connector.can("fetchPositions") else (),
        tick_sizes={
            symbol: exact_number(tick, f"tick of {symbol}")
            for symbol, tick in (tick_sizes or {}).items()
        },
        can_cancel_by_client_id=bool(connector.dialect.client_id_param),
    )
    plan = _plan(connector, codec, frozenset(watches), fees, perpetuals)
    return VenueGateway(plan, symbols=symbols, **settings)


def _plan(
    connector: Connector,
    codec: CcxtCodec,
    channels: frozenset[Channel],
    fees: FeeSchedule | None,
    perpetuals: Sequence[str],
) -> VenuePlan:
    times = _TIMES
    if not connector.can("watchOrders"):
        times = msgspec.structs.replace(times, reconcile_seconds=_POLLED_RECONCILE_SECONDS)

    def documented_fees(instrument: Instrument) -> FeeSchedule:
        return codec.fees(instrument.symbol) if fees is None else fees

    return VenuePlan(
        codec=codec,
        rest_url="",
        transport=Transport(
            pool=partial(CcxtPool, connector), connection=partial(CcxtConnection, connector)
        ),
        public=(
            PublicStreams(
                url=codec.venue,
                channels=channels,
                max_symbols=_SYMBOLS_PER_CONNECTION,
                terms=SessionTerms(stale_seconds=_STALE_SECONDS),
            ),
        ),
        load_instruments=partial(_load_instruments, codec),
        documented_fees=documented_fees,
        budgets=(_budget(connector),),
        lingering_ns=facts.LINGERING_NS,
        open_orders_full=codec.abilities.full_open_list,
        private=_private(connector, codec, perpetuals) if connector.has_keys else None,
        prepare=_one_way(connector, codec, perpetuals),
        history=_history(connector, codec),
        clock=ServerClock(request=codec.time_request, read=codec.time_ns)
        if connector.can("fetchTime")
        else None,
        account_fees=AccountFees(request=codec.fee_request, read=markets.account_fees)
        if fees is None and connector.can("fetchTradingFee")
        else None,
        balances=account.balances,
        positions=Positions(request=codec.account_request, read=account.positions),
        polls=_POLLS,
        orders=_ORDERS,
        times=times,
    )


def _require_proof_of_fills(connector: Connector) -> None:
    """Upbit's trades are in its orders; of others a list of trades is needed."""
    if not (
        connector.can("fetchOrderTrades")
        or connector.can("fetchMyTrades")
        or connector.dialect.orders_hold_trades
    ):
        raise ConfigError(
            f"{facts.VENUE}:{connector.exchange_id}: ccxt cannot list its trades, so what an order "
            "cost cannot be known; expected an exchange with fetchMyTrades, or no keys; nothing "
            "was started"
        )


def _watches(connector: Connector) -> dict[Channel, str]:
    """By channel how it is watched; books are polled where they are not pushed."""
    found = {Channel.BOOK: "watch_book" if connector.can("watchOrderBook") else "poll_book"}
    if connector.can("watchBidsAsks"):
        found[Channel.QUOTE] = "watch_quotes"
    if connector.can("watchTrades"):
        found[Channel.TRADES] = "watch_trades"
    return found


def _private(connector: Connector, codec: CcxtCodec, perpetuals: Sequence[str]) -> PrivateStream:
    watches = ["watch_orders"] if connector.can("watchOrders") else []
    if perpetuals and connector.can("fetchFundingHistory"):
        watches.append("poll_funding")

    async def endpoint(_ask: Ask) -> Endpoint:
        now_ms = connector.model.milliseconds()
        return Endpoint(codec.venue, frames=codec.subscribe_private(watches, now_ms))

    return PrivateStream(endpoint=endpoint, decode=codec.decode_private, terms=SessionTerms())


def _history(connector: Connector, codec: CcxtCodec) -> OrderHistory | None:
    """Only lists that are known to be whole can say what never existed."""
    if not connector.dialect.lists_are_whole:
        return None
    return OrderHistory(
        request=codec.orders_since_request,
        read=codec.open_orders,
        full_length=codec.abilities.full_ended_list,
    )


def _one_way(connector: Connector, codec: CcxtCodec, perpetuals: Sequence[str]) -> Any:
    """Refuses an account in hedge mode, where an order may open the wrong side."""
    if not (perpetuals and connector.can("fetchPositionMode")):
        return None

    async def prepare(ask: Ask) -> None:
        answer = await ask(lambda _now_ns: codec.position_mode_request(perpetuals[0]))
        if read_answer(markets.IS_HEDGED, answer, "position mode"):
            raise ConfigError(
                f"{codec.venue}: the account is in hedge mode; expected one-way mode, set it at "
                "the venue; nothing was started"
            )

    return prepare


async def _load_instruments(
    codec: CcxtCodec, ask: Ask, _symbols: Sequence[str]
) -> list[Instrument]:
    return codec.instruments(await ask(lambda _now_ns: codec.instruments_request()))


def _budget(connector: Connector) -> BudgetRule:
    """ccxt tells the milliseconds between two requests of the cheapest kind."""
    pause_ms = float(connector.model.rateLimit)
    window_ms = facts.BUDGET_WINDOW_NS * 1000 / NS_PER_SECOND
    limit = max(facts.LEAST_CALLS, ceil(window_ms / pause_ms)) if pause_ms > 0 else 1000
    return BudgetRule(facts.BUDGET, limit, facts.BUDGET_WINDOW_NS, lambda request: request.weight)
