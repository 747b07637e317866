from decimal import Decimal

from arbitrage.domain.events import BookDelta, BookQuote, Levels
from arbitrage.domain.intents import PlaceOrder
from arbitrage.domain.orders import Order
from arbitrage.domain.sides import Side
from arbitrage.exchanges.paper.market import PaperMarket
from arbitrage.exchanges.paper.matching import RestingOrder

LOT = Decimal("0.01")


def market(bids: Levels, asks: Levels, seq: int = 1) -> PaperMarket:
    shown = PaperMarket("KRW-BTC")
    shown.replace(bids, asks, seq)
    return shown


def delta(bids: Levels, asks: Levels, *, seq: int, prev_seq: int) -> BookDelta:
    return BookDelta(0, "v", "KRW-BTC", bids, asks, seq, prev_seq)


def join(shown: PaperMarket, client_id: str, side: Side, level: float, qty: str) -> RestingOrder:
    intent = PlaceOrder(
        client_id=client_id, venue="v", symbol="KRW-BTC", side=side, qty=Decimal(qty)
    )
    resting = RestingOrder(Order(intent=intent, sent_ns=0), level, None)
    shown.join(resting)
    return resting


def free(shown: PaperMarket, side: Side) -> list[tuple[float, Decimal]]:
    takes = shown.takes(side, Decimal(100), None, LOT)
    return [(take.level, take.qty) for take in takes]


def test_what_was_taken_is_gone_until_a_whole_book_shows_it_again() -> None:
    shown = market([(99.0, 1.0)], [(100.0, 1.0), (101.0, 2.0)])
    shown.consume(Side.BUY, shown.takes(Side.BUY, Decimal("1.5"), None, LOT))
    assert free(shown, Side.BUY) == [(101.0, Decimal("1.5"))]
    assert not shown.is_quiet
    shown.replace(shown.bids, shown.asks, 2)
    assert free(shown, Side.BUY) == [(100.0, 1), (101.0, 2)]
    shown.refresh_quiet()
    assert shown.is_quiet


def test_a_delta_shows_again_only_the_levels_that_it_names() -> None:
    shown = market([(99.0, 1.0), (98.0, 1.0)], [(100.0, 1.0), (101.0, 2.0)])
    shown.consume(Side.BUY, shown.takes(Side.BUY, Decimal(3), None, LOT))
    shown.consume(Side.SELL, shown.takes(Side.SELL, Decimal(2), None, LOT))
    shown.change(delta([(98.0, 4.0)], [(101.0, 0.5), (102.0, 1.0)], seq=2, prev_seq=1))
    assert free(shown, Side.BUY) == [(101.0, Decimal("0.5")), (102.0, 1)]
    assert free(shown, Side.SELL) == [(98.0, 4)]


def test_a_delta_leaves_the_lists_of_the_snapshot_as_they_were() -> None:
    bids: Levels = [(99.0, 1.0)]
    shown = market(bids, [(100.0, 1.0)])
    shown.change(delta([(99.0, 0.0)], [], seq=2, prev_seq=1))
    assert shown.bids == []
    assert bids == [(99.0, 1.0)]


def test_deltas_follow_one_another_and_a_snapshot_between_them() -> None:
    shown = market([(99.0, 1.0)], [(100.0, 1.0)])
    shown.change(delta([(98.0, 1.0)], [], seq=2, prev_seq=1))
    shown.change(delta([(97.0, 1.0)], [], seq=3, prev_seq=2))
    assert shown.bids == [(99.0, 1.0), (98.0, 1.0), (97.0, 1.0)]
    shown.replace([(90.0, 1.0)], [(91.0, 1.0)], 10)
    shown.change(delta([(89.0, 1.0)], [], seq=11, prev_seq=10))
    assert shown.bids == [(90.0, 1.0), (89.0, 1.0)]


def test_a_delta_that_does_not_follow_leaves_no_book_until_the_next_whole_one() -> None:
    shown = market([(99.0, 1.0)], [(100.0, 1.0)])
    shown.change(delta([(98.0, 1.0)], [], seq=4, prev_seq=3))
    assert not shown.is_known
    assert shown.bids == []
    shown.change(delta([(98.0, 1.0)], [], seq=1, prev_seq=0))
    assert not shown.is_known
    shown.replace([(99.0, 1.0)], [], 5)
    assert shown.is_known


def test_a_quote_is_a_book_of_one_level_and_a_zero_is_an_empty_side() -> None:
    shown = market([(99.0, 1.0), (98.0, 1.0)], [(100.0, 1.0)])
    shown.quote(BookQuote(0, "v", "KRW-BTC", 99.5, 2.0, 0.0, 0.0))
    assert shown.bids == [(99.5, 2.0)]
    assert shown.asks == []
    assert shown.mid is None
    shown.quote(BookQuote(0, "v", "KRW-BTC", 99.5, 0.0, 100.5, 1.0))
    assert shown.bids == []
    assert shown.asks == [(100.5, 1.0)]


def test_an_order_joins_behind_what_is_displayed_and_not_taken_by_us() -> None:
    shown = market([(99.0, 3.0), (98.0, 5.0)], [(100.0, 1.0)])
    shown.consume(Side.SELL, shown.takes(Side.SELL, Decimal(1), None, LOT))
    assert join(shown, "s1", Side.BUY, 99.0, "1").ahead == 2
    assert join(shown, "s2", Side.BUY, 99.5, "1").ahead == 0
    assert join(shown, "s3", Side.BUY, 97.0, "1").ahead is None
    assert not shown.is_quiet


def test_priority_is_the_better_price_then_the_earlier_order() -> None:
    shown = market([(99.0, 3.0)], [(103.0, 1.0)])
    for client_id, side, level in [
        ("s1", Side.BUY, 99.0),
        ("s2", Side.BUY, 100.0),
        ("s3", Side.BUY, 99.0),
        ("s4", Side.SELL, 103.0),
        ("s5", Side.SELL, 102.0),
    ]:
        join(shown, client_id, side, level, "2")
    names = {
        side: [resting.order.client_id for resting in shown.by_priority(side)] for side in Side
    }
    assert names == {Side.BUY: ["s2", "s1", "s3"], Side.SELL: ["s5", "s4"]}
    assert shown.same_side_qty(Side.SELL) == 4


def test_an_order_is_reached_by_the_opposite_side_at_its_price_or_better() -> None:
    shown = market([(99.0, 3.0)], [(103.0, 1.0)])
    buy, sell = join(shown, "s1", Side.BUY, 100.0, "1"), join(shown, "s2", Side.SELL, 102.0, "1")
    assert not shown.has_reached(buy)
    assert not shown.has_reached(sell)
    shown.replace([(102.0, 1.0)], [(103.0, 1.0)], 2)
    assert not shown.has_reached(buy)
    assert shown.has_reached(sell)
    shown.replace([], [(99.0, 1.0)], 3)
    assert shown.has_reached(buy)
    assert not shown.has_reached(sell)


def test_a_market_is_quiet_again_when_its_last_order_leaves() -> None:
    shown = market([(99.0, 3.0)], [(103.0, 1.0)])
    join(shown, "s1", Side.BUY, 99.0, "1")
    assert shown.leave("other") is None
    assert not shown.is_quiet
    left = shown.leave("s1")
    assert left is not None
    assert left.order.client_id == "s1"
    assert shown.is_quiet


def test_queues_take_in_a_known_book_only() -> None:
    shown = market([(99.0, 3.0)], [(103.0, 1.0)])
    resting = join(shown, "s1", Side.BUY, 99.0, "1")
    shown.change(delta([], [], seq=9, prev_seq=8))
    shown.shorten_queues()
    assert resting.ahead == 3
    shown.replace([(99.0, 2.0)], [], 10)
    shown.shorten_queues()
    assert resting.ahead == 2
