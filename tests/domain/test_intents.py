import os
import subprocess
import sys
from decimal import Decimal

import msgspec
import pytest

from arbitrage.domain.intents import (
    CancelOrder,
    Intent,
    IntentDigest,
    OrderType,
    PlaceOrder,
    Purpose,
    QueryOrder,
    TimeInForce,
)
from arbitrage.domain.sides import Side

PLACE = PlaceOrder(
    client_id="s-1",
    venue="upbit",
    symbol="KRW-ETH",
    side=Side.BUY,
    qty=Decimal("0.00000001"),
    price=Decimal(4_600_000),
    purpose=Purpose.ENTRY,
    trade_id="t-1",
)
CANCEL = CancelOrder(client_id="s-1", venue="upbit", symbol="KRW-ETH")
QUERY = QueryOrder(client_id="s-1", venue="upbit", symbol="KRW-ETH")

IN_ANOTHER_PROCESS = """
from decimal import Decimal
from arbitrage.domain.intents import CancelOrder, IntentDigest, PlaceOrder, Purpose
from arbitrage.domain.sides import Side
digest = IntentDigest()
order = PlaceOrder(client_id="s-1", venue="upbit", symbol="KRW-ETH", side=Side.BUY,
                   qty=Decimal("0.00000001"), price=Decimal(4_600_000),
                   purpose=Purpose.ENTRY, trade_id="t-1")
digest.add(5, (order, CancelOrder(client_id="s-1", venue="upbit", symbol="KRW-ETH")))
print(digest.hexdigest())
"""


def digest_of(*steps: tuple[int, tuple[Intent, ...]]) -> str:
    digest = IntentDigest()
    for ts_ns, intents in steps:
        digest.add(ts_ns, intents)
    return digest.hexdigest()


@pytest.mark.parametrize("intent", [PLACE, CANCEL, QUERY])
def test_an_intent_comes_back_from_the_journal_as_it_went_in(intent: Intent) -> None:
    assert msgspec.json.decode(msgspec.json.encode(intent), type=Intent) == intent
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(intent), type=Intent) == intent


def test_an_intent_cannot_be_changed_once_wanted() -> None:
    with pytest.raises(AttributeError):
        PLACE.qty = Decimal(1)  # type: ignore[misc]


def test_an_order_without_more_words_is_an_immediate_limit_order() -> None:
    order = PlaceOrder(client_id="1", venue="v", symbol="s", side=Side.SELL, qty=Decimal(1))
    assert order.order_type is OrderType.LIMIT
    assert order.time_in_force is TimeInForce.IOC
    assert not order.reduce_only


def test_the_same_intents_at_the_same_times_have_the_same_digest() -> None:
    copy = msgspec.structs.replace(PLACE)
    assert digest_of((5, (PLACE, CANCEL))) == digest_of((5, (copy,)), (5, (CANCEL,)))


def test_a_digest_counts_the_intents_and_ignores_empty_steps() -> None:
    digest = IntentDigest()
    empty = digest.hexdigest()
    digest.add(1, ())
    assert (digest.hexdigest(), digest.count) == (empty, 0)
    digest.add(2, (PLACE, QUERY))
    assert digest.count == 2


@pytest.mark.parametrize(
    "other",
    [
        digest_of((6, (PLACE, CANCEL))),
        digest_of((5, (CANCEL, PLACE))),
        digest_of((5, (PLACE, QUERY))),
        digest_of((5, (PLACE,))),
        digest_of((5, (msgspec.structs.replace(PLACE, qty=Decimal("0.00000002")), CANCEL))),
        digest_of((5, (msgspec.structs.replace(PLACE, trade_id="t-2"), CANCEL))),
    ],
    ids=["time", "order", "kind", "fewer", "quantity", "trade"],
)
def test_any_difference_gives_another_digest(other: str) -> None:
    assert digest_of((5, (PLACE, CANCEL))) != other


@pytest.mark.parametrize("seed", ["0", "4242"])
def test_a_digest_is_the_same_in_every_process_and_under_any_hash_seed(seed: str) -> None:
    completed = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert completed.stdout.strip() == digest_of((5, (PLACE, CANCEL)))
