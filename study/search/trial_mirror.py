"""A copy of a study's trials in memory for Optuna's samplers, with changes written through to the database.

Optuna's samplers read all trials for every proposal, and its storage commits every parameter separately. Only the
driver writes its study, so the samplers can use a copy, and a trial is written with all its parameters at once.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import optuna
from optuna import Study
from optuna.exceptions import UpdateFinishedTrialError
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from search_spaces import Space
from study.search import optuna_storage, steps, trial_writer
from study.search.distributions import drop_outside_range, settle
from study.search.objectives import directions
from study.search.optuna_storage import trial_id, with_retries
from study.search.samplers import ShownTrials

Result = TypeVar("Result")


class TrialMirror:
    """The trials of one study in Optuna's database and in memory.

    `most` limits the finished trials that a sampler sees. Trials in memory have their scores by step, those of the
    database (`rows`, by number) by epoch. With several objectives those in memory have no scores: Optuna accepts no
    reports then, and TPE would rank pruned trials in one direction.
    """

    def __init__(self, *, storage: str, name: str, space: Space, objectives: Sequence[str], most: int | None) -> None:
        self._database, self._name = optuna_storage.storage_for_search(storage), name
        self._study_id = self._create(objectives)
        self._write(lambda: settle(self._database, self._study_id, space))
        self._memory, self._reports = ShownTrials(most), tuple(objectives) == ("score",)
        optuna.create_study(storage=self._memory, study_name=name, directions=directions(objectives))
        self._memory_id = self._memory.get_study_id_from_name(name)
        self._per_epoch = steps.per_epoch(self._database, self._study_id)
        self._ids: dict[int, int] = {}
        self.rows: dict[int, FrozenTrial] = {}
        for row in self._database.get_all_trials(self._study_id):
            steps.by_epoch(row, self._per_epoch)
            drop_outside_range(row)
            self.rows[row.number] = row
        for number in sorted(self.rows):
            self._copy_to_memory(self.rows[number])

    def _create(self, objectives: Sequence[str]) -> int:
        """Create the study if it does not exist, and return its id."""
        try:
            study = optuna.load_study(study_name=self._name, storage=self._database)
        except KeyError:
            kinds = directions(objectives)
            study = optuna.create_study(storage=self._database, study_name=self._name, directions=kinds)
        if not study.metric_names:
            study.set_metric_names(list(objectives))
        return self._database.get_study_id_from_name(self._name)

    def close(self) -> None:
        """Close the database's connections."""
        optuna_storage.close(self._database)

    def trials(self) -> list[FrozenTrial]:
        """Return all trials in memory, by number."""
        return self._memory.every_trial(self._memory_id)

    def scores(self) -> Mapping[int, Mapping[float, float]]:
        """Return the scores by epoch of the trials in the database, by number."""
        return {number: row.intermediate_values for number, row in self.rows.items()}  # type: ignore[misc]

    def study(self, sampler: BaseSampler) -> Study:
        """Return a new view of the study in memory with a sampler, as a study caches the trials it has read."""
        return optuna.load_study(study_name=self._name, storage=self._memory, sampler=sampler)

    def trial(self, number: int, sampler: BaseSampler) -> Trial:
        """Return a trial in memory that can suggest parameters."""
        return Trial(self.study(sampler), self._memory_trial(number))

    def add(self, trial: FrozenTrial, scores: Mapping[float, float]) -> None:
        """Write a trial of another study, with its scores by epoch, as the next trial of this one."""
        trial.intermediate_values = self._steps(scores)
        self._copy_to_memory(self._new_row(len(self.trials()), trial))

    def describe(self, number: int, notes: Mapping[str, str | int]) -> None:
        """Set attributes of a trial in memory; the next `write` stores them in the database."""
        for key, value in notes.items():
            self._memory.set_trial_user_attr(self._memory_trial(number), key, value)

    def write(self, number: int) -> FrozenTrial:
        """Write a trial's parameters and attributes to the database, and return the database's trial."""
        now = self.trials()[number]
        if number not in self.rows:
            # System attributes include the parameters that an enqueued configuration fixes, so they are written first.
            self._new_row(number, create_trial(state=TrialState.RUNNING, system_attrs=now.system_attrs))
        row = self.rows[number]
        if row.state == TrialState.WAITING:
            self._write(lambda: self._database.set_trial_state_values(self._id(number), TrialState.RUNNING))
            row.state = TrialState.RUNNING
        if trial_writer.missing(row, now):
            self._write(lambda: trial_writer.add(self._database.engine, self._id(number), row, now))
        return row

    def report(self, number: int, epoch: float, score: float) -> None:
        """Write a trial's score after an epoch."""
        row = self.write(number)
        if self._reports:
            self._memory.set_trial_intermediate_value(self._memory_trial(number), steps.step_of(epoch), score)
        for step in self._steps({epoch: score}):
            self._write(partial(self._database.set_trial_intermediate_value, self._id(number), step, score))
        row.intermediate_values[epoch] = score  # type: ignore[index]

    def end(self, number: int, state: TrialState, values: list[float] | None) -> None:
        """Write the final state of a trial."""
        self.write(number)
        self._write(lambda: self._database.set_trial_state_values(self._id(number), state, values))
        self._memory.set_trial_state_values(self._memory_trial(number), state, values)

    def _copy_to_memory(self, row: FrozenTrial) -> None:
        trial = copy.copy(row)
        scores = row.intermediate_values if self._reports else {}
        trial.intermediate_values = {steps.step_of(epoch): score for epoch, score in scores.items()}
        self._memory.create_new_trial(self._memory_id, template_trial=trial)

    def _steps(self, scores: Mapping[float, float]) -> dict[int, float]:
        """Return scores by the database's steps; a study's first fraction of an epoch makes all its steps finer."""
        whole = all(epoch == int(epoch) for epoch in scores)
        if not whole and self._per_epoch == 1 and self._write(lambda: steps.refine(self._database, self._study_id)):
            self._per_epoch = steps.PER_EPOCH
        by_step = {round(epoch * self._per_epoch): score for epoch, score in scores.items()}
        # If it is too late for finer steps, only our own table has the fractions.
        return {step: score for step, score in by_step.items() if step <= steps.MOST and (whole or self._per_epoch > 1)}

    def _new_row(self, number: int, trial: FrozenTrial) -> FrozenTrial:
        """Write a new trial in one transaction, and return the database's trial."""
        row = self._write(lambda: self._database.get_trial(self._created(number, trial)))
        if row.number != number:
            raise RuntimeError(f"trial {number} of {self._name} was written as {row.number}")
        steps.by_epoch(row, self._per_epoch)
        self.rows[number] = row
        return row

    def _created(self, number: int, trial: FrozenTrial) -> int:
        """Return the database's id of a trial; create it, unless a transaction whose answer was lost has done so."""
        with contextlib.suppress(KeyError):
            return self._id(number)
        self._ids[number] = self._database.create_new_trial(self._study_id, template_trial=trial)
        return self._ids[number]

    def _memory_trial(self, number: int) -> int:
        """Return the id of a trial in memory."""
        return trial_id(self._memory, self._memory_id, number)

    def _id(self, number: int) -> int:
        """Return the database's id of a trial."""
        if number not in self._ids:
            self._ids[number] = trial_id(self._database, self._study_id, number)
        return self._ids[number]

    def _write(self, call: Callable[[], Result]) -> Result:
        """Write to Optuna's tables, and retry while their server is away."""
        try:
            return with_retries(call, self._database)
        except UpdateFinishedTrialError:  # a transaction whose answer was lost has written it
            return None  # type: ignore[return-value]
