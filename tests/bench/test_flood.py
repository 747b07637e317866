"""The flood's frames are the venues' own: each codec keeps its books on them without a gap."""

from collections.abc import Callable

import pytest

from arbitrage.bench.flood import Flow, base, market
from arbitrage.domain.events import BookDelta, BookSnapshot, Event
from arbitrage.engine.market_state import Market
from arbitrage.exchanges.binance_usdm.codec import BinanceUsdmCodec
from arbitrage.exchanges.binance_usdm.facts import BookStream
from arbitrage.exchanges.bybit.codec import BybitCodec
from arbitrage.exchanges.bybit.facts import Category
from arbitrage.exchanges.okx.codec import OkxCodec
from arbitrage.exchanges.order_gateway import Channel, VenueCodec
from arbitrage.exchanges.upbit.codec import UpbitCodec

CODECS: dict[str, Callable[[], VenueCodec]] = {
    "upbit": UpbitCodec,
    "binance-usdm": lambda: BinanceUsdmCodec(book_stream=BookStream.PARTIAL_20),
    "bybit": lambda: BybitCodec(Category.LINEAR),
    "okx": OkxCodec,
}


@pytest.mark.parametrize("venue", CODECS)
def test_books_follow_the_flood_unbroken(venue: str) -> None:
    symbol = market(2).instruments[venue][1].symbol
    codec = CODECS[venue]()
    codec.subscribe([symbol], [Channel.BOOK])
    flow, book = Flow(venue, symbol), Market(venue, symbol, None)
    for number, frame in enumerate([flow.first, *(flow.next() for _ in range(20))]):
        events: list[Event] = list(codec.decode(frame, number))
        assert events
        for event in events:
            if isinstance(event, BookSnapshot):
                book.replace(event.bids, event.asks, event.seq, event.ts_ns)
            elif isinstance(event, BookDelta):
                book.change(event.bids, event.asks, event.seq, event.prev_seq, event.ts_ns)
    assert not book.is_broken
    assert len(book.bids) >= 20
    assert book.bids[0][0] < book.asks[0][0]


def test_every_venue_lists_every_coin() -> None:
    listed = market(3).instruments
    assert {venue: len(rules) for venue, rules in listed.items()} == dict.fromkeys(CODECS, 3)
    assert [rules.base for rules in listed["okx"]] == [base(number) for number in range(3)]
