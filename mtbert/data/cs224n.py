"""A folder in the course's layout: `<stem>-train.csv`, `<stem>-dev.csv`, `<stem>-test-student.csv`.

Tab-separated in spite of their name. The labelled test split is 10 % of train (`subset.hold_out_test`);
what is in `*-test-student.csv` has no labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mtbert.data.clean import RawRow, clean, refuse, require_rows
from mtbert.data.examples import Corpus, DataIssue, Split, TaskData, corpus_fingerprint
from mtbert.data.overlap import overlap
from mtbert.data.subset import hold_out_test
from mtbert.data.table import read_table
from mtbert.errors import DataError
from mtbert.tasks.abstract import AbstractTask

WAY_OUT = "Give a folder that has them, or --data demo (made up, no download), or --data hub."


@dataclass(frozen=True, eq=False)
class _File:
    name: str
    split: Split
    issues: tuple[DataIssue, ...]
    rows_read: int


def read_folder(folder: str | Path, tasks: Sequence[AbstractTask], strict: bool = False) -> Corpus:
    """Read the files of the tasks.

    Raises DataError when the folder or a file is not what it should be, when nothing usable is left in a
    split, and, with `strict`, when any row had to be dropped.
    """
    path = Path(folder).expanduser()
    _check_files(path, str(folder), tasks)
    data: dict[str, TaskData] = {}
    overlaps: dict[str, int] = {}
    files: list[_File] = []
    for task in tasks:
        train = _read(path, task, "train")
        dev = _read(path, task, "dev")
        files += [train, dev]
        unlabelled = None
        if (path / _name(task, "unlabelled")).is_file():
            unlabelled = _read(path, task, "unlabelled")
            files.append(unlabelled)
        data[task.name] = _task_data(path, train, dev, unlabelled)
        overlaps[task.name] = overlap(train.split, dev.split)
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


def _task_data(path: Path, train: _File, dev: _File, unlabelled: _File | None) -> TaskData:
    try:
        rest, test = hold_out_test(train.split)
    except DataError as error:
        raise DataError(f"{path / train.name} is too small: {error}") from error
    return TaskData(rest, dev.split, test, unlabelled.split if unlabelled else None)


def _name(task: AbstractTask, split: str) -> str:
    return f"{task.file_stem}-{'test-student' if split == 'unlabelled' else split}.csv"


def _check_files(path: Path, shown: str, tasks: Sequence[AbstractTask]) -> None:
    """The folder exists and has train and dev of every task; says all that is missing at once."""
    if not path.is_dir():
        what = "is a file, not a folder" if path.exists() else "does not exist"
        trains = ", ".join(_name(task, "train") for task in tasks)
        raise DataError(f"{shown} {what}. --data takes a folder with the course's files ({trains}). {WAY_OUT}")
    wanted = {task.name: [_name(task, "train"), _name(task, "dev")] for task in tasks}
    missing = {name: [file for file in files if not (path / file).is_file()] for name, files in wanted.items()}
    if all(missing[name] == wanted[name] for name in wanted):
        names = ", ".join(files[0] for files in wanted.values())
        raise DataError(f"{shown} has none of the files of the course layout ({names}).\n{WAY_OUT}")
    lines = [
        f"{', '.join(missing[name])} (task {name} needs {' and '.join(wanted[name])})"
        for name in wanted
        if missing[name]
    ]
    if lines:
        raise DataError(
            f"{shown} lacks {'; '.join(lines)}. Put the file there, or leave the task out of the "
            "configuration's `tasks`."
        )


def _read(folder: Path, task: AbstractTask, split: str) -> _File:
    path = folder / _name(task, split)
    columns = ["id", *task.text_columns]
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
