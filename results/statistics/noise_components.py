"""Variance components of a typical row's noise, and the noise that they give with other numbers of seeds and examples.

The difference of seed i on example j is D_ij = delta + S_i + E_j + R_ij (`differences`). In a table, the components of
every row are estimated as its verdict estimates them, with noise moderated over the rows (`variance_shrinkage`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from results.statistics.paired_noise import PairedRow
from results.statistics.shared_noise import PRIOR_DF
from results.statistics.variance_shrinkage import FEWEST, moderated

# Of the degrees of freedom in a table whose reference is as noisy as its rows. One table in ten takes such a reference
# for noisier, and the floor of the variance costs power, too. With a third, simulated tables of 8 to 30 rows with 3 to
# 8 seeds detect as often as planned, within 4 %.
KEPT = 1 / 3
QUIET = 0.05


@dataclass(frozen=True)
class NoiseComponents:
    """Variances of D in one task, in squared score units: s_S^2, and for a single example s_R^2 and s_E^2.

    Measured with m = `size` examples (0: not known, then only s_S^2 is not 0) and `df` degrees of freedom of the
    variance over seeds, s_S^2 + s_R^2 / m.
    """

    seeds: float
    residual: float = 0.0
    examples: float = 0.0
    size: int = 0
    df: float = inf


@dataclass(frozen=True)
class ScoreNoise:
    """The noise of a row's score: the variance of D's mean over seeds, and that which all seeds share through examples.

    With n seeds, the variance of the estimate is `by_seed` / n + `examples`. `residual` is the part of `by_seed` that
    residuals of seeds and examples have.
    """

    by_seed: float
    examples: float
    residual: float = 0.0

    @property
    def deviation(self) -> float:
        """The standard deviation of D's mean between seeds."""
        return sqrt(self.by_seed)


def components_of(rows: Sequence[PairedRow]) -> NoiseComponents | None:
    """Return the components of a typical row of one task: the median of each over the rows that change the outputs.

    A row with m examples, the moderated variance v over seeds, the residual r and the variance e through examples has
    s_S^2 = v - r,  s_R^2 = m r,  s_E^2 = m e. The median, because a few rows of a table are far noisier than the rest.
    Rows whose r is below `QUIET` of the largest differ in a few outputs, which no plan needs to detect, and do not
    count. None if no row differs from the reference.
    """
    found, least = [], QUIET * max((row.residual or 0.0 for row in rows), default=0.0)
    for row, difference in zip(rows, moderated(rows), strict=True):
        size, residual = row.example_df + 1, row.residual or 0.0
        if residual >= least and not row.difference.is_zero:
            seeds = max(difference.noise.seeds * len(row.by_seed) - residual, 0.0)
            found.append((seeds, size * residual, size * row.examples, row.example_df, difference.noise.seed_df))
    if not found:
        return None
    seeds, residual, examples, example_df, df = map(float, np.median(found, axis=0))
    return NoiseComponents(seeds, residual, examples, int(example_df) + 1 if example_df else 0, df)


def score_noise(tasks: Sequence[NoiseComponents], sizes: Sequence[int]) -> ScoreNoise:
    """Return the noise of the mean over T tasks with m = `sizes` dev examples, whose errors are independent.

    residual = sum s_R^2 / m / T^2    by_seed = residual + sum s_S^2 / T^2    examples = sum s_E^2 / m / T^2
    """
    pairs, squared = [(task, max(size, 1)) for task, size in zip(tasks, sizes, strict=True)], len(tasks) ** 2
    residual = sum(task.residual / size for task, size in pairs) / squared
    examples = sum(task.examples / size for task, size in pairs) / squared
    return ScoreNoise(residual + sum(task.seeds for task in tasks) / squared, examples, residual)


def moderated_df(seeds: int, rows: int) -> float:
    """Return the degrees of freedom to expect of a table's moderated noise, at least n - 1.

    Those of `SharedNoise.moderated` with d = n - 1, for L rows that share 1/2 of their residual with the reference: the
    shared part has the share s = (1 + 1/L) / 2 and d0 + d degrees of freedom, the rest (L - 1) d, and both together
    1 / (s^2 / (d0 + d) + (1 - s)^2 / ((L - 1) d)). Of these, `KEPT` are expected. Too few rows are not moderated.
    """
    df = seeds - 1
    if rows < FEWEST:
        return df
    share = (1 + 1 / rows) / 2
    return max(KEPT / (share**2 / (PRIOR_DF + df) + (1 - share) ** 2 / ((rows - 1) * df)), df)


def best_size(tasks: Sequence[NoiseComponents], run_seconds: float, example_seconds: float, seconds: float) -> float:
    """Return the number m of examples per task that gives a row the least variance in a given time.

    A run takes `run_seconds` without the examples that decide, and `example_seconds` for each of these in each of T
    tasks, so n = seconds / (run_seconds + T m example_seconds) seeds are affordable. The variance
    (sum s_S^2 + sum s_R^2 / m) / n + sum s_E^2 / m  is least where

        m^2 = (run_seconds sum s_R^2 + seconds sum s_E^2) / (T example_seconds sum s_S^2)

    Infinite if s_S is 0, or if examples cost nothing.
    """
    cost = len(tasks) * example_seconds * sum(task.seeds for task in tasks)
    reducible = sum(run_seconds * task.residual + seconds * task.examples for task in tasks)
    return sqrt(reducible / cost) if cost > 0 else inf
