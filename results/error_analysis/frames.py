"""The tables of errors for all exports. Each row has the ids of its runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from results.database.typed_tables import Record, typed_table
from results.error_analysis.task_errors import BASELINE, BEST, TaskErrors

if TYPE_CHECKING:
    import pandas as pd

FARTHEST = 100  # examples listed for a task with scores, where predictions are not simply right or wrong

Rows = Iterator[tuple[str, Record]]  # (configuration: "best" or "baseline", record)


def error_frames(tasks: Sequence[TaskErrors]) -> dict[str, pd.DataFrame]:
    """Return `confusion`, `class_scores`, `calibration`, `calibration_error`, `slices` and `hard_examples`."""
    frames = {
        name: typed_table(name, [{**_of(task, role), **row} for task in tasks for role, row in rows(task)])
        for name, rows in _TABLES.items()
    }
    return frames | {"hard_examples": typed_table("hard_examples", [row for task in tasks for row in _hard(task)])}


def _confusion(task: TaskErrors) -> Rows:
    """Yield a row per true and predicted class, or bin of scores by its lower edge; `count` is summed over seeds."""
    for role, matrix in task.confusions.items():
        for (true, predicted), count in np.ndenumerate(matrix.counts):
            names = {"true": task.row_names[true], "predicted": task.row_names[predicted]}
            yield role, {**names, "count": count, "share": matrix.shares[true, predicted]}


def _class_scores(task: TaskErrors) -> Rows:
    """Yield a row per metric of classes on dev: mean and standard deviation over seeds.

    Rows of the best have its difference from the baseline if seeds are paired, with a 95 % interval over seeds and
    examples.
    """
    for score in task.scores:
        for role, values in score.values.items():
            best = score.difference if role == BEST else None
            ends = {} if best is None else {"difference": best.estimate, "low": best.low, "high": best.high}
            yield role, {"metric": score.metric, "mean": values.mean(), "spread": values.std(ddof=1), **ends}


def _calibration(task: TaskErrors) -> Rows:
    """Yield a row per nonempty bin of confidence (low, high], pooled over seeds."""
    for role, calibration in (task.calibrations or {}).items():
        bins = calibration.pooled
        for place in np.flatnonzero(bins.counts):
            row = {"low": bins.edges[place], "high": bins.edges[place + 1], "predictions": bins.counts[place]}
            yield role, {**row, "confidence": bins.confidence[place], "accuracy": bins.accuracy[place]}


def _calibration_error(task: TaskErrors) -> Rows:
    """Yield the expected calibration error, mean and standard deviation over seeds."""
    for role, calibration in (task.calibrations or {}).items():
        errors = calibration.errors
        yield role, {"error": errors.mean(), "spread": errors.std(ddof=1), "by_chance": calibration.by_chance}


def _slices(task: TaskErrors) -> Rows:
    """Yield a row per slice: accuracy of classes, or absolute error of scores in the label's units.

    Slices with at least two examples have a 95 % interval over seeds and examples.
    """
    measure = "accuracy" if task.kind == "classes" else "absolute_error"
    for part in (*task.by_class, *task.by_words):
        for role in task.sides:
            mean = part.mean.get(role)
            ends = {} if mean is None else {measure: mean.estimate, "low": mean.low, "high": mean.high}
            yield role, {"slice": f"{part.kind} {part.name}", "examples": part.examples, **ends}


_TABLES: Mapping[str, Callable[[TaskErrors], Rows]] = {
    "confusion": _confusion,
    "class_scores": _class_scores,
    "calibration": _calibration,
    "calibration_error": _calibration_error,
    "slices": _slices,
}


def _hard(task: TaskErrors) -> Iterator[Record]:
    """Yield a row per remarkable example (numbered from 1 in the dev split) and `kind`.

    Kinds: hard (wrong with all seeds of the best), gained or lost (right with all seeds of one configuration and with
    none of the other: of the best, or of the baseline), far (of scores: the hundred largest errors). `mean_prediction`
    is the best's, over seeds.
    """
    if task.kind == "scores":
        lists = {"far": task.farthest[:FARTHEST]}
    else:
        flips = {"gained": task.flips.gained, "lost": task.flips.lost} if task.flips else {}
        lists = {"hard": task.hard.positions, **flips}
    best, baseline = task.best, task.sides.get(BASELINE)
    has_classes = task.kind == "classes"
    for kind, places in lists.items():
        for place in places:
            yield {
                "task": task.task,
                "example": place + 1,
                "kind": kind,
                "label": best.labels[place],
                "mean_prediction": best.predictions[:, place].mean(),
                "best_right": best.right[:, place].sum() if has_classes else None,
                "best_seeds": len(best.seeds),
                "baseline_right": baseline.right[:, place].sum() if has_classes and baseline else None,
                "baseline_seeds": len(baseline.seeds) if baseline else 0,
                "run_ids": _ids((*best.run_ids, *(baseline.run_ids if baseline else ()))),
            }


def _of(task: TaskErrors, role: str) -> Record:
    side = task.sides[role]
    return {"task": task.task, "configuration": role, "seeds": len(side.seeds), "run_ids": _ids(side.run_ids)}


def _ids(runs: Sequence[int]) -> str:
    return " ".join(str(run) for run in sorted(runs))
