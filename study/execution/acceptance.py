"""Checks of finished runs: what each must have measured, and when failures stop the launch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from results.database import schema
from results.database.database import Database
from results.database.predictions import unpack_predictions
from study.messages import RunDone, RunFailed
from study.search import objectives
from study.trainers.custom.plain_values import listed

SAME_IN_A_ROW = 3
# Reasons in the code, the environment or the data; out of memory, timeout and divergence depend on the configuration.
COMMON = ("error", "bad_configuration", "worker_died")
_NUMBER = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Measured:
    """The tasks of one run, and the number of scored examples of each task that has scores of examples."""

    run_id: int
    tasks: frozenset[str]
    examples: Mapping[str, int]


class Acceptance:
    """Checks of one study's runs. With `alike` all must measure the tasks and numbers of examples of its first run."""

    def __init__(self, database: Database, study: str, names: Sequence[str], alike: bool) -> None:
        self._db, self._study, self._names, self._alike = database, study, names, alike
        self._first: Measured | None = None

    def fault(self, done: RunDone) -> str | None:
        """Return the reason why a run cannot be accepted; None if it can."""
        if not done.stopped and (missing := objectives.not_measured(self._names, done)) is not None:
            return missing
        if not self._alike:
            return None
        measured = _of_event(done)
        self._first = self._first or self._of_database() or measured
        return _difference(measured, self._first)

    def _of_database(self) -> Measured | None:
        runs = self._db.runs.of_study(self._study, configs=False)
        first = next((run.id for run in runs if run.status in ("complete", "pruned")), None)
        if first is None:
            return None
        tasks = {task for split, task, metric in self._db.metrics.of_run(first) if _is_task(split, task, metric)}
        table = schema.Prediction
        rows = self._db.select(select(table.task, table.payload).where(table.run_id == first, table.split == "dev"))
        sizes = {row["task"]: len(unpack_predictions(row["payload"]).predictions) for row in rows}
        return Measured(first, frozenset(tasks), sizes)


def _of_event(done: RunDone) -> Measured:
    tasks = frozenset(task for split, task, metric in done.metrics if _is_task(split, task, metric))
    sizes = {task: len(outputs.predictions) for (split, task), outputs in done.outputs.items() if split == "dev"}
    return Measured(done.run_id, tasks, sizes)


def _is_task(split: str, task: str, metric: str) -> bool:
    return split == "dev" and task != "" and metric == "score"


def _difference(run: Measured, first: Measured) -> str | None:
    reference = f"run {first.run_id}, the first of this study, has"
    if run.tasks != first.tasks:
        return (
            f"scores has the {_tasks(run.tasks)}, but {reference} {_tasks(first.tasks)}: means over different tasks "
            "cannot be compared. Return scores of the same tasks for every configuration"
        )
    for task in sorted(run.tasks):
        if (count := run.examples.get(task)) != (expected := first.examples.get(task)):
            return (
                f"examples['{task}'] has {_examples(count)}, but {reference} {_examples(expected)}. "
                "Return the scores of the same examples, in the same order, from every run"
            )
    return None


def _tasks(names: frozenset[str]) -> str:
    return f"task{'s' * (len(names) != 1)} {listed(sorted(names))}"


def _examples(count: int | None) -> str:
    return "none" if count is None else f"{count} example{'s' * (count != 1)}"


class FailuresStop(Exception):
    """The end of a launch whose runs fail for a common reason; finished runs are kept."""


class Failures:
    """The failures of one launch.

    With `first_alone` no run of the study has succeeded yet: runs start one at a time, and the first failure stops the
    launch. Otherwise `SAME_IN_A_ROW` consecutive failures do, with the same reason and message apart from numbers.
    """

    def __init__(self, first_alone: bool) -> None:
        self.alone = first_alone
        self._last: tuple[str, str] | None = None
        self._count = 0

    def succeeded(self) -> None:
        """Record that a run has ended well."""
        self.alone, self._last, self._count = False, None, 0

    def failed(self, event: RunFailed, label: str) -> None:
        """Record that a run has failed and is not restarted.

        Raises:
            FailuresStop: the other runs would fail for the same reason.
        """
        if event.reason not in COMMON:
            return
        failure = f"  run {event.run_id} ({label}): {event.reason}: {event.detail}"
        if self.alone:
            raise FailuresStop(f"The first run failed, so no other run was started:\n{failure}")
        key = event.reason, _NUMBER.sub("#", event.detail)
        self._count = self._count + 1 if key == self._last else 1
        self._last = key
        if self._count == SAME_IN_A_ROW:
            raise FailuresStop(
                f"{SAME_IN_A_ROW} consecutive runs failed for the same reason, so no other was started; "
                f"the last one:\n{failure}"
            )
