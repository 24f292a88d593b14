"""A folder in the course's layout; each task declares its files (`AbstractTask.files`).

The course's are `<stem>-train.csv`, `<stem>-dev.csv`, `<stem>-test-student.csv`, tab-separated despite their names; the
last one has no labels. The labelled test split is 10 % of train (`subset.hold_out_test`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mtbert.data.clean import RawRow, clean, refuse, require_rows
from mtbert.data.examples import Corpus, DataIssue, Split, TaskData, corpus_fingerprint
from mtbert.data.held_out import overlap
from mtbert.data.subset import hold_out_dev, hold_out_test
from mtbert.data.table import read_lines, read_table
from mtbert.errors import DataError
from mtbert.tasks.abstract import AbstractTask, Lines, Tables

NOT_THAT_TASK = "leave the task out of the configuration's `tasks` (--tasks)"
WAY_OUT = "Give a folder that has them, or --data demo (generated, no download), or --data hub."


@dataclass(frozen=True, eq=False)
class _File:
    name: str
    split: Split
    issues: tuple[DataIssue, ...]
    rows_read: int


@dataclass(frozen=True, eq=False)
class _TaskFiles:
    """The content of the files of one task; `train` still includes the test rows."""

    files: tuple[_File, ...]
    train: Split
    dev: Split
    unlabelled: Split | None = None


def read_folder(folder: str | Path, tasks: Sequence[AbstractTask], strict: bool = False) -> Corpus:
    """Read the files of the tasks.

    Raises:
        DataError: the folder or a file is not what it should be, a split has no usable row, or, with `strict`, a row is
            unusable.
    """
    path = Path(os.path.expanduser(folder))
    _check_files(path, str(folder), {task.name: task.files.required() for task in tasks}, NOT_THAT_TASK)
    data: dict[str, TaskData] = {}
    overlaps: dict[str, int] = {}
    files: list[_File] = []
    for task in tasks:
        layout = task.files
        own = _read_lines(path, task, layout) if isinstance(layout, Lines) else _read_tables(path, task, layout)
        files += own.files
        data[task.name] = _task_data(path / layout.required()[0], own)
        overlaps[task.name] = overlap(own.train, own.dev)
    issues = tuple(issue for file in files for issue in file.issues)
    if strict:
        refuse(issues, str(folder))
    return Corpus(
        source=str(folder),
        made_up=False,
        tasks=data,
        issues=issues,
        overlap=overlaps,
        rows_read={file.name: file.rows_read for file in files},
        fingerprint=corpus_fingerprint(data),
    )


def read_dev(folder: str | Path, tasks: Sequence[AbstractTask]) -> tuple[dict[str, Split], tuple[DataIssue, ...]]:
    """Return the dev split of each task and the dropped rows, from a folder that need not have the train files.

    If a task's dev split is a part of its train files, these are read.

    Raises:
        DataError: as in `read_folder`.
    """
    path = Path(os.path.expanduser(folder))
    needed = {one.name: (one.files.dev,) if isinstance(one.files, Tables) else one.files.required() for one in tasks}
    _check_files(path, str(folder), needed, "leave the task out: --tasks")
    splits: dict[str, Split] = {}
    issues: list[DataIssue] = []
    for task in tasks:
        if isinstance(task.files, Tables):
            own = _read_table(path / task.files.dev, task, "dev", task.files.id_column)
            splits[task.name], dropped = own.split, own.issues
        else:
            lines = _read_lines(path, task, task.files)
            splits[task.name], dropped = lines.dev, tuple(issue for file in lines.files for issue in file.issues)
        issues += dropped
    return splits, tuple(issues)


def _task_data(train_file: Path, own: _TaskFiles) -> TaskData:
    try:
        rest, test = hold_out_test(own.train)
    except DataError as error:
        raise DataError(f"{train_file} is too small: {error}") from error
    return TaskData(rest, own.dev, test, own.unlabelled)


def _check_files(path: Path, shown: str, needed: Mapping[str, Sequence[str]], without: str) -> None:
    """Check that the folder has the `needed` files of every task. `without` says how to leave a task out.

    Raises:
        DataError: files are missing; the message has all of them.
    """
    firsts = ", ".join(files[0] for files in needed.values())
    if not path.is_dir():
        what = "is a file, not a folder" if path.exists() else "does not exist"
        raise DataError(f"{shown} {what}. --data takes a folder with the course's files ({firsts}). {WAY_OUT}")
    missing = {name: [file for file in files if not (path / file).is_file()] for name, files in needed.items()}
    if all(len(missing[name]) == len(files) for name, files in needed.items()):
        raise DataError(f"{shown} has none of the files of the course layout ({firsts}).\n{WAY_OUT}")
    lines = [
        f"{', '.join(missing[name])} (task {name} needs {' and '.join(needed[name])})"
        for name in needed
        if missing[name]
    ]
    if lines:
        raise DataError(f"{shown} lacks {'; '.join(lines)}. Put the file there, or {without}.")


def _read_tables(folder: Path, task: AbstractTask, layout: Tables) -> _TaskFiles:
    train = _read_table(folder / layout.train, task, "train", layout.id_column)
    dev = _read_table(folder / layout.dev, task, "dev", layout.id_column)
    if layout.unlabelled is None or not (folder / layout.unlabelled).is_file():
        return _TaskFiles((train, dev), train.split, dev.split)
    unlabelled = _read_table(folder / layout.unlabelled, task, "unlabelled", layout.id_column)
    return _TaskFiles((train, dev, unlabelled), train.split, dev.split, unlabelled.split)


def _read_table(path: Path, task: AbstractTask, split: str, id_column: str) -> _File:
    columns = [id_column, *task.text_columns]
    labelled = split != "unlabelled"
    if labelled:
        columns.append(task.label_column)
    table = read_table(path, columns)
    texts = slice(1, 1 + len(task.text_columns))
    raw = [
        RawRow(row.line, row.fields[0], row.fields[texts], row.fields[-1] if labelled else None) for row in table.rows
    ]
    kept, issues = clean(raw, task, split, path.name)
    broken = (DataIssue(task.name, split, path.name, row.line, row.kind, row.message) for row in table.broken)
    issues = tuple(sorted((*issues, *broken), key=lambda issue: issue.line))
    rows_read = len(table.rows) + len(table.broken)
    if labelled:
        require_rows(kept, str(path), rows_read, issues)
    return _File(path.name, kept, issues, rows_read)


def _read_lines(folder: Path, task: AbstractTask, layout: Lines) -> _TaskFiles:
    """Return the files of a task: train, and dev from a tenth of the lines; a line's id is its file and number."""
    files = []
    for name, label in layout.labels.items():
        path = folder / name
        rows = [RawRow(line, f"{path.name}:{line}", (text,), label) for line, text in read_lines(path)]
        kept, issues = clean(rows, task, "train", path.name)
        files.append(_File(path.name, kept, issues, len(rows)))
    whole = Split(
        ids=tuple(identity for file in files for identity in file.split.ids),
        texts=tuple(text for file in files for text in file.split.texts),
        texts2=None,
        labels=np.concatenate([file.split.labels for file in files]),
    )
    try:
        train, dev = hold_out_dev(whole)
    except DataError as error:
        raise DataError(f"{folder / next(iter(layout.labels))} is too small: {error}") from error
    return _TaskFiles(tuple(files), train, dev)
