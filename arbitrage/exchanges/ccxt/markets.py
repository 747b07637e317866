"""ccxt's markets as instruments, and what the account pays on them.

Symbols are ccxt's own (`BTC/KRW`, `BTC/USDT:USDT`). A market whose steps ccxt does not tell, and a
contract that is not a linear perpetual, is left out. ccxt knows one tick per market: where ticks
depend on the price, the venue refuses what is off its grid, unless its tick is given by the user.
"""

import logging
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.fees import FeeManner, FeeSchedule
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.units import EXACT
from arbitrage.exchanges.ccxt.answers import amount, read_answer, signed
from arbitrage.exchanges.order_gateway import Answer


class MarketReply(msgspec.Struct):
    """`{"symbol":"BTC/USDT:USDT","base":"BTC","quote":"USDT","settle":"USDT","spot":false,
    "swap":true,"linear":true,"active":true,"contractSize":"1","price_step":"0.1",...}`"""

    symbol: str
    base: str | None = None
    quote: str | None = None
    settle: str | None = None
    spot: bool | None = None
    swap: bool | None = None
    linear: bool | None = None
    active: bool | None = None
    contractSize: str | None = None
    taker: str | None = None
    maker: str | None = None
    feeSide: str | None = None
    price_step: str | None = None
    amount_step: str | None = None
    min_amount: str | None = None
    max_amount: str | None = None
    min_cost: str | None = None


class FeeReply(msgspec.Struct):
    """`{"taker":"0.0005","maker":"0.0005","feeSide":null}`"""

    taker: str | None
    maker: str | None
    feeSide: str | None = None


_log = logging.getLogger(__name__)
_BPS = Decimal(10_000)
_MARKETS = msgspec.json.Decoder(list[MarketReply])
_FEE = msgspec.json.Decoder(FeeReply)
IS_HEDGED = msgspec.json.Decoder(bool | None)


class Listed(msgspec.Struct, frozen=True):
    """A market that can be traded: its rules, and what it costs if ccxt says so."""

    instrument: Instrument
    fees: FeeSchedule | None


def listed(venue: str, answer: Answer, tick_sizes: Mapping[str, Decimal]) -> list[Listed]:
    """The markets that can be traded. `tick_sizes` are those that the user knows better.

    One of thousands that has odd numbers is left out, rather than keep the venue from starting.
    """
    found = []
    for reply in read_answer(_MARKETS, answer, "markets"):
        try:
            instrument = _instrument(venue, reply, tick_sizes.get(reply.symbol))
            if instrument is not None:
                found.append(Listed(instrument, _fees(reply)))
        except (MalformedData, ConfigError) as error:
            _log.info("%s: %s is left out: %s", venue, reply.symbol, error)
    return found


def _instrument(venue: str, reply: MarketReply, tick: Decimal | None) -> Instrument | None:
    """None for what cannot be traded here."""
    is_spot = reply.spot is True
    is_perpetual = reply.swap is True and reply.linear is True and reply.settle == reply.quote
    tick_size = amount(reply.price_step, f"{reply.symbol} price step") if tick is None else tick
    lot_size = amount(reply.amount_step, f"{reply.symbol} amount step")
    multiplier = amount(reply.contractSize, f"{reply.symbol} contract size") or Decimal(1)
    if reply.active is False or not (is_spot or is_perpetual) or not (tick_size and lot_size):
        return None
    if not (reply.base and reply.quote):
        return None
    return Instrument(
        venue=venue,
        symbol=reply.symbol,
        base=reply.base,
        quote=reply.quote,
        kind=InstrumentKind.SPOT if is_spot else InstrumentKind.PERPETUAL,
        settle="" if is_spot else reply.quote,
        tick_size=tick_size,
        lot_size=lot_size,
        min_qty=amount(reply.min_amount, f"{reply.symbol} least amount"),
        max_qty=amount(reply.max_amount, f"{reply.symbol} greatest amount") or None,
        min_notional=amount(reply.min_cost, f"{reply.symbol} least cost"),
        contract_multiplier=Decimal(1) if is_spot else multiplier,
    )


def account_fees(answer: Answer) -> FeeSchedule:
    """What the account pays on a market. Raises `ConfigError` if ccxt does not say."""
    reply = read_answer(_FEE, answer, "trading fee")
    fees = _schedule(reply.taker, reply.maker, reply.feeSide)
    if fees is None:
        raise ConfigError("ccxt does not tell the account's fee; expected fees=FeeSchedule(...)")
    return fees


def _fees(reply: MarketReply) -> FeeSchedule | None:
    return _schedule(reply.taker, reply.maker, "" if reply.swap else reply.feeSide)


def _schedule(taker: str | None, maker: str | None, side: str | None) -> FeeSchedule | None:
    if taker is None:
        return None
    is_received = side in ("get", "base")
    return FeeSchedule(
        taker_bps=float(EXACT.multiply(amount(taker, "taker fee"), _BPS)),
        maker_bps=float(EXACT.multiply(signed(maker or taker, "maker fee"), _BPS)),
        manner=FeeManner.RECEIVED if is_received else FeeManner.QUOTE,
    )
