"""The search: Optuna proposes configurations of a space, hears how runs go, and says which to stop.

One driver owns it; workers never see it. A trial's proposals depend on the study's seed, the trial's number and
what was told before, not on a random state in memory, so a resumed search goes on as if it had not been stopped.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from search_spaces import Factor, Space
from search_spaces.grammar import Choice, Choices, choose
from study import asha

# Random proposals before TPE models anything (Optuna's default is 10): a quick study has 12 trials.
STARTUP_TRIALS = 6
# The attribute of a trial whose suggestion the space forbids: the levels that were run instead.
INSTEAD = "run_instead"


@dataclass(frozen=True)
class Proposal:
    """What the search wants to see: choices of the space, as trial `number`."""

    number: int
    choices: dict[str, Choice]


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
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        self._space, self._seed, self._sampler = space, seed, sampler
        self._known = known
        self.pauses = pruner == "asha"
        self._paused: set[int] = set()
        self._database = _storage(storage)
        written = optuna.create_study(
            storage=self._database, study_name=name, direction="maximize", load_if_exists=True
        )
        if not written.metric_names:
            written.set_metric_names(["score"])
        self._study_id = self._database.get_study_id_from_name(name)
        self._study = optuna.create_study(study_name=name, direction="maximize", pruner=_pruner(pruner))
        # The trials as the database has them, by number.
        self._written: dict[int, FrozenTrial] = {t.number: t for t in self._database.get_all_trials(self._study_id)}
        for number in sorted(self._written):
            self._study.add_trial(self._written[number])

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
        if not waiting and number < len(self._known):
            self._study.enqueue_trial(dict(self._known[number]))
        self._study.sampler = self._sampler_for(number)
        return self._propose(self._study.ask())

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

    def stop_early(self, number: int, epoch: int, score: float) -> bool:
        """Note a trial's score after an epoch; whether the pruner would end it there, or have it pause."""
        trial, row = self._trial(number), self._write(number)
        if epoch not in row.intermediate_values:  # else it is a run that is carried out again
            trial.report(score, epoch)
            self._database.set_trial_intermediate_value(row._trial_id, epoch, score)
            row.intermediate_values[epoch] = score
        if self.pauses:
            return asha.is_rung(epoch) and not asha.goes_on(number, epoch, self._scores())
        return trial.should_prune()

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
            self.tell(number, None, TrialState.PRUNED)
        self._paused.clear()

    def _scores(self) -> dict[int, dict[int, float]]:
        return {t.number: t.intermediate_values for t in self._trials()}

    def tell(self, number: int, score: float | None, state: TrialState) -> None:
        """How a trial ended; a second word on the same trial is ignored. A score that is no number is a failure."""
        if self._trials()[number].state.is_finished():
            return
        if state == TrialState.COMPLETE and (score is None or not math.isfinite(score)):
            state, score = TrialState.FAIL, None
        values = score if state == TrialState.COMPLETE else None
        row = self._write(number)
        self._database.set_trial_state_values(row._trial_id, state, None if values is None else [values])
        self._study.tell(number, values, state=state)

    def _trials(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _trial(self, number: int) -> Trial:
        return Trial(self._study, self._trials()[number]._trial_id)

    def _write(self, number: int) -> FrozenTrial:
        """Bring a trial's parameters and attributes into the database; the trial as it is there."""
        now, row = self._trials()[number], self._written.get(number)
        if row is None:
            trial_id = self._database.create_new_trial(self._study_id, template_trial=now)
            row = self._database.get_trial(trial_id)
            if row.number != number:
                raise RuntimeError(f"trial {number} of {self._study.study_name} was written as {row.number}")
            self._written[number] = row
            return row
        if row.state == TrialState.WAITING:
            self._database.set_trial_state_values(row._trial_id, TrialState.RUNNING)
            row.state = TrialState.RUNNING
        for name in now.params.keys() - row.params.keys():
            distribution = now.distributions[name]
            value = distribution.to_internal_repr(now.params[name])
            self._database.set_trial_param(row._trial_id, name, value, distribution)
            row.params[name] = now.params[name]
        for key, value in now.user_attrs.items():
            if row.user_attrs.get(key) != value:
                self._database.set_trial_user_attr(row._trial_id, key, value)
                row.user_attrs[key] = value
        return row

    def _propose(self, trial: Trial) -> Proposal:
        def pick(name: str, factor: Factor) -> Choice:
            if factor.range is None:
                return str(trial.suggest_categorical(name, list(factor.level_names())))
            low, high, log = factor.range.low, factor.range.high, factor.range.log
            if factor.range.integer:
                return trial.suggest_int(name, int(low), int(high), log=log)
            # Four digits are more than any of this can resolve, and can be read.
            return float(f"{trial.suggest_float(name, low, high, log=log):.4g}")

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
        digest = hashlib.sha256(f"{self._seed}/search/{number}".encode()).digest()
        seed = int.from_bytes(digest[:4], "little")
        if self._sampler == "random":
            return RandomSampler(seed=seed)
        return TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS, multivariate=True, group=True, constant_liar=True)


def _storage(url: str) -> RDBStorage:
    engine = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    return RDBStorage(url, engine_kwargs=engine)


def _pruner(name: str) -> BasePruner:
    """Median pruning needs some finished runs to have a median of; before that nothing is stopped."""
    return MedianPruner(n_startup_trials=STARTUP_TRIALS) if name == "median" else NopPruner()


__all__ = ["Proposal", "Search", "TrialState"]
