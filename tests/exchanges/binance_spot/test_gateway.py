"""Binance spot's gateway trades on the simulated venue over real sockets."""

import asyncio
from decimal import Decimal as D

import pytest
from exchanges.venue_contract import trades_as_a_venue_must
from net.loopback import run, until
from net.tiny_plan import Engine
from sim_spot import ASKS, BIDS, show
from sim_venues import running, still_book, still_market
from spot_gateway import KEYS, order, pointed_at, quick, served, with_spot

from arbitrage.domain.events import BalanceUpdate, VenueStatus
from arbitrage.domain.fees import FeeManner
from arbitrage.domain.intents import CancelOrder, TimeInForce
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.sides import Side
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.binance_spot.facts import BookStream
from arbitrage.exchanges.binance_spot.gateway import create
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import WalletState
from arbitrage.sim.listings import BINANCE_SPOT, usdt_spot
from arbitrage.sim.server import VenueServer


@pytest.mark.parametrize("by_websocket", [True, False])
def test_it_trades_as_a_venue_must(by_websocket: bool) -> None:
    listing = usdt_spot(BINANCE_SPOT, "BTC")
    books = [(listing, still_book(listing, 78_000.0, 0.5))]
    with running([BINANCE_SPOT], still_market(books)) as venues:
        rest, ws = venues.rest_url(BINANCE_SPOT), venues.ws_url(BINANCE_SPOT)
        subject = create(
            symbols=["BTCUSDT"],
            rest_url=rest,
            ws_url=ws,
            ws_api_url=ws,
            orders_by_websocket=by_websocket,
            **KEYS,
        )
        asyncio.run(trades_as_a_venue_must(subject, "BTCUSDT", "USDT"))


def test_it_starts_compares_and_trades_so_that_everything_ties_out() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        totals = {told.currency: told.total for told in engine.of(BalanceUpdate)}
        assert (totals["USDT"], totals["BTC"]) == (D(100_000), D(2))
        assert subject.fees("BTCUSDT").manner is FeeManner.RECEIVED
        assert subject.fees("BTCUSDT").maker_bps == 8.0
        await until(lambda: engine.books("BTCUSDT"))
        book = engine.books("BTCUSDT")[-1]
        assert (book.bids, book.asks) == (BIDS, ASKS)
        for client_id, side, price in (("a1", Side.BUY, "78000.1"), ("a2", Side.SELL, "78000")):
            subject.send([order(client_id, side=side, price=D(price))], subject._clock_ns())
            await until(lambda: "filled" in engine.statuses(client_id))  # noqa: B023
        await until(lambda: engine.updates("a2")[-1].fees)
        fees = {one: dict(engine.updates(one)[-1].fees) for one in ("a1", "a2")}
        assert fees == {"a1": {"BTC": D("0.0002")}, "a2": {"USDT": D("15.6")}}
        await asyncio.sleep(0.8)  # two comparisons
        assert engine.is_up
        assert not [told for told in engine.of(VenueStatus) if "not ours" in told.reason]
        btc = await subject.aget_balance("BTC")
        assert isinstance(btc, Balance)
        assert btc.total == server.core.balance("BTC").total == D("1.9998")

    with_spot(test)


def test_orders_go_by_websocket_and_by_rest_while_it_is_not_open() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        channel = subject.account.channel
        await until(lambda: channel.is_open)
        subject.send([order("a1", qty=D("0.1"))], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a1"))
        assert channel.stream is not None
        await channel.stop()
        subject.send([order("a2", qty=D("0.1"))], subject._clock_ns())
        await until(lambda: "filled" in engine.statuses("a2"))

    with_spot(test)


@pytest.mark.parametrize("by_websocket", [True, False])
def test_what_is_refused_is_refused_on_either_road(by_websocket: bool) -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        if by_websocket:
            await until(lambda: subject.account.channel.is_open)
        subject.send([order("a1", qty=D(5))], subject._clock_ns())
        await until(lambda: "rejected" in engine.statuses("a1"))
        assert "insufficient balance" in engine.updates("a1")[-1].reason

    with_spot(test, settings={"orders_by_websocket": by_websocket})


@pytest.mark.parametrize("by_websocket", [True, False])
def test_resting_orders_are_cancelled(by_websocket: bool) -> None:
    async def test(_server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        if by_websocket:
            await until(lambda: subject.account.channel.is_open)
        resting = order("a1", price=D(77_000), time_in_force=TimeInForce.GTC)
        subject.send([resting], subject._clock_ns())
        await until(lambda: engine.statuses("a1")[-1:] == ["open"])
        intent = CancelOrder(client_id="a1", venue="binance-spot", symbol="BTCUSDT")
        subject.send([intent], subject._clock_ns())
        await until(lambda: "canceled" in engine.statuses("a1"))
        assert engine.is_up

    with_spot(test, settings={"orders_by_websocket": by_websocket})


def test_partial_books_need_no_snapshot() -> None:
    async def test(server: VenueServer, subject: VenueGateway, engine: Engine) -> None:
        show(server.core, bids=[(77_990.0, 1.0)])
        await until(lambda: engine.books("BTCUSDT"))
        assert engine.books("BTCUSDT")[0].bids == [(77_990.0, 1.0)]
        assert subject.plan.book_sync is None

    with_spot(test, settings={"book_stream": BookStream.PARTIAL_20})


def test_quotes_and_trades_come_on_one_connection() -> None:
    async def work() -> None:
        server = await served()
        channels = [Channel.QUOTE, Channel.TRADES]
        subject = pointed_at(server, api_key="", secret="", channels=channels)
        assert [one.channels for one in subject.feed.connections] == [channels]
        await subject.astart(Engine())
        await subject.astop()
        await server.stop()

    run(work)


def test_wallets_tell_which_coins_move() -> None:
    async def test(_server: VenueServer, subject: VenueGateway, _engine: Engine) -> None:
        wallets = subject.plan.wallets
        assert wallets is not None
        found = wallets.read(await subject.rest.ask_at(wallets.rest_url, wallets.request))
        assert found["BTC"] == WalletState(can_deposit=True, can_withdraw=True)

    with_spot(test)


def test_the_polling_face_asks_for_books_orders_and_balances() -> None:
    async def work() -> None:
        server = await served()
        subject = quick(pointed_at(server))
        try:
            book = await subject.aget_orderbook("BTCUSDT")
            assert book is not None
            assert book.bids == BIDS
            placed = await subject.acreate_order("BTCUSDT", "buy", "0.1", "77000")
            assert placed.status is OrderStatus.OPEN
            assert (await subject.acancel_order(placed)).status is OrderStatus.CANCELED
            assert await subject.aget_open_positions() == []
        finally:
            await subject.astop()
            await server.stop()

    run(work)
