"""Which ends of runs a study takes: what a finished run must have measured, and when failures stop the launch."""

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
# A cause in the code, the environment or the data. A configuration may be too large, too slow or diverge by itself.
COMMON = ("error", "bad_configuration", "worker_died")
_NUMBER = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Measured:
    """The tasks of one run, and how many examples were scored of each; none of tasks without scores of examples."""

    run_id: int
    tasks: frozenset[str]
    examples: Mapping[str, int]


class Acceptance:
    """Checks the runs of one study. With `alike` all measure the same tasks, on as many examples, in all its launches.

    The first run that has ended with a score says what these are.
    """

    def __init__(self, database: Database, study: str, names: Sequence[str], alike: bool) -> None:
        self._db, self._study, self._names, self._alike = database, study, names, alike
        self._first: Measured | None = None

    def fault(self, done: RunDone) -> str | None:
        """Return why a run cannot be accepted; None where it can."""
        if not done.stopped and (missing := objectives.not_measured(self._names, done)) is not None:
            return missing
        if not self._alike:
            return None
        mine = _of_event(done)
        if self._first is None:
            self._first = self._of_database() or mine
        return _difference(mine, self._first)

    def _of_database(self) -> Measured | None:
        runs = self._db.runs.of_study(self._study, configs=False)
        ended = [run for run in runs if run.status in ("complete", "pruned")]
        if not ended:
            return None
        first = ended[0].id
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


def _difference(mine: Measured, first: Measured) -> str | None:
    if mine.tasks != first.tasks:
        return (
            f"scores has the {_tasks(mine.tasks)}, and run {first.run_id}, the first of this study, "
            f"{_tasks(first.tasks)}: means over other "
            "tasks cannot be compared. Return scores of the same tasks for every configuration"
        )
    for task in sorted(mine.tasks):
        here, there = mine.examples.get(task), first.examples.get(task)
        if here != there:
            return (
                f"examples['{task}'] has {_examples(here)}, and run {first.run_id}, the first of this study, "
                f"{_examples(there)}. Return the scores of the same examples, in the same order, from every run"
            )
    return None


def _tasks(names: frozenset[str]) -> str:
    return f"task{'s' * (len(names) != 1)} {listed(sorted(names))}"


def _examples(count: int | None) -> str:
    return "none" if count is None else f"{count} example{'s' * (count != 1)}"


class FailuresStop(Exception):
    """The launch ends because its runs fail alike; everything finished is kept."""


class Failures:
    """The failures of one launch. With `first_alone` no run of the study has succeeded yet, and they run one by one.

    Otherwise a run may fail without a word on the others: the launch stops after `SAME_IN_A_ROW` with the same reason
    and message, numbers aside, without a success between them.
    """

    def __init__(self, first_alone: bool) -> None:
        self.alone = first_alone
        self._last: tuple[str, str] | None = None
        self._count = 0

    def succeeded(self) -> None:
        """Record that a run has ended well."""
        self.alone, self._last, self._count = False, None, 0

    def failed(self, event: RunFailed, label: str) -> None:
        """Record that a run has failed for good.

        Raises:
            FailuresStop: the others would fail like it.
        """
        if event.reason not in COMMON:
            return
        told = f"  run {event.run_id} ({label}): {event.reason}: {event.detail}"
        if self.alone:
            raise FailuresStop(f"The first run failed, so no other was begun:\n{told}")
        key = event.reason, _NUMBER.sub("#", event.detail)
        self._count = self._count + 1 if key == self._last else 1
        self._last = key
        if self._count == SAME_IN_A_ROW:
            raise FailuresStop(f"{SAME_IN_A_ROW} runs in a row failed alike, so no other was begun; the last:\n{told}")
