"""`--data hub`: the published data sets behind the tasks, through the optional `datasets` library.

Identifiers as widely used: SST-5 `SetFit/sst5`, Quora `nyu-mll/glue` (qqp; its test labels are hidden, so
test is 10 % of train), STS `sentence-transformers/stsb` (scores 0..1, times 5), Rotten Tomatoes
`cornell-movie-review-data/rotten_tomatoes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mtbert.data.clean import RawRow, clean, refuse, require_rows
from mtbert.data.examples import Corpus, DataIssue, Split, TaskData, corpus_fingerprint
from mtbert.data.overlap import overlap
from mtbert.data.subset import hold_out_test
from mtbert.errors import DataError, unknown
from mtbert.tasks.abstract import AbstractTask

WAY_OUT = "Or use --data demo (made up, no download), or a folder with the course's files."


class HubSplit(Protocol):
    """What we need of `datasets.Dataset`."""

    @property
    def column_names(self) -> list[str]:
        """The names of the columns."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Mapping[str, object]]: ...


# (path, name of the configuration or None) -> split -> rows; what `datasets.load_dataset` and, for a folder
# made by `save_to_disk`, `datasets.load_from_disk` give.
Loader = Callable[[str, str | None], Mapping[str, HubSplit]]


@dataclass(frozen=True)
class HubSource:
    """Where a task's data is and what its columns are called. `test` is None where its labels are hidden."""

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


def download(path: str, configuration: str | None) -> Mapping[str, HubSplit]:
    """All splits of a data set on the hub. Raises DataError when the library or the connection is missing."""
    try:
        import datasets
    except ImportError as error:
        raise DataError(
            "--data hub needs the `datasets` library, which is not installed. "
            f"Install it with: pip install 'mtbert-study[hub]'. {WAY_OUT}"
        ) from error
    try:
        loaded: Mapping[str, HubSplit] = datasets.load_dataset(path, configuration)
    except (OSError, ValueError, RuntimeError) as error:  # no network, gone, another format
        raise DataError(f"The data set {path} could not be loaded from the hub: {error}. {WAY_OUT}") from error
    return loaded


def read_hub(tasks: Sequence[AbstractTask], strict: bool = False, load: Loader = download) -> Corpus:
    """The corpus of the tasks, from wherever `load` takes it; bad rows are treated as those of a folder."""
    data: dict[str, TaskData] = {}
    issues: list[DataIssue] = []
    overlaps: dict[str, int] = {}
    rows_read: dict[str, int] = {}
    for task in tasks:
        if task.name not in SOURCES:
            raise DataError(f"{unknown('hub data for task', task.name, SOURCES)} {WAY_OUT}")
        source = SOURCES[task.name]
        loaded = load(source.path, source.configuration)
        names = {"train": "train", "dev": "validation"} | ({"test": source.test} if source.test else {})
        splits: dict[str, Split] = {}
        for name, hub_name in names.items():
            file = f"{source.path}:{hub_name}"
            if hub_name not in loaded:
                raise DataError(f"{source.path} has no split {hub_name}, only {', '.join(loaded)}. {WAY_OUT}")
            splits[name], dropped = _read(loaded[hub_name], task, source, name, file)
            issues += dropped
            rows_read[file] = len(loaded[hub_name])
        overlaps[task.name] = overlap(splits["train"], splits["dev"])
        train, test = (splits["train"], splits["test"]) if source.test else hold_out_test(splits["train"])
        data[task.name] = TaskData(train, splits["dev"], test)
    if strict:
        refuse(issues, "the hub")
    return Corpus("hub", False, data, tuple(issues), overlaps, rows_read, corpus_fingerprint(data))


def _read(
    rows: HubSplit, task: AbstractTask, source: HubSource, split: str, file: str
) -> tuple[Split, tuple[DataIssue, ...]]:
    expected = (*source.texts, source.label)
    missing = [column for column in expected if column not in rows.column_names]
    if missing:
        raise DataError(
            f"{file} has no column {', '.join(missing)}; expected {', '.join(expected)}, found "
            f"{', '.join(rows.column_names)}. The data set has changed. {WAY_OUT}"
        )
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
    """The label as text, for `parse_label`; rounded where it is scaled, so that 0.2 * 5 is 1."""
    if isinstance(value, (int, float)) and factor != 1.0:
        return str(round(value * factor, 6))
    return "" if value is None else str(value)
