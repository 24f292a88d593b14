"""Figures that no world has: the best of a search's single runs, rankings of factors, and the time of a table."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from results.importance.evaluate import importances
from results.statistics import compare, expected_selection_bias, selection_gap

from .figures import Figure
from .tasks import Float
from .worlds import POINT

SEED_DEVIATION = 0.007
Named = Iterator[tuple[str, Figure]]


def winners_curse(rng: np.random.Generator, repetitions: int) -> Named:
    """100 configurations whose true scores deviate by 0.5 points, one run each; the best again with 5 fresh seeds."""
    naive, confirmed = [], []
    for _ in range(repetitions):
        true = rng.normal(0.70, 0.005, 100)
        searched = true + rng.normal(0, SEED_DEVIATION, 100)
        best = true[searched.argmax()]
        gap = selection_gap(searched, best + rng.normal(0, SEED_DEVIATION, 5))
        naive.append((gap.searched - best) / POINT)
        confirmed.append((gap.confirmed - best) / POINT)
    error = float(np.std(naive)) / repetitions**0.5
    foreseen = expected_selection_bias(100, SEED_DEVIATION, 0.005) / POINT
    yield "best of 100 single runs: too high by (points)", Figure(float(np.mean(naive)), error, digits=3)
    yield (
        "the same, less what is expected (points)",
        Figure(float(np.mean(naive)) - foreseen, error, -0.05, 0.05, digits=3),
    )
    error = float(np.std(confirmed)) / repetitions**0.5
    yield "its confirmed score: too high by (points)", Figure(float(np.mean(confirmed)), error, -0.05, 0.05, digits=3)


def null_factors(rng: np.random.Generator, repetitions: int) -> Named:
    """A random search of 60 runs: two factors of 1.5 points each, one of them conditional, and four without effect.

    An error: a factor without effect is ranked above one that has an effect, or the latter is not ranked. A twentieth
    of the repetitions: each is hundreds of forests.
    """
    real = ("pooling", "adapter")
    claimed = wrong = 0
    for number in range(max(1, repetitions // 20)):
        found = importances(*_searched(rng, 60), resamples=20, seed=number)
        claimed += bool(found.ranking)
        reals = [found.ranking.index(name) if name in found.ranking else len(found.ranking) for name in real]
        nulls = [i for i, name in enumerate(found.ranking) if name not in real]
        wrong += bool(nulls) and min(nulls) < max(reals)
    share = wrong / max(claimed, 1)
    error = 100 * max(share * (1 - share) / max(claimed, 1), 1e-4) ** 0.5
    yield (
        f"a factor without effect ranked above a real one, of {claimed} rankings (%)",
        Figure(100 * share, error, high=5),
    )


def _searched(rng: np.random.Generator, runs: int) -> tuple[list[dict[str, str]], Float]:
    choices, scores = [], np.empty(runs)
    for i in range(runs):
        chosen = {name: str(rng.choice(["1", "2", "3"])) for name in ("pooling", "sampler", "head", "schedule", "loss")}
        chosen["adapter"] = str(rng.choice(["none", "lora"]))
        if chosen["adapter"] == "lora":
            chosen["adapter.lora.rank"] = str(rng.choice(["4", "8"]))
        gain = (chosen["pooling"] == "1") + (chosen.get("adapter.lora.rank") == "8")
        choices.append(chosen)
        scores[i] = 0.7 + 1.5 * POINT * gain + rng.normal(0, SEED_DEVIATION)
    return choices, scores


def speed(rng: np.random.Generator, repetitions: int) -> Named:
    """A table of 30 rows, 5 seeds, 3 tasks of 3,000 dev examples."""
    best, *rows = [[rng.integers(0, 2, (5, 3000)).astype(float) for _ in range(3)] for _ in range(31)]
    started = time.process_time()
    compare(rows, best)
    yield "a table of 30 rows with verdicts (processor seconds)", Figure(time.process_time() - started, high=2)


PARTS = (speed, winners_curse, null_factors)
