"""The effect of a change around another configuration than the one that a study's tables have it around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from results.compared import judged_contrasts
from results.contrasts import run_ids
from results.study_effects import Effect, context
from results.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.wording import Choice, changes

Key = tuple[str, ...]


def effects_elsewhere(results: StudyResults, wanted: Sequence[Effect]) -> dict[Key, Effect]:
    """Those of `wanted`, single changes that another study measured, that this one's runs can tell too; by their keys.

    Of two configurations with results that differ in the changed factor alone (and in what hangs from it), the score
    with the change minus that without it, over the seeds that both have. Of several such pairs that whose other choices
    are nearest to what the change was measured around, then the one with the most seeds. Verdicts hold their error over
    what is returned.
    """
    pairs = {effect.key(): (effect, pair) for effect in wanted if (pair := _nearest(results, effect)) is not None}
    rows = [{changed: 1.0, base: -1.0} for _, (base, changed) in pairs.values()]
    found: dict[Key, Effect] = {}
    for (key, (effect, (base, changed))), row in zip(pairs.items(), judged_contrasts(results, rows), strict=True):
        if row.comparison is None:
            continue
        runs = run_ids(results, row.comparison, base, changed)
        around = context(_choices(results, base), effect.factor)
        levels = effect.factor, effect.from_level, effect.to_level
        found[key] = Effect(
            "change to another configuration", "", *levels, row.comparison, row.judgement, runs, row.judged, around
        )
    return found


def _nearest(results: StudyResults, effect: Effect) -> tuple[str, str] | None:
    """The digests without and with the change; None where no two configurations differ in it alone."""
    if not effect.factor:
        return None
    without: dict[frozenset[tuple[str, Choice]], str] = {}
    with_it: dict[frozenset[tuple[str, Choice]], str] = {}
    for digest in results.measured():
        choices = _choices(results, digest)
        level, rest = str(choices.get(effect.factor)), frozenset(context(choices, effect.factor).items())
        if level == effect.from_level:
            without.setdefault(rest, digest)
        elif level == effect.to_level:
            with_it.setdefault(rest, digest)
    ranked = [
        (len(changes(effect.around, dict(rest))), -seeds, without[rest], with_it[rest])
        for rest in without.keys() & with_it.keys()
        if (seeds := _common(results, without[rest], with_it[rest])) >= MIN_PAIRED_SEEDS
    ]
    return min(ranked)[2:] if ranked else None


def _common(results: StudyResults, one: str, other: str) -> int:
    return len(results.results_of(one).keys() & results.results_of(other).keys())


def _choices(results: StudyResults, digest: str) -> Mapping[str, Choice]:
    return next(iter(results.results_of(digest).values())).choices_json
