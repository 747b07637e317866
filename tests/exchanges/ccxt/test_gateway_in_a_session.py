"""A live session between a native venue and one reached through ccxt; and the sync face alone."""

import asyncio
import time
import warnings
from decimal import Decimal as D
from itertools import count

from exchanges.ccxt.rigs import ccxt_usdm, on_upbit
from sim_upbit import show as show_upbit
from sim_upbit import upbit
from sim_usdm import setup
from sim_usdm import show as show_usdm
from sim_venues import running, still_book, still_market

from arbitrage.domain.decisions import Decision, TradeClosed
from arbitrage.domain.orders import OrderStatus
from arbitrage.engine.config import ArbitrageConfig
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.exchanges.base import Balance
from arbitrage.exchanges.upbit.gateway import create as native_upbit
from arbitrage.live_session import LiveSession
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.sim.listings import UPBIT, krw_spot
from arbitrage.sim.protocols.binance_usdm import BinanceUsdmProtocol
from arbitrage.sim.server import VenueServer

SPOT, SWAP = "KRW-BTC", "BTC/USDT:USDT"
RATE = 1_300.0  # 100,001,000 KRW is then 1.4 % less than 78,000 USDT


def engine_of(a: VenueGateway, b: VenueGateway) -> ArbitrageEngine:
    session = f"t{time.time_ns() % 10**10:010d}"
    config = ArbitrageConfig(fx=RATE, session=session, tick_seconds=0.02)
    engine = ArbitrageEngine(config)
    engine.add_route(config.route(a.instrument(SPOT), b.instrument(SWAP)))
    return engine


def test_a_trade_opens_and_closes_beside_a_native_venue() -> None:
    async def work() -> None:
        servers = [
            VenueServer(upbit(time.time_ns)),
            VenueServer(BinanceUsdmProtocol(setup(time.time_ns))),  # type: ignore[arg-type]
        ]
        for server in servers:
            await server.start()
        spot, perpetual = servers
        show_usdm(perpetual.core)
        a = native_upbit(
            symbols=[SPOT],
            api_key="sim-key",
            secret="sim-secret",
            rest_url=spot.rest_url,
            ws_url=spot.ws_url,
        )
        b = ccxt_usdm(perpetual.rest_url, perpetual.ws_url)
        await asyncio.gather(a.aload(), b.aload())
        sizes = count(1)

        def show_both(bid: float) -> None:
            """Books that move, the one of the coin around `bid`."""
            qty = 1.0 + next(sizes) / 1_000
            show_upbit(spot.core, [(bid, qty)], [(bid + 1_000.0, qty)])
            show_usdm(perpetual.core, [(78_000.0, qty)], [(78_000.1, qty)])

        decisions: list[Decision] = []
        session = LiveSession(engine_of(a, b), [a, b], on_decisions=decisions.extend)
        task = asyncio.create_task(session.arun())
        try:
            held = perpetual.core.position("BTCUSDT").position
            while held.qty == 0:
                show_both(100_000_000.0)
                await asyncio.sleep(0.02)
            assert held.qty < 0
            while not any(isinstance(each, TradeClosed) for each in decisions):
                show_both(101_600_000.0)
                await asyncio.sleep(0.02)
            assert held.qty == 0
        finally:
            session.stop()
            await task
            for server in servers:
                await server.stop()
        assert not session.engine.accounts.live_orders()

    asyncio.run(asyncio.wait_for(work(), 15.0))


def test_the_sync_face_trades_and_leaves_nothing_open() -> None:
    listing = krw_spot(UPBIT, "BTC")
    books = [(listing, still_book(listing, 108_000_000.0, 0.5))]
    with running([UPBIT], still_market(books)) as venues, warnings.catch_warnings():
        warnings.simplefilter("error")
        exchange = on_upbit(venues)
        book = exchange.get_orderbook("BTC/KRW")
        assert book is not None
        assert book.bids[0] == (108_000_000.0, 0.5)
        assert exchange.instrument("BTC/KRW").tick_size == 1000
        order = exchange.create_order("BTC/KRW", "buy", "0.1", "108001000", time_in_force="ioc")
        assert (order.status, order.filled_qty) == (OrderStatus.FILLED, D("0.1"))
        assert order.fees == {"KRW": D("5400.05")}
        krw = exchange.get_balance("KRW")
        assert isinstance(krw, Balance)
        assert krw.locked == 0
        exchange.close()
