"""The results of a further study of a world, without its way through the database, which takes most of the time.

What was read of the world's first study stays, except for what runs measured. `command.readings` reads the first study
of a database in both ways, and they must agree.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from results.measurements.study_results import StudyResults
from results.statistics import pearson_scores

from .database import IDS, StoredStudy
from .draw import DrawnStudy
from .tasks import Float


def replaced(results: StudyResults, stored: StoredStudy, drawn: DrawnStudy) -> StudyResults:
    """Return results with the scores, metrics and predictions of another study of the same world, and its best."""
    new = copy.copy(results)
    scores = {run: float(drawn.scores[k, i]) for run, k, i in stored.runs}
    new.study = replace(new.study, decisions_json={**new.study.decisions_json, "best": stored.digests[drawn.best]})
    new.runs = [replace(run, score=scores[run.id]) for run in new.runs]
    new.examples = copy.copy(new.examples)
    new.examples._metrics = new._metrics = _metrics(stored, drawn, scores)
    new.examples._scores = _example_scores(stored, drawn)
    new._kept, new._results = {}, new._group_results()
    return new


def _metrics(
    stored: StoredStudy, drawn: DrawnStudy, scores: Mapping[int, float]
) -> dict[tuple[int, str], dict[tuple[str, str], float | None]]:
    tasks = list(zip(stored.tasks, stored.world.tasks, drawn.metrics, strict=True))
    return {
        (run, "dev"): {("", "score"): scores[run], **{(task, name): float(of[k, i]) for task, name, of in tasks}}
        for run, k, i in stored.runs
    }


def _example_scores(stored: StoredStudy, drawn: DrawnStudy) -> dict[int, dict[str, Float]]:
    """Return the scores per example that `KeptExamples` computes from stored predictions, which are float32."""
    scored = []
    for metric, predictions, labels in zip(stored.world.tasks, drawn.predictions, drawn.labels, strict=True):
        values, true = predictions.astype(np.float32), labels.astype(np.float32)
        scored.append(pearson_scores(values, true) if metric == "pearson" else (values == true).astype(np.float64))
    keys = [f"{task} {IDS}" for task in stored.tasks]
    return {run: {key: of[k, i] for key, of in zip(keys, scored, strict=True)} for run, k, i in stored.runs}
