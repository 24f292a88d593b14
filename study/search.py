"""The search: Optuna proposes configurations of a space, hears how runs go, and says which to stop.

One driver owns it; workers never see it. A trial's proposals depend on the study's seed, the trial's number and
what was told before, not on a random state in memory, so a resumed search goes on as if it had not been stopped.
"""

from __future__ import annotations

import contextlib
import copy
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from statistics import median
from typing import TypeVar

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, NSGAIISampler
from optuna.storages import RDBStorage
from optuna.storages._rdb.models import BaseModel
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial
from sqlalchemy.pool import NullPool

from results import storage_url
from results.connecting import engine_options, plain_url
from results.records import open_database
from search_spaces import Factor, Space
from search_spaces.grammar import Choice, Choices, choose, numbers
from study import asha, steps, trial_rows
from study.objectives import directions
from study.optuna_calls import opened, waiting
from study.samplers import POPULATION, STARTUP_TRIALS, Encodings, sampler_for
from study.trial_parameters import distributions, settle, without_strangers

Result = TypeVar("Result")

# The attribute of a trial whose suggestion the space forbids: the levels that were run instead.
INSTEAD = "run_instead"


@dataclass(frozen=True)
class Proposal:
    """What the search wants to see: choices of the space, as trial `number`."""

    number: int
    choices: dict[str, Choice]


@dataclass(frozen=True)
class PastTrial:
    """What another study had carried out: choices of this space, how it ended, and its scores by epoch.

    `values` are those of the objectives; `began` and `ended` in local time, as Optuna has it.
    """

    choices: Choices
    state: TrialState
    values: Sequence[float] | None
    scores: Mapping[float, float]
    notes: Mapping[str, str | int]
    began: datetime
    ended: datetime


class Search:
    """Ask and tell on one Optuna study, which lives in the same database as ours.

    `known` are the choices tried first: the baseline, then recipes.

    Optuna's samplers and pruners read all trials at every question, and its database commits every parameter on its
    own. As one driver alone owns the study, they work on a copy in memory, and what happens is written through: a
    trial with all its parameters at once.
    """

    def __init__(
        self,
        *,
        storage: str,
        name: str,
        space: Space,
        seed: int,
        sampler: str,
        pruner: str,
        known: Sequence[Choices],
        objectives: Sequence[str] = ("score",),
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        self._space, self._seed, self._sampler = space, seed, sampler
        self.pauses, self._median = pruner == "asha", pruner == "median"
        self._paused: set[int] = set()
        self._encodings: Encodings = {}
        self._database = _storage(storage)
        # Pruned by the score, which is not what Optuna would take a report for.
        self._several, wanted = tuple(objectives) != ("score",), directions(objectives)
        written = optuna.create_study(storage=self._database, study_name=name, directions=wanted, load_if_exists=True)
        if not written.metric_names:
            written.set_metric_names(list(objectives))
        self._study_id = self._database.get_study_id_from_name(name)
        self._through(lambda: settle(self._database, self._study_id, space))
        self._study = optuna.create_study(study_name=name, directions=wanted, pruner=_pruner(pruner))
        self._per_epoch = steps.per_epoch(self._database, self._study_id)
        # The trials as the database has them, by number, with their scores by epoch.
        self._written: dict[int, FrozenTrial] = {t.number: t for t in self._database.get_all_trials(self._study_id)}
        for row in self._written.values():
            steps.by_epoch(row, self._per_epoch)
            without_strangers(row)
        for number in sorted(self._written):
            self._remember(self._written[number])
        # A trial that was asked and not written any further has what it is to try in its system attributes.
        tried = {
            _key(told) for t in self._written.values() for told in (t.params, t.system_attrs.get("fixed_params", {}))
        }
        self._untried = [choices for choices in known if _key(choices) not in tried]

    def close(self) -> None:
        """Give the database's connections back; the search is over."""
        self._database.remove_session()
        self._database.engine.dispose()

    def count(self) -> int:
        """Trials proposed so far, those still running among them."""
        return sum(t.state != TrialState.WAITING for t in self._trials())

    def running(self) -> list[int]:
        """Numbers of trials that were proposed and not told: in flight, or left by a driver that died."""
        return [t.number for t in self._trials() if t.state == TrialState.RUNNING]

    def ask(self) -> Proposal:
        """A new trial. It is in the database after `note`."""
        waiting = any(t.state == TrialState.WAITING for t in self._trials())
        number = self.count()
        if not waiting and self._untried:
            self._study.enqueue_trial(dict(self._untried.pop(0)))
        self._study.sampler = self._sampler_for(number)
        return self._propose(self._study.ask())

    def size(self) -> int:
        """All trials there are; the number of the next."""
        return len(self._trials())

    def add(self, past: PastTrial) -> None:
        """A trial that was carried out in another study; it counts as one of this search from now on."""
        number, known = self.size(), distributions(self._space)
        complete = past.values is not None and all(map(math.isfinite, past.values))
        state = TrialState.FAIL if past.state == TrialState.COMPLETE and not complete else past.state
        trial = create_trial(
            state=state,
            values=past.values if state == TrialState.COMPLETE else None,
            params=dict(past.choices),
            distributions={name: known[name] for name in past.choices},
            user_attrs=dict(past.notes),
            system_attrs=self._generation(state),
            intermediate_values=self._steps_there(past.scores),
        )
        trial.datetime_start, trial.datetime_complete = past.began, past.ended
        self._remember(self._new_row(number, trial))
        self._untried = [choices for choices in self._untried if _key(choices) != _key(past.choices)]

    def _remember(self, row: FrozenTrial) -> None:
        """Put a trial of the database into the copy in memory.

        With several objectives without its scores by epoch, by which TPE would rank pruned trials in one direction.
        """
        trial = copy.copy(row)
        scores = {} if self._several else row.intermediate_values
        trial.intermediate_values = {steps.step_of(epoch): score for epoch, score in scores.items()}
        self._study.add_trial(trial)

    def _generation(self, state: TrialState) -> dict[str, int]:
        """NSGA-II takes parents from among trials of a generation: what others carried out fills the first ones."""
        sampler = self._sampler_for(self.size())
        if not isinstance(sampler, NSGAIISampler) or state != TrialState.COMPLETE:
            return {}
        whole = sum(trial.state == TrialState.COMPLETE for trial in self._trials())
        return {sampler._get_generation_key(): whole // POPULATION}

    def resume(self, number: int) -> Proposal:
        """The proposal of a trial that was asked before; what it had not been told yet is completed."""
        self._study.sampler = self._sampler_for(number)
        return self._propose(self._trial(number))

    def note(self, number: int, notes: Mapping[str, str | int]) -> None:
        """Write a proposed trial, with attributes that make it readable in Optuna's dashboard."""
        trial = self._trial(number)
        for key, value in notes.items():
            trial.set_user_attr(key, value)
        self._write(number)

    def stop_early(self, number: int, epoch: float, score: float) -> bool:
        """Note a trial's score after an epoch, or a fraction; whether the pruner would end it there, or have it pause.

        Fractions that differ by less than 1 / `steps.PER_EPOCH` are the same one.
        """
        trial, row = self._trial(number), self._write(number)
        epoch = steps.epoch_of(steps.step_of(epoch))
        if epoch < max(row.intermediate_values, default=0):  # carried out again: here it was told to go on
            return False
        if epoch not in row.intermediate_values:  # else it is a run that died before it heard the answer
            if not self._several:  # Optuna takes none there
                trial.report(score, steps.step_of(epoch))
            for step in self._steps_there({epoch: score}):
                set_value = partial(self._database.set_trial_intermediate_value, row._trial_id, step, score)
                self._through(set_value)
            row.intermediate_values[epoch] = score  # type: ignore[index]
        if self.pauses:
            rung = asha.rung_reached(epoch, row.intermediate_values)
            return rung is not None and not asha.goes_on(number, rung, self._scores())
        if self._several:
            return self._median and self._below_median(number, epoch)
        return trial.should_prune()

    def _steps_there(self, scores: Mapping[float, float]) -> dict[int, float]:
        """Scores by epoch as the database has them: by step. With the first fraction its steps become finer."""
        whole = all(epoch == int(epoch) for epoch in scores)
        if not whole and self._per_epoch == 1 and self._through(lambda: steps.refine(self._database, self._study_id)):
            self._per_epoch = steps.PER_EPOCH
        found = {round(epoch * self._per_epoch): score for epoch, score in scores.items()}
        # Too late for finer steps: a fraction stays in our own table alone.
        return {step: score for step, score in found.items() if step <= steps.MOST and (whole or self._per_epoch > 1)}

    def exhausted(self) -> bool:
        """Whether every configuration of a grid has been tried."""
        return self._sampler == "grid" and not self._untried

    def _below_median(self, number: int, epoch: float) -> bool:
        """Whether the best score so far is below the median at this epoch of the runs that were not stopped.

        Optuna's pruners are for one objective; with several, a run is judged by its score.
        """
        mine = max(score for at, score in self._written[number].intermediate_values.items() if at <= epoch)
        whole = {t.number for t in self._trials() if t.state == TrialState.COMPLETE}
        others = [self._scores()[other].get(epoch) for other in whole]
        known = [score for score in others if score is not None]
        return len(known) >= STARTUP_TRIALS and mine < median(known)

    def pause(self, number: int) -> None:
        """A trial was stopped at a rung, and may go on later; until the search is over it is still running."""
        self._paused.add(number)

    def promote(self) -> int | None:
        """A paused trial that is among the best of its rung by now, to go on."""
        number = asha.promoted(self._paused, self._scores()) if self._paused else None
        self._paused -= {number}
        return number

    def end_paused(self) -> None:
        """The search is over: trials that still pause were pruned."""
        for number in sorted(self._paused):
            self.tell(number, None, TrialState.PRUNED, "pruned")
        self._paused.clear()

    def _scores(self) -> asha.Scores:
        return {number: trial.intermediate_values for number, trial in self._written.items()}  # type: ignore[misc]

    def tell(self, number: int, values: Sequence[float] | None, state: TrialState, reason: str | None = None) -> None:
        """How a trial ended, with the values of the objectives; a second word on the same trial is ignored.

        One that has no values, or one that is no number, is a failure. `reason`: why it has no values.
        """
        if self._trials()[number].state.is_finished():
            return
        if state == TrialState.COMPLETE and (values is None or not all(map(math.isfinite, values))):
            state = TrialState.FAIL
        told = list(values) if state == TrialState.COMPLETE and values is not None else None
        if told is None and reason is not None:
            self._trial(number).set_user_attr("reason", reason)
        row = self._write(number)
        self._through(lambda: self._database.set_trial_state_values(row._trial_id, state, told))
        self._study.tell(number, told, state=state)

    def _trials(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _trial(self, number: int) -> Trial:
        return Trial(self._study, self._trials()[number]._trial_id)

    def _write(self, number: int) -> FrozenTrial:
        """Bring a trial's parameters and attributes into the database; the trial as it is there."""
        now, row = self._trials()[number], self._written.get(number)
        if row is None:
            # What an enqueued configuration fixes stands in the system attributes: they must not come later.
            row = self._new_row(number, create_trial(state=TrialState.RUNNING, system_attrs=now.system_attrs))
        found = row
        if found.state == TrialState.WAITING:
            self._through(lambda: self._database.set_trial_state_values(found._trial_id, TrialState.RUNNING))
            found.state = TrialState.RUNNING
        if trial_rows.missing(found, now):
            self._through(lambda: trial_rows.add(self._database.engine, found, now))
        return found

    def _new_row(self, number: int, trial: FrozenTrial) -> FrozenTrial:
        """Write a trial with all it has, in one transaction; as it is then in the database."""
        row = self._through(lambda: self._database.get_trial(self._created(number, trial)))
        if row.number != number:
            raise RuntimeError(f"trial {number} of {self._study.study_name} was written as {row.number}")
        steps.by_epoch(row, self._per_epoch)
        self._written[number] = row
        return row

    def _created(self, number: int, trial: FrozenTrial) -> int:
        """The id of a trial in the database: a transaction whose answer was lost may have made it."""
        with contextlib.suppress(KeyError):
            return self._database.get_trial_id_from_study_id_trial_number(self._study_id, number)
        return self._database.create_new_trial(self._study_id, template_trial=trial)

    def _through(self, call: Callable[[], Result]) -> Result:
        """Write to Optuna's tables, again while their server is away."""
        try:
            return waiting(call, self._database)
        except UpdateFinishedTrialError:  # told before, by a transaction whose answer was lost
            return None  # type: ignore[return-value]

    def _propose(self, trial: Trial) -> Proposal:
        def pick(name: str, factor: Factor) -> Choice:
            if factor.range is None:
                return str(trial.suggest_categorical(name, list(factor.level_names())))
            low, high, log = factor.range.low, factor.range.high, factor.range.log
            if factor.range.integer:
                return numbers.fitted(factor.range, trial.suggest_int(name, int(low), int(high), log=log))
            return numbers.fitted(factor.range, trial.suggest_float(name, low, high, log=log))

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a resumed trial has its values already
            return Proposal(trial.number, self._allowed(trial, choose(self._space.factors, pick)))

    def _allowed(self, trial: Trial, suggested: Choices) -> dict[str, Choice]:
        """What is run for a suggestion: the nearest configuration that the space allows.

        Optuna knows no levels that cannot go together: what it may suggest for a factor is the same in every trial. So
        its trial keeps what it suggested, hears the score of what was run instead, and says so in an attribute.
        """
        choices = self._space.nearest(suggested)
        told = [f"{name}={choices[name]}" for name in suggested if name in choices and choices[name] != suggested[name]]
        if told:
            trial.set_user_attr(INSTEAD, ", ".join(told))
        return choices

    def _sampler_for(self, number: int) -> BaseSampler:
        return sampler_for(self._sampler, self._seed, number, self._encodings)


def _key(choices: Choices) -> tuple[tuple[str, Choice], ...]:
    """The same for equal choices, in whatever order."""
    return tuple(sorted(choices.items()))


def _storage(url: str) -> RDBStorage:
    """Optuna's storage, its tables made in one transaction.

    By itself it makes them one by one. Killed between the table of studies and the index that keeps their names apart,
    the next two launches would each write a study of this name, and from then on none could tell which one it is.
    """
    with open_database(url) as database:
        known = database.make_tables(BaseModel.metadata, last="alembic_version")
    parsed = storage_url.parse_url(url)  # SQLAlchemy itself does not know postgres://
    place = plain_url(parsed).render_as_string(hide_password=False)
    options = engine_options(parsed)
    if not known:  # what is refused because another launch is faster leaves no connection behind
        opened(lambda: RDBStorage(place, engine_kwargs={**options, "poolclass": NullPool}), parsed).remove_session()
    return opened(lambda: RDBStorage(place, engine_kwargs=options), parsed)


def _pruner(name: str) -> BasePruner:
    """Median pruning needs some finished runs to have a median of; before that nothing is stopped."""
    return MedianPruner(n_startup_trials=STARTUP_TRIALS) if name == "median" else NopPruner()


__all__ = ["PastTrial", "Proposal", "Search", "TrialState"]
