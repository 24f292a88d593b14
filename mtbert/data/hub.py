"""The tasks' data on the hub, through the optional `datasets` library: downloaded, or from a folder where it was saved.

`--data hub` loads data sets by their identifiers. `--data hub:DIR` reads data sets that the library saved, for machines
without a network: each in a folder below DIR that is named after its identifier, and its configuration if it has one.

    datasets.load_dataset("SetFit/sst5").save_to_disk("DIR/SetFit/sst5")
    datasets.load_dataset("nyu-mll/glue", "qqp").save_to_disk("DIR/nyu-mll/glue/qqp")

Identifiers as widely used: SST-5 `SetFit/sst5`, Quora `nyu-mll/glue` (qqp; its test labels are hidden, so test is 10 %
of train), STS `sentence-transformers/stsb` (scores 0..1, times 5), Rotten Tomatoes
`cornell-movie-review-data/rotten_tomatoes`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

from mtbert.data.clean import RawRow, clean, refuse, require_rows
from mtbert.data.examples import Corpus, DataIssue, Split, TaskData, corpus_fingerprint
from mtbert.data.held_out import overlap
from mtbert.data.subset import hold_out_test
from mtbert.errors import DataError, unknown

if TYPE_CHECKING:  # a task's file needs torch, which readers of data do not
    from mtbert.tasks.abstract import AbstractTask

HUB, SAVED = "hub", "hub:"  # --data hub, and the prefix in --data hub:DIR
TEXT_TYPES = ("string", "large_string")  # names of text in the features of a data set
WAY_OUT = "Or use --data demo (generated, no download), or a folder with the course's files."


class HubSplit(Protocol):
    """The part of `datasets.Dataset` that is used here."""

    @property
    def column_names(self) -> list[str]:
        """The names of the columns."""

    @property
    def features(self) -> Mapping[str, object]:
        """The type of each column; a plain value has a `dtype`."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Mapping[str, object]]: ...


# (path, name of the configuration or None) -> split -> rows, as `datasets.load_dataset` and, for a folder written by
# `save_to_disk`, `datasets.load_from_disk` return them.
Loader = Callable[[str, str | None], Mapping[str, HubSplit]]


def is_hub(source: str) -> bool:
    """Return whether `--data` names the hub, or a folder of saved data sets."""
    return source == HUB or source.startswith(SAVED)


def folder_of(source: str) -> Path | None:
    """Return the folder of `--data hub:DIR`; None for the hub itself.

    Raises:
        DataError: there is no such folder.
    """
    if source == HUB:
        return None
    folder = Path(os.path.expanduser(source.removeprefix(SAVED)))
    if source == SAVED or not folder.is_dir():
        raise DataError(
            f"--data {source}: there is no folder '{source.removeprefix(SAVED)}'. Give hub:DIR with the folder "
            "in which `datasets` saved the data sets, or hub alone."
        )
    return folder


def loader_of(source: str) -> Loader:
    """Return the function that loads a data set for `--data hub` or `--data hub:DIR`."""
    folder = folder_of(source)
    return download if folder is None else lambda path, configuration: _saved(folder, path, configuration)


def download(path: str, configuration: str | None) -> Mapping[str, HubSplit]:
    """Return all splits of a data set on the hub.

    Raises:
        DataError: the library or the connection is missing.
    """
    datasets = _library()
    try:
        loaded: Mapping[str, HubSplit] = datasets.load_dataset(path, configuration)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:  # no network, gone, changed
        raise DataError(f"The data set {path} could not be loaded from the hub: {error}. {WAY_OUT}") from error
    return loaded


def _saved(folder: Path, path: str, configuration: str | None) -> Mapping[str, HubSplit]:
    """Return all splits of a data set that `save_to_disk` wrote."""
    datasets, place = _library(), folder / path / (configuration or "")
    arguments = ", ".join(repr(name) for name in (path, configuration) if name)
    way_out = f"Save it there: datasets.load_dataset({arguments}).save_to_disk({str(place)!r})"
    try:
        loaded = datasets.load_from_disk(str(place))
    except (OSError, ValueError, RuntimeError) as error:  # not there, damaged, something else
        raise DataError(f"{place} is not a data set that `datasets` saved ({error}). {way_out}") from error
    if not isinstance(loaded, Mapping):
        raise DataError(f"{place} has one split alone, and all of them are needed. {way_out}")
    return loaded


def _library() -> ModuleType:
    try:
        import datasets
    except ImportError as error:
        raise DataError(
            "--data hub needs the `datasets` library, which is not installed. "
            f"Install it with: pip install 'mtbert-study[hub]'. {WAY_OUT}"
        ) from error
    library: ModuleType = datasets
    return library


def require_columns(rows: HubSplit, file: str, texts: Sequence[str], others: Sequence[str] = ()) -> None:
    """Check that a split has these columns, and text in those of `texts`.

    Raises:
        DataError: it has not.
    """
    expected = (*texts, *others)
    missing = [column for column in expected if column not in rows.column_names]
    if missing:
        raise DataError(
            f"{file} has no column {', '.join(missing)}; expected {', '.join(expected)}, found "
            f"{', '.join(rows.column_names)}. The data set has changed. {WAY_OUT}"
        )
    for column in texts:
        if getattr(rows.features[column], "dtype", None) not in TEXT_TYPES:
            raise DataError(
                f"{file} must have text in its column {column}, which has {rows.features[column]}. The data set has "
                f"changed. {WAY_OUT}"
            )


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
