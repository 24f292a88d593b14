"""The best model of a study: kept in `best/`, ready to load, with a page that says how it was made."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from mtbert import components
from results.records import RunRow

README = """# Best configuration of the study {study}

Dev score {score:.4f} with seed {seed}: the best of {seeds} seeds by dev score, so this one number flatters; the
report has the mean of all seeds with its spread.

Load it:

    import mtbert
    model = mtbert.load("{folder}")
    model.predict({example})

Train it again, to the same bits on a CPU with one thread:

    {command}
"""


def keep(rows: list[RunRow], models: Path, folder: Path, study: str, command: str) -> bool:
    """Copy the model of the row with the highest score to `folder`, whole or not at all; False when it is not there.

    `models` holds a folder for each run, by digest and seed.
    """
    row = max(rows, key=lambda r: r.score or 0.0)
    if not re.fullmatch("[0-9a-f]{64}", row.config_digest):  # it names a folder
        return False
    source = models / f"{row.config_digest[:16]}-{row.seed}"
    if not source.is_dir():
        return False
    new, old = folder.with_name(f".{folder.name}.{os.getpid()}.new"), folder.with_name(f".{folder.name}.old")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(source, new)
    page = README.format(
        study=study,
        score=row.score or 0.0,
        seed=row.seed,
        seeds=len(rows),
        folder=folder,
        example=_example(next(iter(row.config_json["tasks"]))),
        command=command,
    )
    (new / "README.md").write_text(page, encoding="utf-8")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return True


def _example(task: str) -> str:
    """Arguments of `predict` for a task of the model."""
    pair = components.load("tasks", task).pair  # type: ignore[attr-defined]
    return f'"{task}", ["A fine film ."]' + (', ["A good film ."]' if pair else "")
