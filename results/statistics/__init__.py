"""The statistics of the results, on plain arrays. No database, no pandas; scores in the units they come in.

`seeds` is always the first axis and `examples` the last. What is here by name is what others may rely on; the parts
are `crossed` (noise of seeds and examples), `resampling`, `hypotheses` (tests, many of them, repeated looks),
`verdicts`, `moderation` (what rows tell of each other's noise), `power`, `selection_bias` and `fronts`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.arrays import Float64, difference, finite, probability, standardised
from results.statistics.bootstrap import CorrelationDifference, MeanDifference, score_difference
from results.statistics.differences import Difference, Interval, Noise, paired_difference, tasks_difference
from results.statistics.hypothesis_tests import holm, permutation_test, sequential_level, sequential_p, spending, tost
from results.statistics.pareto import front, front_probability, hypervolume
from results.statistics.power import PRIOR_DEVIATION, minimum_detectable_effect, noise_so_far
from results.statistics.selection_bias import (
    SelectionGap,
    expected_maximum,
    expected_selection_bias,
    probability_of_superiority,
    selection_gap,
)
from results.statistics.variance_shrinkage import moderated_differences
from results.statistics.verdicts import MARGIN, Judgement, Verdict, judge, verdict

expected_luck = expected_selection_bias  # the function's first name

__all__ = [
    "MARGIN",
    "PRIOR_DEVIATION",
    "CorrelationDifference",
    "Difference",
    "Float64",
    "Interval",
    "Judgement",
    "MeanDifference",
    "Noise",
    "SelectionGap",
    "Verdict",
    "expected_luck",
    "expected_maximum",
    "expected_selection_bias",
    "front",
    "front_probability",
    "holm",
    "hypervolume",
    "judge",
    "minimum_detectable_effect",
    "moderated_differences",
    "noise_so_far",
    "paired_bootstrap",
    "paired_difference",
    "paired_score_bootstrap",
    "paired_t_interval",
    "pearson_scores",
    "permutation_test",
    "probability_of_superiority",
    "score_difference",
    "selection_gap",
    "sequential_level",
    "sequential_p",
    "spending",
    "tasks_difference",
    "tost",
    "verdict",
]


def paired_bootstrap(
    a: ArrayLike, b: ArrayLike, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Interval:
    """mean(a) - mean(b) with an interval for other seeds *and* other examples.

    `a` and `b` have shape (seeds, examples): row i of both comes from the same run seed, column j of both is
    the same example. Examples are drawn with replacement, `resamples` times, for a and b and all seeds alike; the
    seeds, of which there are few, enter by their own variance and Student's factor: see
    `resampling.score_difference` and `crossed.tail_probability`.

    A plain bootstrap of both (Owen 2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1(2)) counts twice
    what varies by seed and example together: simulated, its 95 % intervals covered 97.7 % with 3 seeds, 98.7 % with 5
    and 99.3 % with 10. These cover 94 to 97 % (`benchmarks/statistics.py`). With two seeds they cover up to 99 %.
    With one seed only examples vary, and nothing is said about other seeds.

    Deterministic: equal arguments give equal intervals. ValueError for NaN, infinities and unequal shapes.
    """
    return paired_score_bootstrap([(a, b)], level=level, resamples=resamples, seed=seed)


def paired_score_bootstrap(
    tasks: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """`paired_bootstrap` of a score that is the mean over tasks of a mean over that task's examples.

    `tasks` holds one pair (a, b) of arrays (seeds, examples) a task; the seeds are the same for all tasks, the
    examples are each task's own and drawn for each. For a task whose score is a correlation give `pearson_scores`,
    exact to first order, or `score_difference` a `CorrelationDifference`, which computes it anew in every resample.
    """
    probability(level, "level")
    differences = [MeanDifference(a, b) for a, b in tasks]
    return score_difference(differences, resamples=resamples, seed=seed).interval(level)


def paired_t_interval(a: ArrayLike, b: ArrayLike, *, level: float = 0.95) -> Interval:
    """mean(a) - mean(b) with Student's t interval over seeds.

    `a` and `b` have shape (seeds,) and are paired by seed.

    It answers a narrower question than `paired_bootstrap`: other seeds on these very examples. At least two
    seeds are needed. ValueError for NaN, infinities and shapes that differ.
    """
    apart = difference(a, b, [1])
    return paired_difference(apart, np.zeros_like(apart)).interval(level)


def pearson_scores(predictions: ArrayLike, labels: ArrayLike) -> Float64:
    """Return a value an example whose mean is Pearson's r exactly, so that r can be resampled like an accuracy.

    r + influence, with influence_i = zx_i zy_i - r/2 (zx_i^2 + zy_i^2) and z the standardised values
    (Devlin, Gnanadesikan and Kettenring 1975, "Robust estimation and outlier detection with correlation
    coefficients", Biometrika 62): the first-order change of r when example i weighs a little more. The
    influences sum to zero. Resampled means are therefore r to first order, not r recomputed.

    `predictions` (..., examples) and `labels` (examples,) give (..., examples). Where either is constant,
    r does not exist and all values are 0: a constant prediction tells nothing. ValueError for NaN.
    """
    x, y = finite(predictions, "predictions"), finite(labels, "labels")
    if y.ndim != 1 or x.shape[-1:] != y.shape:
        raise ValueError(f"predictions (..., examples) must fit labels (examples,), got {x.shape} and {y.shape}")
    zx, zy = standardised(x), standardised(y)
    r = (zx * zy).mean(axis=-1, keepdims=True)
    scores: Float64 = r + zx * zy - r / 2 * (zx**2 + zy**2)
    return scores
