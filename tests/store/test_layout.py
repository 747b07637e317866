"""Where a recording keeps what, and how it says that something else lies there."""

from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from store.builders import CENT, DAY0, SATOSHI, T0

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.instrument import Instrument
from arbitrage.domain.units import NS_PER_DAY
from arbitrage.store.layout import (
    INSTRUMENTS_FILE,
    Manifest,
    RecordedInstrument,
    Stream,
    day_of,
    next_part,
    part_files,
    partition,
    partitions,
    read_manifest,
    write_manifest,
)


def test_the_manifest_reads_as_it_was_written(tmp_path: Path) -> None:
    instrument = Instrument.from_symbol("upbit", "KRW-ETH")
    manifest = Manifest(next_seq=7, instruments=[RecordedInstrument(instrument, CENT, SATOSHI)])
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
    assert [entry.name for entry in tmp_path.iterdir()] == [INSTRUMENTS_FILE]


def test_a_missing_folder_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        read_manifest(tmp_path / "none")


def test_a_folder_without_rules_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no instruments\.json"):
        read_manifest(tmp_path)


def test_another_format_version_is_refused_by_number(tmp_path: Path) -> None:
    newer = msgspec.json.encode({"format_version": 99, "instruments": "in a new way"})
    (tmp_path / INSTRUMENTS_FILE).write_bytes(newer)
    with pytest.raises(MalformedData, match="format_version is 99, this program reads 1"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'{"format_version": 1, "next_seq": "x"}'])
def test_rules_that_cannot_be_read_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / INSTRUMENTS_FILE).write_bytes(content)
    with pytest.raises(MalformedData, match="cannot be read"):
        read_manifest(tmp_path)


def test_a_day_is_that_of_utc() -> None:
    assert day_of(T0) == date(2024, 4, 27)
    assert day_of(DAY0 + NS_PER_DAY - 1) == date(2024, 4, 27)
    assert day_of(DAY0 + NS_PER_DAY) == date(2024, 4, 28)
    assert day_of(-1) == date(1969, 12, 31)


def test_symbols_with_slashes_and_colons_are_one_folder(tmp_path: Path) -> None:
    folder = partition(tmp_path, Stream("books", "binance", "BTC/USDT:USDT"), day_of(T0))
    expected = "books/venue=binance/symbol=BTC%2FUSDT%3AUSDT/day=2024-04-27"
    assert folder == tmp_path / expected


@given(venue=st.text(max_size=8), symbol=st.text(max_size=8))
def test_any_name_survives_its_folder(
    tmp_path_factory: pytest.TempPathFactory, venue: str, symbol: str
) -> None:
    root = tmp_path_factory.mktemp("rec")
    stream = Stream("fx", venue, symbol)
    folder = partition(root, stream, day_of(T0))
    folder.mkdir(parents=True)
    assert list(partitions(root)) == [(stream, day_of(T0), folder)]


def test_a_folder_that_names_no_day_is_refused(tmp_path: Path) -> None:
    (tmp_path / "books/venue=a/symbol=b/day=soon").mkdir(parents=True)
    with pytest.raises(MalformedData, match="expected a folder such as day="):
        list(partitions(tmp_path))


def test_parts_are_numbered_after_the_last(tmp_path: Path) -> None:
    assert next_part(tmp_path).name == "part-000.parquet"
    for number in (2, 999, 1000):
        (tmp_path / f"part-{number:03d}.parquet").touch()
    names = [path.name for path in part_files(tmp_path)]
    assert names == ["part-002.parquet", "part-999.parquet", "part-1000.parquet"]
    assert next_part(tmp_path).name == "part-1001.parquet"


def test_a_part_without_a_number_is_refused(tmp_path: Path) -> None:
    (tmp_path / "part-one.parquet").touch()
    with pytest.raises(MalformedData, match="expected a name such as part-000"):
        part_files(tmp_path)
