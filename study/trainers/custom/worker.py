"""Anyone's model in a worker: the function named by `--trainer` is called, and what it gives becomes a run.

    def train(configuration, seed, report):
        ...
        return {"scores": {"sst": 0.51}, "examples": {"sst": right}, "costs": {"trainable_parameters": 1200}}

`configuration` maps each factor to its level or number, and has beside them what levels set. `report(epoch, score)`
tells how far the run is (optional, epochs from 1 or fractions of them, rising) and answers whether to go on;
`report.epochs` is the number that `--epochs` asked for, `report.data` what `--data` named. `scores` are by task, and a
run's score is their mean; TASKS in the function's module says what they are measured in (`task_declaration`), and
without it they are shares of which more is better. `examples` (optional) are the scores of single dev examples, whose
mean is the task's score: with them intervals speak of other examples too. `metrics` (optional) are further numbers, by
task and name. `costs` (optional): trainable_parameters, total_parameters, inference_ms, and any others by name.
"""

from __future__ import annotations

import hashlib
import resource
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.functions import exit_message, function_of, module_of
from study.messages import EpochDone, EvaluationDone, Job, RunDone, RunFailed, TaskOutputs, first_line
from study.signals import usual_paths
from study.trainers.custom.code_fingerprint import Code, changed, code_of
from study.trainers.custom.plain_values import BadResult, finite, step
from study.trainers.custom.results import Returned, read
from study.trainers.custom.task_declaration import oriented_report, oriented_score


class ChangedCode(Exception):
    """The function's files were changed while its study runs."""


class Report:
    """What a model's function tells its study with."""

    def __init__(self, job: Job, go_on: Callable[[EpochDone], bool], *, checked: bool = True) -> None:
        self._job, self._go_on, self._checked = job, go_on, checked
        self._last, self.stopped = time.perf_counter(), False
        self.epoch: Any = 0  # an int, or a float between two
        self.broken: BaseException | None = None  # what the line to the driver raised: no fault of the function
        self.epochs: int = job.facts["epochs"]
        self.data: str = job.facts["data"]

    def __call__(self, epoch: Any, score: Any) -> bool:
        """Return an epoch (from 1, or a fraction, rising) is over with this dev score; False: the study has seen
        enough.

        Raises:
            BadResult: an epoch or score that is no number, or an epoch that does not rise.
            BadScores: a score that the task's unit cannot have.
            FloatingPointError: a score that is not finite.
        """
        at: Any = step(epoch, "the epoch of report(epoch, score)")
        value = finite(score, f"the score of report({at:g}, score)")
        if at <= self.epoch:
            raise BadResult(f"report({at:g}, ...) after report({self.epoch:g}, ...): epochs count up from 1")
        more_is_better = oriented_report(value, self._job.facts.get("tasks")) if self._checked else value
        now = time.perf_counter()
        seconds, self._last, self.epoch = now - self._last, now, at
        metrics = {("dev", "", "score"): value}
        try:
            going = self._go_on(EpochDone(self._job.run_id, at, seconds, more_is_better, metrics))
        except BaseException as error:
            self.broken = error
            raise
        self.stopped = self.stopped or not going
        return going


def call(function: str, configuration: Mapping[str, Any], *, seed: int, epochs: int = 1, data: str = "") -> Any:
    """Call a trainer's function as a study does, in this process, and return what it returns.

    Its reports are answered with "go on". Raises whatever the function raises.
    """
    facts = {"function": function, "epochs": epochs, "data": data, "tasks": None}
    job = Job(0, "train", {"choices": dict(configuration), "set": {}}, Path(), seed=seed, facts=facts)
    return function_of(function)(dict(configuration), seed, Report(job, lambda event: True, checked=False))


def run_job(job: Job, go_on: Callable[[EpochDone], bool]) -> RunDone | EvaluationDone | RunFailed:
    """Call the function; whatever goes wrong is a message with a reason, an exit of the function too."""
    usual_paths()
    began = time.perf_counter()
    report = Report(job, go_on)
    try:
        configuration = {**job.config["choices"], **job.config["set"]}
        function = function_of(job.facts["function"])
        _check_code(job)
        result = function(configuration, job.seed, report)
        return _done(job, read(result, job.facts["function"]), report, time.perf_counter() - began)
    except MemoryError as error:
        return RunFailed(job.run_id, "out_of_memory", str(error) or "MemoryError", traceback.format_exc())
    except FloatingPointError as error:
        return RunFailed(job.run_id, "nan_loss", str(error), traceback.format_exc())
    except BaseException as error:  # the border of a worker
        if error is report.broken:
            raise
        told = first_line(error) if isinstance(error, Exception) else exit_message(error)
        return RunFailed(job.run_id, "error", told, traceback.format_exc())


def _check_code(job: Job) -> None:
    """Raises `ChangedCode` where the function's files are no longer those that the launch began with."""
    known: Code | None = job.facts.get("code")
    if known is None or all(seen.same() for seen in known.seen):
        return
    now = code_of(module_of(job.facts["function"]))
    if now.digest != known.digest:
        files = changed(known.files, now.files)
        raise ChangedCode(f"the code of the trainer has changed since the launch began ({files}): launch again")


def _done(job: Job, found: Returned, report: Report, seconds: float) -> RunDone:
    score, natural = oriented_score(found.scores, job.facts.get("tasks"))
    costs = dict(found.costs)
    trainable = costs.pop("trainable_parameters", None)
    total = costs.pop("total_parameters", trainable)
    done = RunDone(
        run_id=job.run_id,
        stopped=report.stopped,
        best_epoch=report.epoch or 1,
        score=score,
        leaderboard_score=score,
        outputs=_outputs(found.examples),
        train_seconds=costs.pop("train_seconds", seconds),
        eval_seconds=0.0,
        shared_seconds=0.0,
        trainable_parameters=None if trainable is None else int(trainable),
        total_parameters=None if total is None else int(total),
        peak_memory_bytes=int(costs.pop("peak_memory_bytes", _peak_memory())),
        inference_ms=costs.pop("inference_ms", None),
        stages=(),
        metrics={
            **{("dev", task, "score"): value for task, value in found.scores.items()},
            **{("dev", task, metric): value for (task, metric), value in found.metrics.items()},
            **{("dev", "", cost): value for cost, value in costs.items()},
            ("dev", "", "score"): natural,
        },
    )
    return done


def _outputs(examples: Mapping[str, NDArray[np.float64]]) -> dict[tuple[str, str], TaskOutputs]:
    """Scores of examples where predictions would be; there are no labels to compare them with."""
    found = {}
    for task, values in examples.items():
        column = values.astype(np.float32)
        ids = hashlib.sha256(f"{task} {len(column)}".encode()).hexdigest()
        found["dev", task] = TaskOutputs(column[:, None], column, np.zeros_like(column), ids)
    return found


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
