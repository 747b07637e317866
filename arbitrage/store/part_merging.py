"""Small parts made into larger ones, so that a long recording does not become a million files.

A writer that flushes every few seconds leaves a part each time. Twelve of a size become one, and
twelve of those one again. The merged part is renamed into place whole, and from that moment the
parts whose numbers it names are none any more: whatever kills the writer, no row is read twice and
none is missing.
"""

from pathlib import Path
from typing import Final

from arbitrage.store.fields import Units
from arbitrage.store.layout import Stream, merged_part, part_files, part_numbers, superseded_parts
from arbitrage.store.parts import ROW_GROUP_ROWS, Part, write_part
from arbitrage.store.tables import TABLES

MERGED_AT_ONCE: Final = 12
# A part of so many rows is large enough.
MOST_ROWS: Final = 16 * ROW_GROUP_ROWS
_FIRST_NS, _END_NS = -(2**63), 2**63 - 1


def merge_parts(folder: Path, stream: Stream, units: Units, staged: Path) -> int:
    """Merge the last parts in `folder` as long as there are enough of one size; how often.

    `staged` is where a new part is written before it is put in place. `folder` must have no other
    writer.
    """
    merges = 0
    while parts := _due(folder, stream):
        batches = [batch for part in parts for batch in part.batches(_FIRST_NS, _END_NS)]
        write_part(staged, TABLES[stream.table], batches, units)
        staged.rename(merged_part([part.path for part in parts]))
        for path in superseded_parts(folder):
            path.unlink()
        merges += 1
    return merges


def _due(folder: Path, stream: Stream) -> list[Part]:
    """The last parts, if they are enough, of one size, and not too large together."""
    last = part_files(folder)[-MERGED_AT_ONCE:]
    if len(last) < MERGED_AT_ONCE or len(set(map(_span, last))) > 1:
        return []
    parts = [Part(path, stream) for path in last]
    return parts if sum(part.row_count for part in parts) <= MOST_ROWS else []


def _span(path: Path) -> int:
    first, last = part_numbers(path)
    return last - first
