"""OKX's trading endpoints."""

from typing import Any

import pytest
from sim_okx import ASKS, NOW_NS, SPOT, SWAP, Clock, limit, okx_core, pass_trade, show, swap

from arbitrage.domain.sides import Side
from arbitrage.sim.protocols.okx_errors import OkxRefusal
from arbitrage.sim.protocols.okx_markets import Markets
from arbitrage.sim.protocols.okx_trading import TradingDesk
from arbitrage.sim.protocols.okx_wire import Ids


class Desk:
    """A desk with its clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.core = okx_core(self.clock)
        self.desk = TradingDesk(self.core, Markets(self.core), Ids(NOW_NS))

    def placed(self, params: dict[str, str]) -> Any:
        (row,) = self.desk.place(params).rows
        return row


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_order_is_taken_in_and_found_by_either_id(desk: Desk) -> None:
    row = desk.placed(limit(clOrdId="s1"))
    assert (row["sCode"], row["clOrdId"]) == ("0", "s1")
    for ids in ({"ordId": row["ordId"]}, {"clOrdId": "s1"}):
        (found,) = desk.desk.order({"instId": SPOT, **ids})
        assert (found["ordId"], found["state"]) == (row["ordId"], "live")


def test_an_order_of_another_market_or_of_nobody_is_not_found(desk: Desk) -> None:
    desk.placed(limit(clOrdId="s1"))
    for params, code in (
        ({"instId": SWAP, "clOrdId": "s1"}, "51603"),
        ({"instId": SPOT, "clOrdId": "s2"}, "51603"),
        ({"instId": SPOT, "ordId": "x"}, "51603"),
        ({"instId": SPOT}, "51003"),
        ({"clOrdId": "s1"}, "50014"),
    ):
        with pytest.raises(OkxRefusal, match=code):
            desk.desk.order(params)


def test_what_the_core_refuses_is_told_in_the_order_s_row(desk: Desk) -> None:
    told = desk.desk.place(limit(sz="100"))
    assert (told.code, told.message) == ("1", "All operations failed")
    assert told.rows[0]["sMsg"] == "Order failed. Insufficient USDT balance in account"
    assert desk.placed(limit("sell", px="79000", sz="3"))["sMsg"].count("BTC balance") == 1
    big = swap(ordType="limit", px="78000", sz="100000")
    assert "USDT margin" in desk.placed(big)["sMsg"]


def test_what_is_missing_refuses_the_request(desk: Desk) -> None:
    with pytest.raises(OkxRefusal, match="50014"):
        desk.desk.place(limit(side=""))
    assert desk.desk.place_batch([limit(side=""), limit()]).code == "2"


def test_several_are_judged_one_by_one(desk: Desk) -> None:
    told = desk.desk.place_batch([limit(clOrdId="s1"), limit(clOrdId="s1"), limit(clOrdId="s2")])
    assert [row["sCode"] for row in told.rows] == ["0", "51016", "0"]
    gone = desk.desk.cancel_batch([{"instId": SPOT, "clOrdId": name} for name in ("s1", "s3")])
    assert [row["sCode"] for row in gone.rows] == ["0", "51400"]
    assert gone.code == "2"


def test_a_cancelled_order_cannot_be_cancelled_again(desk: Desk) -> None:
    desk.placed(limit(clOrdId="s1"))
    assert desk.desk.cancel({"instId": SPOT, "clOrdId": "s1"}).code == "0"
    assert desk.desk.cancel({"instId": SPOT, "clOrdId": "s1"}).rows[0]["sCode"] == "51400"


def test_a_market_order_without_a_book_is_taken_in_and_cancelled(desk: Desk) -> None:
    show(desk.core, [], [])
    row = desk.placed(limit(ordType="market", px="", sz="780"))
    (found,) = desk.desk.order({"instId": SPOT, "ordId": row["ordId"]})
    assert (found["state"], found["accFillSz"]) == ("canceled", "0")


def test_open_orders_are_listed_newest_first(desk: Desk) -> None:
    rows = [desk.placed(limit(px=str(77_000 + place))) for place in range(3)]
    desk.placed(swap(ordType="limit", px="77000"))
    spot = desk.desk.pending({"instType": "SPOT"})
    assert [one["ordId"] for one in spot] == [row["ordId"] for row in reversed(rows)]
    assert len(desk.desk.pending({})) == 4
    older = desk.desk.pending({"instId": SPOT, "after": rows[2]["ordId"], "limit": "1"})
    assert [one["ordId"] for one in older] == [rows[1]["ordId"]]
    assert desk.desk.pending({"ordType": "ioc,fok"}) == []
    assert desk.desk.pending({"state": "partially_filled"}) == []


def test_closed_orders_are_remembered_those_without_a_fill_for_two_hours(desk: Desk) -> None:
    desk.placed(limit(clOrdId="s1", px="78000.1"))
    desk.placed(limit(clOrdId="s2"))
    desk.desk.cancel({"instId": SPOT, "clOrdId": "s2"})
    asked = {"instType": "SPOT", "instId": SPOT}
    assert [one["clOrdId"] for one in desk.desk.history(asked)] == ["s2", "s1"]
    assert desk.desk.history({**asked, "begin": str(NOW_NS // 10**6 + 1)}) == []
    desk.clock.move(2 * 3_600 + 1)
    assert [one["clOrdId"] for one in desk.desk.history(asked)] == ["s1"]
    with pytest.raises(OkxRefusal, match="51603"):
        desk.desk.order({"instId": SPOT, "clOrdId": "s2"})
    with pytest.raises(OkxRefusal, match="50014"):
        desk.desk.history({})


def test_fills_are_listed_for_three_days(desk: Desk) -> None:
    row = desk.placed(limit(px="78000.2", sz="0.7"))
    desk.placed(swap())
    asked = {"instType": "SPOT", "ordId": row["ordId"]}
    assert [one["fillSz"] for one in desk.desk.fills(asked)] == ["0.2", "0.5"]
    assert len(desk.desk.fills({})) == 3
    desk.clock.move(3 * 86_400 + 1)
    assert desk.desk.fills(asked) == []
    assert len(desk.desk.fills_history(asked)) == 2


def test_a_fill_that_races_a_cancel_wins(desk: Desk) -> None:
    desk.placed(limit(clOrdId="s1", px="78000", sz="0.1"))
    pass_trade(desk.core, 77_000.0, 5.0, Side.SELL)
    assert desk.desk.cancel({"instId": SPOT, "clOrdId": "s1"}).rows[0]["sCode"] == "51400"


def test_a_passed_deadline_refuses(desk: Desk) -> None:
    now_ms = NOW_NS // 10**6
    desk.desk.check_deadline("")
    desk.desk.check_deadline(str(now_ms))
    with pytest.raises(OkxRefusal, match="50036"):
        desk.desk.check_deadline(str(now_ms - 1))


def test_the_dead_man_s_switch_cancels_unless_it_is_renewed(desk: Desk) -> None:
    desk.placed(limit(clOrdId="s1"))
    (told,) = desk.desk.cancel_all_after({"timeOut": "10"})
    assert int(told["triggerTime"]) == NOW_NS // 10**6 + 10_000
    desk.clock.move(9)
    assert desk.desk.check_switch() > 0
    desk.desk.cancel_all_after({"timeOut": "10"})
    desk.clock.move(9)
    desk.desk.check_switch()
    assert len(desk.desk.pending({})) == 1
    desk.clock.move(1)
    desk.desk.check_switch()
    (found,) = desk.desk.order({"instId": SPOT, "clOrdId": "s1"})
    assert (found["state"], found["cancelSource"]) == ("canceled", "20")


def test_the_switch_is_ended_with_zero(desk: Desk) -> None:
    desk.desk.cancel_all_after({"timeOut": "10"})
    assert desk.desk.cancel_all_after({"timeOut": 0})[0]["triggerTime"] == "0"
    assert desk.desk.check_switch() == 0
    for timeout, code in (("5", "51000"), ("", "50014")):
        with pytest.raises(OkxRefusal, match=code):
            desk.desk.cancel_all_after({"timeOut": timeout})


def test_a_whole_book_is_left_behind_by_an_order_that_rests(desk: Desk) -> None:
    desk.placed(limit(px="77999", sz="1"))
    book = desk.core.book(SPOT)
    assert book is not None
    assert (77_999.0, 1.0) in book.bids
    assert book.asks == ASKS
