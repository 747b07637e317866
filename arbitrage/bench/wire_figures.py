"""From bytes to decisions: frames of the venues' codecs, decoded and looked at."""

from collections.abc import Iterator

from arbitrage.bench.measure import Figure


def figures(quick: bool) -> Iterator[Figure]:
    del quick
    return iter(())
