"""Studies side by side: do the effects that the first one found carry over to the others?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from results.carry_over import CarryOverJudgement, EffectPair, effect_difference, judge_carry_over
from results.setups import SetupRow, setup_rows
from results.statistics import Interval
from results.study_effects import Effect, Effects, effects
from results.study_results import StudyResults
from results.summary import Summary, summarise
from results.task_units import margin_of
from results.wording import plural


@dataclass(frozen=True)
class SharedEffect:
    """An effect in both studies, the second's turned to the first's direction where it was measured the other way.

    `difference`, the second minus the first with its interval, and `judgement` are None where either study could not
    judge it yet. The difference is as it was measured; the judgement is about what the studies' own are about.
    """

    first: Effect
    second: Effect
    turned: bool
    difference: Interval | None = None
    judgement: CarryOverJudgement | None = None

    @property
    def luck_taken_off(self) -> bool:
        """Whether one of the studies has judged other than it measured: its best was chosen by these very runs."""
        return any(one.judged and one.comparison and one.judged != one.comparison.difference for one in self.both)

    @property
    def both(self) -> tuple[Effect, Effect]:
        """The two effects."""
        return self.first, self.second


@dataclass(frozen=True)
class PairOfStudies:
    """The reference and one other study: what both measured, the surest verdicts first, and what only one did."""

    first: Summary
    second: Summary
    name: str
    margin: float | None
    shared: tuple[SharedEffect, ...]
    only_first: tuple[Effect, ...]
    only_second: tuple[Effect, ...]

    @property
    def same_data(self) -> bool:
        """Whether both were measured on the same examples."""
        return self.first.study.data_fingerprint == self.second.study.data_fingerprint

    def sentence(self) -> str:
        """The answer."""
        if not self.shared:
            return "The two studies have no row in common: nothing can be said about what carries over."
        counts = Counter[str](row.judgement.verdict for row in self.shared if row.judgement)
        words = (
            ("carries over", "carries over", "carry over"),
            ("reverses", "reverses", "reverse"),
            ("differs", "differs", "differ"),
            ("open", "is open", "are open"),
        )
        told = [f"{counts[v]} {one if counts[v] == 1 else many}" for v, one, many in words if counts[v]]
        waiting = len(self.shared) - counts.total()
        if waiting:
            told.append(f"{waiting} {'has' if waiting == 1 else 'have'} no verdict in one of the studies yet")
        return f"Of {plural(len(self.shared), 'row')} in both studies, {', '.join(told)}."


@dataclass(frozen=True)
class StudyComparison:
    """Several studies, the first the reference. `names` tell them apart: with the place where names are equal."""

    names: tuple[str, ...]
    studies: tuple[Summary, ...]
    differing: tuple[SetupRow, ...]
    common: tuple[SetupRow, ...]
    pairs: tuple[PairOfStudies, ...]


def compare_studies(studies: Sequence[StudyResults]) -> StudyComparison:
    """The comparison of studies that were read; at least two."""
    if len(studies) < 2:
        raise ValueError(f"a comparison needs at least 2 studies, got {len(studies)}")
    found = [summarise(results) for results in studies]
    measured = [effects(results, one) for results, one in zip(studies, found, strict=True)]
    names = _names([one.study.study_name for one in found])
    differing, common = setup_rows([one.study for one in found])
    pairs = [
        _pair(found[0], found[place], names[place], measured[0], measured[place]) for place in range(1, len(found))
    ]
    return StudyComparison(names, tuple(found), tuple(differing), tuple(common), tuple(pairs))


def _pair(first: Summary, second: Summary, name: str, mine: Effects, theirs: Effects) -> PairOfStudies:
    margins = [margin_of(one.study) for one in (first, second)]
    margin = None if None in margins else min(each for each in margins if each is not None)
    shared = []
    for key, effect in mine.items():
        if (other := theirs.get(key)) is not None:
            turned = (other.from_level, other.to_level) != (effect.from_level, effect.to_level)
            shared.append(SharedEffect(effect, other.turned() if turned else other, turned))
    return PairOfStudies(
        first=first,
        second=second,
        name=name,
        shared=tuple(_judged(shared, margin)),
        only_first=tuple(effect for key, effect in mine.items() if key not in theirs),
        only_second=tuple(effect for key, effect in theirs.items() if key not in mine),
        margin=margin,
    )


def _judged(rows: Sequence[SharedEffect], margin: float | None) -> list[SharedEffect]:
    """The rows with the verdicts on them, the clearest difference first, rows without a verdict last."""
    able = [(row, pair) for row in rows if (pair := _effect_pair(row)) is not None]
    judged = judge_carry_over([pair for _, pair in able], margin=margin)
    done = [
        replace(row, difference=_measured(row, pair.level), judgement=judgement)
        for (row, pair), judgement in zip(able, judged, strict=True)
    ]
    waiting = [row for row in rows if _effect_pair(row) is None]
    order = ("reverses", "differs", "carries over", "open")
    return [*sorted(done, key=lambda row: order.index(row.judgement.verdict) if row.judgement else 9), *waiting]


def _measured(row: SharedEffect, level: float) -> Interval | None:
    one, other = row.first.comparison, row.second.comparison
    return effect_difference(one.difference, other.difference).interval(level) if one and other else None


def _effect_pair(row: SharedEffect) -> EffectPair | None:
    """What the studies' own verdicts are about: the luck of each best would make their effects differ."""
    one, other = row.first, row.second
    if not (one.comparison and other.comparison and one.judgement and other.judgement):
        return None
    return EffectPair(
        one.judged or one.comparison.difference,
        other.judged or other.comparison.difference,
        (one.judgement.verdict, other.judgement.verdict),
        ((1 - one.comparison.level) / 0.05, (1 - other.comparison.level) / 0.05),
    )


def _names(given: Sequence[str]) -> tuple[str, ...]:
    """Equal names of studies from several databases get the number of their place."""
    return tuple(name if given.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(given, start=1))
