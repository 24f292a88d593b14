"""The tasks' data on the hub, `--data hub`: data sets, column names, and reading them.

Identifiers as widely used: SST-5 `SetFit/sst5`, Quora `nyu-mll/glue` (qqp; its test labels are hidden, so test is 10 %
of train), STS `sentence-transformers/stsb` (scores 0..1, times 5), Rotten Tomatoes
`cornell-movie-review-data/rotten_tomatoes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mtbert.data.clean import RawRow, clean, refuse, require_rows
from mtbert.data.examples import Corpus, DataIssue, Split, TaskData, corpus_fingerprint
from mtbert.data.held_out import overlap
from mtbert.data.hub_loading import WAY_OUT, HubSplit, loader_of, require_columns
from mtbert.data.subset import hold_out_test
from mtbert.errors import DataError, unknown
from mtbert.tasks.abstract import AbstractTask


@dataclass(frozen=True)
class HubSource:
    """A task's data set and its column names. `test` is None if its labels are hidden."""

    path: str
    configuration: str | None
    texts: tuple[str, ...]
    label: str
    test: str | None
    factor: float = 1.0


SOURCES: Mapping[str, HubSource] = {
    "sst": HubSource("SetFit/sst5", None, ("text",), "label", "test"),
    "quora": HubSource("nyu-mll/glue", "qqp", ("question1", "question2"), "label", None),
    "sts": HubSource("sentence-transformers/stsb", None, ("sentence1", "sentence2"), "score", "test", factor=5.0),
    "rotten_tomatoes": HubSource("cornell-movie-review-data/rotten_tomatoes", None, ("text",), "label", "test"),
}


def read_hub(source: str, tasks: Sequence[AbstractTask], strict: bool = False) -> Corpus:
    """Return the corpus of the tasks from "hub" or "hub:DIR"; unusable rows are treated as those of a folder.

    Raises:
        DataError: the library, a data set, a split or a column is missing, or a column has another type.
    """
    load = loader_of(source)
    data: dict[str, TaskData] = {}
    issues: list[DataIssue] = []
    overlaps: dict[str, int] = {}
    rows_read: dict[str, int] = {}
    for task in tasks:
        if task.name not in SOURCES:
            raise DataError(f"{unknown('hub data for task', task.name, SOURCES)} {WAY_OUT}")
        place = SOURCES[task.name]
        loaded = load(place.path, place.configuration)
        names = {"train": "train", "dev": "validation"} | ({"test": place.test} if place.test else {})
        splits: dict[str, Split] = {}
        for name, hub_name in names.items():
            file = f"{place.path}:{hub_name}"
            if hub_name not in loaded:
                raise DataError(f"{place.path} has no split {hub_name}, only {', '.join(loaded)}. {WAY_OUT}")
            splits[name], dropped = _read(loaded[hub_name], task, place, name, file)
            issues += dropped
            rows_read[file] = len(loaded[hub_name])
        overlaps[task.name] = overlap(splits["train"], splits["dev"])
        train, test = (splits["train"], splits["test"]) if place.test else hold_out_test(splits["train"])
        data[task.name] = TaskData(train, splits["dev"], test)
    if strict:
        refuse(issues, "the hub")
    return Corpus(source, False, data, tuple(issues), overlaps, rows_read, corpus_fingerprint(data))


def _read(
    rows: HubSplit, task: AbstractTask, source: HubSource, split: str, file: str
) -> tuple[Split, tuple[DataIssue, ...]]:
    require_columns(rows, file, source.texts, (source.label,))
    raw = [
        RawRow(
            line=number,
            identity=f"{file}:{number}",
            texts=tuple(_text(row[column]) for column in source.texts),
            label=_label(row[source.label], source.factor),
        )
        for number, row in enumerate(rows, start=1)
    ]
    kept, issues = clean(raw, task, split, file)
    require_rows(kept, file, len(raw), issues)
    return kept, issues


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _label(value: object, factor: float) -> str:
    """Return the label as text, for `parse_label`; rounded if it is scaled, so that 0.2 * 5 is 1."""
    if isinstance(value, (int, float)) and factor != 1.0:
        return str(round(value * factor, 6))
    return "" if value is None else str(value)
