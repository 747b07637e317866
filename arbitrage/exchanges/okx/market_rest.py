"""Market data by REST: the book as a snapshot, funding, mark price, clock, maintenance."""

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import BookSnapshot, Funding, VenueStatus
from arbitrage.domain.units import NS_PER_MS
from arbitrage.exchanges.okx import facts
from arbitrage.exchanges.okx.answers import read
from arbitrage.exchanges.okx.auth import encoded
from arbitrage.exchanges.okx.facts import VENUE
from arbitrage.exchanges.okx.wire import Price, Rate, SeqId, TimeMs, WholeLevel, asks_of, bids_of
from arbitrage.exchanges.order_gateway import Answer, Lane, Request

_PRODUCTION, _DEMO = "1", "2"
_UNDER_WAY = frozenset({"ongoing", "pre_open"})
# WebSocket, trading, trading in batches of accounts, of products. The others are not our business.
_OUR_SERVICES = frozenset({"0", "5", "8", "9"})


class _Book(msgspec.Struct, rename="camel"):
    asks: list[WholeLevel]
    bids: list[WholeLevel]
    seq_id: SeqId = 0


class _Funding(msgspec.Struct, rename="camel"):
    inst_id: str
    funding_rate: Rate
    funding_time: TimeMs


class _Mark(msgspec.Struct, rename="camel"):
    inst_id: str
    mark_px: Price


class _Time(msgspec.Struct):
    ts: TimeMs


class _Maintenance(msgspec.Struct, rename="camel"):
    title: str
    state: str
    service_type: str = ""
    env: str = _PRODUCTION


_books = msgspec.json.Decoder(tuple[_Book], strict=False)
_fundings = msgspec.json.Decoder(tuple[_Funding], strict=False)
_marks = msgspec.json.Decoder(tuple[_Mark], strict=False)
_times = msgspec.json.Decoder(tuple[_Time], strict=False)
_maintenances = msgspec.json.Decoder(list[_Maintenance])


def book_request(symbol: str, depth: int) -> Request:
    """Raises `ConfigError` for a depth that the venue does not serve."""
    if not 1 <= depth <= facts.MAX_DEPTH:
        raise ConfigError(f"{VENUE} {symbol}: depth {depth}; expected 1 to {facts.MAX_DEPTH}")
    return _ask(f"/api/v5/market/books?instId={encoded(symbol)}&sz={depth}")


def book(symbol: str, answer: Answer, ts_ns: int) -> BookSnapshot:
    """`[{"asks":[["41006.8","0.60038921","0","1"]],"bids":[["41006.3","0.30178218","0","2"]],
    "ts":"1629966436396","seqId":3235851742}]`

    Raises what `answers.read` raises.
    """
    [said] = read(_books, answer, f"{symbol} book")
    try:
        bids, asks = bids_of(said.bids), asks_of(said.asks)
    except ValueError as error:
        raise MalformedData(f"{VENUE} {symbol} book: {error}; it is dropped", symbol) from error
    return BookSnapshot(ts_ns, VENUE, symbol, bids, asks, max(said.seq_id, 0))


def funding_request(symbol: str) -> Request:
    return _ask(f"/api/v5/public/funding-rate?instId={encoded(symbol)}")


def funding(answer: Answer, ts_ns: int, mark_price: float = 0.0) -> Funding:
    """`[{"fundingRate":"0.0000987","fundingTime":"1743609600000","instId":"BTC-USDT-SWAP",
    "nextFundingTime":"1743638400000",...}]`. Raises what `answers.read` raises."""
    [said] = read(_fundings, answer, "funding-rate")
    at_ns = said.funding_time * NS_PER_MS
    return Funding(ts_ns, VENUE, said.inst_id, said.funding_rate, at_ns, mark_price)


def mark_price_request(symbol: str) -> Request:
    return _ask(f"/api/v5/public/mark-price?instType=SWAP&instId={encoded(symbol)}")


def mark_price(answer: Answer) -> float:
    """`[{"instType":"SWAP","instId":"BTC-USDT-SWAP","markPx":"42310.6","ts":"1630049139746"}]`.
    Raises what `answers.read` raises."""
    return read(_marks, answer, "mark-price")[0].mark_px


def time_request() -> Request:
    return _ask("/api/v5/public/time")


def server_time_ns(answer: Answer) -> int:
    """`[{"ts":"1597026383085"}]` in nanoseconds. Raises what `answers.read` raises."""
    return read(_times, answer, "time")[0].ts * NS_PER_MS


def maintenance_request() -> Request:
    return _ask("/api/v5/system/status")


def maintenance(answer: Answer, ts_ns: int, *, is_demo: bool = False) -> VenueStatus:
    """Whether an upgrade of what we trade on is under way; announced ones say nothing.

    `[{"begin":"1672823400000","end":"1672823520000","state":"ongoing","serviceType":"8",
    "maintType":"1","env":"1","system":"unified","title":"Trading account system upgrade (in
    batches of accounts)",...}]`. Raises what `answers.read` raises.
    """
    env = _DEMO if is_demo else _PRODUCTION
    under_way = [
        one.title
        for one in read(_maintenances, answer, "system status")
        if one.state in _UNDER_WAY and one.service_type in _OUR_SERVICES and one.env == env
    ]
    reason = f"maintenance: {'; '.join(under_way)}" if under_way else ""
    return VenueStatus(ts_ns, VENUE, is_up=not under_way, reason=reason)


def _ask(target: str) -> Request:
    return Request("GET", target, lane=Lane.MARKET)
