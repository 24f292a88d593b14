"""Custom trainers in a worker: the function named by `--trainer` is called, and its result becomes a run.

    def train(configuration, seed, report):
        ...
        return {"scores": {"sst": 0.51}, "examples": {"sst": right}, "costs": {"trainable_parameters": 1200}}

`configuration` maps each factor to its level or number, and has the settings of levels too. `report(epoch, score)`
(optional) reports the run's progress, in rising epochs or fractions of them, and returns whether to continue;
`report.epochs` is the value of `--epochs`, `report.data` that of `--data`. `scores` are by task, and a run's score is
their mean; TASKS in the function's module declares their units (`task_declaration`), without it they are shares and
higher is better. `examples` (optional) are the scores of single dev examples, whose mean is the task's score: with them
intervals cover the variation over examples. `metrics` (optional) are further numbers, by task and name. `costs`
(optional): trainable_parameters, total_parameters, inference_ms, and any others by name.
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
    """A change of the function's files while its study runs."""


class Report:
    """The callback with which a function reports its progress to the study."""

    def __init__(self, job: Job, go_on: Callable[[EpochDone], bool], *, checked: bool = True) -> None:
        self._job, self._go_on, self._checked = job, go_on, checked
        self._last, self.stopped = time.perf_counter(), False
        self.epoch: Any = 0  # an int, or a float for fractions
        self.connection_error: BaseException | None = None  # raised by the driver's side, not by the function
        self.epochs: int = job.facts["epochs"]
        self.data: str = job.facts["data"]

    def __call__(self, epoch: Any, score: Any) -> bool:
        """Report the dev score after an epoch (from 1, or a fraction, rising), and return whether to continue.

        Raises:
            BadResult: the epoch or score is not a number, or the epoch does not rise.
            BadScores: the score is outside the range of its unit.
            FloatingPointError: the score is not finite.
        """
        number: Any = step(epoch, "the epoch of report(epoch, score)")
        value = finite(score, f"the score of report({number:g}, score)")
        if number <= self.epoch:
            raise BadResult(f"report({number:g}, ...) after report({self.epoch:g}, ...): epochs count up from 1")
        oriented = oriented_report(value, self._job.facts.get("tasks")) if self._checked else value
        now = time.perf_counter()
        seconds, self._last, self.epoch = now - self._last, now, number
        try:
            done = EpochDone(self._job.run_id, number, seconds, oriented, {("dev", "", "score"): value})
            proceed = self._go_on(done)
        except BaseException as error:
            self.connection_error = error
            raise
        self.stopped = self.stopped or not proceed
        return proceed


def call(function: str, configuration: Mapping[str, Any], *, seed: int, epochs: int = 1, data: str = "") -> Any:
    """Call a trainer's function as a study does, in this process, and return its result; nothing is pruned."""
    facts = {"function": function, "epochs": epochs, "data": data, "tasks": None}
    job = Job(0, "train", {"choices": dict(configuration), "set": {}}, Path(), seed=seed, facts=facts)
    return function_of(function)(dict(configuration), seed, Report(job, lambda event: True, checked=False))


def run_job(job: Job, go_on: Callable[[EpochDone], bool]) -> RunDone | EvaluationDone | RunFailed:
    """Run the job by calling the function; errors, and exits of the function, become a message with a reason."""
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
    except BaseException as error:  # the boundary of a worker
        if error is report.connection_error:
            raise
        detail = first_line(error) if isinstance(error, Exception) else exit_message(error)
        return RunFailed(job.run_id, "error", detail, traceback.format_exc())


def _check_code(job: Job) -> None:
    """Raise `ChangedCode` where the function's files have changed since the launch began."""
    launched: Code | None = job.facts.get("code")
    if launched is None or all(seen.same() for seen in launched.seen):
        return
    now = code_of(module_of(job.facts["function"]))
    if now.digest != launched.digest:
        files = changed(launched.files, now.files)
        raise ChangedCode(f"the code of the trainer has changed since the launch began ({files}): launch again")


def _done(job: Job, returned: Returned, report: Report, seconds: float) -> RunDone:
    score, natural = oriented_score(returned.scores, job.facts.get("tasks"))
    costs = dict(returned.costs)
    trainable = costs.pop("trainable_parameters", None)
    total = costs.pop("total_parameters", trainable)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return RunDone(
        run_id=job.run_id,
        stopped=report.stopped,
        best_epoch=report.epoch or 1,
        score=score,
        leaderboard_score=score,
        outputs=_outputs(returned.examples),
        train_seconds=costs.pop("train_seconds", seconds),
        eval_seconds=0.0,
        shared_seconds=0.0,
        trainable_parameters=None if trainable is None else int(trainable),
        total_parameters=None if total is None else int(total),
        peak_memory_bytes=int(costs.pop("peak_memory_bytes", peak)),
        inference_ms=costs.pop("inference_ms", None),
        stages=(),
        metrics={
            **{("dev", task, "score"): value for task, value in returned.scores.items()},
            **{("dev", task, metric): value for (task, metric), value in returned.metrics.items()},
            **{("dev", "", cost): value for cost, value in costs.items()},
            ("dev", "", "score"): natural,
        },
    )


def _outputs(examples: Mapping[str, NDArray[np.float64]]) -> dict[tuple[str, str], TaskOutputs]:
    """Return the scores of examples in place of predictions, with zeros for labels."""
    outputs = {}
    for task, values in examples.items():
        column = values.astype(np.float32)
        ids = hashlib.sha256(f"{task} {len(column)}".encode()).hexdigest()
        outputs["dev", task] = TaskOutputs(column[:, None], column, np.zeros_like(column), ids)
    return outputs
