"""Importing text books: what is right is kept exactly, what is wrong is reported and counted."""

import gzip
import random
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbitrage.domain.errors import ConfigError, MalformedData
from arbitrage.domain.events import BookSnapshot
from arbitrage.domain.instrument import Instrument
from arbitrage.store import levels_csv
from arbitrage.store.import_report import ImportReport
from arbitrage.store.layout import read_manifest
from arbitrage.store.levels_csv import import_levels_csv
from arbitrage.store.recording import Recording

HEADER = "price|quantity|type|timestamp"
SECOND = 10**9
T0 = 1714176000 * SECOND  # 2024-04-27 00:00:00 UTC


def at(second: int) -> str:
    return f"2024-04-27 {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def snapshot(second: int, bid: str = "100", ask: str = "101") -> list[str]:
    return [f"{ask}|2.5|1|{at(second)}", f"{bid}|1.5|0|{at(second)}"]


def book(second: int, bid: float = 100.0, ask: float = 101.0) -> BookSnapshot:
    return BookSnapshot(T0 + second * SECOND, "upbit", "KRW-ETH", [(bid, 1.5)], [(ask, 2.5)])


class Import:
    """Lines imported into one recording."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dest = folder / "rec"

    def __call__(self, lines: list[str], **options: object) -> ImportReport:
        source = self.folder / "books.csv"
        source.write_text("\n".join([HEADER, *lines, ""]))
        return self.file(source, **options)

    def file(self, source: Path, **options: object) -> ImportReport:
        arguments = {"venue": "upbit", "symbol": "KRW-ETH", "timezone": "UTC", **options}
        return import_levels_csv(source, self.dest, **arguments)  # type: ignore[arg-type]

    @property
    def events(self) -> list[object]:
        return list(Recording(self.dest).events())


@pytest.fixture
def importer(tmp_path: Path) -> Import:
    return Import(tmp_path)


def test_rows_of_a_timestamp_are_a_book_best_first(importer: Import) -> None:
    t = at(0)
    lines = [f"101|1|1|{t}", f"99|3|0|{t}", f"102|0.5|1|{t}", f"100|2|0|{t}"]
    report = importer(lines)
    bids, asks = [(100.0, 2.0), (99.0, 3.0)], [(101.0, 1.0), (102.0, 0.5)]
    assert importer.events == [BookSnapshot(T0, "upbit", "KRW-ETH", bids, asks)]
    assert (report.rows, report.rows_skipped, report.snapshots) == (4, 0, 1)
    assert (report.first_ns, report.last_ns) == (T0, T0)
    assert report.problem_count == 0


def test_local_times_are_of_the_zone_that_was_named(importer: Import) -> None:
    importer(snapshot(9 * 3600), timezone="Asia/Seoul")
    assert importer.events == [book(0)]


@settings(max_examples=30)
@given(
    seconds=st.lists(st.integers(0, 80_000), min_size=1, max_size=12, unique=True),
    seed=st.integers(0, 999),
)
def test_rows_in_any_order_give_the_books_in_order(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[int], seed: int
) -> None:
    importer = Import(tmp_path_factory.mktemp("import"))
    lines = [line for second in seconds for line in snapshot(second)]
    random.Random(seed).shuffle(lines)
    report = importer(lines)
    assert importer.events == [book(second) for second in sorted(seconds)]
    assert report.rows_skipped == 0
    times = [line.split("|")[3] for line in lines]
    falls = [n + 3 for n, pair in enumerate(pairwise(times)) if pair[1] < pair[0]]
    assert [problem.line for problem in report.problems] == falls
    assert set(report.counts) <= {"time_back"}


def test_a_row_too_far_back_is_reported_and_left_out(
    importer: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels_csv, "SNAPSHOTS_HELD", 2)
    lines = [line for second in range(5) for line in snapshot(second)]
    report = importer([*lines, f"90|1|0|{at(0)}", f"90|1|0|{at(3)}"])
    assert report.counts == {"time_back": 1, "too_late": 1}
    assert report.rows_skipped == 1
    assert len(importer.events) == 5
    assert importer.events[3].bids == [(100.0, 1.5), (90.0, 1.0)]  # type: ignore[attr-defined]


def test_a_malformed_row_costs_only_itself(importer: Import) -> None:
    report = importer([*snapshot(0), f"x|1|0|{at(1)}", *snapshot(1)])
    assert importer.events == [book(0), book(1)]
    assert [(problem.line, problem.kind) for problem in report.problems] == [(4, "malformed")]


def test_a_one_sided_or_crossed_book_is_kept_and_reported(importer: Import) -> None:
    report = importer([f"100|1.5|0|{at(0)}", f"101|2.5|1|{at(1)}", *snapshot(2, bid="101")])
    found = [(problem.line, problem.kind, problem.reason) for problem in report.problems]
    assert found == [
        (2, "one_sided", "no asks"),
        (3, "one_sided", "no bids"),
        (4, "crossed", "best bid 101.0 is not below best ask 101.0"),
    ]
    assert report.snapshots == len(importer.events) == 3


def test_of_a_price_named_twice_the_last_row_holds(importer: Import) -> None:
    report = importer([f"100.0|9|0|{at(0)}", *snapshot(0)])
    assert importer.events == [book(0)]
    assert report.counts == {"duplicate_price": 1}
    assert report.problems[0].line == 4
    assert (report.rows, report.rows_skipped) == (3, 1)


def test_a_level_of_no_quantity_is_kept_as_published_and_reported(importer: Import) -> None:
    report = importer([*snapshot(0), f"100.5|0.0|0|{at(0)}"])
    assert importer.events[0].bids == [(100.5, 0.0), (100.0, 1.5)]  # type: ignore[attr-defined]
    assert [(problem.line, problem.kind) for problem in report.problems] == [(4, "zero_quantity")]


def test_numbers_of_any_digits_come_back_as_parsed(importer: Import) -> None:
    numbers = ["0.00001234", "150000000", "7e-05", "12345.678901234"]
    importer([f"{number}|{number}|0|{at(second)}" for second, number in enumerate(numbers)])
    levels = [event.bids for event in importer.events]  # type: ignore[attr-defined]
    assert levels == [[(float(number), float(number))] for number in numbers]


def test_units_have_digits_to_spare(importer: Import) -> None:
    importer([f"100.5|1.25|0|{at(0)}"])
    (recorded,) = read_manifest(importer.dest).instruments
    assert recorded.price_unit == Decimal("0.001")
    assert recorded.qty_unit == Decimal("0.0001")
    importer([f"100.125|1.0625|0|{at(1)}"])
    assert importer.events[1].bids == [(100.125, 1.0625)]  # type: ignore[attr-defined]


def test_digits_beyond_the_units_are_rounded_and_reported(importer: Import) -> None:
    importer([f"100|1|0|{at(0)}", f"101|1|1|{at(0)}"])
    report = importer([f"100|0.126|0|{at(1)}", f"101|1|1|{at(1)}"])
    assert importer.events[1].bids == [(100.0, 0.13)]  # type: ignore[attr-defined]
    (problem,) = report.problems
    assert (problem.kind, problem.reason) == ("rounded", "0.126 to a multiple of 0.01")


def test_a_wild_value_is_left_out_and_does_not_coarsen_the_rest(importer: Import) -> None:
    lines = [f"{100 + side}|0.12345678|{side}|{at(n)}" for n in range(200) for side in (0, 1)]
    report = importer([*lines, f"99|900000000000000|0|{at(199)}"])
    assert report.counts == {"too_large": 1}
    assert report.rows_skipped == 1
    assert all(event.bids[0][1] == 0.12345678 for event in importer.events)  # type: ignore[attr-defined]


def test_of_a_torn_file_all_but_the_last_book_is_kept(importer: Import) -> None:
    lines = [HEADER, *(line for second in range(5000) for line in snapshot(second))]
    content = gzip.compress("\n".join(lines).encode())
    source = importer.folder / "torn.csv.gz"
    source.write_bytes(content[: len(content) // 2])
    report = importer.file(source)
    assert importer.events == [book(second) for second in range(report.snapshots)]
    assert 500 < report.snapshots < 4500
    (problem,) = report.problems
    assert problem.kind == "torn"
    assert f"the {report.rows_skipped} rows of its last snapshot are left out" in problem.reason
    assert report.rows == 2 * report.snapshots + report.rows_skipped


def test_a_file_torn_in_its_first_row_leaves_no_book(importer: Import) -> None:
    source = importer.folder / "torn.csv"
    source.write_text(f"{HEADER}\n10")
    report = importer.file(source)
    assert report.counts == {"torn": 1}
    assert (report.rows, report.rows_skipped, report.snapshots) == (1, 1, 0)
    assert importer.events == []


def test_a_second_file_adds_to_the_recording(importer: Import) -> None:
    importer(snapshot(0))
    importer(snapshot(1))
    importer(snapshot(0), venue="bithumb")
    assert len(importer.events) == 3
    assert Recording(importer.dest).venues == ("bithumb", "upbit")


def test_the_same_time_is_not_imported_twice(importer: Import) -> None:
    importer([*snapshot(0), *snapshot(10)])
    with pytest.raises(ConfigError, match=r"part-000\.parquet; nothing is imported") as refused:
        importer([*snapshot(5), *snapshot(20)])
    assert "2024-04-27 00:00:05 UTC" in str(refused.value)
    assert importer.events == [book(0), book(10)]


def test_rules_that_are_given_are_recorded_and_then_kept(importer: Import) -> None:
    rules = Instrument(
        venue="upbit", symbol="KRW-ETH", base="ETH", quote="KRW", min_notional=Decimal(5000)
    )
    importer(snapshot(0), instrument=rules)
    importer(snapshot(1))
    assert Recording(importer.dest).instruments["upbit", "KRW-ETH"] == rules


def test_a_file_of_another_format_makes_no_recording(importer: Import) -> None:
    source = importer.folder / "other.csv"
    source.write_text("a,b\n1,2\n")
    with pytest.raises(MalformedData):
        importer.file(source)
    assert not importer.dest.exists()


@pytest.mark.parametrize("options", [{"timezone": "Mars/Olympus"}, {"symbol": "???"}])
def test_wrong_arguments_are_refused(importer: Import, options: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        importer(snapshot(0), **options)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("venue", "snapshots", "rows", "counts"),
    [("upbit", 3764, 37640, {}), ("bithumb", 4325, 43250, {"zero_quantity": 221})],
)
def test_the_recorded_books_are_read_whole(
    importer: Import,
    eth_books: Path,
    venue: str,
    snapshots: int,
    rows: int,
    counts: dict[str, int],
) -> None:
    source = eth_books / f"{venue}_KRW-ETH.csv.gz"
    report = importer.file(source, venue=venue, timezone="Asia/Seoul")
    assert (report.snapshots, report.rows, report.rows_skipped) == (snapshots, rows, 0)
    assert report.counts == counts
    with gzip.open(source, "rt") as file:
        lines = [line.split("|") for line in file.read().splitlines()[1:]]
    recorded = [
        (price, qty, kind)
        for event in importer.events
        for kind, levels in (("0", event.bids), ("1", event.asks))  # type: ignore[attr-defined]
        for price, qty in levels
    ]
    assert sorted(recorded) == sorted((float(p), float(q), kind) for p, q, kind, _ in lines)
