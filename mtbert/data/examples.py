"""Data classes: a split, a task's splits, an unusable row, and the corpus that contains them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

IssueKind = Literal["empty_text", "empty_label", "bad_label", "columns", "duplicate", "stray_quote", "encoding"]


@dataclass(frozen=True, eq=False)
class Split:
    """Labelled sentences, or pairs of them.

    `ids` are unique within the split. `texts2` is None for tasks with one sentence. `labels` is float32 (n,): a class
    number, 0 or 1, or a score; NaN if there is no label.

    Raises:
        ValueError: the parts differ in length.
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    texts2: tuple[str, ...] | None
    labels: NDArray[np.float32]

    def __post_init__(self) -> None:
        counts = {len(self.ids), len(self.texts), len(self.labels)}
        if self.texts2 is not None:
            counts.add(len(self.texts2))
        if len(counts) != 1:
            raise ValueError(f"ids, texts, texts2 and labels must be equally long, got {sorted(counts)}")

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, indices: Sequence[int] | NDArray[np.int64]) -> Split:
        """Return the rows at `indices`, in that order."""
        chosen = [int(index) for index in indices]
        return Split(
            ids=tuple(self.ids[i] for i in chosen),
            texts=tuple(self.texts[i] for i in chosen),
            texts2=None if self.texts2 is None else tuple(self.texts2[i] for i in chosen),
            labels=self.labels[chosen],
        )


@dataclass(frozen=True)
class TaskData:
    """The splits of one task. `unlabelled` is a test set published without labels (all NaN)."""

    train: Split
    dev: Split
    test: Split
    unlabelled: Split | None = None


@dataclass(frozen=True)
class DataIssue:
    """One row that was dropped: where it is and why. `line` counts from 1, the header included."""

    task: str
    split: str
    file: str
    line: int
    kind: IssueKind
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Leaking:
    """Train rows of one task that were dropped because they contain a sentence of a dev, test or unlabelled split.

    `rows` counts all of them, `own` those with a sentence of the task's own splits.
    """

    rows: int
    own: int


@dataclass(frozen=True)
class Corpus:
    """All data that a study reads.

    `source` is "demo", "hub", "hub:DIR" or the folder as given; `made_up` is True for generated sentences. `overlap`
    counts, per task, the dev examples that are in the train file too. `rows_read` counts rows per file before any was
    dropped. `fingerprint` is the SHA-256 of the labelled content. `leaking` counts, per task, the train rows that
    `held_out.without_leaks` dropped.
    """

    source: str
    made_up: bool
    tasks: Mapping[str, TaskData]
    issues: tuple[DataIssue, ...]
    overlap: Mapping[str, int]
    rows_read: Mapping[str, int]
    fingerprint: str
    leaking: Mapping[str, Leaking] = field(default_factory=dict)


def fingerprint(splits: Mapping[tuple[str, str], Split]) -> str:
    """Return the SHA-256 (64 hex digits) of ids, texts and labels of splits named (task, split).

    The order of the mapping does not matter, that of the rows does.
    """
    digest = hashlib.sha256()
    for (task, name), split in sorted(splits.items(), key=lambda item: item[0]):
        _add(digest, (task, name, str(len(split)), "single" if split.texts2 is None else "pair"))
        _add(digest, split.ids)
        _add(digest, split.texts)
        _add(digest, split.texts2 or ())
        digest.update(split.labels.astype("<f4").tobytes())
    return digest.hexdigest()


def corpus_fingerprint(tasks: Mapping[str, TaskData]) -> str:
    """Return the fingerprint of train, dev and test of every task; unlabelled rows are never used."""
    return fingerprint(
        {
            (task, name): split
            for task, data in tasks.items()
            for name, split in (("train", data.train), ("dev", data.dev), ("test", data.test))
        }
    )


def _add(digest: hashlib._Hash, texts: Sequence[str]) -> None:
    """Add each text to a hash with its length before it, so that moving a boundary between texts changes the hash."""
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
