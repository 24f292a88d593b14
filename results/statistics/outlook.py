"""Outlook: the probability that more seeds give a row a verdict, from what its first seeds have shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

from results.statistics.differences import Difference


@dataclass(frozen=True)
class Outlook:
    """Probabilities at a later analysis: that a row helps, hurts or is equivalent, and that it is not open.

    `decided` counts the first three; `said` counts them, and no gain and no loss of the margin too.
    """

    decided: float
    said: float


def outlook(
    difference: Difference, seeds: int, later: int, *, level: float, margin: float | None = None, error: float = 0.05
) -> Outlook:
    """Return the outlook of a row after `later` seeds, from its difference after `seeds`.

    With the variance v / n over n seeds, the estimate after n' seeds is normal around the present one, with the
    variance v / n - v / n': its predictive distribution if all true differences were equally likely before. (The noise
    that seeds share, that of the dev examples, stays as it is.) The critical distances are those of the noise after n'
    seeds.

    Args:
        difference: the present difference with its noise.
        seeds: the seeds that it has, n.
        later: those that it would have, n' > n.
        level: the level of the two-sided test of "no difference" at the later analysis.
        margin: the equivalence margin; None: no statement rests on one.
        error: that of each one-sided test of the margin at the later analysis.

    Raises:
        ValueError: `later` is not above `seeds`.
    """
    if later <= seeds:
        raise ValueError(f"later must be above the {seeds} seeds of the row, got {later}")
    now = difference.noise
    share = seeds / later
    noise = replace(
        now, seeds=now.seeds * share, floor=now.floor * share, seed_df=now.seed_df + later - seeds, sampled=None
    )
    then = Difference(0.0, noise)
    tested = then.test_interval(level).high
    by_margin = (margin or 0.0) - then.test_interval(1 - 2 * error).high if margin is not None else -float("inf")
    deviation = sqrt(now.seeds * (1 - share))
    outside = _outside(difference.estimate, deviation, tested)
    equivalent = 1 - _outside(difference.estimate, deviation, by_margin) if by_margin > 0 else 0.0
    if by_margin >= tested:  # what helps or hurts by less than this is equivalent as well
        return Outlook(1.0, 1.0)
    said = 1.0 if by_margin >= 0 else _outside(difference.estimate, deviation, min(-by_margin, tested))
    return Outlook(min(1.0, outside + equivalent), said)


def _outside(center: float, deviation: float, distance: float) -> float:
    """Return the probability that a normal value is farther than `distance` from 0."""
    from scipy.special import ndtr

    if deviation == 0:
        return float(abs(center) > distance)
    return float(ndtr((center - distance) / deviation) + ndtr((-center - distance) / deviation))
