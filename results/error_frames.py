"""The tables of errors as frames, for every export. Each row names the runs it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from results.slices import Slice
from results.task_errors import BASELINE, BEST, TaskErrors
from results.task_predictions import TaskPredictions

if TYPE_CHECKING:
    import pandas as pd

CONFUSION = {"task": "str", "configuration": "str", "true": "str", "predicted": "str", "count": "int64"}
CONFUSION |= {"share": "float64", "seeds": "int64", "run_ids": "str"}
CLASS_SCORES = {"task": "str", "configuration": "str", "metric": "str", "mean": "float64", "spread": "float64"}
CLASS_SCORES |= {"difference": "float64", "low": "float64", "high": "float64", "seeds": "int64", "run_ids": "str"}
CALIBRATION = {"task": "str", "configuration": "str", "low": "float64", "high": "float64", "predictions": "int64"}
CALIBRATION |= {"confidence": "float64", "accuracy": "float64", "seeds": "int64", "run_ids": "str"}
CALIBRATION_ERROR = {"task": "str", "configuration": "str", "error": "float64", "spread": "float64"}
CALIBRATION_ERROR |= {"by_chance": "float64", "seeds": "int64", "run_ids": "str"}
SLICES = {"task": "str", "configuration": "str", "slice": "str", "examples": "int64", "accuracy": "float64"}
SLICES |= {"absolute_error": "float64"}
SLICES |= {"low": "float64", "high": "float64", "seeds": "int64", "run_ids": "str"}
HARD = {"task": "str", "example": "int64", "kind": "str", "label": "float64", "mean_prediction": "float64"}
HARD |= {"best_right": "Int64", "best_seeds": "int64", "baseline_right": "Int64", "baseline_seeds": "int64"}
HARD |= {"run_ids": "str"}
FARTHEST = 100  # of a task with scores, where no prediction is right or wrong


def confusion_frame(tasks: Iterable[TaskErrors]) -> pd.DataFrame:
    """One row a task, configuration ("best", "baseline"), true class and predicted one; of scores, lower edges of bins.

    `count` over all seeds, `share` of the true class.
    """
    rows = []
    for task in tasks:
        for role, side in task.sides.items():
            binned = task.bins[role] if task.kind == "scores" else None
            found = binned.confusion if binned else task.confusions[role]
            names = [f"{edge:g}" for edge in binned.edges[:-1]] if binned else [str(c) for c in range(task.classes)]
            for (true, predicted), count in np.ndenumerate(found.counts):
                share = float(found.shares[true, predicted])
                told = {"true": names[true], "predicted": names[predicted], "count": int(count), "share": share}
                rows.append({**_of(task, role, side), **told})
    return _frame(rows, CONFUSION)


def class_scores_frame(tasks: Iterable[TaskErrors]) -> pd.DataFrame:
    """One row a task of classes, configuration and metric on dev: mean and standard deviation over seeds.

    Rows of the best have its difference from the baseline, with 95 % over seeds and examples, where seeds are paired.
    """
    rows = []
    for task in tasks:
        for score in task.scores:
            for role, values in score.values.items():
                told = {"metric": score.metric, "mean": values.mean(), "spread": values.std(ddof=1)}
                apart = score.difference if role == BEST else None
                told |= {} if apart is None else {"difference": apart.estimate, "low": apart.low, "high": apart.high}
                rows.append({**_of(task, role, task.sides[role]), **told})
    return _frame(rows, CLASS_SCORES)


def calibration_frame(tasks: Iterable[TaskErrors]) -> pd.DataFrame:
    """One row a task, configuration and bin of confidence (low, high] that holds predictions, all seeds together."""
    rows = []
    for task in tasks:
        for role, found in (task.calibrations or {}).items():
            pooled = found.pooled
            for place in np.flatnonzero(pooled.counts):
                told = {"low": pooled.edges[place], "high": pooled.edges[place + 1]}
                told |= {"predictions": pooled.counts[place], "confidence": pooled.confidence[place]}
                told |= {"accuracy": pooled.accuracy[place]}
                rows.append({**_of(task, role, task.sides[role]), **told})
    return _frame(rows, CALIBRATION)


def calibration_error_frame(tasks: Iterable[TaskErrors]) -> pd.DataFrame:
    """One row a task and configuration: the expected calibration error, mean and standard deviation over seeds."""
    rows = []
    for task in tasks:
        for role, found in (task.calibrations or {}).items():
            told = {"error": found.errors.mean(), "spread": found.errors.std(ddof=1), "by_chance": found.by_chance}
            rows.append({**_of(task, role, task.sides[role]), **told})
    return _frame(rows, CALIBRATION_ERROR)


def hard_examples_frame(tasks: Iterable[TaskErrors]) -> pd.DataFrame:
    """One row a task, example (numbered from 1 in the dev split) and what is remarkable about it.

    `kind`: hard (wrong with all seeds of the best), gained or lost (right with all seeds of the best alone, or of the
    baseline alone), far (of scores: the hundred farthest off). `mean_prediction` is the best's, over seeds.
    """
    rows = []
    for task in tasks:
        if task.kind == "scores":
            lists = {"far": task.farthest[:FARTHEST]}
        else:
            turned = {"gained": task.flips.gained, "lost": task.flips.lost} if task.flips else {}
            lists = {"hard": task.hard.positions, **turned}
        rows += [_hard(task, kind, int(place)) for kind, places in lists.items() for place in places]
    return _frame(rows, HARD)


def slices_frame(tasks: Iterable[TaskErrors]) -> pd.DataFrame:
    """One row a task, configuration and slice, with 95 % over seeds and examples.

    Slices are the true classes and `example_slices.parts`. Of classes the accuracy, of scores the absolute error in the
    label's units; neither of a part with fewer than two examples.
    """
    rows = []
    for task in tasks:
        measure = "accuracy" if task.kind == "classes" else "absolute_error"
        named: list[tuple[str, int, Slice | None]]
        named = [(f"true class {part.name}", part.examples, part) for part in task.by_class]
        named += [(f"{part.kind} {part.name}", int(part.members.sum()), found) for part, found in task.by_words]
        for name, examples, part in named:
            for role, side in task.sides.items():
                told = {"slice": name, "examples": examples}
                if part is not None:
                    mean = part.mean[role]
                    told |= {measure: mean.estimate, "low": mean.low, "high": mean.high}
                rows.append({**_of(task, role, side), **told})
    return _frame(rows, SLICES)


def _hard(task: TaskErrors, kind: str, place: int) -> dict[str, object]:
    best, baseline = task.best, task.sides.get(BASELINE)
    judged = task.kind == "classes"
    return {
        "task": task.task,
        "example": place + 1,
        "kind": kind,
        "label": float(best.labels[place]),
        "mean_prediction": float(best.predictions[:, place].mean()),
        "best_right": int(best.right[:, place].sum()) if judged else None,
        "best_seeds": len(best.seeds),
        "baseline_right": int(baseline.right[:, place].sum()) if judged and baseline else None,
        "baseline_seeds": len(baseline.seeds) if baseline else 0,
        "run_ids": _ids((*best.run_ids, *(baseline.run_ids if baseline else ()))),
    }


def _of(task: TaskErrors, role: str, side: TaskPredictions) -> dict[str, object]:
    return {"task": task.task, "configuration": role, "seeds": len(side.seeds), "run_ids": _ids(side.run_ids)}


def _ids(runs: Sequence[int]) -> str:
    return " ".join(str(run) for run in sorted(runs))


def _frame(rows: Sequence[dict[str, object]], columns: dict[str, str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=list(columns)).astype(columns)
