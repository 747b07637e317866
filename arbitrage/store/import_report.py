"""What an import did: how much it read and kept, and everything that was wrong with the file."""

from typing import Any

import msgspec

MAX_LISTED_PER_KIND = 100


class Problem(msgspec.Struct, frozen=True):
    """Something wrong at `line` (the first line of the file is 1). `kind` is a plain word."""

    line: int
    kind: str
    reason: str


class ImportReport(msgspec.Struct, kw_only=True):
    """What became of a file.

    `rows` are the lines below the header, `rows_skipped` those that are in no snapshot. `counts`
    has every problem by kind; `problems` lists the first `MAX_LISTED_PER_KIND` of each kind.
    """

    source: str
    venue: str
    symbol: str
    rows: int = 0
    rows_skipped: int = 0
    snapshots: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    counts: dict[str, int] = {}
    problems: list[Problem] = []

    def add(self, line: int, kind: str, reason: str, *, rows_skipped: int = 0) -> None:
        """Count a problem, and list it if there are not too many of its kind."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.rows_skipped += rows_skipped
        if self.counts[kind] <= MAX_LISTED_PER_KIND:
            self.problems.append(Problem(line, kind, reason))

    def to_json_dict(self) -> dict[str, Any]:
        """The report as plain data, for JSON."""
        return {**msgspec.to_builtins(self), "problem_count": self.problem_count}

    @property
    def problem_count(self) -> int:
        """All problems, listed or not."""
        return sum(self.counts.values())
