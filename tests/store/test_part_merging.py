"""Many small parts become few, and not a row is lost or read twice, whatever kills the writer."""

from itertools import pairwise
from pathlib import Path

import pytest
from store.builders import T0, book

from arbitrage.domain.errors import Unavailable
from arbitrage.domain.events import MarketEvent
from arbitrage.domain.instrument import Instrument
from arbitrage.store import part_merging
from arbitrage.store.layout import part_files, part_numbers
from arbitrage.store.recording import Recording
from arbitrage.store.recording_writer import RecordingWriter

MARKET = Instrument.from_symbol("upbit", "KRW-ETH")


def folder(path: Path) -> Path:
    (found,) = path.glob("books/*/*/day=*")
    return found


def write(path: Path, flushes: range, per_flush: int = 2) -> list[MarketEvent]:
    """Books in parts of their own, one writer for all."""
    events: list[MarketEvent] = []
    with RecordingWriter(path) as writer:
        writer.instrument(MARKET)
        for flush in flushes:
            for number in range(per_flush):
                events.append(book(T0 + flush * per_flush + number))
                writer.write(events[-1])
            writer.flush()
    return events


@pytest.mark.parametrize("flushes", [0, 1, 11, 12, 13, 144, 160])
def test_few_parts_are_left_and_every_event_once(flushes: int, tmp_path: Path) -> None:
    events = write(tmp_path / "rec", range(flushes))
    assert list(Recording(tmp_path / "rec").events()) == events
    if flushes:
        parts = list(folder(tmp_path / "rec").iterdir())
        assert part_files(folder(tmp_path / "rec")) == sorted(parts)
        assert len(parts) == flushes // 144 + flushes % 144 // 12 + flushes % 12
        numbers = [part_numbers(path) for path in sorted(parts)]
        assert numbers[0][0] == 0
        assert all(after[0] == before[1] + 1 for before, after in pairwise(numbers))


def test_another_writer_goes_on_merging(tmp_path: Path) -> None:
    events = [*write(tmp_path / "rec", range(7)), *write(tmp_path / "rec", range(7, 14))]
    assert list(Recording(tmp_path / "rec").events()) == events
    names = sorted(path.name for path in folder(tmp_path / "rec").iterdir())
    assert names == ["part-000-011.parquet", "part-012.parquet", "part-013.parquet"]


@pytest.mark.parametrize("dies_at", ["write_part", "rename", "unlink"])
def test_a_writer_that_is_killed_while_it_merges_leaves_every_event_once(
    dies_at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = write(tmp_path / "rec", range(11))

    class Killed(BaseException):
        pass

    def die(*_args: object, **_kwargs: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if dies_at == "write_part":
            patch.setattr(part_merging, "write_part", die)
        elif dies_at == "rename":
            patch.setattr(part_merging, "merged_part", die)
        else:
            patch.setattr(Path, "unlink", die)
        with pytest.raises(Killed):
            write(tmp_path / "rec", range(11, 12))
    events += [book(T0 + 22), book(T0 + 23)]
    assert list(Recording(tmp_path / "rec").events()) == events
    events += write(tmp_path / "rec", range(12, 13))
    assert list(Recording(tmp_path / "rec").events()) == events


def test_what_was_superseded_and_is_still_there_goes_with_the_next_merge(tmp_path: Path) -> None:
    write(tmp_path / "rec", range(12))
    at = folder(tmp_path / "rec")
    (at / "part-003.parquet").write_bytes((at / "part-000-011.parquet").read_bytes())
    events = list(Recording(tmp_path / "rec").events())
    assert len(events) == 24
    write(tmp_path / "rec", range(12, 24))
    assert sorted(path.name for path in at.iterdir()) == [
        *("part-000-011.parquet", "part-012-023.parquet")
    ]


def test_large_parts_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_merging, "MOST_ROWS", 23)
    events = write(tmp_path / "rec", range(12))
    assert len(list(folder(tmp_path / "rec").iterdir())) == 12
    assert list(Recording(tmp_path / "rec").events()) == events


def test_a_reader_whose_part_was_merged_away_is_told_to_open_again(tmp_path: Path) -> None:
    write(tmp_path / "rec", range(11))
    under_way = Recording(tmp_path / "rec").parts(Recording(tmp_path / "rec").streams[0])
    write(tmp_path / "rec", range(11, 12))
    with pytest.raises(Unavailable, match="open it again"):
        list(under_way[0].batches(0, 2**63 - 1))
