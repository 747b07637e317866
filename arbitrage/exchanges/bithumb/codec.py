"""Bithumb's wire protocol as one object: intents to signed requests, frames and answers to events.

Nothing is decided here. Market data is read in `public`, orders are written in `orders` and read in
`order_answers`, the private stream in `private`; this class adds the signature and the lane, and
gives all of it the shape that every native venue has.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import BookSnapshot, Event, OrderUpdate
from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import CancelOrder, PlaceOrder, Purpose, QueryOrder
from arbitrage.domain.units import EXACT, NS_PER_MS
from arbitrage.exchanges.bithumb import answers, facts, order_answers, orders, private, public
from arbitrage.exchanges.bithumb.auth import JwtSigner
from arbitrage.exchanges.order_gateway import (
    AccountState,
    Answer,
    BudgetReading,
    Channel,
    Lane,
    Request,
    VenueCodec,
)

_ENCODER = msgspec.json.Encoder()
_JSON = "application/json; charset=utf-8"
_BPS = Decimal(10_000)
# What brings us back to safety goes ahead of what opens something new.
_URGENT = frozenset({Purpose.EXIT, Purpose.HEDGE, Purpose.REVERSE})


class AccountReply(msgspec.Struct, gc=False):
    """`{"currency":"KRW","balance":"1000000.0","locked":"0.0","avg_buy_price":"0",
    "avg_buy_price_modified":false,"unit_currency":"KRW"}`; `balance` is without `locked`."""

    currency: str
    balance: Decimal
    locked: Decimal


class ChanceSide(msgspec.Struct, gc=False):
    min_total: Decimal


class ChanceMarket(msgspec.Struct, gc=False):
    bid: ChanceSide
    ask: ChanceSide
    max_total: Decimal
    state: str


class ChanceReply(msgspec.Struct, gc=False):
    """`{"bid_fee":"0.0025","ask_fee":"0.0025","maker_bid_fee":"0.0025","maker_ask_fee":"0.0025",
    "market":{"id":"KRW-BTC","bid":{"currency":"KRW","min_total":"5000"},"ask":{...},
    "max_total":"1000000000","state":"active",...},"bid_account":{...},"ask_account":{...}}`"""

    bid_fee: Decimal
    ask_fee: Decimal
    maker_bid_fee: Decimal
    maker_ask_fee: Decimal
    market: ChanceMarket


class MarketTerms(msgspec.Struct, frozen=True):
    """What the account may do on a market now; totals are in quote."""

    fees: FeeSchedule
    min_notional: Decimal
    max_notional: Decimal
    is_active: bool


_ACCOUNTS = msgspec.json.Decoder(list[AccountReply])
_CHANCE = msgspec.json.Decoder(ChanceReply)


class BithumbCodec(VenueCodec):
    """The wire protocol of one account, or of market data alone where `signer` is left out.

    Every request carries a fresh nonce and the venue's time in `now_ns`, and is sent at once and
    once: a second sending may be refused, and the refusal says nothing of the first.
    """

    venue = facts.VENUE

    def __init__(self, signer: JwtSigner | None = None) -> None:
        self._signer = signer
        self._latest_us: dict[str, int] = {}

    # public

    def instruments_request(self) -> Request:
        return public.instruments_request()

    def instruments(self, answer: Answer) -> list[Instrument]:
        return public.instruments(answer)

    def documented_fees(self, symbol: str) -> FeeSchedule:
        return public.documented_fees(symbol)

    def book_request(self, symbol: str) -> Request:
        return public.book_request(symbol)

    def book(self, symbol: str, answer: Answer, ts_ns: int) -> BookSnapshot:
        return public.book(symbol, answer, ts_ns)

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> list[bytes]:
        for symbol in symbols:  # what a new connection shows first is true, whatever its time
            self._latest_us.pop(symbol, None)
        return public.subscribe(symbols, channels)

    def decode(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        return public.decode(frame, ts_ns, self._latest_us)

    # private

    def place(self, intent: PlaceOrder, now_ns: int) -> Request:
        """A limit order, or a market sale. Raises `OrderRefused` for what the venue has not."""
        return self._order(intent, orders.limit_or_market(intent), now_ns)

    def place_by_cost(self, intent: PlaceOrder, cost: Decimal, now_ns: int) -> Request:
        """A market purchase of `cost` quote; see `orders.market_by_cost`."""
        return self._order(intent, orders.market_by_cost(intent, cost), now_ns)

    def place_at_best(
        self, intent: PlaceOrder, now_ns: int, cost: Decimal | None = None
    ) -> Request:
        """An order at the best opposite price; see `orders.at_best`."""
        return self._order(intent, orders.at_best(intent, cost), now_ns)

    def cancel(self, intent: CancelOrder, now_ns: int) -> Request:
        by_id = {"client_order_id": intent.client_id}
        return self._signed("DELETE", facts.CANCEL_PATH, by_id, Lane.URGENT, now_ns)

    def query(self, intent: QueryOrder, now_ns: int) -> Request:
        by_id = {"client_order_id": intent.client_id}
        return self._signed("GET", facts.ORDER_PATH, by_id, Lane.ACCOUNT, now_ns)

    def open_orders_request(self, symbol: str, now_ns: int, page: int = 1) -> Request:
        """One page of the open orders of a market, or of all for an empty symbol, oldest first; a
        full page (`facts.ORDERS_PAGE`) has a next."""
        params = {"market": symbol} if symbol else {}
        params |= {
            "state": "wait",
            "page": str(page),
            "limit": str(facts.ORDERS_PAGE),
            "order_by": "asc",
        }
        return self._signed("GET", facts.ORDERS_PATH, params, Lane.ACCOUNT, now_ns)

    def closed_orders_request(self, symbol: str, start_ns: int, now_ns: int) -> Request:
        """Orders of a market made since `start_ns`, in the venue's time, and ended since, the
        oldest first; at most `facts.HISTORY_SPAN_NS` of them."""
        params = {
            "market": symbol,
            "start_time": str(start_ns // NS_PER_MS),
            "limit": str(facts.HISTORY_PAGE),
            "order_by": "asc",
        }
        return self._signed("GET", facts.HISTORY_PATH, params, Lane.ACCOUNT, now_ns)

    def account_request(self, now_ns: int) -> Request:
        return self._signed("GET", facts.ACCOUNTS_PATH, {}, Lane.ACCOUNT, now_ns)

    def wallets_request(self, now_ns: int) -> Request:
        return self._signed("GET", facts.WALLETS_PATH, {}, Lane.ACCOUNT, now_ns)

    def terms_request(self, symbol: str, now_ns: int) -> Request:
        """Asks for the account's fees and bounds on a market."""
        return self._signed("GET", facts.CHANCE_PATH, {"market": symbol}, Lane.ACCOUNT, now_ns)

    def private_headers(self, now_ns: int) -> dict[str, str]:
        """The headers with which the private websocket is opened; fresh ones each time."""
        return {"Authorization": self._required_signer().authorization("", now_ns)}

    def subscribe_private(self) -> list[bytes]:
        return [private.SUBSCRIPTION]

    def outcome(self, intent: PlaceOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
        return order_answers.outcome(intent, answer, ts_ns)

    def canceled(self, intent: CancelOrder, answer: Answer | None, ts_ns: int) -> OrderUpdate:
        return order_answers.canceled(intent, answer, ts_ns)

    def queried(self, intent: QueryOrder, answer: Answer, ts_ns: int) -> OrderUpdate | None:
        return order_answers.queried(intent, answer, ts_ns)

    def open_orders(self, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
        return order_answers.listed(answer, ts_ns)

    def closed_orders(self, answer: Answer, ts_ns: int) -> list[OrderUpdate]:
        return order_answers.ended(answer, ts_ns)

    def account(self, answer: Answer) -> AccountState:
        replies = answers.read_answer(_ACCOUNTS, answer, "accounts")
        return AccountState(
            balances={
                reply.currency: EXACT.add(
                    answers.amount(reply.balance, f"{reply.currency} balance"),
                    answers.amount(reply.locked, f"{reply.currency} locked"),
                )
                for reply in replies
            }
        )

    def terms(self, answer: Answer) -> MarketTerms:
        """The account's fees (the dearer side's) and bounds on a market."""
        reply = answers.read_answer(_CHANCE, answer, "order terms")
        market = reply.market
        return MarketTerms(
            fees=FeeSchedule(
                taker_bps=_dearer_bps(reply.bid_fee, reply.ask_fee),
                maker_bps=_dearer_bps(reply.maker_bid_fee, reply.maker_ask_fee),
            ),
            min_notional=max(
                answers.amount(market.bid.min_total, "bid min_total"),
                answers.amount(market.ask.min_total, "ask min_total"),
            ),
            max_notional=answers.amount(market.max_total, "max_total"),
            is_active=market.state == "active",
        )

    def decode_private(self, frame: bytes, ts_ns: int) -> Sequence[Event]:
        return private.decode(frame, ts_ns)

    # limits

    def budgets(self, answer: Answer, endpoint: str = "") -> list[BudgetReading]:  # noqa: ARG002
        return answers.budgets(answer)

    def _order(self, intent: PlaceOrder, params: Mapping[str, str], now_ns: int) -> Request:
        headers = {
            "Content-Type": _JSON,
            "Authorization": self._required_signer().authorization(orders.query_of(params), now_ns),
        }
        lane = Lane.URGENT if intent.purpose in _URGENT else Lane.ENTRY
        return Request("POST", facts.PLACE_PATH, headers, _ENCODER.encode(params), lane)

    def _signed(
        self, method: str, path: str, params: Mapping[str, str], lane: Lane, now_ns: int
    ) -> Request:
        query = orders.query_of(params)
        headers = {"Authorization": self._required_signer().authorization(query, now_ns)}
        return Request(method, f"{path}?{query}" if query else path, headers, b"", lane)

    def _required_signer(self) -> JwtSigner:
        if self._signer is None:
            raise ConfigError("bithumb: no keys were given, so nothing private can be asked for")
        return self._signer


def _dearer_bps(bid_fee: Decimal, ask_fee: Decimal) -> float:
    """The larger of two shares of notional, in basis points. Raises `MalformedData`."""
    share = max(answers.amount(bid_fee, "bid fee"), answers.amount(ask_fee, "ask fee"))
    if share >= 1:
        raise MalformedData(f"bithumb fee is {share} of notional; expected a share below one")
    return float(EXACT.multiply(share, _BPS))
