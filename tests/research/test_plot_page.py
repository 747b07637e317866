"""The page's frame has exactly the places that are filled in."""

from arbitrage.research.plot_page import PAGE


def test_there_is_one_place_for_the_charts_and_one_for_their_values() -> None:
    assert PAGE.count("$SECTIONS") == PAGE.count("$DATA") == 1
    assert PAGE.startswith("<!doctype html>")
