"""Causes come and go; the engine hears their sum."""

from arbitrage.domain.events import VenueStatus
from arbitrage.net.venue_health import VenueHealth


class Rig(VenueHealth):
    def __init__(self) -> None:
        self.told: list[VenueStatus] = []
        super().__init__("tiny", self.told.append, lambda: 9)


def test_a_venue_is_up_only_when_no_cause_is_left() -> None:
    health = Rig()
    health.down("stream", "lost")
    health.down("account", "1 BTC too many")
    health.up("stream")
    assert not health.is_up
    health.up("account")
    assert health.is_up
    assert [(one.is_up, one.reason) for one in health.told] == [
        (False, "lost"),
        (False, "1 BTC too many; lost"),
        (False, "1 BTC too many"),
        (True, ""),
    ]


def test_what_changes_nothing_is_not_told_twice() -> None:
    health = Rig()
    health.down("stream", "lost")
    health.down("stream", "lost")
    health.up("another")
    assert len(health.told) == 1
    health.down("stream", "refused", ts_ns=4)
    assert health.told[1] == VenueStatus(4, "tiny", False, "refused")


def test_a_sticky_cause_goes_only_when_a_person_resumes() -> None:
    health = Rig()
    health.down("margin", "margin call", is_sticky=True)
    health.down("stream", "lost")
    health.up("margin")
    health.up("stream")
    assert health.reason == "margin call"
    health.down("stream", "lost")
    health.resume()
    assert health.reason == "lost"
    health.up("stream")
    assert health.is_up


def test_the_first_word_of_a_healthy_venue_is_told() -> None:
    health = Rig()
    health.up("start")
    assert [one.is_up for one in health.told] == [True]
