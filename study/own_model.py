"""Anyone's model in a worker: the function named by `--trainer` is called, and what it gives becomes a run.

    def train(configuration, seed, report):
        ...
        return {"scores": {"sst": 0.51}, "examples": {"sst": right}, "costs": {"trainable_parameters": 1200}}

`configuration` maps each factor to its level or number, and has beside them what levels set. `report(epoch, score)`
tells how far the run is (optional, epochs from 1) and answers whether to go on; `report.epochs` is the number that
`--epochs` asked for, `report.data` what `--data` named. `scores` are by task, higher is better, and the run's score is
their mean. `examples` (optional) are the scores of single dev examples, whose mean is the task's score: with them
intervals speak of other examples too. `metrics` (optional) are further numbers, by task and name. `costs` (optional):
trainable_parameters, total_parameters.
"""

from __future__ import annotations

import hashlib
import math
import resource
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from study.functions import function_of
from study.messages import EpochDone, EvaluationDone, Job, RunDone, RunFailed, TaskOutputs
from study.task_declaration import oriented_report, oriented_score

KEYS = ("scores", "examples", "metrics", "costs")
COSTS = ("trainable_parameters", "total_parameters")


class BadResult(ValueError):
    """What the function returned is not what a study can use."""


class Report:
    """What a model's function tells its study with."""

    def __init__(self, job: Job, go_on: Callable[[EpochDone], bool]) -> None:
        self._job, self._go_on = job, go_on
        self._last, self.epoch, self.stopped = time.perf_counter(), 0, False
        self.epochs: int = job.facts["epochs"]
        self.data: str = job.facts["data"]

    def __call__(self, epoch: int, score: float) -> bool:
        """An epoch (from 1, rising) is over with this dev score; False: the study has seen enough of this run."""
        if epoch <= self.epoch:
            raise BadResult(f"report({epoch}, ...) after report({self.epoch}, ...): epochs count up from 1")
        now = time.perf_counter()
        seconds, self._last, self.epoch = now - self._last, now, epoch
        metrics = {("dev", "", "score"): float(score)}
        higher_is_better = oriented_report(float(score), self._job.facts.get("tasks"))
        going = self._go_on(EpochDone(self._job.run_id, epoch, seconds, higher_is_better, metrics))
        self.stopped = self.stopped or not going
        return going


def carry_out(job: Job, go_on: Callable[[EpochDone], bool]) -> RunDone | EvaluationDone | RunFailed:
    """Call the function; whatever goes wrong is a message with a reason."""
    began = time.perf_counter()
    try:
        report = Report(job, go_on)
        configuration = {**job.config["choices"], **job.config["set"]}
        result = function_of(job.facts["function"])(configuration, job.seed, report)
        return _done(job, result, report, time.perf_counter() - began)
    except MemoryError as error:
        return RunFailed(job.run_id, "out_of_memory", str(error) or "MemoryError", traceback.format_exc())
    except FloatingPointError as error:
        return RunFailed(job.run_id, "nan_loss", str(error), traceback.format_exc())
    except Exception as error:  # the border of a worker
        told = f"{type(error).__name__}: {error}".splitlines()[0]
        return RunFailed(job.run_id, "error", told, traceback.format_exc())


def _done(job: Job, result: Any, report: Report, seconds: float) -> RunDone | RunFailed:
    if not isinstance(result, Mapping) or not isinstance(result.get("scores"), Mapping) or not result["scores"]:
        raise BadResult(f'{job.facts["function"]} must return {{"scores": {{task: number}}, ...}}, got {result!r:.80}')
    unknown = [key for key in result if key not in KEYS]
    if unknown:
        raise BadResult(f"{job.facts['function']} returned '{unknown[0]}'; known are {', '.join(KEYS)}")
    scores = {str(task): float(score) for task, score in result["scores"].items()}
    if not all(math.isfinite(score) for score in scores.values()):
        return RunFailed(job.run_id, "nan_loss", f"a score is not a finite number: {scores}")
    score, natural = oriented_score(scores, job.facts.get("tasks"))
    metrics = {("dev", task, "score"): value for task, value in scores.items()}
    for task, more in result.get("metrics", {}).items():
        metrics.update({("dev", str(task), str(metric)): float(value) for metric, value in more.items()})
    metrics["dev", "", "score"] = natural
    costs = result.get("costs", {})
    if any(name not in COSTS for name in costs):
        raise BadResult(f"costs are {', '.join(COSTS)}; got {', '.join(costs)}")
    trainable = int(costs.get("trainable_parameters", 0))
    return RunDone(
        run_id=job.run_id,
        stopped=report.stopped,
        best_epoch=max(1, report.epoch),
        score=score,
        leaderboard_score=score,
        metrics=metrics,
        outputs=_outputs(scores, result.get("examples", {})),
        train_seconds=seconds,
        eval_seconds=0.0,
        shared_seconds=0.0,
        trainable_parameters=trainable,
        total_parameters=int(costs.get("total_parameters", trainable)),
        peak_memory_bytes=_peak_memory(),
        stages=(),
    )


def _outputs(scores: Mapping[str, float], examples: Mapping[str, Any]) -> dict[tuple[str, str], TaskOutputs]:
    """Scores of examples where predictions would be; there are no labels to compare them with."""
    found = {}
    for task, values in examples.items():
        column = np.asarray(values, dtype=np.float32)
        if task not in scores or column.ndim != 1 or not column.size or not np.isfinite(column).all():
            told = f"of shape {column.shape}, for the tasks {', '.join(scores)}"
            raise BadResult(f"examples['{task}'] must be finite numbers (examples,); got some {told}")
        ids = hashlib.sha256(f"{task} {len(column)}".encode()).hexdigest()
        found["dev", str(task)] = TaskOutputs(column[:, None], column, np.zeros_like(column), ids)
    return found


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
