"""The best model of a study, kept in `best/`: ready to load, as a `transformers` folder, and with its predictions."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from mtbert import config as configuration
from mtbert import export, loaded_model
from mtbert.checkpoint import CONFIG
from mtbert.cli import course_files
from mtbert.data.examples import Corpus
from mtbert.data.load import is_folder
from mtbert.errors import ConfigurationError, DataError
from results.database.rows import RunRow

TRANSFORMERS, PREDICTIONS = "transformers", "predictions"  # folders in best/

log = logging.getLogger("study")


def keep(
    rows: Sequence[RunRow], models: Path, folder: Path, corpus: Corpus, say: Callable[[str], None] = log.info
) -> RunRow | None:
    """Put the model with the highest score into `folder`, whole or not at all, and return its run; None without one.

    `models` has a folder for each run, named by digest and seed. A model that is in neither folder, because an earlier
    launch did not keep it, is skipped for the next best. `say` announces slow steps.
    """
    for row in sorted(rows, key=lambda row: -(row.score or 0.0)):
        if not re.fullmatch("[0-9a-f]{64}", row.config_digest):  # it names a folder
            continue
        if _has_model(folder, row):
            return row
        source = models / f"{row.config_digest[:16]}-{row.seed}"
        if source.is_dir():
            _replace(source, folder, corpus, say)
            return row
    return None


def _has_model(folder: Path, row: RunRow) -> bool:
    """Return whether a folder has the model of this run."""
    try:
        config = configuration.read(folder / CONFIG)
    except ConfigurationError:  # missing or damaged
        return False
    return config.digest() == row.config_digest and config.seed == row.seed


def _replace(source: Path, folder: Path, corpus: Corpus, say: Callable[[str], None]) -> None:
    """Replace the content of `folder` by a model, its `transformers` folder and its predictions."""
    new, old = folder.with_name(f".{folder.name}.{os.getpid()}.new"), folder.with_name(f".{folder.name}.old")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(source, new)
    model = loaded_model.load(new)
    if export.hindrance(model.config) is None:
        export.export(model, new / TRANSFORMERS)
    if is_folder(corpus.source):  # no leaderboard asks for other rows
        say(f"Predicting dev and test of {corpus.source} with the best model, for the course's leaderboard ...")
        try:
            course_files.write(model, corpus, new / PREDICTIONS)
        except DataError as error:
            log.warning("No predictions for the leaderboard were written: %s", error)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
