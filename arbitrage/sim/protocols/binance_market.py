"""Market data as Binance tells it, spot and futures alike: trades, and the figures of a day.

Shapes: developers.binance.com/docs/derivatives/usds-margined-futures and
github.com/binance/binance-spot-api-docs/rest-api.md, read 2026-11-22. What one of the two has
beyond this it adds itself.
"""

from collections.abc import Callable
from itertools import islice
from typing import Final

from arbitrage.domain.instrument import Instrument
from arbitrage.domain.sides import Side
from arbitrage.sim.core_events import PublicTrade
from arbitrage.sim.protocols.binance_auth import Params
from arbitrage.sim.protocols.binance_depth import DepthBook
from arbitrage.sim.protocols.binance_params import limit_of, market_of, whole
from arbitrage.sim.protocols.binance_wire import Figures, Json, ms
from arbitrage.sim.venue_core import SimVenueCore

DAY_MS: Final = 86_400_000
_MAX_TRADES: Final = 1000
_DEFAULT_TRADES: Final = 500


def latest_trades(params: Params, core: SimVenueCore) -> list[PublicTrade]:
    """The latest trades of a market, oldest first; from an id on if one is given."""
    symbol = market_of(params, core).symbol
    limit = limit_of(params, default=_DEFAULT_TRADES, most=_MAX_TRADES)
    first, tape = whole(params, "fromId"), core.tape(symbol).trades
    if first is None:
        return list(islice(tape, max(len(tape) - limit, 0), None))
    return list(islice((each for each in tape if each.trade_id >= first), limit))


def each_market(
    params: Params, markets: list[Instrument], told: Callable[[Instrument], Json]
) -> Json | list[Json]:
    """An object for the one market that `symbol` asks for, a list for all of `markets`."""
    found = [told(rules) for rules in markets]
    return found[0] if "symbol" in params else found


def trade_entry(printed: PublicTrade, figures: Figures) -> Json:
    """One entry of `trades`."""
    trade = printed.trade
    return {
        "id": printed.trade_id,
        "price": figures.price(trade.price),
        "qty": figures.qty(trade.qty),
        "quoteQty": f"{trade.price * trade.qty:.2f}",
        "time": ms(trade.ts_ns),
        "isBuyerMaker": trade.side is Side.SELL,
    }


def agg_trade_entry(printed: PublicTrade, figures: Figures) -> Json:
    """One entry of `aggTrades`; every trade is its own aggregate here."""
    trade = printed.trade
    return {
        "a": printed.trade_id,
        "p": figures.price(trade.price),
        "q": figures.qty(trade.qty),
        "f": printed.trade_id,
        "l": printed.trade_id,
        "T": ms(trade.ts_ns),
        "m": trade.side is Side.SELL,
    }


def quote_object(symbol: str, depth: DepthBook, figures: Figures) -> Json:
    """The best prices of a market; an empty side is written as zeros."""
    bids, asks = depth.top(1)
    bid, bid_qty = bids[0] if bids else (0.0, 0.0)
    ask, ask_qty = asks[0] if asks else (0.0, 0.0)
    return {
        "symbol": symbol,
        "bidPrice": figures.price(bid),
        "bidQty": figures.qty(bid_qty),
        "askPrice": figures.price(ask),
        "askQty": figures.qty(ask_qty),
    }


def day_object(core: SimVenueCore, rules: Instrument, figures: Figures) -> Json:
    """One entry of `ticker/24hr`. The day begins when the venue starts."""
    tape, now_ms = core.tape(rules.symbol), ms(core.now_ns)
    change = tape.last - tape.opening
    latest = tape.trades[-1] if tape.trades else None
    return {
        "symbol": rules.symbol,
        "priceChange": figures.price(change),
        "priceChangePercent": f"{100 * change / tape.opening if tape.opening else 0.0:.3f}",
        "weightedAvgPrice": figures.price(
            tape.notional / tape.volume if tape.volume else tape.last
        ),
        "lastPrice": figures.price(tape.last),
        "lastQty": figures.qty(latest.trade.qty if latest else 0.0),
        "openPrice": figures.price(tape.opening),
        "highPrice": figures.price(tape.high),
        "lowPrice": figures.price(tape.low),
        "volume": figures.qty(tape.volume),
        "quoteVolume": f"{tape.notional:.2f}",
        "openTime": now_ms - DAY_MS,
        "closeTime": now_ms,
        "firstId": tape.trades[0].trade_id if latest else 0,
        "lastId": latest.trade_id if latest else 0,
        "count": len(tape.trades),
    }
