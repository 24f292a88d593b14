"""PED-ANOVA: how differently a factor's levels are spread among the best runs and among all."""

from __future__ import annotations

import math

import numpy as np

from results.arrays import Float64
from results.choice_columns import Groups

TARGET = 0.1  # the best tenth
STEPS = 50  # cells of a range
_SIGMA_LEAST = 0.5 / 1.64  # cells: 90 % of a kernel lie in one


def ped_anova(groups: Groups, scores: Float64) -> Float64:
    """The Pearson divergence of the best tenth from all runs, summed over the columns of each group: (groups,).

        sum over cells of p_all (p_best / p_all - 1)^2

    Watanabe, Bansal and Hutter 2023, "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary
    subspaces", IJCAI, with p from Parzen estimators that have one run's weight of prior. The numbers are those of
    Optuna's `PedAnovaImportanceEvaluator` up to a factor that all groups share, without its copies of every trial.
    """
    cutoff = np.sort(-scores)[math.ceil(TARGET * len(scores)) - 1]
    best = -scores <= cutoff
    return np.array(
        [
            sum(_divergence(column, best, count) for column, count in zip(group.values.T, group.levels, strict=True))
            for group in groups.values()
        ]
    )


def _divergence(column: Float64, best: np.ndarray, levels: int) -> float:
    if np.ptp(column) == 0:
        return 0.0
    if levels:
        cells, size, density = column.astype(int), levels, _levels_density
    else:
        step = np.ptp(column) / (STEPS - 1)
        cells = np.clip(np.ceil((column - column.min()) / step - 0.5).astype(int), 0, STEPS - 1)
        size, density = STEPS, _range_density
    of_all, of_best = (density(np.bincount(found, minlength=size)) + 1e-12 for found in (cells, cells[best]))
    return float(of_all @ (of_best / of_all - 1) ** 2)


def _levels_density(counts: np.ndarray) -> Float64:
    """A kernel for each level that occurs, smoothed towards all, and the prior."""
    size, seen = len(counts), np.flatnonzero(counts)
    kernels = np.full((len(seen) + 1, size), 1 / (len(seen) + 1))
    kernels[np.arange(len(seen)), seen] += 1
    kernels /= kernels.sum(axis=1, keepdims=True)
    return _mixture(counts[seen], kernels)


def _range_density(counts: np.ndarray) -> Float64:
    """Truncated normal kernels at the cells that occur, their width by Scott's rule, and a wide one as prior."""
    from scipy.special import ndtr

    seen, last = np.flatnonzero(counts), len(counts) - 1
    weights = counts[seen]
    total, cumulated = weights.sum(), np.cumsum(weights)
    mean = seen @ weights / total
    deviation = math.sqrt((seen - mean) ** 2 @ weights / max(1, total - 1))
    first = np.searchsorted(cumulated, total // 4, side="left")
    third = min(len(seen) - 1, np.searchsorted(cumulated, total * 3 // 4, side="right"))
    width = 1.059 * min((seen[third] - seen[first]) / 1.34, deviation) * total**-0.2
    centres = np.append(seen, last / 2)[:, None]
    widths = np.append(np.full(len(seen), max(width, _SIGMA_LEAST)), last + 1.0)[:, None]
    edges = ndtr((np.arange(-0.5, last + 1) - centres) / widths)
    return _mixture(weights, np.diff(edges, axis=1) / (edges[:, -1:] - edges[:, :1]))


def _mixture(weights: np.ndarray, kernels: Float64) -> Float64:
    """Kernels by their weights, the last one the prior, of weight 1."""
    all_weights = np.append(weights, 1.0)
    mixed: Float64 = all_weights / all_weights.sum() @ kernels
    return mixed
