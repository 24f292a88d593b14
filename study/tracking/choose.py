"""`--track KIND:PLACE`: the trackers that a launch requests, checked before anything is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from results.database import url
from search_spaces.grammar import did_you_mean
from study.settings import SettingsError
from study.tracking.abstract import AbstractTracker
from study.tracking.mirror import Mirror
from study.tracking.observer import Tracking

KINDS = ("mlflow", "tensorboard")
FORM = "mlflow:URI or tensorboard:DIR"
# MLflow keeps runs on a server or in a database. Since 3.7 it refuses folders, unless this variable is set.
MLFLOW_PLACES = ("http:", "https:", "sqlite:", "postgresql:", "postgresql+", "mysql:", "mysql+", "mssql", "databricks")
MLFLOW_FOLDERS = "MLFLOW_ALLOW_FILE_STORE"


def check(requested: Sequence[str]) -> None:
    """Check the values of `--track`.

    Raises:
        SettingsError: a value has the wrong form, or its library is not installed.
    """
    for text in requested:
        kind, _, place = text.partition(":")
        if kind not in KINDS:
            raise SettingsError(f"--track takes {FORM}, got '{url.mask(text)}'.{did_you_mean(kind, KINDS)}")
        if not place:
            raise SettingsError(f"--track {kind} needs a destination: {FORM}, got '{url.mask(text)}'.")
        if find_spec(kind) is None:
            raise SettingsError(f"--track {kind} needs a library: pip install 'mtbert-study[{kind}]'")
        if kind == "mlflow" and not place.startswith(MLFLOW_PLACES) and not os.environ.get(MLFLOW_FOLDERS):
            raise SettingsError(
                f"MLflow keeps runs on a server or in a database, got '{url.mask(place)}'. "
                "Use --track mlflow:http://HOST:PORT or --track mlflow:sqlite:///mlflow.db"
            )


def tracking(requested: Sequence[str], storage: str, study: str, say: Callable[[str], None]) -> Tracking:
    """Return an observer for the requested trackers, each once."""
    trackers = {url.mask(text): partial(_make, text) for text in dict.fromkeys(requested)}
    return Tracking({name: Mirror(make, storage, study) for name, make in trackers.items()}, say)


def _make(text: str) -> AbstractTracker:
    """Make a tracker; called in the tracker's own thread, as importing MLflow takes seconds."""
    kind, _, place = text.partition(":")
    if kind == "mlflow":
        from study.tracking.mlflow_tracker import MlflowTracker

        return MlflowTracker(place)
    from study.tracking.tensorboard_tracker import TensorboardTracker

    return TensorboardTracker(Path(place).expanduser())
