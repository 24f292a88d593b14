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
    """Have the model with the highest score in `folder`, whole or not at all; its run, None where there is none.

    `models` holds a folder for each run, by digest and seed. A model that is neither there nor in `folder` already
    (an earlier launch had no use for it) is passed over for the next best. `say` hears of what takes long.
    """
    for row in sorted(rows, key=lambda row: -(row.score or 0.0)):
        if not re.fullmatch("[0-9a-f]{64}", row.config_digest):  # it names a folder
            continue
        if _stands_in(folder, row):
            return row
        source = models / f"{row.config_digest[:16]}-{row.seed}"
        if source.is_dir():
            _put(source, folder, corpus, say)
            return row
    return None


def _stands_in(folder: Path, row: RunRow) -> bool:
    """Return whether a folder holds the model of this run."""
    try:
        config = configuration.read(folder / CONFIG)
    except ConfigurationError:  # there is none, or it was damaged: it is put there again
        return False
    return config.digest() == row.config_digest and config.seed == row.seed


def _put(source: Path, folder: Path, corpus: Corpus, say: Callable[[str], None]) -> None:
    """Put a model into `folder`, with all that is made of it, in place of what is there."""
    new, old = folder.with_name(f".{folder.name}.{os.getpid()}.new"), folder.with_name(f".{folder.name}.old")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(source, new)
    model = loaded_model.load(new)
    if export.hindrance(model.config) is None:
        export.export(model, new / TRANSFORMERS)
    if is_folder(corpus.source):  # no leaderboard asks for other rows
        say(f"The best model predicts dev and test of {corpus.source}, for the course's leaderboard ...")
        try:
            course_files.write(model, corpus, new / PREDICTIONS)
        except DataError as error:
            log.warning("no predictions for the leaderboard: %s", error)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
