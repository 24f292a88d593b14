"""The size and shape of the four packages, beside their limits: `python tests/helpers/structure.py` prints the table.

`tests/test_architecture.py` holds the limits.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from source_tree import ROOT, Source, cycle, file_arrows, room_arrows, sources

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


class Measure(NamedTuple):
    """One measured number with its limit, and where it was found."""

    name: str
    value: float
    limit: float | None
    where: str = ""

    def exceeded(self) -> bool:
        """Return whether the number is above its limit."""
        return self.limit is not None and self.value > self.limit


def measures(found: Collection[Source]) -> list[Measure]:
    """Return the table: lines, largest folder, file and class, function lengths, import cycles."""
    folders = Counter(str(source.path.parent) for source in found)
    folder, in_folder = folders.most_common(1)[0]
    longest = max(found, key=lambda source: source.text.count("\n"))
    methods, class_name = max(_classes(found))
    lengths = sorted(_function_lengths(found))
    files_in_cycle, rooms_in_cycle = cycle(file_arrows(found)), cycle(room_arrows(found))
    return [
        Measure("source files", len(found), None),
        Measure("lines", sum(source.text.count("\n") for source in found), None),
        Measure("Python files in the largest folder", in_folder, 20, folder),
        Measure("lines of the longest file", longest.text.count("\n"), 300, str(longest.path)),
        Measure("public methods of the largest class", methods, 15, class_name),
        Measure("function length, median", statistics.median(lengths), 6),
        Measure("function length, 90th percentile", lengths[int(0.9 * len(lengths))], 18),
        Measure("function length, maximum", lengths[-1], 50),
        Measure("modules in a cycle of imports", len(files_in_cycle), 0, " -> ".join(files_in_cycle)),
        Measure("sub-packages in a cycle of imports", len(rooms_in_cycle), 0, " -> ".join(rooms_in_cycle)),
    ]


def _classes(found: Collection[Source]) -> Iterator[tuple[int, str]]:
    for source in found:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef):
                public = [part for part in node.body if isinstance(part, FUNCTION) and not part.name.startswith("_")]
                yield len(public), f"{node.name} ({source.path})"


def _function_lengths(found: Collection[Source]) -> Iterator[int]:
    for source in found:
        for node in ast.walk(source.tree):
            if isinstance(node, FUNCTION):
                yield (node.end_lineno or node.lineno) - node.lineno + 1


def table(rows: Collection[Measure]) -> str:
    """Return the table as text, one measure per line."""
    lines = [f"{'':40}{'measured':>10}{'limit':>8}"]
    for row in rows:
        limit = "" if row.limit is None else f"{row.limit:,g}"
        mark = "  above its limit" if row.exceeded() else ""
        lines.append(f"{row.name:40}{row.value:>10,g}{limit:>8}  {row.where}{mark}".rstrip())
    return "\n".join(lines)


def main() -> int:
    """Print the table; exit with 1 where a limit is exceeded."""
    rows = measures(sources(ROOT))
    print(table(rows))
    return int(any(row.exceeded() for row in rows))


if __name__ == "__main__":
    sys.exit(main())
