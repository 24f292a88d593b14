"""The search: Optuna proposes configurations of a space, learns how runs end, and decides which to stop.

One driver owns it; workers never see it. A trial's proposals depend on the study's seed, the trial's number and
what was told before, not on a random state in memory, so a resumed search continues as if it had not been stopped.
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

# The attribute of a trial whose suggestion the space forbids: the levels that were run instead.
INSTEAD = "run_instead"


@dataclass(frozen=True)
class Proposal:
    """What the search wants to see: choices of the space, as trial `number`."""

    number: int
    choices: dict[str, Choice]


@dataclass(frozen=True)
class PastTrial:
    """A trial of another study: choices of this space, how it ended, and its scores by epoch.

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
    """Ask and tell on one Optuna study, which is in the same database as ours.

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
        # A trial that was asked and not written any further has what it is to try in its system attributes.
        rows = self._mirror.rows.values()
        tried = {_key(told) for t in rows for told in (t.params, t.system_attrs.get("fixed_params", {}))}
        self._untried = [choices for choices in known if _key(choices) not in tried]

    def close(self) -> None:
        """Close the database's connections; the search is over."""
        self._mirror.close()

    def count(self) -> int:
        """Return how many trials have been proposed so far, including those still running."""
        return sum(t.state != TrialState.WAITING for t in self._mirror.trials())

    def running(self) -> list[int]:
        """Return the numbers of trials that were proposed and not told: in flight, or left by a driver that died."""
        return [t.number for t in self._mirror.trials() if t.state == TrialState.RUNNING]

    def size(self) -> int:
        """Return the number of all trials, which is the number of the next."""
        return len(self._mirror.trials())

    def exhausted(self) -> bool:
        """Return whether every configuration of a grid has been tried."""
        return self._sampler == "grid" and not self._untried

    def ask(self) -> Proposal:
        """Propose a new trial. It is in the database after `note`."""
        number = self.count()
        study = self._mirror.study(self._sampler_for(number))
        if number == self.size() and self._untried:  # no trial is waiting
            study.enqueue_trial(dict(self._untried.pop(0)))
        return self._propose(study.ask())

    def resume(self, number: int) -> Proposal:
        """Return the proposal of a trial that was asked before, completing what had not been suggested yet."""
        return self._propose(self._mirror.trial(number, self._sampler_for(number)))

    def add(self, past: PastTrial) -> None:
        """Add a trial of another study; it counts as one of this search from now on."""
        known = distributions(self._space)
        state = _end_state(past.state, past.values)
        trial = create_trial(
            state=state,
            values=past.values if state == TrialState.COMPLETE else None,
            params=dict(past.choices),
            distributions={name: known[name] for name in past.choices},
            user_attrs=dict(past.notes),
            system_attrs=self._generation(state),
        )
        trial.datetime_start, trial.datetime_complete = past.began, past.ended
        self._mirror.add(trial, past.scores)
        self._untried = [choices for choices in self._untried if _key(choices) != _key(past.choices)]

    def _generation(self, state: TrialState) -> dict[str, int]:
        """Return the generation of an added trial: NSGA-II takes parents from one; these fill the first ones."""
        if self._sampler != "nsga2" or state != TrialState.COMPLETE:
            return {}
        complete = sum(trial.state == TrialState.COMPLETE for trial in self._mirror.trials())
        return {GENERATION: complete // POPULATION}

    def note(self, number: int, notes: Mapping[str, str | int]) -> None:
        """Write a proposed trial, with attributes that make it readable in Optuna's dashboard."""
        self._mirror.describe(number, notes)
        self._mirror.write(number)

    def stop_early(self, number: int, epoch: float, score: float) -> bool:
        """Record a trial's score after an epoch or a fraction; return whether it should stop or pause there.

        Fractions that differ by less than 1 / `steps.PER_EPOCH` are the same one.
        """
        reported = self._mirror.write(number).intermediate_values
        epoch = steps.epoch_of(steps.step_of(epoch))
        if epoch < max(reported, default=0):  # run again: here it was told to continue
            return False
        if epoch not in reported:  # else it is a run that died before it heard the answer
            self._mirror.report(number, epoch, score)
        if self.pauses:
            rung = asha.rung_reached(epoch, reported)
            return rung is not None and not asha.goes_on(number, rung, self._mirror.scores())
        return self._median and self._below_median(number, epoch)

    def _below_median(self, number: int, epoch: float) -> bool:
        """Return whether the best score so far is below the median, at this epoch, of the runs that were not stopped.

        This is Optuna's MedianPruner, for a study with several objectives too: there a run is judged by its score.
        """
        scores = self._mirror.scores()
        complete = [t.number for t in self._mirror.trials() if t.state == TrialState.COMPLETE]
        if len(complete) < STARTUP_TRIALS:
            return False
        known = [score for other in complete if not math.isnan(score := scores[other].get(epoch, math.nan))]
        best = max((score for score in scores[number].values() if not math.isnan(score)), default=math.nan)
        return math.isnan(best) or (bool(known) and best < float(np.percentile(known, 50)))

    def pause(self, number: int) -> None:
        """Keep a trial that stopped at a rung, and may continue later; it is running until the search is over."""
        self._paused.add(number)

    def promote(self) -> int | None:
        """Return a paused trial that is among the best of its rung by now, to be continued; None without one."""
        number = asha.promoted(self._paused, self._mirror.scores()) if self._paused else None
        self._paused -= {number}
        return number

    def end_paused(self) -> None:
        """End the trials that are still paused as pruned: the search is over."""
        for number in sorted(self._paused):
            self.tell(number, None, TrialState.PRUNED, "pruned")
        self._paused.clear()

    def tell(self, number: int, values: Sequence[float] | None, state: TrialState, reason: str | None = None) -> None:
        """Record how a trial ended, with the values of the objectives; only the first time counts.

        One that has no values, or one that is no number, is a failure. `reason`: why it has no values.
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
            warnings.simplefilter("ignore", UserWarning)  # a resumed trial has its values already
            suggested = choose(self._space.factors, pick)
        return Proposal(trial.number, self._allowed(trial.number, suggested))

    def _allowed(self, number: int, suggested: Choices) -> dict[str, Choice]:
        """Return what is run for a suggestion: the nearest configuration that the space allows.

        Optuna knows no levels that exclude each other: what it may suggest for a factor is the same in every trial. So
        its trial keeps what it suggested, is told the score of what was run instead, and says so in an attribute.
        """
        choices = self._space.nearest(suggested)
        told = [f"{name}={choices[name]}" for name in suggested if name in choices and choices[name] != suggested[name]]
        if told:
            self._mirror.describe(number, {INSTEAD: ", ".join(told)})
        return choices

    def _sampler_for(self, number: int) -> BaseSampler:
        return sampler_for(self._sampler, self._seed, number)


def _end_state(state: TrialState, values: Sequence[float] | None) -> TrialState:
    """Return how a trial ended: complete only with values that are all numbers."""
    missing = values is None or not all(map(math.isfinite, values))
    return TrialState.FAIL if state == TrialState.COMPLETE and missing else state


def _key(choices: Choices) -> tuple[tuple[str, Choice], ...]:
    """Return the same for equal choices, in whatever order."""
    return tuple(sorted(choices.items()))


__all__ = ["PastTrial", "Proposal", "Search", "TrialState"]
