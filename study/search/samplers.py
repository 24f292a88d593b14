"""Optuna's samplers, seeded for each trial by the study's seed and the trial's number.

TPE (Bergstra et al. 2011) divides trials into the best and the others, and proposes configurations where the density of
the best is high relative to the others. It reads all visible trials for every proposal, so it sees at most `SHOWN`
finished ones (docs/decisions/0009-search-at-scale.md).
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
GENERATION = f"{NSGAIISampler.__name__}:generation"  # a system attribute of the trials that NSGA-II has proposed
SHOWN = 1000  # most finished trials that TPE sees
BEST = 25  # trials that TPE counts as the best, with one objective and at least 250 finished trials
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def sampler_for(name: str, seed: int, number: int) -> BaseSampler:
    """Return the sampler (`tpe`, `nsga2`, `random`, `grid`) of trial `number`, seeded only by the two numbers."""
    digest = hashlib.sha256(f"{seed}/search/{number}".encode()).digest()
    derived = int.from_bytes(digest[:4], "little")
    if name in ("random", "grid"):
        return RandomSampler(seed=derived)
    if name == "nsga2":
        return NSGAIISampler(seed=derived, population_size=POPULATION)
    return TPESampler(seed=derived, n_startup_trials=STARTUP_TRIALS, multivariate=True, group=True, constant_liar=True)


class ShownTrials(InMemoryStorage):
    """In-memory storage of one study that shows at most `most` of the finished trials (None: all).

    It subclasses a concrete class, as a wrapper would repeat the twenty methods of Optuna's storage.
    """

    def __init__(self, most: int | None) -> None:
        super().__init__()
        self._most = most
        self._shown: tuple[int, list[FrozenTrial]] = (0, [])  # the number of finished trials, and the selection

    def every_trial(self, study_id: int) -> list[FrozenTrial]:
        """Return all trials of the study by number; the caller must not change them."""
        return super().get_all_trials(study_id, deepcopy=False)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials of these states, with at most `most` finished ones."""
        trials = super().get_all_trials(study_id, deepcopy=deepcopy, states=states)
        if self._most is None or len(trials) <= self._most:
            return trials
        finished = [trial for trial in self.every_trial(study_id) if trial.state in FINISHED]
        if len(finished) <= self._most:
            return trials
        if self._shown[0] != len(finished):
            self._shown = len(finished), shown(finished, self.get_study_directions(study_id), self._most)
        numbers = {trial.number for trial in self._shown[1]}
        return [trial for trial in trials if trial.state not in FINISHED or trial.number in numbers]


def shown(finished: Sequence[FrozenTrial], directions: Sequence[StudyDirection], most: int) -> list[FrozenTrial]:
    """Return the `most` finished trials that TPE sees: those it counts as the best, and a sample of the others.

    With one objective the best are those that TPE would choose from all trials. With several they are a tenth of
    `most`, front by front; TPE would take a tenth of all. The sample is evenly spaced by number, as TPE weighs trials
    by age.
    """
    best = _best(finished, directions[0]) if len(directions) == 1 else _fronts(finished, directions, most // 10)
    numbers = {trial.number for trial in best}
    others = [trial for trial in finished if trial.number not in numbers]
    indices = np.linspace(0, len(others) - 1, most - len(best)).round().astype(int)
    return sorted([*best, *(others[index] for index in indices)], key=lambda trial: trial.number)


def _best(finished: Sequence[FrozenTrial], direction: StudyDirection) -> list[FrozenTrial]:
    """Return the best by one objective: complete trials first, then pruned ones by their last epoch and score."""
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
    """Return `count` of the best complete trials by several objectives: the first Pareto front, the second, ..."""
    complete = [trial for trial in finished if trial.state == TrialState.COMPLETE]
    signs = [1.0 if direction == StudyDirection.MAXIMIZE else -1.0 for direction in directions]
    better = np.array([trial.values for trial in complete]).reshape(-1, len(signs)) * signs  # (trials, objectives)
    unranked, best = np.lexsort(-better.T[::-1]), list[int]()  # sorted so that dominating points are first
    while unranked.size and len(best) < count:
        candidates = unranked
        while candidates.size:
            best.append(int(candidates[0]))
            candidates = candidates[(better[candidates] > better[candidates[0]]).any(axis=1)]
        unranked = unranked[~np.isin(unranked, best)]
    return [complete[index] for index in best[:count]]
