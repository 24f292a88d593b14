"""Comparison of several studies: whether the effects of the first carry over to the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from results.analysis.summary import Summary, summarise
from results.comparison.comparable_launch import ComparableLaunch, launches
from results.comparison.effects import Effect, Effects, effects, effects_elsewhere
from results.comparison.setups import SetupRow, setup_rows
from results.comparison.verdicts import CarryOverJudgement, EffectPair, effect_difference, judge_carry_over
from results.errors import ResultsError
from results.measurements.study_results import StudyResults
from results.measurements.task_units import margin_of
from results.statistics import Interval
from results.text.formatting import Change, changes, level_text, plural


@dataclass(frozen=True)
class SharedEffect:
    """Effect in both studies; that of the second is reversed (`turned`) if it was measured the other way round.

    `difference`, the second minus the first, and `judgement` are None if a study has not judged the effect yet.
    """

    first: Effect
    second: Effect
    turned: bool
    difference: Interval | None = None
    judgement: CarryOverJudgement | None = None

    @property
    def elsewhere(self) -> tuple[Change, ...]:
        """Other choices in which the configurations of the two studies differ."""
        return changes(dict(self.first.around), dict(self.second.around)) if self.first.factor else ()

    def around_words(self) -> str:
        """Return "sts_head cosine, not concat; no smart": the second's choices that differ from the first's."""
        return "; ".join(map(_in_words, self.elsewhere))


@dataclass(frozen=True)
class PairOfStudies:
    """Reference and another study: the effects in both, the clearest verdicts first, and those in only one."""

    first: Summary
    second: Summary
    name: str
    margin: float | None
    shared: tuple[SharedEffect, ...]
    only_first: tuple[Effect, ...]
    only_second: tuple[Effect, ...]
    launches: tuple[ComparableLaunch, ...] = ()

    @property
    def same_data(self) -> bool:
        """Whether both were measured on the same examples."""
        return self.first.study.data_fingerprint == self.second.study.data_fingerprint

    def sentence(self) -> str:
        """Return a sentence with the numbers of effects that carry over, reverse, differ or are open."""
        if not self.shared:
            none = "The two studies have no row in common, so nothing can be said about what carries over."
            has_launch = any(launch.command for launch in self.launches)
            return f"{none} A launch that measures common rows is below." if has_launch else none
        counts = Counter[str](row.judgement.verdict for row in self.shared if row.judgement)
        forms = {
            "carries over": ("carries over", "carry over"),
            "reverses": ("reverses", "reverse"),
            "differs": ("differs", "differ"),
            "open": ("is open", "are open"),
        }
        verdicts = [f"{counts[verdict]} {forms[verdict][counts[verdict] > 1]}" for verdict in forms if counts[verdict]]
        waiting = len(self.shared) - counts.total()
        if waiting:
            verdicts.append(f"{waiting} {'has' if waiting == 1 else 'have'} no verdict in one of the studies yet")
        sentence = f"Of {plural(len(self.shared), 'row')} in both studies, {', '.join(verdicts)}."
        elsewhere = sum(bool(row.elsewhere) for row in self.shared)
        if not elsewhere:
            return sentence
        which = "All" if elsewhere == len(self.shared) else f"{elsewhere}"
        return f"{sentence} {which} of them {'is' if elsewhere == 1 else 'are'} measured around other configurations."


@dataclass(frozen=True)
class StudyComparison:
    """Comparison of studies with the first, the reference; equal `names` are numbered."""

    names: tuple[str, ...]
    studies: tuple[Summary, ...]
    differing: tuple[SetupRow, ...]
    common: tuple[SetupRow, ...]
    pairs: tuple[PairOfStudies, ...]


def compare_studies(studies: Sequence[StudyResults]) -> StudyComparison:
    """Return the comparison of the studies with the first of them.

    Raises:
        ValueError: there are fewer than two studies.
        ResultsError: their scores have different units or directions.
    """
    if len(studies) < 2:
        raise ValueError(f"a comparison needs at least 2 studies, got {len(studies)}")
    _check_units(studies)
    sides = [_Side(results, summary := summarise(results), effects(results, summary)) for results in studies]
    summaries = [side.summary for side in sides]
    names = _names([summary.study.study_name for summary in summaries])
    differing, common = setup_rows([summary.study for summary in summaries])
    pairs = [_pair(sides[0], side, name) for side, name in zip(sides[1:], names[1:], strict=True)]
    return StudyComparison(names, tuple(summaries), tuple(differing), tuple(common), tuple(pairs))


def _check_units(studies: Sequence[StudyResults]) -> None:
    first = studies[0]
    for other in studies[1:]:
        unit, other_unit = first.units.score, other.units.score
        if (unit.unit, unit.higher_is_better) != (other_unit.unit, other_unit.higher_is_better):
            raise ResultsError(
                f"The effects of '{first.study.study_name}' and '{other.study.study_name}' cannot be compared: one "
                f"measures {unit.in_words}, the other {other_unit.in_words}. Compare studies with the same unit and "
                "direction."
            )


@dataclass(frozen=True, eq=False)
class _Side:
    """One study of a comparison."""

    results: StudyResults
    summary: Summary
    effects: Effects


def _pair(first: _Side, second: _Side, name: str) -> PairOfStudies:
    margins = [margin_of(side.summary.study) for side in (first, second)]
    margin = None if None in margins else min(value for value in margins if value is not None)
    shared, only_first, only_second = _matched(first.effects, second.effects)
    # Effects that only one study's tables have, computed from the runs of the other.
    in_second, in_first = effects_elsewhere(second.results, only_first), effects_elsewhere(first.results, only_second)
    shared += [SharedEffect(effect, other, False) for effect in only_first if (other := in_second.get(effect.key()))]
    shared += [SharedEffect(other, effect, False) for effect in only_second if (other := in_first.get(effect.key()))]
    only_first = [effect for effect in only_first if effect.key() not in in_second]
    only_second = [effect for effect in only_second if effect.key() not in in_first]
    return PairOfStudies(
        first=first.summary,
        second=second.summary,
        name=name,
        shared=tuple(_judged(shared, margin)),
        only_first=tuple(only_first),
        only_second=tuple(only_second),
        margin=margin,
        launches=(
            *launches(second.summary.study, second.results.storage, only_first),
            *launches(first.summary.study, first.results.storage, only_second),
        ),
    )


def _matched(first: Effects, second: Effects) -> tuple[list[SharedEffect], list[Effect], list[Effect]]:
    """Return the effects in both studies, in the same table or about the same change, and those in only one of them."""
    left, right, shared = dict(first), dict(second), list[SharedEffect]()
    for start in (0, 1):  # first by the whole key, then without its table
        by_key = {key[start:]: key for key in reversed(right)}
        for key, effect in first.items():
            if key not in left or (match := by_key.pop(key[start:], None)) is None:
                continue
            del left[key]
            other = right.pop(match)
            turned = (other.from_level, other.to_level) != (effect.from_level, effect.to_level)
            shared.append(SharedEffect(effect, other.turned() if turned else other, turned))
    return shared, list(left.values()), list(right.values())


def _judged(rows: Sequence[SharedEffect], margin: float | None) -> list[SharedEffect]:
    """Return the rows with their verdicts, the clearest difference first, rows without a verdict last."""
    pairs = [(row, pair) for row in rows if (pair := _effect_pair(row)) is not None]
    judgements = judge_carry_over([pair for _, pair in pairs], margin=margin)
    judged = [
        replace(row, difference=_measured(row, pair.level), judgement=judgement)
        for (row, pair), judgement in zip(pairs, judgements, strict=True)
    ]
    waiting = [row for row in rows if _effect_pair(row) is None]
    order = ("reverses", "differs", "carries over", "open")
    return [*sorted(judged, key=lambda row: order.index(row.judgement.verdict) if row.judgement else 9), *waiting]


def _measured(row: SharedEffect, level: float) -> Interval | None:
    first, second = row.first.comparison, row.second.comparison
    return effect_difference(first.difference, second.difference).interval(level) if first and second else None


def _effect_pair(row: SharedEffect) -> EffectPair | None:
    first, second = row.first, row.second
    if not (first.comparison and second.comparison and first.judgement and second.judgement):
        return None
    return EffectPair(
        first.comparison.difference,
        second.comparison.difference,
        (first.judgement.verdict, second.judgement.verdict),
        ((1 - first.comparison.level) / 0.05, (1 - second.comparison.level) / 0.05),
    )


def _in_words(change: Change) -> str:
    if change.to_level is None:
        return f"no {change.factor}"
    new = f"{change.factor} {level_text(change.to_level)}"
    return new if change.from_level is None else f"{new}, not {level_text(change.from_level)}"


def _names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the studies' names, equal ones with the study's number."""
    return tuple(name if names.count(name) == 1 else f"{name} ({number})" for number, name in enumerate(names, start=1))
