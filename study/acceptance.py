"""What a finished run must have measured to count in its study: the objectives, and what runs before it measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from results import schema
from results.predictions import unpack_predictions
from results.records import Database
from study import objectives
from study.messages import RunDone
from study.plain_values import listed


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
        """Why a run cannot be taken; None where it can."""
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
