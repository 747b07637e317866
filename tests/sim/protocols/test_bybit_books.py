from sim_bybit import LINEAR, NOW_NS, RULES

from arbitrage.domain.events import BookSnapshot, Levels
from arbitrage.sim.protocols.bybit_books import BookTopic
from arbitrage.sim.protocols.bybit_markets import Markets

MARKET = Markets(RULES).by_key[LINEAR]
BIDS: Levels = [(100.0, 1.0), (99.0, 2.0), (98.0, 3.0)]
ASKS: Levels = [(101.0, 1.0), (102.0, 2.0), (103.0, 3.0)]


def book(bids: Levels = BIDS, asks: Levels = ASKS, seq: int = 1) -> BookSnapshot:
    return BookSnapshot(NOW_NS, "bybit", LINEAR, bids, asks, seq)


def test_a_topic_begins_with_a_snapshot_of_its_depth() -> None:
    topic = BookTopic(MARKET, 50)
    topic.depth = 2
    told = topic.snapshot(book(), NOW_NS)
    assert (told["topic"], told["type"]) == ("orderbook.50.BTCUSDT", "snapshot")
    assert told["data"]["b"] == [["100.0", "1.000"], ["99.0", "2.000"]]
    assert told["data"]["u"] > 1


def test_a_delta_tells_what_changed_what_is_gone_and_what_left_the_depth() -> None:
    topic = BookTopic(MARKET, 50)
    topic.depth = 2
    first = topic.snapshot(book(), NOW_NS)
    news = topic.news(book([(100.5, 4.0), (100.0, 1.5), (99.0, 2.0)], ASKS, 2), NOW_NS)
    assert news is not None
    assert (news["type"], news["data"]["u"]) == ("delta", first["data"]["u"] + 1)
    assert news["data"]["b"] == [["100.5", "4.000"], ["100.0", "1.500"], ["99.0", "0.000"]]
    assert news["data"]["a"] == []
    assert news["data"]["seq"] == 2


def test_what_lies_beyond_the_depth_is_no_news() -> None:
    topic = BookTopic(MARKET, 50)
    topic.depth = 1
    topic.snapshot(book(), NOW_NS)
    assert topic.news(book([(100.0, 1.0), (99.0, 9.0)]), NOW_NS) is None


def test_who_comes_late_is_told_the_book_that_the_next_delta_follows() -> None:
    topic = BookTopic(MARKET, 50)
    first = topic.snapshot(book(), NOW_NS)
    late = topic.snapshot(book([(90.0, 1.0)], ASKS, 2), NOW_NS)
    assert late["data"]["b"] == first["data"]["b"]
    assert late["data"]["u"] == first["data"]["u"]


def test_a_topic_that_was_left_begins_with_the_book_as_it_is_then() -> None:
    topic = BookTopic(MARKET, 50)
    first = topic.snapshot(book(), NOW_NS)
    topic.forget()
    again = topic.snapshot(book([(90.0, 1.0)], ASKS, 2), NOW_NS)
    assert again["data"]["b"] == [["90.0", "1.000"]]
    assert again["data"]["u"] > first["data"]["u"]


def test_the_touch_comes_in_snapshots_alone() -> None:
    topic = BookTopic(MARKET, 1)
    topic.snapshot(book(), NOW_NS)
    news = topic.news(book([(100.0, 7.0)], ASKS, 2), NOW_NS)
    assert news is not None
    assert (news["type"], news["data"]["b"]) == ("snapshot", [["100.0", "7.000"]])
