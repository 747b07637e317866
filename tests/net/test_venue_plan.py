"""A plan is plain values; what a venue has not is left out."""

from net.tiny_plan import tiny_plan
from net.tiny_venue import TinyVenue


def test_a_plan_goes_by_the_name_of_its_codec() -> None:
    venue = TinyVenue()
    venue.url = "http://127.0.0.1:1"
    assert tiny_plan(venue).venue == "tiny"


def test_a_plan_without_extras_is_complete() -> None:
    venue = TinyVenue()
    bare = tiny_plan(
        venue, private=None, history=None, clock=None, account_fees=None, positions=None
    )
    assert bare.book_sync is bare.fills is bare.balances is None
    assert bare.orders.connections > 0
    assert bare.times.reconcile_seconds > 0
