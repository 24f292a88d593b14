"""From raw rows to a split: unusable rows are dropped and listed, whatever their source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mtbert.data.examples import DataIssue, IssueKind, Split
from mtbert.errors import DataError

if TYPE_CHECKING:  # a task's file needs torch, which readers of data do not
    from mtbert.tasks.abstract import AbstractTask

LISTED = 10  # issues named in an error; all are counted


@dataclass(frozen=True)
class RawRow:
    """One row as it is in the file: an id, one or two texts, and the label's text (None: unlabelled)."""

    line: int
    identity: str
    texts: tuple[str, ...]
    label: str | None


def clean(rows: Iterable[RawRow], task: AbstractTask, split: str, file: str) -> tuple[Split, tuple[DataIssue, ...]]:
    """Drop rows with empty text, no usable label, or the same texts and label as an earlier row.

    White space around texts is removed. Two rows with one id and different content are both kept; the later one's id
    gets "#2" (ids decide the test split and subsets, so they must be unique). An empty id becomes "line N". Unlabelled
    rows are never duplicates, because each needs its prediction. The split may be empty.
    """
    kept: list[tuple[str, tuple[str, ...], float]] = []
    issues: list[DataIssue] = []
    lines: dict[tuple[tuple[str, ...], float], int] = {}
    identities: set[str] = set()
    for row in rows:
        texts = tuple(text.strip() for text in row.texts)
        verdict = _fault(row, texts, task)
        label = float("nan") if row.label is None or verdict else task.parse_label(row.label)
        if verdict is None and row.label is not None and (texts, label) in lines:
            verdict = ("duplicate", f"same text and label as line {lines[texts, label]}")
        if verdict is not None:
            issues.append(DataIssue(task.name, split, file, row.line, verdict[0], f"{verdict[1]}; row dropped"))
            continue
        lines[texts, label] = row.line
        kept.append((_unique(row.identity.strip() or f"line {row.line}", identities), texts, label))
    return _split(kept, task), tuple(issues)


def refuse(issues: Sequence[DataIssue], source: str) -> None:
    """Refuse unusable rows (`--strict-data`).

    Raises:
        DataError: there are any; the message has the first ten and their number.
    """
    if issues:
        shown = "\n".join(f"  {issue}" for issue in issues[:LISTED])
        more = f"\n  and {len(issues) - LISTED:,} more" if len(issues) > LISTED else ""
        raise DataError(
            f"--strict-data allows no unusable row, {source} has {len(issues):,}:\n{shown}{more}\n"
            "Fix these rows, or leave --strict-data out: they are then dropped, counted and listed."
        )


def require_rows(split: Split, where: str, read: int, issues: Sequence[DataIssue]) -> None:
    """Check that a split has a usable row.

    Raises:
        DataError: it has none.
    """
    if len(split):
        return
    if not read:
        raise DataError(f"{where} has a header but no rows. Expected: one labelled example per line.")
    raise DataError(f"{where} has no usable row: all {read:,} were dropped. The first: {issues[0]}.")


def _fault(row: RawRow, texts: tuple[str, ...], task: AbstractTask) -> tuple[IssueKind, str] | None:
    if row.label is not None:
        try:
            task.parse_label(row.label)
        except ValueError as error:
            return "bad_label" if row.label.strip() else "empty_label", str(error)
    for text, column in zip(texts, task.text_columns, strict=True):
        if not text:
            return "empty_text", f"{column} is empty"
    return None


def _unique(identity: str, taken: set[str]) -> str:
    name, number = identity, 1
    while name in taken:
        number += 1
        name = f"{identity}#{number}"
    taken.add(name)
    return name


def _split(rows: Sequence[tuple[str, tuple[str, ...], float]], task: AbstractTask) -> Split:
    return Split(
        ids=tuple(identity for identity, _, _ in rows),
        texts=tuple(texts[0] for _, texts, _ in rows),
        texts2=tuple(texts[1] for _, texts, _ in rows) if task.pair else None,
        labels=np.array([label for _, _, label in rows], dtype=np.float32),
    )
