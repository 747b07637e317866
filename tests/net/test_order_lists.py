"""Lists of orders, and what they may prove."""

from random import Random
from typing import Any

import msgspec
from net.loopback import run
from net.tiny_codec import SECOND
from net.tiny_plan import tiny_plan
from net.tiny_venue import TinyVenue, tiny_venue

from arbitrage.net.arrival_clock import stamp
from arbitrage.net.order_lists import OrderLists
from arbitrage.net.rest import Rest


def with_lists(test: Any, **changes: Any) -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            rest = Rest(tiny_plan(venue, **changes), clock_ns=stamp, random=Random(1))
            await test(venue, OrderLists(rest, stamp), rest)
            await rest.close()

    run(work)


def test_open_orders_are_listed_with_a_stamp() -> None:
    async def test(venue: TinyVenue, lists: OrderLists, _rest: Rest) -> None:
        venue.strange_order()
        before = stamp()
        listing = await lists.open("BTC-USD")
        assert [update.client_id for update in listing.updates] == ["stranger"]
        assert listing.updates[0].ts_ns > before
        assert listing.is_whole
        assert (await lists.open("ETH-USD")).updates == []

    with_lists(test)


def test_a_list_as_long_as_the_longest_may_have_been_cut() -> None:
    async def test(venue: TinyVenue, lists: OrderLists, _rest: Rest) -> None:
        venue.strange_order()
        assert not (await lists.open("BTC-USD")).is_whole
        listing = await lists.made_since("BTC-USD", stamp())
        assert listing is not None
        assert listing.is_whole

    with_lists(test, open_orders_full=1)


def test_a_history_begins_well_before_the_time_in_the_venues_clock() -> None:
    async def test(_venue: TinyVenue, lists: OrderLists, rest: Rest) -> None:
        rest.offset.add(sent_ns=0, venue_ns=5 * SECOND, received_ns=0)
        asked: list[tuple[str, int, int]] = []
        history = rest.plan.history
        assert history is not None

        def request(symbol: str, since_ns: int, now_ns: int) -> Any:
            asked.append((symbol, since_ns, now_ns))
            return history.request(symbol, since_ns, now_ns)

        lists._plan = msgspec.structs.replace(
            rest.plan, history=msgspec.structs.replace(history, request=request)
        )
        since = stamp()
        await lists.made_since("BTC-USD", since)
        ((symbol, since_ns, now_ns),) = asked
        assert (symbol, since_ns) == ("BTC-USD", since + 5 * SECOND - 10 * SECOND)
        assert now_ns >= since + 5 * SECOND

    with_lists(test)


def test_lists_that_a_venue_has_not_are_none() -> None:
    async def test(_venue: TinyVenue, lists: OrderLists, _rest: Rest) -> None:
        assert await lists.made_since("BTC-USD", 1) is None
        assert await lists.filled_since("BTC-USD", 1) is None

    with_lists(test, history=None)
