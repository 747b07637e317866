import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from arbitrage.domain.errors import ConfigError, Unavailable
from arbitrage.domain.events import BookSnapshot
from arbitrage.sim import serve
from arbitrage.sim.faults import FaultPlan
from arbitrage.sim.listings import BYBIT, BYBIT_SPOT, UPBIT, krw_spot, usdt_spot
from arbitrage.sim.serve import (
    SimVenues,
    opening_balances,
    recorded_market,
    run_simulators,
    synthetic_market,
)
from arbitrage.store.recording_writer import RecordingWriter

BTC = krw_spot(UPBIT, "BTC").instrument


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """One book of KRW-BTC, and the same again much later."""
    path = tmp_path / "rec"
    with RecordingWriter(path) as writer:
        writer.instrument(BTC)
        writer.write(BookSnapshot(1_000, UPBIT, "KRW-BTC", [(100.0, 1.0)], [(101.0, 1.0)]))
        writer.write(BookSnapshot(10**12, UPBIT, "KRW-BTC", [(100.0, 1.0)], [(101.0, 1.0)]))
    return path


def with_venues(venues: SimVenues, visit: object) -> None:
    async def run() -> None:
        async with asyncio.timeout(5):
            await venues.start()
            try:
                await visit(venues)  # type: ignore[operator]
            finally:
                await venues.stop()
                await venues.wait()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


def test_every_market_has_a_book_when_they_are_ready() -> None:
    async def visit(venues: SimVenues) -> None:
        core = venues.servers[UPBIT].core
        assert len(core.instruments) > 10
        assert all(core.book(symbol) for symbol in core.instruments)
        url = venues.ready()["venues"][UPBIT]["rest"]  # type: ignore[index]
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{url}/v1/orderbook?markets=KRW-BTC") as answer,
        ):
            (book,) = await answer.json()
            assert len(book["orderbook_units"]) == 30

    with_venues(SimVenues({UPBIT: 0}, synthetic_market([UPBIT], 1)), visit)


def test_a_recording_is_played_from_now_on(recording: Path) -> None:
    async def visit(venues: SimVenues) -> None:
        book = venues.servers[UPBIT].core.book("KRW-BTC")
        assert book is not None
        assert book.bids == [(100.0, 1.0)]

    with_venues(SimVenues({UPBIT: 0}, recorded_market(recording, [UPBIT])), visit)


def test_one_simulator_serves_two_venues_that_share_a_wallet(tmp_path: Path) -> None:
    market = synthetic_market([BYBIT], 1, bases=["BTC"])
    assert [rules.symbol for rules in market.instruments[BYBIT]] == ["BTCUSDT", "spot:BTCUSDT"]
    assert market.fees[BYBIT, "BTCUSDT"] != market.fees[BYBIT, "spot:BTCUSDT"]
    path, spot = tmp_path / "spot", usdt_spot(BYBIT_SPOT, "BTC").instrument
    with RecordingWriter(path) as writer:
        writer.instrument(spot)
        writer.write(BookSnapshot(1, BYBIT_SPOT, "BTCUSDT", [(100.0, 1.0)], [(101.0, 1.0)]))
    recorded = recorded_market(path, [BYBIT])
    (book, *_) = recorded.events(0)
    assert (book.venue, book.symbol) == (BYBIT, "spot:BTCUSDT")  # type: ignore[union-attr]
    assert recorded.fees[BYBIT, "spot:BTCUSDT"].taker_bps == 10.0


def test_a_market_without_books_is_not_waited_for_for_ever(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "FIRST_BOOK_SECONDS", 0.01)
    frozen = FaultPlan.parse('[[fault]]\nkind = "frozen_book"')

    async def visit(venues: SimVenues) -> None:
        assert venues.servers[UPBIT].core.book("KRW-BTC") is None

    with_venues(SimVenues({UPBIT: 0}, recorded_market(recording, [UPBIT]), faults=frozen), visit)


def test_accounts_hold_round_sums_worth_a_million_dollars() -> None:
    balances = opening_balances([BTC, krw_spot(UPBIT, "USDT").instrument])
    assert balances["KRW"] == Decimal(1_398_000_000)
    assert (balances["BTC"], balances["USDT"]) == (13, 1_000_000)


def test_a_market_may_be_of_some_coins_only() -> None:
    market = synthetic_market([UPBIT], 1, bases=["ETH"])
    assert [each.symbol for each in market.instruments[UPBIT]] == ["KRW-USDT", "KRW-ETH"]


@pytest.mark.parametrize("start", [synthetic_market, lambda names, _: SimVenues(names, None)])
def test_a_venue_without_simulator_is_refused(start: object) -> None:
    with pytest.raises(ConfigError, match="no simulator of mtgox; expected one of upbit"):
        start({"mtgox": 0}, 1)  # type: ignore[operator]


def test_a_venue_that_was_not_recorded_is_refused(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(serve.VENUES, "bithumb", serve.VENUES[UPBIT])  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="nothing of bithumb is recorded"):
        recorded_market(recording, ["bithumb"])


def run_in_process(*arguments: str) -> "subprocess.Popen[str]":
    program = f"from arbitrage.sim.serve import run_simulators as run; run({', '.join(arguments)})"
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(os.name == "nt", reason="no SIGTERM to send")
def test_it_says_when_it_is_ready_and_ends_cleanly_when_told(recording: Path) -> None:
    process = run_in_process("{'upbit': 0}", f"market={str(recording)!r}", "is_json=True")
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] is True
        assert ready["venues"]["upbit"]["rest"].startswith("http://127.0.0.1:")
        assert ready["venues"]["upbit"]["ws"].startswith("ws://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_port_that_is_taken_leaves_nothing_running(recording: Path) -> None:
    market = recorded_market(recording, [UPBIT])

    async def visit(venues: SimVenues) -> None:
        port = venues.servers[UPBIT].port
        with pytest.raises(Unavailable):
            await serve._run(SimVenues({UPBIT: port}, market), False, io.StringIO())

    with_venues(SimVenues({UPBIT: 0}, market), visit)


def test_people_get_a_line_for_each_venue(recording: Path) -> None:
    out = io.StringIO()

    async def run() -> int:
        venues = SimVenues({UPBIT: 0}, recorded_market(recording, [UPBIT]))
        running = asyncio.create_task(serve._run(venues, False, out))
        while not out.getvalue():
            await asyncio.sleep(0.001)
        running.cancel()
        await running
        return venues.servers[UPBIT].port

    port = asyncio.run(run())
    assert out.getvalue() == f"upbit: http://127.0.0.1:{port} ws://127.0.0.1:{port}\n"


def test_what_breaks_the_market_is_raised(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "FIRST_BOOK_SECONDS", 0.01)
    market = recorded_market(recording, [UPBIT])
    empty = serve.SimMarket(market.instruments, market.fees, lambda _now_ns: [])

    with pytest.raises(ConfigError, match="no event"):
        asyncio.run(serve._run(SimVenues({UPBIT: 0}, empty), True, io.StringIO()))


def test_scripts_and_markets_are_read_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fault script"):
        run_simulators({UPBIT: 0}, faults=tmp_path / "none.toml")
    with pytest.raises(ConfigError):
        run_simulators({UPBIT: 0}, market=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="no simulator"):
        run_simulators({"mtgox": 0})
