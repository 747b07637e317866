"""Why the paper venue refuses an order, asked in the order in which venues ask.

First the rules of the market, then what the book makes impossible, then money. Every answer is
one word, the reason in the order's record; None lets the order pass. Nothing is changed here.
"""

from decimal import Decimal

from arbitrage.domain.fees import FeeSchedule
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.intents import OrderType, PlaceOrder, TimeInForce
from arbitrage.domain.sides import Side
from arbitrage.domain.units import ONE, ZERO
from arbitrage.exchanges.base import GREATEST_NUMBER
from arbitrage.exchanges.paper.account import Account, fee_on_top, locking_rate, spot_lock
from arbitrage.exchanges.paper.exact import product
from arbitrage.exchanges.paper.market import PaperMarket
from arbitrage.exchanges.paper.matching import Take, taken_cost, taken_qty


def limit_of(intent: PlaceOrder) -> Decimal | None:
    """The worst price the order accepts; a market order has none, whatever its `price` says."""
    return None if intent.order_type is OrderType.MARKET else intent.price


def may_rest(intent: PlaceOrder) -> bool:
    """Whether what is not taken at once stays in the book."""
    return intent.order_type is OrderType.LIMIT and intent.time_in_force in (
        TimeInForce.GTC,
        TimeInForce.POST_ONLY,
    )


def rule_refusal(intent: PlaceOrder, rules: Instrument, market: PaperMarket) -> str | None:
    """Lots, ticks, minimums, and whether there is a book at all for an order that needs one.

    A market order's notional is judged at the best price that it would meet.
    """
    if not intent.qty.is_finite():
        return "lot_size"
    if intent.qty > GREATEST_NUMBER:
        return "max_qty"
    if intent.order_type is OrderType.MARKET:
        levels = market.asks if intent.side is Side.BUY else market.bids
        if not levels:
            return "no_book"
        return rules.refusal(intent.qty, rules.limit_price(levels[0][0], intent.side.opposite))
    if intent.price is None or not intent.price.is_finite():
        return "price_missing"
    if intent.price > GREATEST_NUMBER:
        return "max_price"
    reason = rules.refusal(intent.qty, intent.price)
    if reason is None and not market.is_known and not may_rest(intent):
        return "no_book"
    return reason


def opening_qty(
    intent: PlaceOrder, rules: Instrument, account: Account, market: PaperMarket, qty: Decimal
) -> Decimal:
    """The part of `qty` native that would open or enlarge a position, orders at rest counted."""
    if not rules.is_perpetual or intent.reduce_only:
        return ZERO
    reducible = account.margin.position(rules).reducible(intent.side)
    spoken_for = market.same_side_qty(intent.side)
    return max(ZERO, qty - max(ZERO, reducible - spoken_for))


def margin_needed(
    rules: Instrument, fees: FeeSchedule, price: Decimal, native_qty: Decimal
) -> Decimal:
    """Margin and fee of opening `native_qty` at `price`, in quote."""
    share = rules.initial_margin + locking_rate(fees)
    return product(price, native_qty, rules.contract_multiplier, share)


def money_refusal(
    intent: PlaceOrder,
    rules: Instrument,
    fees: FeeSchedule,
    account: Account,
    market: PaperMarket,
    takes: list[Take],
) -> str | None:
    """Whether the account can pay for the whole order at its limit; for a market order, at what
    it would take now."""
    limit = limit_of(intent)
    qty = intent.qty if limit is not None else taken_qty(takes)
    if rules.is_perpetual:
        opening = opening_qty(intent, rules, account, market, qty)
        prices = [take.price for take in takes] + ([] if limit is None else [limit])
        if opening and (
            margin_needed(rules, fees, max(prices), opening) > account.available(rules.quote)
        ):
            return "insufficient_margin"
        return None
    if limit is not None or intent.side is Side.SELL:
        currency, amount = spot_lock(rules, fees, intent.side, intent.qty, limit or ZERO)
    else:
        cost = taken_cost(takes, rules.contract_multiplier)
        currency, amount = rules.quote, product(cost, ONE + fee_on_top(rules, fees))
    return "insufficient_balance" if amount > account.available(currency) else None
