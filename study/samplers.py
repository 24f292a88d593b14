"""What proposes a search's configurations: Optuna's samplers, each trial's seeded by the study's seed and its number.

TPE (Bergstra et al. 2011) divides trials into the best and the others, and proposes where the best are dense and the
others are not. Optuna's reads all trials once for each group of parameters that occur together; ours asks the same
question of the same trials, and does what is common to the groups once (docs/decisions/0009-search-at-scale.md).
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Container, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.samplers._tpe.sampler import _split_trials, default_gamma, default_gamma_multiobjective
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

# Random proposals before TPE models anything (Optuna's default is 10): a quick study has 12 trials.
STARTUP_TRIALS = 6
POPULATION = 20  # of a generation of NSGA-II (Optuna's default is 50): a standard study has 40 trials
SHOWN = 1000  # finished trials that TPE is shown at most
BEST = 25  # of 250 and more TPE takes no more than so many as the best (`default_gamma`)
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)

Encodings = dict[int, dict[str, float]]  # the parameters of finished trials as TPE's numbers, by the trials' numbers


def sampler_for(name: str, seed: int, number: int, known: Encodings | None = None) -> BaseSampler:
    """The sampler (`tpe`, `nsga2`, `random`, `grid`) of trial `number`: what it draws, the two numbers decide.

    `known` is kept from one trial of a search to the next, and spares TPE encoding all of them again.
    """
    digest = hashlib.sha256(f"{seed}/search/{number}".encode()).digest()
    drawn = int.from_bytes(digest[:4], "little")
    if name in ("random", "grid"):
        return RandomSampler(seed=drawn)
    if name == "nsga2":
        return NSGAIISampler(seed=drawn, population_size=POPULATION)
    return GroupedTpe(drawn, {} if known is None else known, SHOWN)


class GroupedTpe(TPESampler):
    """Optuna's multivariate TPE by groups, quicker: it divides and encodes trials once, not once for each group.

    Of finished trials at most `most` are read (`shown`). Up to these it proposes what Optuna's own does, to the bit. It
    is a subclass of a class that is not abstract, for what is repeated there stands in its private methods.
    """

    def __init__(self, seed: int, known: Encodings, most: int) -> None:
        super().__init__(seed=seed, n_startup_trials=STARTUP_TRIALS, multivariate=True, group=True, constant_liar=True)
        self._known, self._most = known, most
        self._seen: Study | None = None
        self._parts: tuple[list[FrozenTrial], list[FrozenTrial]] | None = None

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The parameters of the trials that are shown; which these are is settled here, until the next trial."""
        trials = study.get_trials(deepcopy=False)
        finished = [t for t in trials if t.state in FINISHED]
        if len(finished) > self._most:
            finished = shown(study, finished, self._most)
            trials = [*finished, *(t for t in trials if t.state == TrialState.RUNNING)]
        self._seen, self._parts = cast(Study, _Seen(study, trials)), None
        # Groups follow from which parameters occur together; the same ones once more change nothing.
        different = {frozenset(t.params): t for t in reversed(finished)}
        told = sorted(different.values(), key=lambda t: t.number)
        return super().infer_relative_search_space(cast(Study, _Seen(study, told)), trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Values for the parameters that trials before have had."""
        return super().sample_relative(self._seen or study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A value for a parameter that none of them has had."""
        return super().sample_independent(self._seen or study, trial, param_name, param_distribution)

    def _sample(self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]) -> dict[str, Any]:
        """As Optuna has it, but for dividing the trials, which gives the same for every group."""
        if self._parts is None:
            states = (*FINISHED, TrialState.RUNNING)
            trials = [t for t in study._get_trials(deepcopy=False, states=states) if t.number != trial.number]
            count = sum(t.state != TrialState.RUNNING for t in trials)
            gamma = default_gamma if len(study.directions) == 1 else default_gamma_multiobjective
            self._parts = _split_trials(study, trials, gamma(count))
        below = self._build_parzen_estimator(study, search_space, self._parts[0], handle_below=True)
        above = self._build_parzen_estimator(study, search_space, self._parts[1], handle_below=False)
        drawn = below.sample(self._rng.rng, self._n_ei_candidates)
        chosen = TPESampler._compare(drawn, self._compute_acquisition_func(drawn, below, above))
        return {name: distribution.to_external_repr(chosen[name]) for name, distribution in search_space.items()}

    def _get_internal_repr(
        self, trials: list[FrozenTrial], search_space: dict[str, BaseDistribution], study: Study
    ) -> dict[str, NDArray[Any]]:
        """As Optuna has it: the values (trials that have all of them,) of each parameter, in the trials' order."""
        names = search_space.keys()
        encoded = [values for values in (self._encoded(t, study) for t in trials) if names <= values.keys()]
        return {name: np.asarray([values[name] for values in encoded]) for name in search_space}

    def _encoded(self, trial: FrozenTrial, study: Study) -> dict[str, float]:
        """A trial's parameters as numbers; those of one that runs may still become more."""
        found = self._known.get(trial.number)
        if found is None:
            kinds, params = trial.distributions, self._get_params(trial, study)
            # What is only shared yet of a trial that runs was proposed to it, and has no distribution of its own.
            known = {**(self._group_distributions() if kinds.keys() != params.keys() else {}), **kinds}
            found = {n: known[n].to_internal_repr(value) for n, value in params.items() if n in known}
            if trial.state in FINISHED:
                self._known[trial.number] = found
        return found

    def _group_distributions(self) -> dict[str, BaseDistribution]:
        groups = self._search_space_group.search_spaces if self._search_space_group is not None else []
        return {name: distribution for group in groups for name, distribution in group.items()}


def shown(study: Study, finished: Sequence[FrozenTrial], most: int) -> list[FrozenTrial]:
    """Of finished trials the `most` that TPE is shown: those it takes as the best, and of the others an even part.

    With one objective the best are the same that TPE finds among all; with several, a tenth of `most` where it would
    take a tenth of all. Even in the order of numbers, for TPE weighs the others by their age.
    """
    best = _best(study, finished, most)
    taken = set(map(id, best))
    others = [trial for trial in finished if id(trial) not in taken]
    places = np.linspace(0, len(others) - 1, most - len(best)).round().astype(int)
    return sorted([*best, *(others[place] for place in places)], key=lambda trial: trial.number)


def _best(study: Study, finished: Sequence[FrozenTrial], most: int) -> list[FrozenTrial]:
    """What TPE takes as the best; without its own pass over all trials, which costs more, where that is plain."""
    if len(study.directions) > 1:
        return _split_trials(study, list(finished), most // 10)[0]
    complete = [trial for trial in finished if trial.state == TrialState.COMPLETE]
    if len(complete) < BEST:  # some that were pruned are among the best
        return _split_trials(study, list(finished), BEST)[0]
    first = heapq.nlargest if study.direction == StudyDirection.MAXIMIZE else heapq.nsmallest
    return first(BEST, complete, key=lambda trial: cast(float, trial.value))


class _Seen:
    """A study with some of its trials; all else is the study's own."""

    def __init__(self, study: Study, trials: Sequence[FrozenTrial]) -> None:
        self._whole, self._some = study, list(trials)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def _get_trials(
        self, deepcopy: bool = False, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        return [t for t in self._some if states is None or t.state in states]
