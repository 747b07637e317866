"""The plan of a venue reached through ccxt, and its gateway on simulated venues over sockets."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from exchanges.ccxt.rigs import KEYS, on_upbit, on_usdm
from exchanges.venue_contract import trades_as_a_venue_must
from sim_venues import running, still_book, still_market

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.fees import FeeSchedule
from arbitrage.exchanges.ccxt import facts
from arbitrage.exchanges.ccxt.gateway import create
from arbitrage.exchanges.order_gateway import Answer, Channel, Request
from arbitrage.sim.listings import BINANCE_USDM, UPBIT, krw_spot, usdt_perpetual

BTC_KRW, BTC_USDT = krw_spot(UPBIT, "BTC"), usdt_perpetual("BTC")
UPBIT_BOOKS = [(BTC_KRW, still_book(BTC_KRW, 108_000_000.0, 0.5))]
USDM_BOOKS = [(BTC_USDT, still_book(BTC_USDT, 78_000.0, 0.5))]
SPOT, SWAP = "BTC/KRW", "BTC/USDT:USDT"

# --- the contract of every venue ------------------------------------------------------------------


def test_upbit_through_ccxt_trades_as_a_venue_must() -> None:
    with running([UPBIT], still_market(UPBIT_BOOKS)) as venues:
        asyncio.run(trades_as_a_venue_must(on_upbit(venues), SPOT, "KRW"))


def test_binance_usdm_through_ccxt_trades_as_a_venue_must() -> None:
    with running([BINANCE_USDM], still_market(USDM_BOOKS)) as venues:
        asyncio.run(trades_as_a_venue_must(on_usdm(venues), SWAP, "USDT"))


# --- the plan ---------------------------------------------------------------------------------


def test_without_keys_it_is_market_data_alone() -> None:
    plan = create(exchange_id="binanceusdm").plan
    assert plan.venue == "ccxt:binanceusdm"
    assert plan.private is None
    assert plan.public[0].channels == {Channel.BOOK, Channel.QUOTE, Channel.TRADES}


def test_what_the_venue_does_not_push_is_polled() -> None:
    plan = create(exchange_id="btcmarkets", **KEYS).plan
    assert plan.public[0].channels == {Channel.BOOK}
    assert b"poll_book" in plan.codec.subscribe(["BTC/AUD"], [Channel.BOOK])[0]
    assert plan.times.reconcile_seconds < create(exchange_id="kraken").plan.times.reconcile_seconds
    assert plan.private is not None
    endpoint = asyncio.run(plan.private.endpoint(nobody))  # type: ignore[arg-type]
    assert endpoint.frames == []


async def nobody(_build: Callable[[int], Request]) -> Answer:
    raise AssertionError("nothing is asked")


def test_perpetuals_are_asked_for_their_funding() -> None:
    private = create(exchange_id="binanceusdm", symbols=[SWAP], **KEYS).plan.private
    assert private is not None
    endpoint = asyncio.run(private.endpoint(nobody))  # type: ignore[arg-type]
    assert [msgspec.json.decode(text)["watch"] for text in endpoint.frames] == [
        *("watch_orders", "poll_funding"),
    ]


def test_absence_is_only_proven_where_the_lists_are_known_to_be_whole() -> None:
    assert create(exchange_id="upbit").plan.history is not None
    assert create(exchange_id="kraken").plan.history is None


def test_an_exchange_that_cannot_tell_what_an_order_cost_is_not_traded() -> None:
    with pytest.raises(ConfigError, match="what an order cost cannot be known"):
        create(exchange_id="cex", ccxt_settings={"apiKey": "k"})
    assert create(exchange_id="cex").plan.private is None


def test_an_account_in_hedge_mode_is_refused() -> None:
    def plan_of(*symbols: str) -> Any:
        return create(exchange_id="binanceusdm", symbols=symbols).plan.prepare

    async def is_hedged(build: Callable[[int], Request]) -> Answer:
        assert build(0).target == "position_mode"
        return Answer(200, b"true")

    async def is_one_way(_build: Callable[[int], Request]) -> Answer:
        return Answer(200, b"false")

    with pytest.raises(ConfigError, match="hedge mode; expected one-way mode"):
        asyncio.run(plan_of(SWAP)(is_hedged))
    asyncio.run(plan_of(SWAP)(is_one_way))
    assert plan_of("BTC/USDT") is None


def test_budgets_follow_ccxts_pace() -> None:
    (rule,) = create(exchange_id="upbit").plan.budgets
    assert (rule.limit, rule.window_ns) == (200, facts.BUDGET_WINDOW_NS)
    (slow,) = create(exchange_id="upbit", ccxt_settings={"rateLimit": 5000}).plan.budgets
    assert slow.limit == facts.LEAST_CALLS
    (free,) = create(exchange_id="upbit", ccxt_settings={"rateLimit": 0}).plan.budgets
    assert free.limit == 1000


def test_fees_that_the_user_knows_better_hold() -> None:
    given = FeeSchedule(taker_bps=7.0)
    plan = create(exchange_id="upbit", fees=given).plan
    assert plan.account_fees is None
    assert plan.documented_fees(BTC_KRW.instrument) == given
    assert create(exchange_id="upbit").plan.account_fees is not None
    with pytest.raises(ConfigError, match="ccxt does not tell fees"):
        create(exchange_id="upbit").plan.documented_fees(BTC_KRW.instrument)
