"""Differences of effects between two studies, and verdicts on whether an effect carries over; pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from results.statistics.differences import Difference, Noise
from results.statistics.hypothesis_tests import holm
from results.statistics.verdicts import DECIDED, MARGIN, Verdict

CarryOver = Literal["carries over", "reverses", "differs", "open"]


@dataclass(frozen=True)
class CarryOverJudgement:
    """Verdict on one effect in two studies, with its p-values.

    `p`: of "the effects are equal"; `adjusted_p`: the same, adjusted by Holm's method over the table; `equivalence_p`:
    of "the effects differ by at least the margin".
    """

    verdict: CarryOver
    p: float
    adjusted_p: float
    equivalence_p: float


@dataclass(frozen=True)
class EffectPair:
    """Effect in a reference study and in another, with the verdicts of both studies.

    `shares`: the share of its study's error with which each was judged, 1 unless interim analyses shared the error.
    """

    first: Difference
    second: Difference
    verdicts: tuple[Verdict, Verdict]
    shares: tuple[float, float] = (1.0, 1.0)

    @property
    def share(self) -> float:
        """Share of the error that their difference may spend, one for each pair of interim analyses.

        P(any pair (i, j) of analyses errs) <= sum_ij s_i s_j alpha = alpha, by Bonferroni's inequality.
        """
        return self.shares[0] * self.shares[1]

    @property
    def level(self) -> float:
        """Level of the interval of their difference that gives 95 % over all interim analyses."""
        return 1 - 0.05 * self.share


def effect_difference(first: Difference, second: Difference) -> Difference:
    """Return `second` - `first`, effects of independent studies, with its noise.

        d = d_2 - d_1        V = V_1 + V_2,    V_i = seeds_i + examples_i        (`differences.Noise`)

    Variances of independent estimates add up, separately for seeds and examples. The degrees of freedom are Welch's and
    Satterthwaite's (Satterthwaite 1946, "An approximate distribution of estimates of variance components", Biometrics
    Bulletin 2; Welch 1947, Biometrika 34):

        df = (V_1 + V_2)^2 / (V_1^2 / df_1 + V_2^2 / df_2)        min(df_1, df_2) <= df <= df_1 + df_2

    The two variances are kept separate for `differences.tail_probability`: a single df for their sum would reject true
    nulls too often at the small levels of a table.

    Studies with the same dev examples are not independent. The noise that they share cancels in the difference of
    similar effects, so the interval is then wider than necessary, not narrower.
    """
    a, b = first.noise, second.noise
    seeds, seed_df = _summed((a.seeds, a.seed_df), (b.seeds, b.seed_df))
    examples, example_df = _summed((a.examples, a.example_df), (b.examples, b.example_df))
    return Difference(second.estimate - first.estimate, Noise(seeds, examples, seed_df, int(example_df)))


def judge_carry_over(
    pairs: Sequence[EffectPair], *, margin: float | None = MARGIN, alpha: float = 0.05
) -> list[CarryOverJudgement]:
    """Return the verdicts on the rows of one table, in their order.

    reverses: the effects differ significantly, one study says helps and the other hurts. differs: they differ
    significantly in another way. carries over: they do not, and both studies have the same verdict (helps, hurts or
    equivalent), or they are significantly within `margin` of each other, where even a real difference is too small to
    matter. open: neither.

    The probability of any false "differs" or "reverses" in the table is at most `alpha` (Holm), that of a false "within
    the margin" at most `alpha` per row. Equal verdicts are as reliable as the studies' own tables.
    """
    differences = [(effect_difference(pair.first, pair.second), pair.share) for pair in pairs]
    p = [min(1.0, difference.p_value() / share) for difference, share in differences]
    judgements = []
    for pair, (difference, share), row_p, adjusted in zip(pairs, differences, p, holm(p).tolist(), strict=True):
        equivalence_p = 1.0 if margin is None else min(1.0, difference.equivalence_p(margin) / share)
        verdict = _verdict(pair.verdicts, adjusted, equivalence_p, alpha)
        judgements.append(CarryOverJudgement(verdict, row_p, adjusted, equivalence_p))
    return judgements


def _verdict(verdicts: tuple[Verdict, Verdict], p: float, equivalence_p: float, alpha: float) -> CarryOver:
    if equivalence_p <= alpha:
        return "carries over"
    if p <= alpha:
        return "reverses" if set(verdicts) == {"helps", "hurts"} else "differs"
    return "carries over" if verdicts[0] == verdicts[1] in DECIDED else "open"


def _summed(*parts: tuple[float, float]) -> tuple[float, float]:
    """Return the sum of variances and its degrees of freedom; variances of zero do not count."""
    total = sum(variance for variance, _ in parts)
    if total == 0:
        return 0.0, min(df for _, df in parts)
    return total, total**2 / sum(variance**2 / df for variance, df in parts if variance > 0)
