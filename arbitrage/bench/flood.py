"""Books of a thousand markets at four venues, as fast as they are asked for: the other side of the
soak.

It runs in a process of its own. The venues' simulators answer what a gateway asks before it
listens; the frames come from here, made from templates, so that one core can send more than
another can take. Every market's prices stand still and its sizes change; sequences are the venues'
own, unbroken. Commands come by standard input: `go RATE` (frames a second, over all venues) and
`stop`, which prints how many frames were sent to each venue. Ports are the first line printed.
"""

import asyncio
import json
import logging
import re
import sys
import time
from collections.abc import Callable
from itertools import cycle
from typing import Final

import msgspec
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    ws_create_server,
)

from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.sim.listings import (
    BINANCE_USDM,
    BYBIT,
    OKX,
    UPBIT,
    Listing,
    krw_spot,
    usdt_perpetual,
)
from arbitrage.sim.serve import SimMarket, SimVenues

HOST: Final = "127.0.0.1"
WON: Final = 1_400
_PRICE: Final = 100.0
_LEVELS: Final = 20
_CHANGED_LEVELS: Final = 5
_TICK_SECONDS: Final = 0.002
_VARIANTS: Final = 7
_FIRST_SEQ: Final = 2

# What a subscription calls the books of a market.
_ASKED: Final = {
    UPBIT: re.compile(rb'"(KRW-[A-Z0-9]+)"'),
    BINANCE_USDM: re.compile(rb'"([a-z0-9]+)@depth20@100ms"'),
    BYBIT: re.compile(rb'"orderbook\.\d+\.([A-Z0-9]+)"'),
    OKX: re.compile(rb'"instId":"([A-Z0-9-]+)"'),
}
_PONGS: Final = {b"ping": b"pong", b'{"op":"ping"}': b'{"success":true,"op":"ping"}'}


def base(number: int) -> str:
    """The name of a made-up coin. The one numbered 0 is there for those who ask for BTC."""
    return f"C{number:03d}" if number else "BTC"


def market(count: int) -> SimMarket:
    """`count` coins: in KRW at Upbit and as perpetuals at the other three."""
    instruments: dict[str, tuple[Instrument, ...]] = {}
    fees: dict[tuple[str, str], FeeSchedule] = {}
    listings = {
        UPBIT: _renamed(krw_spot(UPBIT, "SOL"), count),
        **{
            venue: _renamed(usdt_perpetual("SOL", venue), count)
            for venue in (BINANCE_USDM, BYBIT, OKX)
        },
    }
    for venue, listed in listings.items():
        instruments[venue] = tuple(each.instrument for each in listed)
        fees |= {(venue, each.instrument.symbol): each.fees for each in listed}
    return SimMarket(instruments, fees, lambda _now_ns: iter(()))


def _renamed(listing: Listing, count: int) -> list[Listing]:
    """The market of one coin as that of many."""
    rules = listing.instrument
    return [
        msgspec.structs.replace(
            listing,
            instrument=msgspec.structs.replace(
                rules, base=base(number), symbol=rules.symbol.replace("SOL", base(number))
            ),
        )
        for number in range(count)
    ]


# --- frames -------------------------------------------------------------------------------------


def _sides(symbol: str, variant: int, levels: int) -> tuple[list[list[str]], list[list[str]]]:
    mid = _PRICE * WON if symbol.startswith("KRW-") else _PRICE
    tick = mid / 10_000
    sizes = [f"{1 + (variant * 7 + level * 3) % 50 / 10:.1f}" for level in range(levels)]
    bids = [[f"{mid - tick * level:.2f}", sizes[level]] for level in range(levels)]
    asks = [[f"{mid + tick * (level + 1):.2f}", sizes[-level]] for level in range(levels)]
    return bids, asks


def _upbit(symbol: str, variant: int) -> bytes:
    bids, asks = _sides(symbol, variant, 30)
    units = [
        {"ap": float(ask[0]), "bp": float(bid[0]), "as": float(ask[1]), "bs": float(bid[1])}
        for bid, ask in zip(bids, asks, strict=True)
    ]
    frame = {
        **{"ty": "orderbook", "cd": symbol, "tms": 1763800000000, "tas": 12.3, "tbs": 9.8},
        **{"obu": units, "st": "REALTIME", "lv": 0},
    }
    return json.dumps(frame).encode()


def _binance(symbol: str, variant: int) -> bytes:
    bids, asks = _sides(symbol, variant, _LEVELS)
    return (
        f'{{"stream":"{symbol.lower()}@depth20@100ms","data":{{"e":"depthUpdate",'
        f'"E":1763800000001,"T":1763800000000,"s":"{symbol}","U":%(prev)d,"u":%(seq)d,'
        f'"pu":%(prev)d,"b":{json.dumps(bids)},"a":{json.dumps(asks)}}}}}'
    ).encode()


def _bybit(symbol: str, variant: int, *, is_whole: bool = False) -> bytes:
    bids, asks = _sides(symbol, variant, _LEVELS if is_whole else _CHANGED_LEVELS)
    kind = "snapshot" if is_whole else "delta"
    return (
        f'{{"topic":"orderbook.50.{symbol}","type":"{kind}","ts":1763800000000,"data":{{'
        f'"s":"{symbol}","b":{json.dumps(bids)},"a":{json.dumps(asks)},"u":%(seq)d,'
        f'"seq":%(seq)d}},"cts":1763800000000}}'
    ).encode()


def _okx(symbol: str, variant: int, *, is_whole: bool = False) -> bytes:
    bids, asks = (
        [[price, size, "0", "1"] for price, size in side]
        for side in _sides(symbol, variant, _LEVELS if is_whole else _CHANGED_LEVELS)
    )
    action, prev = ("snapshot", "-1") if is_whole else ("update", "%(prev)d")
    return (
        f'{{"arg":{{"channel":"books","instId":"{symbol}"}},"action":"{action}","data":[{{'
        f'"asks":{json.dumps(asks)},"bids":{json.dumps(bids)},"ts":"1763800000000",'
        f'"checksum":0,"prevSeqId":{prev},"seqId":%(seq)d}}]}}'
    ).encode()


_FRAME: Final[dict[str, Callable[[str, int], bytes]]] = {
    UPBIT: _upbit,
    BINANCE_USDM: _binance,
    BYBIT: _bybit,
    OKX: _okx,
}


def _whole(venue: str, symbol: str) -> bytes:
    """The book with which a subscription begins, as a template."""
    if venue == BYBIT:
        return _bybit(symbol, 0, is_whole=True)
    if venue == OKX:
        return _okx(symbol, 0, is_whole=True)
    return _FRAME[venue](symbol, 0)


class Flow:
    """The frames of one market on one connection, one after the other."""

    def __init__(self, venue: str, symbol: str) -> None:
        self._templates = cycle(_FRAME[venue](symbol, variant) for variant in range(_VARIANTS))
        self._seq = _FIRST_SEQ
        self.first = _numbered(_whole(venue, symbol), self._seq)

    def next(self) -> bytes:
        self._seq += 1
        return _numbered(next(self._templates), self._seq)


def _numbered(template: bytes, seq: int) -> bytes:
    if b"%(" not in template:
        return template
    return template % {b"seq": seq, b"prev": seq - 1}


# --- serving ------------------------------------------------------------------------------------


class Flood:
    """Every market that somebody listens to, and how many frames went to each venue."""

    def __init__(self) -> None:
        self.sent = dict.fromkeys(_FRAME, 0)
        self._flows: list[tuple[str, Flow, WSTransport]] = []
        self._pumping: asyncio.Task[None] | None = None

    def add(self, venue: str, symbol: str, transport: WSTransport) -> None:
        flow = Flow(venue, symbol)
        self._send(venue, flow.first, transport)
        self._flows.append((venue, flow, transport))

    def _send(self, venue: str, frame: bytes, transport: WSTransport) -> None:
        transport.send(WSMsgType.BINARY if venue == UPBIT else WSMsgType.TEXT, frame)
        self.sent[venue] += 1

    def remove(self, transport: WSTransport) -> None:
        self._flows = [each for each in self._flows if each[2] is not transport]

    def go(self, rate: float) -> None:
        self._pumping = asyncio.ensure_future(self._pump(rate))

    async def _pump(self, rate: float) -> None:
        """Send `rate` frames a second, over all markets in turn. What one tick of the clock was
        late for is sent in the next."""
        sent, started = 0, time.monotonic()
        place = 0
        while True:
            due = int((time.monotonic() - started) * rate)
            while sent < due:
                place = (place + 1) % len(self._flows)
                venue, flow, transport = self._flows[place]
                self._send(venue, flow.next(), transport)
                sent += 1
            await asyncio.sleep(_TICK_SECONDS)

    def stop(self) -> None:
        if self._pumping is not None:
            self._pumping.cancel()


class FloodSocket(WSListener):
    """One connection of a client of `venue`; whatever it subscribes to begins at once."""

    def __init__(self, flood: Flood, venue: str) -> None:
        super().__init__()
        self._flood = flood
        self._venue = venue

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not WSMsgType.TEXT:
            return
        said = frame.get_payload_as_bytes()
        if said in _PONGS:
            transport.send(WSMsgType.TEXT, _PONGS[said])
        for symbol in _ASKED[self._venue].findall(said):
            self._flood.add(self._venue, symbol.decode().upper(), transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._flood.remove(transport)


async def serve(count: int) -> None:
    """Listen for clients of `count` coins at each venue until standard input ends."""
    flood = Flood()
    listed = market(count)
    venues = SimVenues(dict.fromkeys(_FRAME, 0), listed)
    await venues.start()
    ready: dict[str, dict[str, str]] = {}
    for venue, server in venues.servers.items():
        listening = await ws_create_server(_listener(flood, venue), HOST, 0)
        port = listening.sockets[0].getsockname()[1]
        ready[venue] = {"rest": server.rest_url, "ws": f"ws://{HOST}:{port}"}
    _say(ready)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command, _, rate = line.strip().partition(" ")
        if command == "go":
            flood.go(float(rate))
        elif command == "stop":
            flood.stop()
            _say(flood.sent)
    await venues.stop()


def _listener(flood: Flood, venue: str) -> Callable[[WSUpgradeRequest], WSListener]:
    return lambda _request: FloodSocket(flood, venue)


def _say(said: object) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    import uvloop

    logging.basicConfig(level=logging.ERROR)  # a client that lags for a moment is no news
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
