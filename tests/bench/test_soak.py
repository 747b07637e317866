"""A soak of a second: every frame of every venue is taken in, and no book has a gap."""

from arbitrage.bench.soak import run_soak


def test_every_frame_that_was_sent_is_taken_in() -> None:
    figures = {
        figure.name.partition(", ")[2]: figure.p50
        for figure in run_soak(1 / 60, coins=3, frames_per_second=200)
    }
    assert set(figures) == {
        *("taken in", "share of one core", "frames lost", "gaps in books", "memory grown"),
        "full collections",
    }
    assert figures["frames lost"] == 0
    assert figures["gaps in books"] == 0
    assert figures["taken in"] > 0
