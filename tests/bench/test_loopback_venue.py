"""The measuring venue: what it sends is what Binance USD-M sends, and what it counts are orders."""

import asyncio

from arbitrage.bench.loopback_venue import Bench, OrderDoor, enveloped, quote
from arbitrage.domain.events import BookQuote
from arbitrage.exchanges.binance_usdm.codec import BinanceUsdmCodec
from arbitrage.exchanges.order_gateway import Answer, Channel


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data


def door() -> tuple[Bench, OrderDoor, Wire]:
    bench = Bench()
    made, wire = OrderDoor(bench), Wire()
    made.connection_made(wire)  # type: ignore[arg-type]
    return bench, made, wire


def test_a_quote_is_read_as_one() -> None:
    codec = BinanceUsdmCodec()
    codec.subscribe(["BTCUSDT"], [Channel.QUOTE])
    first, second = (codec.decode(enveloped(quote(number)), 1)[0] for number in (0, 1))
    assert isinstance(first, BookQuote)
    assert isinstance(second, BookQuote)
    assert second.bid > first.bid


async def _order_arrives() -> None:
    bench, made, wire = door()
    bench.sent_ns = 1
    made.data_received(b"POST /fapi/v1/order?symbol=BTCUSDT&newClientOrderId=c7&price=1 HTTP/1.1")
    assert len(bench.micros) == 1
    assert bench.sent_ns == 0
    assert b'"clientOrderId": "c7"' in wire.written
    made.data_received(b"POST /fapi/v1/order?symbol=BTCUSDT&newClientOrderId=c8 HTTP/1.1")
    assert len(bench.micros) == 1  # of no quote


def test_an_order_is_timed_once_and_answered_as_expired() -> None:
    asyncio.run(_order_arrives())


async def _nothing_is_lost_on() -> None:
    bench, *_ = door()
    assert await bench.measure(1) == []


def test_a_quote_that_leads_to_no_order_is_left_out() -> None:
    asyncio.run(_nothing_is_lost_on())


async def _markets_are_listed() -> None:
    _, made, wire = door()
    made.data_received(b"GET /fapi/v1/exchangeInfo HTTP/1.1\r\n\r\n")
    body = wire.written.partition(b"\r\n\r\n")[2]
    (instrument,) = BinanceUsdmCodec().instruments(Answer(200, body))
    assert instrument.symbol == "BTCUSDT"


def test_its_one_market_is_read_like_any_other() -> None:
    asyncio.run(_markets_are_listed())
