"""A made-up venue's protocol, small enough to be read at once, for the tests of the gateway.

Its messages are JSON objects whose `ch` says what they are. Books come whole (`book`) or, if
`diffs` is set, as changes (`diff`) that are joined to a snapshot or, if `renews` is set, begin
with a `book` that answers each subscription.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData, OrderRefused, Unavailable
from arbitrage.domain.events import (
    BalanceUpdate,
    BookDelta,
    BookQuote,
    BookSnapshot,
    Event,
    FundingPayment,
    OrderUpdate,
    VenueStatus,
)
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.intents import CancelOrder, PlaceOrder, Purpose, QueryOrder
from arbitrage.domain.orders import OrderStatus
from arbitrage.domain.units import plain
from arbitrage.exchanges.order_gateway import (
    AccountState,
    Answer,
    BudgetReading,
    Channel,
    Lane,
    Request,
    VenueCodec,
)

VENUE = "tiny"
SECOND = 1_000_000_000
STATUSES = {
    "open": OrderStatus.OPEN,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
}


def read(answer: Answer) -> Any:
    if answer.status in (429, 418, 503):
        raise Unavailable(f"tiny: http {answer.status}")
    if answer.status == 401:
        raise ConfigError("tiny: bad key")
    try:
        return msgspec.json.decode(answer.body)
    except msgspec.DecodeError as error:
        raise MalformedData(f"tiny: {error}") from error


def levels(pairs: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    return [(float(price), float(qty)) for price, qty in pairs]


class TinyCodec(VenueCodec):
    venue = VENUE

    def __init__(self, *, diffs: bool = False, renews: bool = False) -> None:
        self.diffs = diffs or renews
        self.renews = renews
        self.last: dict[str, int | None] = {}
        self.held: dict[str, list[BookDelta]] = {}

    # --- public -------------------------------------------------------------------------------

    def instruments_request(self) -> Request:
        return Request("GET", "/markets")

    def instruments(self, answer: Answer) -> list[Instrument]:
        return [
            Instrument(
                venue=VENUE,
                symbol=one["symbol"],
                base=one["base"],
                quote=one["quote"],
                kind=InstrumentKind(one["kind"]),
                tick_size=Decimal("0.01"),
                lot_size=Decimal("0.001"),
            )
            for one in read(answer)
        ]

    def book_request(self, symbol: str) -> Request:
        return Request("GET", f"/book?symbol={symbol}")

    def book(self, symbol: str, answer: Answer, ts_ns: int) -> BookSnapshot:
        said = read(answer)
        return BookSnapshot(ts_ns, VENUE, symbol, levels(said["b"]), levels(said["a"]), said["seq"])

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> list[bytes]:
        for symbol in symbols if self.diffs else ():
            self.last.setdefault(symbol, None)
        return [
            msgspec.json.encode({"sub": [f"{one.value}:{s}" for one in channels for s in symbols]})
        ]

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        try:
            said = msgspec.json.decode(frame)
            symbol = said.get("s", "")
            if "b" in said:
                said["b"], said["a"] = levels(said["b"]), levels(said["a"])
        except (msgspec.DecodeError, ValueError, TypeError, AttributeError) as error:
            raise MalformedData(f"tiny: {error}", _symbol_in(frame)) from error
        match said["ch"]:
            case "book":
                if self.renews:
                    self.last[symbol] = said["seq"]
                return (BookSnapshot(ts_ns, VENUE, symbol, said["b"], said["a"], said["seq"]),)
            case "quote":
                (bid, bid_qty), (ask, ask_qty) = said["b"][0], said["a"][0]
                return (BookQuote(ts_ns, VENUE, symbol, bid, bid_qty, ask, ask_qty),)
            case "diff":
                return self._follow(
                    BookDelta(ts_ns, VENUE, symbol, said["b"], said["a"], said["seq"], said["prev"])
                )
            case "down" | "up":
                return (VenueStatus(ts_ns, VENUE, said["ch"] == "up", said["why"]),)
        return ()

    # --- books by diffs -----------------------------------------------------------------------

    def _follow(self, delta: BookDelta) -> Sequence[Event]:
        last = self.last[delta.symbol]
        if last is None and self.renews:
            return ()
        if last is None:
            self.held.setdefault(delta.symbol, []).append(delta)
            return ()
        if delta.seq <= last:
            return ()
        if delta.prev_seq != last:
            self.lose(delta.symbol)
        else:
            self.last[delta.symbol] = delta.seq
        return (delta,)

    def renewal(self, symbol: str) -> list[bytes]:
        return [msgspec.json.encode({"sub": [f"book:{symbol}"]})]

    def lose(self, symbol: str) -> None:
        if symbol in self.last:
            self.last[symbol] = None
            self.held.pop(symbol, None)

    def unsynchronised(self) -> list[str]:
        return [symbol for symbol, last in self.last.items() if last is None]

    def join(self, symbol: str, answer: Answer, ts_ns: int) -> Sequence[Event]:
        book = self.book(symbol, answer, ts_ns)
        self.last[symbol] = book.seq
        events: list[Event] = [book]
        for delta in self.held.pop(symbol, []):
            delta.ts_ns = ts_ns
            events.extend(self._follow(delta))
        return events

    # --- private ------------------------------------------------------------------------------

    def place(self, intent: PlaceOrder, now_ns: int) -> Request:
        if intent.price is None:
            raise OrderRefused("tiny has no market orders; not sent", "no_market_orders")
        query = {
            "ts": now_ns,
            "id": intent.client_id,
            "symbol": intent.symbol,
            "side": intent.side.value,
            "qty": plain(intent.qty),
            "price": plain(intent.price),
            "tif": intent.time_in_force.value,
        }
        lane = Lane.ENTRY if intent.purpose is Purpose.ENTRY else Lane.URGENT
        return _signed("POST", "/order", query, lane)

    def cancel(self, intent: CancelOrder, now_ns: int) -> Request:
        return _signed("DELETE", "/order", {"ts": now_ns, "id": intent.client_id}, Lane.URGENT)

    def query(self, intent: QueryOrder, now_ns: int) -> Request:
        return _signed("GET", "/order", {"ts": now_ns, "id": intent.client_id})

    def open_orders_request(self, symbol: str, now_ns: int) -> Request:
        return _signed("GET", "/open", {"ts": now_ns, "symbol": symbol})

    def account_request(self, now_ns: int) -> Request:
        return _signed("GET", "/account", {"ts": now_ns})

    def outcome(self, intent: PlaceOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
        return self._heard(intent.client_id, answer, ts_ns)

    def canceled(self, intent: CancelOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
        return self._heard(intent.client_id, answer, ts_ns, may_reject=False)

    def queried(self, intent: QueryOrder, answer: Answer, ts_ns: int) -> OrderUpdate | None:
        if answer.status == 404:
            return None
        return self._heard(intent.client_id, answer, ts_ns, may_reject=False)

    def _heard(
        self, client_id: str, answer: Answer | None, ts_ns: int, *, may_reject: bool = True
    ) -> OrderUpdate:
        if answer is not None and answer.status == 200:
            return update_of(msgspec.json.decode(answer.body), ts_ns)
        if answer is not None and answer.status == 400 and may_reject:
            reason = read(answer)["error"]
            return OrderUpdate(ts_ns, client_id, OrderStatus.REJECTED, reason=reason)
        return OrderUpdate(ts_ns, client_id, OrderStatus.IN_DOUBT, reason="no clear answer")

    def open_orders(self, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
        return [update_of(one, ts_ns) for one in read(answer)]

    def history_request(self, symbol: str, since_ns: int, now_ns: int) -> Request:
        return _signed("GET", "/orders", {"ts": now_ns, "symbol": symbol, "since": since_ns})

    def account(self, answer: Answer) -> AccountState:
        said = read(answer)
        return AccountState(_exact(said["balances"]), _exact(said["positions"]))

    def decode_private(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        try:
            said = msgspec.json.decode(frame)
        except msgspec.DecodeError as error:
            raise MalformedData(f"tiny: {error}") from error
        match said["ch"]:
            case "order":
                return (update_of(said, ts_ns),)
            case "funding":
                amount = Decimal(said["amount"])
                return (FundingPayment(ts_ns, VENUE, said["s"], "USD", amount),)
            case "balance":
                return (BalanceUpdate(ts_ns, VENUE, "USD", Decimal(said["total"])),)
            case "down" | "up":
                return (VenueStatus(ts_ns, VENUE, said["ch"] == "up", said["why"]),)
            case "over":
                raise Unavailable("the session is over")
            case "book":
                return (BookSnapshot(ts_ns, VENUE, said["s"], [], []),)
        return ()

    # --- limits -------------------------------------------------------------------------------

    def budgets(self, answer: Answer, endpoint: str = "") -> list[BudgetReading]:  # noqa: ARG002
        wait_ns = int(answer.headers.get("retry-after-ms", "0")) * 1_000_000
        used = int(answer.headers.get("x-used", "0"))
        if not wait_ns and not used:
            return []
        return [BudgetReading("weight", used, 0, SECOND, wait_ns)]


def place_by_stream(codec: TinyCodec, intent: PlaceOrder, re: str, now_ns: int) -> Request:
    return _by_stream(codec.place(intent, now_ns), re)


def cancel_by_stream(codec: TinyCodec, intent: CancelOrder, re: str, now_ns: int) -> Request:
    return _by_stream(codec.cancel(intent, now_ns), re)


def _by_stream(request: Request, re: str) -> Request:
    path, _, query = request.target.partition("?")
    said = {"re": re, "do": f"{request.method} {path}", "query": dict(parse_qsl(query))}
    return Request("WS", path, {}, msgspec.json.encode(said), request.lane)


def answer_by_stream(frame: bytes) -> tuple[str, Answer] | None:
    try:
        said = msgspec.json.decode(frame)
    except msgspec.DecodeError as error:
        raise MalformedData(f"tiny: {error}") from error
    if said.get("ch") == "over":
        raise Unavailable("the session is over")
    if "re" not in said:
        return None
    return said["re"], Answer(said["status"], msgspec.json.encode(said["body"]))


def after_login(frame: bytes) -> Sequence[bytes] | None:
    if frame == b'{"ch":"accepted"}':
        return ()
    raise Unavailable(f"tiny refuses the login: {frame.decode()}")


def update_of(said: Mapping[str, Any], ts_ns: int) -> OrderUpdate:
    fee = Decimal(said.get("fee", "0"))
    return OrderUpdate(
        ts_ns,
        said["id"],
        STATUSES.get(said["status"], OrderStatus.IN_DOUBT),
        Decimal(said["filled"]),
        Decimal(said["cost"]),
        (("USD", fee),) if fee else (),
    )


def _signed(
    method: str, path: str, query: Mapping[str, object], lane: Lane = Lane.ACCOUNT
) -> Request:
    return Request(method, f"{path}?{urlencode(query)}", {"X-Key": "key"}, b"", lane)


def _exact(amounts: Mapping[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(amount) for name, amount in amounts.items()}


def _symbol_in(frame: bytes) -> str:
    _, found, rest = frame.partition(b'"s":"')
    return rest.partition(b'"')[0].decode("ascii", "replace") if found else ""
