"""The noise that all rows of a table share through their reference, apart from the noise of each row.

A row is a configuration minus the reference. With z the rows' means over seeds in units of their residual r
(`paired_noise`), an analysis of variance of rows by seeds tells two values of q apart: that of the mean of all rows,
whose noise is the reference's for the most part, and that of the rows around this mean, which the reference does not
enter. The first has the degrees of freedom of one row, the second those of all rows together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results.statistics.arrays import Float64
from results.statistics.correlations import Correlations
from results.statistics.paired_noise import PairedRow

OUTLIER = 0.99  # quantile of F beyond which a row keeps its own variance
UNUSUAL = 0.9  # quantile of F beyond which the reference is taken to be noisier than the rows
PRIOR_DF = 8.0  # weight of the rows in the moderation of the reference's part, in degrees of freedom
OPPOSED = 0.1  # by which correlations rise on average if the signs of opposed rows are changed
FEWEST = 3  # rows that can be analysed
TINY = 1e-3  # a smaller part of the rows' noise cannot be told from rounding


@dataclass(frozen=True)
class SharedNoise:
    """q of the reference's part of the rows' noise and of the rows' own parts; shares of the residual, which sum to 1.

    `places`: the rows analysed; `inside`: (places,), those among them whose own q is no outlier. `shared`, with `df`
    degrees of freedom, has the share `share` of the residual; `own`, with `own_df`, has `own_share`.
    """

    places: NDArray[np.intp]
    inside: NDArray[np.bool_]
    shared: float
    own: float
    df: float
    own_df: float
    share: float
    own_share: float

    @property
    def usual(self) -> bool:
        """Whether the reference is not noisier than the rows: shared / own is at most F's quantile `UNUSUAL`.

        At 0.9 instead of 0.99, because a noisy reference that is not noticed makes a whole table wrong. A tenth of the
        tables whose reference is like the rows lose some power by it.
        """
        from scipy.stats import f

        return self.shared <= max(self.own, 1.0) * float(f.ppf(UNUSUAL, self.df, self.own_df))

    def moderated(self) -> tuple[float, float]:
        """Return by what to multiply the rows' q, and its degrees of freedom (Satterthwaite 1946).

        The reference's part is moderated towards the rows' own with d0 = `PRIOR_DF` degrees of freedom:
        (d0 own + d shared) / (d0 + d).
        """
        own = max(self.own, 1.0)  # q is at least 1
        shared = (PRIOR_DF * own + self.df * self.shared) / (PRIOR_DF + self.df)
        parts = self.share * shared, self.own_share * own
        df = sum(parts) ** 2 / (parts[0] ** 2 / (PRIOR_DF + self.df) + parts[1] ** 2 / self.own_df)
        return sum(parts) / (self.share * self.shared + self.own_share * self.own), df


def shared_noise(rows: Sequence[PairedRow], places: NDArray[np.intp], correlations: Correlations) -> SharedNoise | None:
    """Return the shared noise of the rows at `places`, of those with the same seeds and examples.

    With C the correlations of the rows' residuals and z (rows, seeds), centred over seeds, the variance of the mean row
    has the expectation q mean(C), and that of row k around it q e_k, e_k = C_kk - 2 mean_l C_kl + mean(C). Rows whose
    own q, their variance around the mean row divided by e_k, is above F's quantile `OUTLIER` times the median are left
    out, and the others are analysed again.

    None with fewer than `FEWEST` such rows, or if one of the parts is too small to be estimated.
    """
    found, correlation = correlations.of_residuals(places)
    if len(found) < FEWEST:
        return None
    signs = _signs(correlation)
    correlation = correlation * signs * signs[:, None]
    by_seed = [rows[place].by_seed / np.sqrt(rows[place].residual or 1.0) for place in found]
    z = np.stack([(each - each.mean()) * sign for each, sign in zip(by_seed, signs, strict=True)])
    inside = np.ones(len(found), dtype=np.bool_)
    for _ in range(3):
        analysed = _analysed(found, z, correlation, inside)
        if analysed is None or analysed.inside.sum() < FEWEST or (analysed.inside == inside).all():
            return analysed
        inside = analysed.inside
    return _analysed(found, z, correlation, inside)


def _signs(correlation: Float64) -> Float64:
    """Return the signs, (rows,), that make a - c and c - b share the noise of c; 1 where rows are not opposed."""
    signs = np.where(np.linalg.eigh(correlation)[1][:, -1] < 0, -1.0, 1.0)
    opposed = signs @ correlation @ signs - correlation.sum() > OPPOSED * correlation.size
    return signs if opposed else np.ones(len(signs))


def _analysed(
    places: NDArray[np.intp], z: Float64, correlation: Float64, inside: NDArray[np.bool_]
) -> SharedNoise | None:
    """Return the analysis of the rows `inside`, with those that are no outliers by it; None where it is undefined."""
    from scipy.stats import chi2, f

    df = float(z.shape[1] - 1)
    among = correlation[np.ix_(inside, inside)]
    share, mean = float(among.mean()), z[inside].mean(axis=0)
    expected = np.maximum(1 - 2 * correlation[:, inside].mean(axis=1) + share, TINY)
    own_share = float(expected[inside].mean())
    if share <= TINY / len(z) or own_share <= 2 * TINY:
        return None
    around = among - among.mean(axis=0) - among.mean(axis=1)[:, None] + share  # correlations around the mean row
    own_df = df * float(np.trace(around)) ** 2 / float((around**2).sum())
    variances = ((z - mean) ** 2).sum(axis=1) / df
    limit = float(np.median(variances / expected)) / float(chi2.ppf(0.5, df) / df) * float(f.ppf(OUTLIER, df, own_df))
    own = float(variances[inside].sum() / expected[inside].sum())
    shared = float((mean**2).sum()) / df / share
    return SharedNoise(places, variances <= limit * expected, shared, own, df, own_df, share, own_share)


def part_of_reference(row: PairedRow, others: Sequence[PairedRow]) -> float | None:
    """Return how much of the reference's own noise is in a row: 1 if the two share none, 0 if they share all.

    `row` and `others`: differences from one reference. The covariance of two others is the reference's variance; a
    single one has about twice this variance. The covariance of the row with the others is the reference's variance less
    what the row shares with it. The part is the ratio of the two, from the residuals of common seeds.

    None if residuals are not known, there are fewer than two common seeds, or the examples differ.
    """
    residuals = _aligned([row, *others])
    if residuals is None or len(residuals) < 2:
        return None
    products = residuals[1:] @ residuals[1:].T
    count = len(products)
    pairs = (products.sum() - np.trace(products)) / (count * (count - 1)) if count > 1 else products[0, 0] / 2
    if pairs <= 0:
        return None
    return float(np.clip(residuals[0] @ residuals[1:].mean(axis=0) / pairs, 0.0, 1.0))


def _aligned(rows: Sequence[PairedRow]) -> Float64 | None:
    """Return the residuals of common seeds, (rows, seeds x examples); None if there are none or examples differ."""
    known = [row.residuals for row in rows if row.residuals is not None]
    common = set(rows[0].seeds).intersection(*(row.seeds for row in rows[1:]))
    if len(known) < len(rows) or len({each.shape[1] for each in known}) > 1 or len(common) < 2:
        return None
    order = [seed for seed in rows[0].seeds if seed in common]
    places = [[row.seeds.index(seed) for seed in order] for row in rows]
    return np.stack([each[place].ravel() for each, place in zip(known, places, strict=True)])
