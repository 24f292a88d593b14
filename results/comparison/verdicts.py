"""Carrying over of effects from one study to another: differences of effects, and verdicts on them.

Pure functions on `Difference`s, no database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from results.statistics.differences import Difference, Noise
from results.statistics.hypothesis_tests import holm
from results.statistics.verdicts import MARGIN, Verdict

CarryOver = Literal["carries over", "reverses", "differs", "open"]


@dataclass(frozen=True)
class CarryOverJudgement:
    """The verdict on one effect in two studies and the p-values behind it.

    `p`: of "the effects are equal", `adjusted_p`: Holm's over the table; `equivalence_p`: of "the effects are the
    margin or more apart".
    """

    verdict: CarryOver
    p: float
    adjusted_p: float
    equivalence_p: float


@dataclass(frozen=True)
class EffectPair:
    """One effect in a reference study and in another, with the verdict each study gave on it.

    `shares`: what part of its study's error each was judged with (1 where the study looked at its table once; less
    where open rows got further seeds and every look spent a part).
    """

    first: Difference
    second: Difference
    verdicts: tuple[Verdict, Verdict]
    shares: tuple[float, float] = (1.0, 1.0)

    @property
    def share(self) -> float:
        """The part of the error that their difference may spend: there is one for each pair of looks.

        P(any pair (i, j) of looks errs) <= sum_ij s_i s_j alpha = alpha, by Bonferroni's inequality.
        """
        return self.shares[0] * self.shares[1]

    @property
    def level(self) -> float:
        """The level of the interval of their difference, so that it holds with 95 % over all looks."""
        return 1 - 0.05 * self.share


def effect_difference(first: Difference, second: Difference) -> Difference:
    """Return `second` - `first`, effects of independent studies, with its noise.

        d = d_2 - d_1        V = V_1 + V_2,    V_i = seeds_i + examples_i        (`crossed.Noise`)

    Variances of independent estimates add up, part by part. The degrees of freedom of each part are Welch's and
    Satterthwaite's (Satterthwaite 1946, "An approximate distribution of estimates of variance components", Biometrics
    Bulletin 2; Welch 1947, Biometrika 34):

        df = (V_1 + V_2)^2 / (V_1^2 / df_1 + V_2^2 / df_2)        min(df_1, df_2) <= df <= df_1 + df_2

    The seeds' part and the examples' part stay apart, as `crossed.tail_probability` needs them: one df for their sum
    would reject true nulls too often at the small levels of a table. In units of the effects.

    Studies on the same dev examples are not independent in the examples' part. What that part has in common cancels in
    the difference where effects are alike, so the interval is then wider than necessary, not narrower.
    """
    one, other = first.noise, second.noise
    seeds, seed_df = _summed((one.seeds, one.seed_df), (other.seeds, other.seed_df))
    examples, example_df = _summed((one.examples, one.example_df), (other.examples, other.example_df))
    return Difference(second.estimate - first.estimate, Noise(seeds, examples, seed_df, int(example_df)))


def judge_carry_over(
    pairs: Sequence[EffectPair], *, margin: float | None = MARGIN, alpha: float = 0.05
) -> list[CarryOverJudgement]:
    """Return the verdicts of one table, in the order given.

    reverses: the effects differ, helps in one study and hurts in the other. differs: the effects differ otherwise, in
    size or because one study has none. carries over: they do not surely differ and both studies say the same (helps,
    hurts or equivalent), or they are surely within `margin` of each other. open: neither.

    Any false "differs" or "reverses" in the table: at most `alpha` (Holm). A false "within the margin": at most
    `alpha` a row. That both say the same is as sure as their own tables. A difference that is real but surely within
    the margin carries over: it is too small to matter.
    """
    found = [effect_difference(pair.first, pair.second) for pair in pairs]
    p = [min(1.0, each.p_value() / pair.share) for each, pair in zip(found, pairs, strict=True)]
    same = [
        1.0 if margin is None else min(1.0, each.equivalence_p(margin) / pair.share)
        for each, pair in zip(found, pairs, strict=True)
    ]
    return [
        CarryOverJudgement(_verdict(pair.verdicts, held, equal, alpha), alone, held, equal)
        for pair, alone, held, equal in zip(pairs, p, (float(value) for value in holm(p)), same, strict=True)
    ]


def _verdict(verdicts: tuple[Verdict, Verdict], p: float, equivalence_p: float, alpha: float) -> CarryOver:
    if equivalence_p <= alpha:
        return "carries over"
    if p <= alpha:
        return "reverses" if set(verdicts) == {"helps", "hurts"} else "differs"
    return "carries over" if verdicts[0] == verdicts[1] != "open" else "open"


def _summed(*parts: tuple[float, float]) -> tuple[float, float]:
    """Return the sum of variances and its degrees of freedom; parts that are zero do not count."""
    total = sum(variance for variance, _ in parts)
    if total == 0:
        return 0.0, min(df for _, df in parts)
    return total, total**2 / sum(variance**2 / df for variance, df in parts if variance > 0)
