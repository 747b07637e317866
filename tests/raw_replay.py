"""Events made anew from the raw messages of a recording, by a codec that was never on a wire."""

from collections.abc import Iterator
from pathlib import Path

from arbitrage.domain.errors import MalformedData
from arbitrage.domain.events import BookSnapshot, Event, MarketEvent, VenueStatus
from arbitrage.exchanges.order_gateway import Answer
from arbitrage.exchanges.registry import create_exchange
from arbitrage.net.venue_gateway import VenueGateway
from arbitrage.net.venue_plan import VenuePlan
from arbitrage.record_command import DEFAULT_CHANNELS
from arbitrage.store.raw_frames import Kind, RawRecord, venue_records
from arbitrage.store.recording import Recording


def replayed(root: Path, venue: str) -> list[MarketEvent]:
    """What the raw messages of `venue` come to."""
    gateway = create_exchange(venue)
    assert isinstance(gateway, VenueGateway)
    for streams in gateway.plan.public:
        channels = [channel for channel in DEFAULT_CHANNELS if channel in streams.channels]
        gateway.plan.codec.subscribe(Recording(root).symbols[venue], channels)
    found: list[MarketEvent] = []
    for record in venue_records(root, venue):
        try:
            found += (e for e in _events(gateway.plan, record) if not isinstance(e, VenueStatus))  # type: ignore[misc]
        except MalformedData:
            continue  # the dropped book is the next record
    return found


def recorded(root: Path, venue: str) -> list[MarketEvent]:
    """The events of `venue` in the recording."""
    recording = Recording(root)
    streams = [stream for stream in recording.streams if stream.venue == venue]
    return list(recording.events(streams=streams))


def _events(plan: VenuePlan, record: RawRecord) -> Iterator[Event]:
    match record.kind:
        case Kind.FRAME:
            yield from plan.codec.decode(record.data, record.ts_ns)
        case Kind.ANSWER:
            assert plan.book_sync is not None
            symbol, status, body = record.data.split(b"\n", 2)
            answer = Answer(int(status), body)
            yield from plan.book_sync.join(symbol.decode(), answer, record.ts_ns)
        case Kind.LOST:
            for symbol in record.data.decode().split("\n"):
                for way in (plan.book_sync, plan.resubscription):
                    if way is not None:
                        way.lose(symbol)
                yield BookSnapshot(record.ts_ns, plan.venue, symbol, [], [])
