"""Studies side by side: whether the effects that the first one found carry over to the others."""

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
    def is_corrected(self) -> bool:
        """Whether one of the studies corrected its verdict for the selection bias of its best."""
        both = self.first, self.second
        return any(one.judged and one.comparison and one.judged != one.comparison.difference for one in both)

    @property
    def elsewhere(self) -> tuple[Change, ...]:
        """Other choices in which the second study's configurations differ from the first's."""
        return changes(dict(self.first.around), dict(self.second.around)) if self.first.factor else ()

    def around_words(self) -> str:
        """Return "sts_head cosine, not concat; no smart": the second's in place of the first's; empty for the same."""
        return "; ".join(map(_in_place, self.elsewhere))


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
    launches: tuple[ComparableLaunch, ...] = ()

    @property
    def same_data(self) -> bool:
        """Whether both were measured on the same examples."""
        return self.first.study.data_fingerprint == self.second.study.data_fingerprint

    def sentence(self) -> str:
        """Return how many effects carry over, reverse, differ or are open."""
        if not self.shared:
            none = "The two studies have no row in common: nothing can be said about what carries over."
            return f"{none} A launch that changes that is below." if any(one.command for one in self.launches) else none
        counts = Counter[str](row.judgement.verdict for row in self.shared if row.judgement)
        words = (
            ("carries over", "carries over", "carry over"),
            ("reverses", "reverses", "reverse"),
            ("differs", "differs", "differ"),
            ("open", "is open", "are open"),
        )
        verdicts = [f"{counts[v]} {one if counts[v] == 1 else many}" for v, one, many in words if counts[v]]
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
    """Several studies, the first the reference. `names` tell them apart: with the place where names are equal."""

    names: tuple[str, ...]
    studies: tuple[Summary, ...]
    differing: tuple[SetupRow, ...]
    common: tuple[SetupRow, ...]
    pairs: tuple[PairOfStudies, ...]


def compare_studies(studies: Sequence[StudyResults]) -> StudyComparison:
    """Return the comparison of at least two studies that were read."""
    if len(studies) < 2:
        raise ValueError(f"a comparison needs at least 2 studies, got {len(studies)}")
    _check_units(studies)
    found = [summarise(results) for results in studies]
    measured = [effects(results, one) for results, one in zip(studies, found, strict=True)]
    names = _names([one.study.study_name for one in found])
    differing, common = setup_rows([one.study for one in found])
    pairs = [
        _pair((studies[0], studies[place]), (found[0], found[place]), names[place], measured[0], measured[place])
        for place in range(1, len(found))
    ]
    return StudyComparison(names, tuple(found), tuple(differing), tuple(common), tuple(pairs))


def _check_units(studies: Sequence[StudyResults]) -> None:
    """Check that effects have one unit and direction.

    Raises:
        ResultsError: they do not, so they have no difference.
    """
    first = studies[0]
    for other in studies[1:]:
        mine, theirs = first.units.score, other.units.score
        if (mine.unit, mine.higher_is_better) != (theirs.unit, theirs.higher_is_better):
            raise ResultsError(
                f"The effects of '{first.study.study_name}' and '{other.study.study_name}' cannot be compared: one "
                f"measures {mine.in_words}, the other {theirs.in_words}. Compare studies of one unit and direction."
            )


def _pair(
    studies: tuple[StudyResults, StudyResults],
    found: tuple[Summary, Summary],
    name: str,
    mine: Effects,
    theirs: Effects,
) -> PairOfStudies:
    margins = [margin_of(one.study) for one in found]
    margin = None if None in margins else min(each for each in margins if each is not None)
    shared, only_mine, only_theirs = _matched(mine, theirs)
    there, here = effects_elsewhere(studies[1], only_mine), effects_elsewhere(studies[0], only_theirs)
    shared += [SharedEffect(effect, there[effect.key()], False) for effect in only_mine if effect.key() in there]
    shared += [SharedEffect(here[effect.key()], effect, False) for effect in only_theirs if effect.key() in here]
    only_mine = [effect for effect in only_mine if effect.key() not in there]
    only_theirs = [effect for effect in only_theirs if effect.key() not in here]
    missing = ((found[1], studies[1], only_mine), (found[0], studies[0], only_theirs))
    return PairOfStudies(
        first=found[0],
        second=found[1],
        name=name,
        shared=tuple(_judged(shared, margin)),
        only_first=tuple(only_mine),
        only_second=tuple(only_theirs),
        margin=margin,
        launches=tuple(one for of, read, rows in missing for one in launches(of.study, read.storage, rows)),
    )


def _matched(mine: Effects, theirs: Effects) -> tuple[list[SharedEffect], list[Effect], list[Effect]]:
    """Return the rows of both, of one table or else of any about the same change, and the rows of each alone."""
    left, right, shared = dict(mine), dict(theirs), list[SharedEffect]()
    for place in (0, 1):  # of a key: its table too, or what is changed alone
        by_key = {key[place:]: key for key in reversed(right)}
        for key, effect in mine.items():
            if key not in left or (match := by_key.pop(key[place:], None)) is None:
                continue
            del left[key]
            other = right.pop(match)
            turned = (other.from_level, other.to_level) != (effect.from_level, effect.to_level)
            shared.append(SharedEffect(effect, other.turned() if turned else other, turned))
    return shared, list(left.values()), list(right.values())


def _judged(rows: Sequence[SharedEffect], margin: float | None) -> list[SharedEffect]:
    """Return the rows with their verdicts, the clearest difference first, rows without a verdict last."""
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
    """Return the effects that the studies judged: the selection bias of each best would make measured ones differ."""
    one, other = row.first, row.second
    if not (one.comparison and other.comparison and one.judgement and other.judgement):
        return None
    return EffectPair(
        one.judged or one.comparison.difference,
        other.judged or other.comparison.difference,
        (one.judgement.verdict, other.judgement.verdict),
        ((1 - one.comparison.level) / 0.05, (1 - other.comparison.level) / 0.05),
    )


def _in_place(change: Change) -> str:
    if change.to_level is None:
        return f"no {change.factor}"
    new = f"{change.factor} {level_text(change.to_level)}"
    return new if change.from_level is None else f"{new}, not {level_text(change.from_level)}"


def _names(given: Sequence[str]) -> tuple[str, ...]:
    """Return the studies' names, equal ones with the number of their place."""
    return tuple(name if given.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(given, start=1))
