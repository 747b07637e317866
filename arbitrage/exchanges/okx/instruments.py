"""What the venue lists and by which rules, and what else its messages need to be understood.

Spot markets and linear swaps that are live become instruments; swaps settled in their base do not,
nor what is suspended, before its market, or open to post-only orders alone. `lever` is left aside:
margin follows the account's leverage.
"""

from decimal import Decimal

import msgspec

from arbitrage.domain.errors import ConfigError
from arbitrage.domain.instrument import Instrument, InstrumentKind
from arbitrage.domain.units import EXACT, ONE
from arbitrage.exchanges.okx.answers import read
from arbitrage.exchanges.okx.facts import SWAP_SUFFIX, VENUE
from arbitrage.exchanges.okx.wire import UNREADABLE, amount
from arbitrage.exchanges.order_gateway import Answer, Lane, Request

KINDS = {InstrumentKind.SPOT: "SPOT", InstrumentKind.PERPETUAL: "SWAP"}


class _Symbol(msgspec.Struct, rename="camel"):
    inst_id: str
    inst_type: str
    state: str
    tick_sz: str
    lot_sz: str
    min_sz: str
    base_ccy: str = ""
    quote_ccy: str = ""
    settle_ccy: str = ""
    ct_type: str = ""
    ct_val: str = ""
    ct_mult: str = ""
    ct_val_ccy: str = ""
    uly: str = ""
    max_lmt_sz: str = ""
    max_mkt_sz: str = ""
    inst_id_code: int | None = None


class Contract(msgspec.Struct, frozen=True):
    """What messages about a symbol leave out: base units of one native unit, the currency in which
    it settles (empty for spot), and the number that orders by websocket name it by (zero where the
    venue has none for it yet)."""

    multiplier: Decimal = ONE
    settle: str = ""
    code: int = 0


class Listing(msgspec.Struct):
    """What one kind's list said: tradable `instruments`, `contracts` by symbol, and the symbols
    that are `unreadable`, each with the reason; those are not traded."""

    instruments: list[Instrument]
    contracts: dict[str, Contract]
    unreadable: dict[str, str]


_decoder = msgspec.json.Decoder(list[_Symbol])


def is_swap(symbol: str) -> bool:
    return symbol.endswith(SWAP_SUFFIX)


def kind_of(symbol: str) -> str:
    """The venue's word for the kind of `symbol`."""
    return "SWAP" if is_swap(symbol) else "SPOT"


def instruments_request(kind: InstrumentKind) -> Request:
    target = f"/api/v5/public/instruments?instType={KINDS[kind]}"
    return Request("GET", target, lane=Lane.MARKET)


def listing(answer: Answer) -> Listing:
    """What the venue lists. Raises what `answers.read` raises.

    Spot: `{"instType":"SPOT","instId":"BTC-USDT","baseCcy":"BTC","quoteCcy":"USDT","state":"live",
    "tickSz":"0.1","lotSz":"0.00000001","minSz":"0.00001","maxLmtSz":"9999999999","maxMktSz":"",
    "ctVal":"","instIdCode":1000000000,...}`, where `maxMktSz` is in USDT.

    Swap: `{"instType":"SWAP","instId":"BTC-USDT-SWAP","uly":"BTC-USDT","settleCcy":"USDT",
    "ctType":"linear","ctVal":"0.01","ctMult":"1","ctValCcy":"BTC","state":"live","tickSz":"0.1",
    "lotSz":"0.01","minSz":"0.01","maxLmtSz":"100000000","maxMktSz":"12000","instIdCode":10459,
    ...}`, sizes in contracts.
    """
    found = Listing([], {}, {})
    for symbol in read(_decoder, answer, "instruments"):
        is_spot = symbol.inst_type == "SPOT"
        if symbol.state != "live" or not (is_spot or symbol.ct_type == "linear"):
            continue
        try:
            instrument = _spot(symbol) if is_spot else _swap(symbol)
        except UNREADABLE as error:
            found.unreadable[symbol.inst_id] = str(error)
            continue
        found.instruments.append(instrument)
        found.contracts[symbol.inst_id] = Contract(
            instrument.contract_multiplier, instrument.settle, symbol.inst_id_code or 0
        )
    return found


def _spot(symbol: _Symbol) -> Instrument:
    return Instrument(
        venue=VENUE,
        symbol=symbol.inst_id,
        base=symbol.base_ccy,
        quote=symbol.quote_ccy,
        tick_size=amount(symbol.tick_sz),
        lot_size=amount(symbol.lot_sz),
        min_qty=amount(symbol.min_sz),
        max_qty=amount(symbol.max_lmt_sz) or None,
    )


def _swap(symbol: _Symbol) -> Instrument:
    """One limit stands for limit and market orders, so the greatest quantity is the smaller one.

    Raises `ConfigError` unless the symbol says what it is about: the contract's value must be in
    the base, and the base and quote those of the underlying.
    """
    base, _, quote = symbol.uly.partition("-")
    is_told = symbol.inst_id == f"{symbol.uly}{SWAP_SUFFIX}" and symbol.ct_val_ccy == base
    if not is_told or not quote:
        raise ConfigError(
            f"{VENUE} {symbol.inst_id}: a contract of {symbol.ct_val} {symbol.ct_val_ccy} on "
            f"{symbol.uly}; expected one of so much base; the instrument is refused"
        )
    limits = [qty for qty in (amount(symbol.max_lmt_sz), amount(symbol.max_mkt_sz)) if qty]
    return Instrument(
        venue=VENUE,
        symbol=symbol.inst_id,
        base=base,
        quote=quote,
        kind=InstrumentKind.PERPETUAL,
        settle=symbol.settle_ccy,
        tick_size=amount(symbol.tick_sz),
        lot_size=amount(symbol.lot_sz),
        min_qty=amount(symbol.min_sz),
        max_qty=min(limits, default=None),
        contract_multiplier=EXACT.multiply(amount(symbol.ct_val), amount(symbol.ct_mult)),
    )
