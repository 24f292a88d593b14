"""`--track KIND:PLACE`: which trackers a launch asks for, checked before anything is written."""

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
# Where MLflow keeps runs: on a server, in a database. It has given its folders up (3.7), but for who insists.
MLFLOW_PLACES = ("http:", "https:", "sqlite:", "postgresql:", "postgresql+", "mysql:", "mysql+", "mssql", "databricks")
MLFLOW_FOLDERS = "MLFLOW_ALLOW_FILE_STORE"


def check(given: Sequence[str]) -> None:
    """Refuse what cannot be tracked to. Raises `SettingsError`."""
    for text in given:
        kind, _, place = text.partition(":")
        if kind not in KINDS:
            raise SettingsError(f"--track takes {FORM}, got '{shown(text)}'.{did_you_mean(kind, KINDS)}")
        if not place:
            raise SettingsError(f"--track {kind} needs to be told where: {FORM}, got '{shown(text)}'.")
        if find_spec(kind) is None:
            raise SettingsError(f"--track {kind} needs a library: pip install 'mtbert-study[{kind}]'")
        if kind == "mlflow" and not place.startswith(MLFLOW_PLACES) and not os.environ.get(MLFLOW_FOLDERS):
            raise SettingsError(
                f"MLflow keeps runs on a server or in a database, got '{shown(place)}'. "
                "Give --track mlflow:http://HOST:PORT or --track mlflow:sqlite:///mlflow.db"
            )


def shown(text: str) -> str:
    """Return a tracker as it may be shown: without passwords and tokens."""
    return url.mask(text)


def tracking(given: Sequence[str], storage: str, study: str, tell: Callable[[str], None]) -> Tracking:
    """Return an observer for the trackers that a launch asks for, each once."""
    return Tracking({shown(text): Mirror(_maker(text), storage, study) for text in dict.fromkeys(given)}, tell)


def _maker(text: str) -> Callable[[], AbstractTracker]:
    """Return what makes a tracker, in its own thread: importing MLflow takes seconds."""
    kind, _, place = text.partition(":")
    return partial(_mlflow, place) if kind == "mlflow" else partial(_tensorboard, Path(os.path.expanduser(place)))


def _mlflow(uri: str) -> AbstractTracker:
    from study.tracking.mlflow_tracker import MlflowTracker

    return MlflowTracker(uri)


def _tensorboard(folder: Path) -> AbstractTracker:
    from study.tracking.tensorboard_tracker import TensorboardTracker

    return TensorboardTracker(folder)
