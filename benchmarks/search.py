"""What a search finds where TPE is shown some of its trials, against one that is shown all, on planted surfaces.

    python benchmarks/search.py [--seeds 10] [--trials 600] [--shown 300] [--factors 12]

`full_ablation` (or its first `factors`) with the rehearsal's response surface, another for each seed, one trial at a
time, none pruned; a run's score deviates by 1 point (seed and dev examples). Compared are searches with the same random
numbers, after `trials` trials: the true score of the best of the five that scored best, which is what `confirm` finds,
and the mean true score of the last 100 proposals; both over the baseline's, in points. Prints a line a seed, and last
the ratio of the gains.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import optuna
from optuna.trial import Trial

import search_spaces
from search_spaces import Factor, Space
from search_spaces.grammar import Choice, choose
from study.search import samplers
from study.trainers.rehearsal.response_surface import Surface, plant

TASKS = ("sst", "quora", "sts")
NOISE = 0.01  # standard deviation of a run's score
CONFIRMED, LAST = 5, 100


class Found(NamedTuple):
    """Points over the baseline: the best that is confirmed, and the mean of the last proposals; processor seconds."""

    best: float
    proposed: float
    seconds: float


def searched(space: Space, surface: Surface, seed: int, trials: int, shown: int) -> Found:
    """A search on a surface."""
    study, true, told = _study(shown), list[float](), list[float]()
    noise, began = np.random.default_rng((seed, 1)).normal(0, NOISE, trials), time.process_time()
    for number in range(trials):
        study.sampler = samplers.sampler_for("tpe", seed, number)
        trial = study.ask()
        true.append(surface.score(space.nearest(choose(space.factors, Suggested(trial)))))
        told.append(true[-1] + float(noise[number]))
        study.tell(trial, told[-1])
    best = max(true[place] for place in np.argsort(told)[-CONFIRMED:])
    base = surface.score(space.baseline())
    last = statistics.fmean(true[-LAST:])
    return Found(100 * (best - base), 100 * (last - base), time.process_time() - began)


def _study(shown: int) -> optuna.Study:
    """Return a study whose sampler is shown so many trials."""
    return optuna.create_study(direction="maximize", storage=samplers.ShownTrials(shown))


class Suggested:
    """Choices as a trial suggests them."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    def __call__(self, name: str, factor: Factor) -> Choice:
        """A level, or a number of the factor's range."""
        found = factor.range
        if found is None:
            return str(self.trial.suggest_categorical(name, list(factor.level_names())))
        if found.integer:
            return self.trial.suggest_int(name, int(found.low), int(found.high), log=found.log)
        return self.trial.suggest_float(name, found.low, found.high, log=found.log)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=600)
    parser.add_argument("--shown", type=int, default=300)
    parser.add_argument("--factors", type=int, help="the first so many of the space's 29 alone, which is quicker")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    space, pairs = search_spaces.load("full_ablation"), []
    if options.factors is not None:
        space = replace(space, factors=space.factors[: options.factors], constraints=(), recipes=())
    for seed in range(options.seeds):
        surface = plant(space, TASKS, seed)
        pair = [searched(space, surface, seed, options.trials, shown) for shown in (options.trials, options.shown)]
        pairs.append(pair)
        told = "; ".join(f"best {p.best:+.2f}, proposed {p.proposed:+.2f}, {p.seconds:.0f} s" for p in pair)
        print(f"seed {seed}: all {told}: {options.shown} shown", flush=True)
    for name in ("best", "proposed"):
        alone = [[getattr(found, name) for found in pair] for pair in pairs]
        gaps = [some - whole for whole, some in alone]
        error = statistics.stdev(gaps) / len(gaps) ** 0.5 if len(gaps) > 1 else float("nan")
        means = [statistics.fmean(column) for column in zip(*alone, strict=True)]
        print(f"{name}: all {means[0]:+.2f}, {options.shown} shown {means[1]:+.2f} points; difference "
              f"{statistics.fmean(gaps):+.2f}, standard error {error:.2f}", flush=True)  # fmt: skip
    print(f"gain of the best with {options.shown} shown over that with all: "
          f"{sum(p[1].best for p in pairs) / sum(p[0].best for p in pairs):.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
