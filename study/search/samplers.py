"""Optuna's samplers of a search, each trial's seeded by the study's seed and its number.

TPE (Bergstra et al. 2011) divides trials into the best and the others, and proposes where the best are dense and the
others are not. It reads every trial it can see at each question, so it is shown at most `SHOWN` of the finished ones
(docs/decisions/0009-search-at-scale.md).
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Container, Sequence

import numpy as np
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

# Random proposals before TPE models anything (Optuna's default is 10): a quick study has 12 trials.
STARTUP_TRIALS = 6
POPULATION = 20  # of a generation of NSGA-II (Optuna's default is 50): a standard study has 40 trials
GENERATION = f"{NSGAIISampler.__name__}:generation"  # the system attribute of a trial that NSGA-II has proposed
SHOWN = 1000  # finished trials that TPE is shown at most
BEST = 25  # of 250 and more finished trials TPE takes this many as the best, with one objective
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def sampler_for(name: str, seed: int, number: int) -> BaseSampler:
    """Return the sampler (`tpe`, `nsga2`, `random`, `grid`) of trial `number`, seeded by the two numbers alone."""
    digest = hashlib.sha256(f"{seed}/search/{number}".encode()).digest()
    drawn = int.from_bytes(digest[:4], "little")
    if name in ("random", "grid"):
        return RandomSampler(seed=drawn)
    if name == "nsga2":
        return NSGAIISampler(seed=drawn, population_size=POPULATION)
    return TPESampler(seed=drawn, n_startup_trials=STARTUP_TRIALS, multivariate=True, group=True, constant_liar=True)


class ShownTrials(InMemoryStorage):
    """Storage of one study in memory that shows at most `most` of the finished trials (None: all).

    It is a subclass of a concrete class, because a wrapper would repeat the twenty methods of Optuna's storage.
    """

    def __init__(self, most: int | None) -> None:
        super().__init__()
        self._most = most
        self._shown: tuple[int, list[FrozenTrial]] = (0, [])  # of so many finished trials

    def every_trial(self, study_id: int) -> list[FrozenTrial]:
        """Return all trials of the study by number, not to be changed."""
        return super().get_all_trials(study_id, deepcopy=False)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials of these states, without most of the finished ones where there are too many."""
        found = super().get_all_trials(study_id, deepcopy=deepcopy, states=states)
        if self._most is None or len(found) <= self._most:
            return found
        finished = [trial for trial in self.every_trial(study_id) if trial.state in FINISHED]
        if len(finished) <= self._most:
            return found
        if self._shown[0] != len(finished):
            self._shown = len(finished), shown(finished, self.get_study_directions(study_id), self._most)
        numbers = {trial.number for trial in self._shown[1]}
        return [trial for trial in found if trial.state not in FINISHED or trial.number in numbers]


def shown(finished: Sequence[FrozenTrial], directions: Sequence[StudyDirection], most: int) -> list[FrozenTrial]:
    """Return the `most` finished trials that TPE is shown: those it takes as the best, and evenly spaced others.

    With one objective the best are the same that TPE finds among all. With several they are a tenth of `most`, front by
    front; TPE would take a tenth of all. The others are even in the order of numbers, for TPE weighs them by their age.
    """
    best = _best(finished, directions[0]) if len(directions) == 1 else _fronts(finished, directions, most // 10)
    taken = {trial.number for trial in best}
    others = [trial for trial in finished if trial.number not in taken]
    places = np.linspace(0, len(others) - 1, most - len(best)).round().astype(int)
    return sorted([*best, *(others[place] for place in places)], key=lambda trial: trial.number)


def _best(finished: Sequence[FrozenTrial], direction: StudyDirection) -> list[FrozenTrial]:
    """Return the best by one objective: complete trials first, then those pruned last, by their last score."""
    sign = -1.0 if direction == StudyDirection.MAXIMIZE else 1.0

    def rank(trial: FrozenTrial) -> tuple[float, ...]:
        if trial.state == TrialState.COMPLETE:
            return 0, sign * (trial.value or 0.0)
        if trial.last_step is None:
            return 2, 0.0
        score = trial.intermediate_values[trial.last_step]
        return 1, -trial.last_step, math.inf if math.isnan(score) else sign * score

    return heapq.nsmallest(BEST, finished, key=rank)


def _fronts(finished: Sequence[FrozenTrial], directions: Sequence[StudyDirection], count: int) -> list[FrozenTrial]:
    """Return `count` of the best complete trials by several objectives: of the first Pareto front, the second, ..."""
    complete = [trial for trial in finished if trial.state == TrialState.COMPLETE]
    signs = [1.0 if direction == StudyDirection.MAXIMIZE else -1.0 for direction in directions]
    better = np.array([trial.values for trial in complete]).reshape(-1, len(signs)) * signs  # (trials, objectives)
    left, best = np.lexsort(-better.T[::-1]), list[int]()  # a point comes after those that dominate it
    while left.size and len(best) < count:
        rest = left
        while rest.size:
            best.append(int(rest[0]))
            rest = rest[(better[rest] > better[rest[0]]).any(axis=1)]
        left = left[~np.isin(left, best)]
    return [complete[place] for place in best[:count]]
