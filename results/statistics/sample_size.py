"""Sample size: the seeds, or the dev examples, with which an open row would get a verdict."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace

from results.statistics.differences import Difference, Noise
from results.statistics.verdicts import ALPHA, Verdict

MOST = 10  # times the present seeds or dev examples: more are not advised
POWER = 0.8  # probability of the verdict


@dataclass(frozen=True)
class SampleSize:
    """The sample that gives a row its nearest verdict: `seeds` in all, or `times` as many dev examples.

    Either is None if `MOST` times the present number is not enough.
    """

    verdict: Verdict
    seeds: int | None
    times: float | None


def sample_size(
    difference: Difference, *, seeds: int, level: float = 0.95, margin: float | None = None
) -> SampleSize | None:
    """Return the fewest seeds, and the fewest dev examples, that give an open row a verdict with the power `POWER`.

    The true difference is taken to be the estimate d. The nearest verdict is then "no loss" of the margin (d >= 0) or
    "no gain" (d < 0): what helps has no such loss either, and what is equivalent has neither. Without a margin it is
    "helps" or "hurts"; None if d is 0 then.

    With the variance v over seeds and the part r of it that is the residual of seeds and examples (`paired_noise`), the
    variance of the estimate is v / n' + e with n' seeds instead of n, and (v - r + r / k) / n + e / k with k times the
    dev examples. Degrees of freedom grow by n' - n. The row's place in its table, and so its level, stay as they are.

    Args:
        difference: the row's difference, with its noise from `seeds` seeds; r / n is its `Noise.floor`.
        level: the level of the two-sided test of the row (`Judgement.level`).
        margin: the equivalence margin.
    """
    if difference.estimate == 0 and margin is None:
        return None
    gains = difference.estimate >= 0
    verdict: Verdict = ("no loss" if gains else "no gain") if margin is not None else "helps" if gains else "hurts"
    distance, level = abs(difference.estimate) + (margin or 0.0), level if margin is None else 1 - 2 * ALPHA
    noise = replace(difference.noise, sampled=None)

    def with_seeds(count: int) -> bool:
        part, df = seeds / count, noise.seed_df + count - seeds
        more = replace(noise, seeds=noise.seeds * part, floor=noise.floor * part, seed_df=df)
        return power(distance, more, level) >= POWER

    def with_examples(tenths: int) -> bool:
        part = 10 / tenths
        floor, examples = noise.floor * part, noise.examples * part
        more = replace(noise, seeds=noise.seeds - noise.floor + floor, floor=floor, examples=examples)
        return power(distance, more, level) >= POWER

    count = _first(range(seeds + 1, MOST * seeds + 1), with_seeds)
    tenths = _first(range(11, 10 * MOST + 1), with_examples)
    return SampleSize(verdict, count, None if tenths is None else tenths / 10)


def power(distance: float, noise: Noise, level: float) -> float:
    """Return the probability of an estimate beyond its critical distance if its expectation is `distance`.

    The critical distance is that of a two-sided test at 1 - `level`, on one side. It is estimated itself, with nu
    degrees of freedom (Satterthwaite), so the probability is that of a noncentral t (Cohen 1988, "Statistical Power
    Analysis", section 2.3). It is exact if all the noise is that of seeds.
    """
    from scipy.special import nctdtr

    if noise.error == 0:
        return 1.0
    reach = Difference(0.0, noise).test_interval(level).high
    nu = min(noise.seed_df * (noise.error**2 / noise.seeds) ** 2, 1e6) if noise.seeds else float(noise.example_df)
    return 1 - float(nctdtr(nu, distance / noise.error, reach / noise.error))


def _first(counts: range, enough: Callable[[int], bool]) -> int | None:
    """Return the first count that is enough; None if no one is. All counts above one that is enough are so, too."""
    place = bisect_left(counts, True, key=enough)
    return counts[place] if place < len(counts) else None
