"""The search: Optuna proposes configurations of a space, receives the ends of runs, and decides which runs to stop.

Only the driver uses it. A proposal depends on the study's seed, the trial's number and the recorded results, not on a
random state in memory, so a resumed search continues as if it had not been interrupted.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.trial import Trial, TrialState, create_trial

from search_spaces import Factor, Space
from search_spaces.grammar import Choice, Choices, choose, numbers
from study.search import asha, steps
from study.search.distributions import distributions
from study.search.samplers import GENERATION, POPULATION, SHOWN, STARTUP_TRIALS, sampler_for
from study.search.trial_mirror import TrialMirror

# An attribute of trials whose suggestion the space forbids: the levels that were run instead.
INSTEAD = "run_instead"


@dataclass(frozen=True)
class Proposal:
    """Choices of the space that the search proposes as trial `number`."""

    number: int
    choices: dict[str, Choice]


@dataclass(frozen=True)
class PastTrial:
    """A trial of another study: choices of this space, its final state, and its scores by epoch.

    `values` are those of the objectives; `began` and `ended` are in local time, as in Optuna.
    """

    choices: Choices
    state: TrialState
    values: Sequence[float] | None
    scores: Mapping[float, float]
    notes: Mapping[str, str | int]
    began: datetime
    ended: datetime


class Search:
    """An ask-and-tell interface to one Optuna study, in the same database as ours.

    `known` are the choices tried first: the baseline, then recipes.
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
        most = SHOWN if sampler == "tpe" else None
        self._mirror = TrialMirror(storage=storage, name=name, space=space, objectives=objectives, most=most)
        # A trial that was proposed and not written completely has its choices in its system attributes.
        rows = self._mirror.rows.values()
        tried = {_key(choices) for t in rows for choices in (t.params, t.system_attrs.get("fixed_params", {}))}
        self._untried = [choices for choices in known if _key(choices) not in tried]

    def close(self) -> None:
        """Close the database's connections."""
        self._mirror.close()

    def count(self) -> int:
        """Return the number of trials proposed so far, including running ones."""
        return sum(t.state != TrialState.WAITING for t in self._mirror.trials())

    def running(self) -> list[int]:
        """Return the numbers of proposed trials that have not ended, including those of a driver that died."""
        return [t.number for t in self._mirror.trials() if t.state == TrialState.RUNNING]

    def size(self) -> int:
        """Return the number of all trials, which is the number of the next trial."""
        return len(self._mirror.trials())

    def exhausted(self) -> bool:
        """Return whether every configuration of a grid has been tried."""
        return self._sampler == "grid" and not self._untried

    def ask(self) -> Proposal:
        """Propose a new trial; `note` writes it to the database."""
        number = self.count()
        study = self._mirror.study(self._sampler_for(number))
        if number == self.size() and self._untried:  # no enqueued trial is waiting
            study.enqueue_trial(dict(self._untried.pop(0)))
        return self._propose(study.ask())

    def resume(self, number: int) -> Proposal:
        """Return the proposal of an earlier trial, and suggest the parameters that it lacks."""
        return self._propose(self._mirror.trial(number, self._sampler_for(number)))

    def add(self, past: PastTrial) -> None:
        """Add a trial of another study, which then counts as one of this search."""
        kinds = distributions(self._space)
        state = _end_state(past.state, past.values)
        trial = create_trial(
            state=state,
            values=past.values if state == TrialState.COMPLETE else None,
            params=dict(past.choices),
            distributions={name: kinds[name] for name in past.choices},
            user_attrs=dict(past.notes),
            system_attrs=self._generation(state),
        )
        trial.datetime_start, trial.datetime_complete = past.began, past.ended
        self._mirror.add(trial, past.scores)
        self._untried = [choices for choices in self._untried if _key(choices) != _key(past.choices)]

    def _generation(self, state: TrialState) -> dict[str, int]:
        """Return the generation of an added trial as an attribute: added trials fill NSGA-II's first generations."""
        if self._sampler != "nsga2" or state != TrialState.COMPLETE:
            return {}
        complete = sum(trial.state == TrialState.COMPLETE for trial in self._mirror.trials())
        return {GENERATION: complete // POPULATION}

    def note(self, number: int, notes: Mapping[str, str | int]) -> None:
        """Write a proposed trial to the database, with attributes that are shown in Optuna's dashboard."""
        self._mirror.describe(number, notes)
        self._mirror.write(number)

    def stop_early(self, number: int, epoch: float, score: float) -> bool:
        """Record a trial's score after an epoch or a fraction, and return whether it should stop or pause there.

        Fractions that differ by less than 1 / `steps.PER_EPOCH` count as equal.
        """
        reported = self._mirror.write(number).intermediate_values
        epoch = steps.epoch_of(steps.step_of(epoch))
        if epoch < max(reported, default=0):  # a run that was started again, and continued here the first time
            return False
        if epoch not in reported:  # else the worker died before it received the answer
            self._mirror.report(number, epoch, score)
        if self.pauses:
            rung = asha.rung_reached(epoch, reported)
            return rung is not None and not asha.continues(number, rung, self._mirror.scores())
        return self._median and self._below_median(number, epoch)

    def _below_median(self, number: int, epoch: float) -> bool:
        """Return whether the best score so far is below the median of the complete runs' scores at this epoch.

        This is Optuna's MedianPruner, also for several objectives: it compares scores.
        """
        scores = self._mirror.scores()
        complete = [t.number for t in self._mirror.trials() if t.state == TrialState.COMPLETE]
        if len(complete) < STARTUP_TRIALS:
            return False
        others = [score for other in complete if not math.isnan(score := scores[other].get(epoch, math.nan))]
        best = max((score for score in scores[number].values() if not math.isnan(score)), default=math.nan)
        return math.isnan(best) or (bool(others) and best < float(np.percentile(others, 50)))

    def pause(self, number: int) -> None:
        """Keep a trial that paused at a rung and may continue; Optuna's trial is running until the search ends."""
        self._paused.add(number)

    def promote(self) -> int | None:
        """Return a paused trial that is now among the best of its rung, to be continued; None if there is none."""
        number = asha.promoted(self._paused, self._mirror.scores()) if self._paused else None
        self._paused -= {number}
        return number

    def end_paused(self) -> None:
        """End all paused trials as pruned, at the end of the search."""
        for number in sorted(self._paused):
            self.tell(number, None, TrialState.PRUNED, "pruned")
        self._paused.clear()

    def tell(self, number: int, values: Sequence[float] | None, state: TrialState, reason: str | None = None) -> None:
        """Record the end of a trial with the values of the objectives; only the first call counts.

        A trial without values, or with a value that is not finite, failed. `reason` says why it has no values.
        """
        if self._mirror.trials()[number].state.is_finished():
            return
        state = _end_state(state, values)
        complete = state == TrialState.COMPLETE and values is not None
        if not complete and reason is not None:
            self._mirror.describe(number, {"reason": reason})
        self._mirror.end(number, state, list(values) if complete and values is not None else None)

    def _propose(self, trial: Trial) -> Proposal:
        def pick(name: str, factor: Factor) -> Choice:
            if factor.range is None:
                return str(trial.suggest_categorical(name, list(factor.level_names())))
            low, high, log = factor.range.low, factor.range.high, factor.range.log
            if factor.range.integer:
                return numbers.fitted(factor.range, trial.suggest_int(name, int(low), int(high), log=log))
            return numbers.fitted(factor.range, trial.suggest_float(name, low, high, log=log))

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a resumed trial already has its values
            suggested = choose(self._space.factors, pick)
        return Proposal(trial.number, self._allowed(trial.number, suggested))

    def _allowed(self, number: int, suggested: Choices) -> dict[str, Choice]:
        """Return the configuration to run for a suggestion: the nearest one that the space allows.

        Optuna does not support levels that exclude each other: each factor has the same levels in every trial. So the
        trial keeps its suggestion, gets the score of the configuration that was run, and an attribute that says so.
        """
        choices = self._space.nearest(suggested)
        changed = [name for name in suggested if name in choices and choices[name] != suggested[name]]
        if changed:
            self._mirror.describe(number, {INSTEAD: ", ".join(f"{name}={choices[name]}" for name in changed)})
        return choices

    def _sampler_for(self, number: int) -> BaseSampler:
        return sampler_for(self._sampler, self._seed, number)


def _end_state(state: TrialState, values: Sequence[float] | None) -> TrialState:
    """Return the final state of a trial: it is complete only if all its values are finite."""
    missing = values is None or not all(map(math.isfinite, values))
    return TrialState.FAIL if state == TrialState.COMPLETE and missing else state


def _key(choices: Choices) -> tuple[tuple[str, Choice], ...]:
    """Return a key that does not depend on the order of the choices."""
    return tuple(sorted(choices.items()))
