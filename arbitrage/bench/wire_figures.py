"""From bytes to decisions and to signed bytes: the venues' codecs with the engine behind them.

Frames are made in the venues' schemas, with as many digits as theirs. "Looked at" is what the live
path does with each: decode, put into the book, ask whether there is an edge.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from math import inf

from arbitrage.bench.measure import Figure, per_call_us, seconds_each
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.intents import PlaceOrder
from arbitrage.domain.sides import Side
from arbitrage.engine.config import ArbitrageConfig, RiskLimits, RouteKind
from arbitrage.engine.engine import ArbitrageEngine
from arbitrage.engine.route_state import RouteState
from arbitrage.exchanges.binance_usdm.codec import BinanceUsdmCodec
from arbitrage.exchanges.binance_usdm.facts import BookStream
from arbitrage.exchanges.order_gateway import Channel
from arbitrage.exchanges.upbit.auth import JwtSigner
from arbitrage.exchanges.upbit.codec import UpbitCodec

UPBIT = Instrument(
    venue="upbit", symbol="KRW-BTC", base="BTC", quote="KRW", tick_size=Decimal(1_000)
)
BINANCE = Instrument(
    venue="binance-usdm",
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    kind=InstrumentKind.PERPETUAL,
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.001"),
    initial_margin=Decimal("0.2"),
)
_NOW_NS = 1_763_800_000_000_000_000
_DOLLARS = 100_000.0
_WON = 1_400.0


def upbit_book(mid: float) -> bytes:
    """A 30-level order book frame in Upbit's SIMPLE format."""
    units = ",".join(
        f'{{"ap":{mid + 1000 * level + 1000:.1f},"bp":{mid - 1000 * level:.1f},'
        f'"as":{0.1 + level / 7:.8f},"bs":{0.2 + level / 9:.8f}}}'
        for level in range(30)
    )
    return (
        f'{{"ty":"orderbook","cd":"KRW-BTC","tms":1763800000000,"tas":12.34567891,'
        f'"tbs":9.87654321,"obu":[{units}],"st":"REALTIME","lv":0}}'
    ).encode()


def book_ticker(bid: float) -> bytes:
    """A best-quote frame of Binance USD-M."""
    return (
        f'{{"stream":"btcusdt@bookTicker","data":{{"e":"bookTicker","u":9876543210123,"s":"BTCUSDT","b":"{bid:.2f}","B":"31.210",'
        f'"a":"{bid + 0.1:.2f}","A":"40.660","T":1763800000000,"E":1763800000001}}}}'
    ).encode()


def depth20(bid: float) -> bytes:
    """A partial book frame of 20 levels of Binance USD-M."""
    bids = ",".join(f'["{bid - level / 10:.1f}","{1 + level / 3:.3f}"]' for level in range(20))
    asks = ",".join(
        f'["{bid + 0.1 + level / 10:.1f}","{1 + level / 3:.3f}"]' for level in range(20)
    )
    return (
        '{"stream":"btcusdt@depth20@100ms","data":{"e":"depthUpdate","E":1763800000001,"T":1763800000000,"s":"BTCUSDT",'
        f'"U":9876543210100,"u":9876543210123,"pu":9876543210099,"b":[{bids}],"a":[{asks}]}}}}'
    ).encode()


def figures(quick: bool) -> Iterator[Figure]:
    seconds = seconds_each(quick)
    cases: list[tuple[str, Callable[[], object], float | None]] = [
        ("Upbit 30-level frame, looked at", _looked_at_upbit(), 8.0),
        ("Binance bookTicker frame, looked at", _looked_at_binance(book_ticker), 1.0),
        ("Binance depth20 frame, looked at", _looked_at_binance(depth20), 6.0),
        ("Upbit order signed", _signed_upbit(), None),
        ("Binance order signed", _signed_binance(), None),
        ("frame with an edge to signed bytes, Binance", _frame_to_bytes(), 12.0),
    ]
    for name, call, goal in cases:
        p50, p99 = per_call_us(call, seconds=seconds)
        yield Figure(name=name, p50=p50, p99=p99, goal=goal)


def engine_with_premium_route() -> tuple[ArbitrageEngine, RouteState]:
    """Upbit spot against the Binance perpetual, funded, its Upbit book at par."""
    config = ArbitrageConfig(
        kind=RouteKind.INVENTORY,
        fx=_WON,
        max_book_age_seconds=1e9,
        opening_balances={
            "upbit": {"KRW": Decimal(10**12), "BTC": Decimal(100)},
            "binance-usdm": {"USDT": Decimal(10**9)},
        },
        risk_limits=RiskLimits(max_orders_per_second=inf),
    )
    engine = ArbitrageEngine(config)
    route = engine.add_route(config.route(UPBIT, BINANCE))
    for event in UpbitCodec().decode(upbit_book(_DOLLARS * _WON), _NOW_NS):
        engine.step(event)
    return engine, route


def _looked_at_upbit() -> Callable[[], object]:
    engine, _ = engine_with_premium_route()
    for event in _binance_codec().decode(depth20(_DOLLARS), _NOW_NS):
        engine.step(event)
    codec, frame = UpbitCodec(), upbit_book(_DOLLARS * _WON)

    def look() -> None:
        for event in codec.decode(frame, _NOW_NS):
            engine.step(event)

    return look


def _looked_at_binance(frame_of: Callable[[float], bytes]) -> Callable[[], object]:
    engine, _ = engine_with_premium_route()
    codec, frame = _binance_codec(), frame_of(_DOLLARS)

    def look() -> None:
        for event in codec.decode(frame, _NOW_NS):
            engine.step(event)

    return look


def _binance_codec() -> BinanceUsdmCodec:
    """A codec that has asked for what the frames here are of."""
    codec = BinanceUsdmCodec(
        api_key="sim-key", secret="sim-secret", book_stream=BookStream.PARTIAL_20
    )
    codec.subscribe(["BTCUSDT"], [Channel.BOOK])
    codec.subscribe(["BTCUSDT"], [Channel.QUOTE])
    return codec


def _signed_upbit() -> Callable[[], object]:
    codec = UpbitCodec(JwtSigner("sim-key", "sim-secret-long-enough-for-a-signature-of-512-bits"))
    intent = PlaceOrder(
        client_id="s00000001",
        venue="upbit",
        symbol="KRW-BTC",
        side=Side.BUY,
        qty=Decimal("0.00712345"),
        price=Decimal(140_000_000),
    )
    return lambda: codec.place(intent, _NOW_NS)


def _signed_binance() -> Callable[[], object]:
    codec = _binance_codec()
    intent = PlaceOrder(
        client_id="s00000001",
        venue="binance-usdm",
        symbol="BTCUSDT",
        side=Side.BUY,
        qty=Decimal("0.007"),
        price=Decimal("100012.3"),
    )
    return lambda: codec.place(intent, _NOW_NS)


def _frame_to_bytes() -> Callable[[], object]:
    """A depth20 frame whose edge is traded at every call, to the signed Binance order."""
    engine, route = engine_with_premium_route()
    codec, frame = _binance_codec(), depth20(_DOLLARS * 1.02)

    def trade() -> None:
        for event in codec.decode(frame, _NOW_NS):
            for intent in engine.step(event).intents:
                if isinstance(intent, PlaceOrder) and intent.venue == "binance-usdm":
                    codec.place(intent, _NOW_NS)
        forget_trades(engine, route)

    return trade


def forget_trades(engine: ArbitrageEngine, route: RouteState) -> None:
    """Let the engine be as if it had not traded, so that the next edge is one again."""
    for state in route.trades:
        for order, _ in state.orders.values():
            engine.accounts.release(order)
    route.trades.clear()
    route.cooldown_until_ns = 0
