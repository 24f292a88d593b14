"""Rows of the data that were dropped, as one line or as a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from mtbert.output import plain

FLAG = "--data-issues"
HELP = "list every dropped row of the data with the reason (default: their number by file)"
FILES = 8  # named with their counts


class Dropped(Protocol):
    """A row that was dropped; `line` counts from 1."""

    @property
    def file(self) -> str:
        """The name of its file."""

    @property
    def line(self) -> int:
        """Its line in the file."""

    @property
    def message(self) -> str:
        """Why it was dropped."""


def lines(issues: Sequence[Dropped], *, listed: bool = False) -> list[str]:
    """Return lines for a terminal; none if nothing was dropped.

    "3 rows of the data were dropped (quora-train.csv: 2, sst-dev.csv: 1). --data-issues lists them." With `listed` the
    count, then a line per row.
    """
    if not issues:
        return []
    counts = Counter(issue.file for issue in issues)
    files = [f"{file}: {count:,}" for file, count in list(counts.items())[:FILES]]
    if len(counts) > FILES:
        rest = sum(list(counts.values())[FILES:])
        files.append(f"{len(counts) - FILES} other {'file' if len(counts) == FILES + 1 else 'files'}: {rest:,}")
    rows = "1 row of the data was" if len(issues) == 1 else f"{len(issues):,} rows of the data were"
    count = f"{rows} dropped ({', '.join(files)})"
    if not listed:
        return [plain(f"{count}. {FLAG} lists {'it' if len(issues) == 1 else 'them'}.")]
    return [plain(f"{count}:"), *(plain(f"  {issue.file}:{issue.line}: {issue.message}") for issue in issues)]
