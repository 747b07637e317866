"""Runs become one, whatever their lengths, overlaps, chunks and ties."""

from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.domain.events import MarketEvent, Tick
from arbitrage.store.merge import Chunk, Run, merged

Keys = list[tuple[int, int]]


def chunk(keys: Keys) -> Chunk:
    ts_ns, seq = (np.array(column, dtype=np.int64) for column in zip(*keys, strict=True))
    return Chunk(ts_ns, seq, lambda start, stop: list(keys[start:stop]))  # type: ignore[arg-type]


def run(keys: Keys, chunk_rows: int, loaded: list[int] | None = None) -> Run:
    def chunks() -> Iterator[Chunk]:
        for start in range(0, len(keys), chunk_rows):
            part = keys[start : start + chunk_rows]
            if loaded is not None:
                loaded.append(len(part))
            yield chunk(part)

    return Run(keys[0][0] if keys else 0, chunks())


def flat(lists: Iterator[list[MarketEvent]]) -> list[object]:
    return [event for events in lists for event in events]


@given(
    times=st.lists(st.integers(0, 30), max_size=60),
    places=st.lists(st.integers(0, 5), min_size=60, max_size=60),
    chunk_rows=st.integers(1, 9),
    step_rows=st.integers(1, 9),
    max_rows=st.integers(1, 40),
)
def test_a_merge_is_the_sort_of_all_rows(
    times: list[int], places: list[int], chunk_rows: int, step_rows: int, max_rows: int
) -> None:
    runs: list[Keys] = [[] for _ in range(6)]
    for seq, (time, place) in enumerate(zip(times, places, strict=False)):
        runs[place].append((time, seq))
    sources = [run(sorted(keys), chunk_rows) for keys in runs]
    steps = merged(sources, step_rows=step_rows, max_rows=max_rows)
    assert flat(steps) == sorted((time, seq) for seq, time in enumerate(times))


def test_nothing_merges_to_nothing() -> None:
    assert list(merged([], step_rows=4, max_rows=8)) == []
    assert list(merged([run([], 1)], step_rows=4, max_rows=8)) == []


def test_a_run_is_begun_only_when_its_time_has_come() -> None:
    loaded: list[int] = []
    later = run([(1000 + number, number) for number in range(4)], 4, loaded)
    first = run([(number, number) for number in range(50)], 10)
    steps = merged([later, first], step_rows=5, max_rows=10)
    assert next(steps) == [(number, number) for number in range(5)]
    assert loaded == []
    assert len(flat(steps)) == 49
    assert loaded == [4]


def test_many_short_runs_in_a_row_are_not_begun_at_once() -> None:
    loaded: list[int] = []
    runs = [run([(10 * number, number)], 1, loaded) for number in range(100)]
    steps = merged(runs, step_rows=1000, max_rows=8)
    first = next(steps)
    assert len(first) <= len(loaded) <= 9
    assert len(first) + len(flat(steps)) == 100


def test_runs_that_begin_at_one_moment_are_all_begun() -> None:
    runs = [run([(7, seq)], 1) for seq in range(20)]
    assert flat(merged(runs, step_rows=1, max_rows=1)) == [(7, seq) for seq in range(20)]


def test_events_are_made_only_for_the_stretch_that_is_taken() -> None:
    made: list[tuple[int, int]] = []
    keys = [(number, number) for number in range(100)]
    ts_ns, seq = (np.array(column) for column in zip(*keys, strict=True))

    def events(start: int, stop: int) -> list[MarketEvent]:
        made.append((start, stop))
        return [Tick(number) for number in range(start, stop)]  # type: ignore[misc]

    steps = merged([Run(0, iter([Chunk(ts_ns, seq, events)]))], step_rows=10, max_rows=10)
    next(steps)
    assert made == [(0, 10)]
