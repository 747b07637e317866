"""OKX's markets and their public figures as JSON objects, built from the core.

Shapes: www.okx.com/docs-v5/en, the pages of public data and of order book trading, read
2026-11-22. Sizes of swaps are in contracts. The venue knows no least notional, so none is told. Its
price limits are narrower and move; here a purchase may cost, and a sale bring, a tenth more or less
than the mark.
"""

from decimal import Decimal
from typing import Final

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.domain.units import NS_PER_SECOND, ONE, decimal_of, plain
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_wire import Json, figure, ms
from arbitrage.sim.venue_core import SimVenueCore

MAX_LEVERAGE: Final = 125
PRICE_BAND: Final = Decimal("0.1")
FUNDING_NS: Final = 8 * 3_600 * NS_PER_SECOND
_MAX_CONTRACTS: Final = Decimal(100_000_000)
_MAX_COINS: Final = Decimal(9_999_999_999)
_MAX_MARKET_USD: Final = "1000000"
_MAX_MARKET_CONTRACTS: Final = Decimal(12_000_000)
# Where the numbers of instruments begin, which orders by websocket name them by.
_FIRST_CODE: Final = 10_000


def kind_of(rules: Instrument) -> str:
    return "SWAP" if rules.is_perpetual else "SPOT"


def family_of(rules: Instrument) -> str:
    return f"{rules.base}-{rules.quote}"


class Markets:
    """What is listed, by name and by number."""

    def __init__(self, core: SimVenueCore) -> None:
        self._core = core
        self._symbols = dict(enumerate(core.instruments, _FIRST_CODE))
        self.codes = {symbol: code for code, symbol in self._symbols.items()}

    def rules(self, symbol: str) -> Instrument:
        """The market called `symbol`. Raises `OkxRefusal` if there is none."""
        if symbol not in self._core.instruments:
            raise OkxRefusal("51001")
        return self._core.instruments[symbol]

    def symbol_of(self, code: str) -> str:
        """The name of the market of a number. Raises `OkxRefusal` if there is none."""
        number = int(code) if code.isascii() and code.isdigit() and len(code) < 20 else 0
        if number not in self._symbols:
            raise OkxRefusal("51001")
        return self._symbols[number]

    def of_kind(self, kind: str) -> list[Instrument]:
        """The markets of a kind; of every kind for an empty one."""
        return [one for one in self._core.instruments.values() if kind in ("", kind_of(one))]

    def mark_price(self, symbol: str) -> float:
        """The announced mark of a swap, else the middle of the book; zero before the first."""
        funding = self._core.funding(symbol)
        if funding is not None and funding.mark_price > 0:
            return funding.mark_price
        book = self._core.book(symbol)
        if book is None or not (book.bids and book.asks):
            return 0.0
        return (book.bids[0][0] + book.asks[0][0]) / 2

    def leverage(self, symbol: str) -> str:
        """The leverage of a swap, as it is set now."""
        return plain(round(ONE / self._core.initial_margin(symbol), 2))

    def price_limit(self, symbol: str, side: Side) -> Decimal | None:
        """The worst price of an order; None before there is a mark."""
        mark = decimal_of(self.mark_price(symbol))
        if not mark:
            return None
        bound = mark * (ONE + PRICE_BAND * side.sign)
        return self._core.instruments[symbol].limit_price(bound, side)

    # --- objects -------------------------------------------------------------------------------

    def instrument_object(self, rules: Instrument) -> Json:
        """One row of `public/instruments`."""
        is_swap = rules.is_perpetual
        family = family_of(rules) if is_swap else ""
        most_at_market = max_qty(rules, is_market=True)
        return {
            "instType": kind_of(rules),
            "instId": rules.symbol,
            "instIdCode": self.codes[rules.symbol],
            "instFamily": family,
            "uly": family,
            "baseCcy": "" if is_swap else rules.base,
            "quoteCcy": "" if is_swap else rules.quote,
            "settleCcy": rules.quote if is_swap else "",
            "tradeQuoteCcyList": [] if is_swap else [rules.quote],
            "ctType": "linear" if is_swap else "",
            "ctVal": plain(rules.contract_multiplier) if is_swap else "",
            "ctMult": "1" if is_swap else "",
            "ctValCcy": rules.base if is_swap else "",
            "tickSz": plain(rules.tick_size),
            "lotSz": plain(rules.lot_size),
            "minSz": plain(rules.min_qty or rules.lot_size),
            "maxLmtSz": plain(max_qty(rules, is_market=False) or _MAX_COINS),
            "maxMktSz": plain(most_at_market) if most_at_market else _MAX_MARKET_USD,
            "maxLmtAmt": "" if is_swap else "20000000",
            "maxMktAmt": "" if is_swap else _MAX_MARKET_USD,
            "lever": str(MAX_LEVERAGE) if is_swap else "10",
            "state": "live",
            "listTime": "1606468572000",
            "expTime": "",
            "alias": "",
            "category": "1",
            "groupId": "1",
            "ruleType": "normal",
            "optType": "",
            "stk": "",
            "upcChg": [],
        }

    def ticker_object(self, symbol: str) -> Json:
        book, tape = self._core.book(symbol), self._core.tape(symbol)
        (bid, bid_qty), (ask, ask_qty) = (
            levels[0] if levels else (0.0, 0.0)
            for levels in ((book.bids, book.asks) if book else ([], []))
        )
        rules = self._core.instruments[symbol]
        volume = decimal_of(tape.volume)
        return {
            "instType": kind_of(rules),
            "instId": symbol,
            "last": figure(tape.last),
            "lastSz": figure(tape.trades[-1].trade.qty) if tape.trades else "0",
            "askPx": figure(ask) if ask else "",
            "askSz": figure(ask_qty) if ask else "",
            "bidPx": figure(bid) if bid else "",
            "bidSz": figure(bid_qty) if bid else "",
            "open24h": figure(tape.opening),
            "high24h": figure(tape.high),
            "low24h": figure(tape.low),
            "vol24h": plain(volume),
            "volCcy24h": (
                plain(volume * rules.contract_multiplier)
                if rules.is_perpetual
                else figure(tape.notional)
            ),
            "sodUtc0": figure(tape.opening),
            "sodUtc8": figure(tape.opening),
            "ts": ms(self._core.now_ns),
        }

    def mark_object(self, symbol: str) -> Json:
        return {
            "instType": kind_of(self._core.instruments[symbol]),
            "instId": symbol,
            "markPx": figure(self.mark_price(symbol)),
            "ts": ms(self._core.now_ns),
        }

    def funding_object(self, symbol: str) -> Json:
        """The funding that is settled next; a rate of zero until one is announced."""
        now_ns = self._core.now_ns
        announced = self._core.funding(symbol)
        at_ns = announced.next_ts_ns if announced else (now_ns // FUNDING_NS + 1) * FUNDING_NS
        return {
            "instType": "SWAP",
            "instId": symbol,
            "method": "current_period",
            "formulaType": "withRate",
            "fundingRate": figure(announced.rate if announced else 0.0),
            "nextFundingRate": "",
            "fundingTime": ms(at_ns),
            "nextFundingTime": ms(at_ns + FUNDING_NS),
            "minFundingRate": "-0.00375",
            "maxFundingRate": "0.00375",
            "interestRate": "0.0001",
            "premium": "0",
            "impactValue": "20000",
            "settState": "settled",
            "settFundingRate": "0",
            "ts": ms(now_ns),
        }


def max_qty(rules: Instrument, *, is_market: bool) -> Decimal | None:
    """The largest order, native; None where it is bounded by its value alone."""
    if rules.max_qty is not None:
        return rules.max_qty
    if not rules.is_perpetual:
        return None
    return _MAX_MARKET_CONTRACTS if is_market else _MAX_CONTRACTS


def trade_object(printed: PublicTrade) -> Json:
    """A public trade; `side` is the taker's."""
    trade = printed.trade
    return {
        "instId": trade.symbol,
        "tradeId": str(printed.trade_id),
        "px": figure(trade.price),
        "sz": figure(trade.qty),
        "side": "buy" if trade.side is Side.BUY else "sell",
        "ts": ms(trade.ts_ns),
    }
