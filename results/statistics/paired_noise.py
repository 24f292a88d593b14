"""The noise of the differences in one table: paired by seed and example, and moderated over the rows.

All runs of a seed share their data order, initialisation and dev examples, so the noise of a row is that of its
difference D from the reference (`differences`), not the sum of the noises of two configurations. A few seeds say little
about the variance of one row, but rows are alike in one respect: in q = v / r, the variance v of D over seeds divided
by what the residual of seeds and examples alone would give, r. q is at least 1 in the model, and comparable between
rows that change much and rows that change little. Therefore q is moderated over the rows, not v.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.arrays import Float64, difference, finite
from results.statistics.differences import Difference, Noise, examples_and_rest

SAMPLED = 200  # examples per task from which correlations of residuals are estimated


@dataclass(frozen=True, eq=False)
class PairedRow:
    """What a table needs to know of one row, a difference D of shape (seeds, examples) for each task.

    `seeds`: what identifies each seed; `by_seed`: means of D over examples and tasks, (seeds,); `residual`: the
    variance r of such a mean that comes from residuals of seeds and examples; `examples`: the variance of the estimate
    that all seeds share through the examples; `residuals`: those of some examples, (seeds, sampled), scaled so that
    their sum of squares per degree of freedom is r. Without examples, or if all examples move alike, `residual` and
    `residuals` are None.
    """

    seeds: tuple[Hashable, ...]
    by_seed: Float64
    residual: float | None = None
    examples: float = 0.0
    example_df: int = 0
    residuals: Float64 | None = None

    @property
    def df(self) -> int:
        """The degrees of freedom over seeds."""
        return len(self.by_seed) - 1

    @property
    def variance(self) -> float:
        """The variance v of D's means over seeds."""
        return float(self.by_seed.var(ddof=1))

    @property
    def difference(self) -> Difference:
        """The difference with the noise that this row alone tells, at least that of its residual."""
        return self.with_noise(self.variance, self.df)

    def times(self, factor: float) -> PairedRow:
        """Return the row of `factor` times D; `factor` is not 0."""
        return replace(
            self,
            by_seed=factor * self.by_seed,
            residual=None if self.residual is None else factor**2 * self.residual,
            examples=factor**2 * self.examples,
            residuals=None if self.residuals is None else factor * self.residuals,
        )

    def with_noise(self, variance: float, df: float) -> Difference:
        """Return the difference, given the variance of D's means over seeds and its degrees of freedom."""
        count, floor = len(self.by_seed), (self.residual or 0.0) / len(self.by_seed)
        seeds, sampled = max(variance / count, floor), variance / count
        noise = Noise(seeds, self.examples, df, self.example_df, floor, sampled if sampled < seeds else None)
        return Difference(float(self.by_seed.mean()), noise)


def paired_row(tasks: Sequence[ArrayLike], seeds: Sequence[Hashable] | None = None) -> PairedRow:
    """Return a row from its differences per task, each (seeds, examples); a score is the mean over tasks.

    Row i of all tasks has the same seed; each task has its own examples. With the residuals R of seeds and examples
    (`differences.paired_difference`), r = sum over tasks of MS_R / (T^2 m), for T tasks of m examples. `seeds`: what
    identifies the seeds; default: their positions.

    Raises:
        ValueError: there is no task, or the tasks do not have the same seeds, at least two, and two examples each.
    """
    tables = [difference(task, np.zeros_like(np.asarray(task, dtype=np.float64))) for task in tasks]
    if not tables or any(t.ndim != 2 or len(t) != len(tables[0]) or len(t) < 2 or t.shape[1] < 2 for t in tables):
        shapes = ", ".join(str(table.shape) for table in tables) or "none"
        raise ValueError(f"tasks must be (seeds, examples), at least two of each and the same seeds, got {shapes}")
    count, n = len(tables), len(tables[0])
    residual = shared = 0.0
    sampled = []
    for table in tables:
        examples, rest = examples_and_rest(table)
        degrees = (n - 1) * (table.shape[1] - 1)
        residual += float((rest**2).sum()) / degrees / table.shape[1] / count**2
        shared += examples / count**2
        kept = rest[:, np.unique(np.linspace(0, table.shape[1] - 1, SAMPLED).astype(int))]
        sampled.append(kept / (count * np.sqrt(table.shape[1] * kept.shape[1])))
    by_seed = np.mean([table.mean(axis=1) for table in tables], axis=0)
    fewest = min(table.shape[1] for table in tables)
    names = tuple(range(n)) if seeds is None else tuple(seeds)
    shared = max(shared - residual / n, 0.0)
    if residual == 0:
        return PairedRow(names, by_seed, None, shared, fewest - 1)
    return PairedRow(names, by_seed, residual, shared, fewest - 1, np.concatenate(sampled, axis=1))


def row_of_scores(scores: ArrayLike, seeds: Sequence[Hashable] | None = None) -> PairedRow:
    """Return a row from differences of scores, (seeds,), whose examples are not known.

    Raises:
        ValueError: there are fewer than two seeds, or a value is NaN or infinite.
    """
    by_seed = finite(scores, "scores")
    if by_seed.ndim != 1 or len(by_seed) < 2:
        raise ValueError(f"scores must be (seeds,), at least two, got {by_seed.shape}")
    return PairedRow(tuple(range(len(by_seed))) if seeds is None else tuple(seeds), by_seed)


def tasks_difference(tasks: Sequence[ArrayLike]) -> Difference:
    """Return the mean over tasks of differences per example, each (seeds, examples), with its noise in closed form.

    See `paired_row`. Unlike the resampling of `bootstrap.score_difference`, which scores other than means need, it
    takes seconds for hundreds of contrasts.
    """
    return paired_row(tasks).difference
