"""Studies of report tables written by hand: every row's metrics, seed by seed, without predictions unless given."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from results.database.database import Database
from results.database.predictions import pack_predictions
from results.database.rows import Cell, MetricValue, NewRun, PredictionRow, RunResult, StudyRow

SEEDS = (1000, 1001, 1002, 1003, 1004)
METRIC = {"sst": "accuracy", "quora": "accuracy", "sts": "pearson"}
Row = Mapping[str, Sequence[float | None]]  # task -> one value a seed


def digest(label: str) -> str:
    return hashlib.sha256(label.encode()).hexdigest()


def write(
    database: Database,
    space: str,
    rows: Mapping[str, Row],
    *,
    name: str = "s",
    baseline: str | None = None,
    also: Mapping[str, str] | None = None,
    right: Mapping[str, np.ndarray] | None = None,
    train: Mapping[str, Sequence[float]] | None = None,
    **study: Any,
) -> None:
    """A finished grid.

    `baseline`: the row (or a name of its own in `rows`) that is the baseline; `also`: further labels of a row. `right`:
    row -> (seeds, examples) of SST predictions, right or wrong. `train`: SST accuracy on train at epoch 1.
    """
    labels = {label: label for label in rows} | dict(also or {})
    baseline = baseline or next(iter(rows))
    texts = dict.fromkeys(("goal", "command", "data_source", "data_fingerprint"), "x")
    values = {"backbone": "tiny", "data_made_up": False, "seed": 0, "settings_json": {"epochs": 1}, **texts, **study}
    decided = {"baseline": digest(baseline), "baseline_choices": {}}
    database.studies.create(StudyRow(study_name=name, space=space, decisions_json=decided, **values))
    cells = [("baseline", "baseline", baseline)]
    cells += [(f"row:{label}", "row", row) for label, row in labels.items() if label != "baseline"]
    database.studies.replace_cells(
        name,
        "confirm",
        [
            Cell(
                phase="confirm",
                name=cell,
                design=design,
                config_digest=digest(row),
                config_json={},
                choices_json={},
                position=position,
            )
            for position, (cell, design, row) in enumerate(cells)
        ],
    )
    for label, metrics in rows.items():
        for place in range(max(map(len, metrics.values()), default=0)):
            told = {task: column[place] for task, column in metrics.items()}
            predicted = None if right is None or label not in right else right[label][place]
            _run(database, name, label, SEEDS[place], told, predicted, None if train is None else train[label][place])


def _run(
    database: Database,
    study_name: str,
    label: str,
    seed: int,
    metrics: Mapping[str, float | None],
    right: np.ndarray | None,
    train: float | None,
) -> None:
    empty: dict[str, Any] = {"config_json": {}, "choices_json": {}}
    run = database.runs.start(
        NewRun(study_name=study_name, phase="confirm", config_digest=digest(label), seed=seed, **empty)
    )
    if train is not None:
        database.runs.record_epoch(run, 1, 1.0, [MetricValue("train", "sst", "accuracy", train)])
    known = [value for value in metrics.values() if value is not None]
    predictions = []
    if right is not None:
        guesses = right.astype(float)
        predictions = [PredictionRow("dev", "sst", pack_predictions(guesses, guesses, np.ones(len(right))), "i" * 64)]
    database.runs.finish(
        run,
        RunResult(
            status="complete",
            score=float(np.mean(known or [0.0])),
            best_epoch=1,
            train_seconds=1.0,
            metrics=[MetricValue("dev", task, METRIC[task], value) for task, value in metrics.items()],
            predictions=predictions,
        ),
    )
