"""What a private stream says is told apart, without a socket."""

from random import Random
from typing import Any

import msgspec
import pytest
from net.loopback import run
from net.tiny_plan import tiny_plan
from net.tiny_venue import TinyVenue, tiny_venue

from arbitrage.domain.errors import ConfigError, MalformedData, Unavailable
from arbitrage.domain.events import (
    BookSnapshot,
    FundingPayment,
    OrderUpdate,
    VenueStatus,
)
from arbitrage.net.account_stream import AccountStream
from arbitrage.net.arrival_clock import stamp
from arbitrage.net.rest import Rest
from arbitrage.net.venue_health import VenueHealth


class Rig:
    def __init__(self, venue: TinyVenue, **private: Any) -> None:
        plan = tiny_plan(venue)
        assert plan.private is not None
        self.log: list[Any] = []
        self.health = VenueHealth("tiny", self.log.append, lambda: 5)
        self.rest = Rest(plan, clock_ns=stamp, random=Random(1))
        self.stream = AccountStream(
            self.rest,
            msgspec.structs.replace(plan.private, **private),
            on_order=lambda update: self.log.append(("order", update)),
            on_funding=lambda payment: self.log.append(("funding", payment)),
            on_opened=lambda: self.log.append("opened"),
            on_missed=lambda: self.log.append("missed"),
            on_close=self.log.append,
            emit=self.log.append,
            health=self.health,
            clock_ns=stamp,
            random=Random(1),
        )

    def hear(self, text: bytes) -> list[Any]:
        self.log.clear()
        self.stream.on_message(text, 7)
        return self.log


def with_rig(test: Any, **private: Any) -> None:
    async def work() -> None:
        async with tiny_venue() as venue:
            rig = Rig(venue, **private)
            await test(rig)
            await rig.rest.close()

    run(work)


def test_each_word_goes_to_whom_it_concerns() -> None:
    async def test(rig: Rig) -> None:
        ((kind, update),) = rig.hear(
            b'{"ch":"order","id":"a","status":"open","filled":"0","cost":"0"}'
        )
        assert kind == "order"
        assert isinstance(update, OrderUpdate)
        assert update.ts_ns == 7
        ((kind, payment),) = rig.hear(b'{"ch":"funding","s":"BTC-PERP","amount":"1"}')
        assert kind == "funding"
        assert isinstance(payment, FundingPayment)
        assert rig.hear(b'{"ch":"balance","total":"1"}') == []
        assert isinstance(rig.hear(b'{"ch":"book","s":"BTC-USD"}')[0], BookSnapshot)
        assert rig.hear(b'{"ch":"ack"}') == []

    with_rig(test)


def test_what_is_said_of_the_account_is_sticky_and_has_the_stamp_of_its_frame() -> None:
    async def test(rig: Rig) -> None:
        assert rig.hear(b'{"ch":"down","why":"margin call"}') == [
            VenueStatus(7, "tiny", False, "margin call")
        ]
        assert rig.hear(b'{"ch":"up","why":""}') == []
        assert not rig.health.is_up

    with_rig(test)


def test_what_cannot_be_read_was_missed() -> None:
    async def test(rig: Rig) -> None:
        assert rig.hear(b"garbage") == ["missed"]
        assert rig.stream.malformed == 1

    with_rig(test)


@pytest.mark.parametrize("error", [MalformedData("torn"), ConfigError("bad key")])
def test_an_endpoint_that_cannot_be_had_is_tried_again_like_a_lost_stream(
    error: Exception,
) -> None:
    async def endpoint(_ask: object) -> Any:
        raise error

    async def test(rig: Rig) -> None:
        with pytest.raises(Unavailable, match=str(error)):
            await rig.stream._endpoint()

    with_rig(test, endpoint=endpoint)


def test_without_a_request_for_it_nothing_is_kept_alive() -> None:
    async def test(rig: Rig) -> None:
        await rig.stream.keep_alive_forever()

    with_rig(test, keep_alive=None)
