"""Which accounts Bybit's gateways trade for, and how two of them share one wallet."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal as D
from typing import Any

import pytest
from bybit_rig import (
    CATEGORIES,
    KEYS,
    complaints,
    order,
    pointed_at,
    quick,
    served,
    with_bybit,
)
from net.loopback import run, until
from net.tiny_plan import Engine
from sim_bybit import LINEAR, limit, place

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import BalanceUpdate
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.bybit.gateway import create
from arbitrage.exchanges.order_gateway import AccountState, Answer, Request
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import VenuePlan
from arbitrage.sim.protocols import bybit_account
from arbitrage.sim.server import VenueServer


def refuses_to_start(match: str, prepare: Callable[[VenueServer], None], **settings: Any) -> None:
    async def work() -> None:
        server = await served()
        prepare(server)
        subject = quick(pointed_at(server, **settings))
        try:
            with pytest.raises(ConfigError, match=match):
                await subject.astart(Engine())
        finally:
            await subject.astop()
            await server.stop()

    run(work)


# --- accounts that are refused ----------------------------------------------------------------


def test_a_key_that_can_withdraw_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    permissions = {**bybit_account._KEY_PERMISSIONS, "Wallet": ["AccountTransfer", "Withdraw"]}
    monkeypatch.setattr(bybit_account, "_KEY_PERMISSIONS", permissions)
    refuses_to_start("can withdraw", lambda _server: None)


def test_a_wrong_key_is_refused() -> None:
    refuses_to_start("API key is invalid", lambda _server: None, api_key="other")


def test_less_leverage_than_orders_are_sized_by_is_refused() -> None:
    refuses_to_start(
        "leverage is 2 at the venue",
        lambda server: server.core.set_leverage(LINEAR, 2),
        leverage=3,
    )


def test_hedge_mode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    told = bybit_account.BybitAccount.position_object
    monkeypatch.setattr(
        bybit_account.BybitAccount,
        "position_object",
        lambda self, market: {**told(self, market), "positionIdx": 1},
    )
    refuses_to_start("one-way", lambda _server: None)


# --- bounds -----------------------------------------------------------------------------------


def asked_of(plan: VenuePlan, answer: Callable[[str], str]) -> AccountState:
    """The account as `answer` tells it, given the path that is asked."""

    async def ask(build: Callable[[int], Request]) -> Answer:
        target = build(time.time_ns()).target
        return Answer(200, f'{{"retCode":0,"result":{answer(target)}}}'.encode())

    assert plan.read_account is not None
    return asyncio.run(plan.read_account(ask))  # type: ignore[arg-type]


WALLET = (
    '{"list":[{"accountType":"UNIFIED","coin":[{"coin":"USDT","walletBalance":"7"}]}],'
    '"nextPageCursor":""}'
)


def test_positions_without_end_are_not_read() -> None:
    plan = create(**KEYS).plan
    with pytest.raises(MalformedData, match="without end"):
        asked_of(plan, lambda _target: '{"list":[],"nextPageCursor":"more"}')


@pytest.mark.parametrize("is_endless", [True, False])
def test_a_shared_wallet_that_does_not_hold_still_is_not_read(is_endless: bool) -> None:
    numbers = iter(range(1_000))

    def answer(target: str) -> str:
        if "transaction-log" not in target:
            return WALLET
        row = f'{{"id":"n{next(numbers)}","currency":"USDT","category":"linear","change":"1"}}'
        return f'{{"list":[{row}],"nextPageCursor":"{"more" if is_endless else ""}"}}'

    plan = create(category=Category.SPOT, wallet_share=D("0.5"), **KEYS).plan
    with pytest.raises(Unavailable, match="more entries" if is_endless else "moves while"):
        asked_of(plan, answer)


def test_a_shared_wallet_is_read_again_if_it_moved() -> None:
    news = iter([0, 1, 0])

    def answer(target: str) -> str:
        if "transaction-log" not in target:
            return WALLET
        row = '{"id":"n","currency":"USDT","category":"linear","change":"1"}'
        return f'{{"list":[{row if next(news) else ""}],"nextPageCursor":""}}'

    plan = create(category=Category.SPOT, wallet_share=D("0.5"), **KEYS).plan
    assert asked_of(plan, answer).balances == {"USDT": D("3.5")}


def test_markets_are_read_page_by_page() -> None:
    pages = iter(['"nextPageCursor":"more"', '"nextPageCursor":"more"', '"nextPageCursor":""'])

    async def ask(build: Callable[[int], Request]) -> Answer:
        build(1)
        rows = "" if (cursor := next(pages)).endswith('""') else _LISTED
        return Answer(200, f'{{"retCode":0,"result":{{"list":[{rows}],{cursor}}}}}'.encode())

    load = create(leverage=4).plan.load_instruments
    found = asyncio.run(load(ask, ["BTCUSDT"]))  # type: ignore[arg-type]
    assert [each.initial_margin for each in found] == [D("0.25")] * 2


_LISTED = (
    '{"symbol":"BTCUSDT","status":"Trading","baseCoin":"BTC","quoteCoin":"USDT",'
    '"settleCoin":"USDT","contractType":"LinearPerpetual","priceFilter":{"tickSize":"0.1"},'
    '"lotSizeFilter":{"qtyStep":"0.001"}}'
)


# --- one wallet, two gateways -----------------------------------------------------------------


def with_both(test: Callable[..., Awaitable[None]], **settings: Any) -> None:
    """Both gateways on one account."""

    async def work() -> None:
        server = await served()
        subjects = [quick(pointed_at(server, venue, **settings)) for venue in CATEGORIES]
        engines = [Engine(), Engine()]
        try:
            for subject, engine in zip(subjects, engines, strict=True):
                await subject.astart(engine)
            await until(lambda: all(engine.is_up for engine in engines))
            await test(server, subjects, engines)
        finally:
            for subject in subjects:
                await subject.astop()
            await server.stop()

    run(work)


def test_two_gateways_of_one_wallet_tie_out_what_their_own_category_moves() -> None:
    async def test(
        server: VenueServer, subjects: list[VenueGateway], engines: list[Engine]
    ) -> None:
        for engine in engines:
            totals = {told.currency: told.total for told in engine.of(BalanceUpdate)}
            assert totals == {"USDT": D(50_000), "BTC": D(5)}
        for subject, engine in zip(subjects, engines, strict=True):
            subject.send([order("a1" + subject.venue, subject.venue)], subject._clock_ns())
            await until(lambda: "filled" in engine.statuses("a1" + subject.venue))  # noqa: B023
        await asyncio.sleep(1.0)
        assert all(engine.is_up for engine in engines)
        assert not any(complaints(engine) for engine in engines)
        assert server.core.balance("BTC").total > 10

    with_both(test, wallet_share=D("0.5"))


def test_a_gateway_of_a_whole_wallet_stops_when_the_other_category_moves_it() -> None:
    async def test(
        _server: VenueServer, subjects: list[VenueGateway], engines: list[Engine]
    ) -> None:
        linear, spot = engines
        subjects[1].send([order("a1", "bybit-spot")], subjects[1]._clock_ns())
        await until(lambda: "filled" in spot.statuses("a1"))
        await until(lambda: complaints(linear))
        assert not complaints(spot)

    with_both(test)


def test_a_shared_wallet_still_stops_for_what_neither_category_moved() -> None:
    async def test(
        server: VenueServer, _subjects: list[VenueGateway], engines: list[Engine]
    ) -> None:
        server.core._clearing.account._change("USDT", D(5))
        await until(lambda: all(complaints(engine) for engine in engines))

    with_both(test, wallet_share=D("0.5"))


def test_a_stranger_on_the_account_is_noticed() -> None:
    async def test(server: VenueServer, _subject: VenueGateway, engine: Engine) -> None:
        place(server.core, limit(price="78000.1"))
        await until(lambda: complaints(engine))

    with_bybit(test)
