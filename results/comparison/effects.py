"""The effects that a study measured, under names that mean the same in another study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from results.analysis.ablation import AblationRow
from results.analysis.add_one_in import added_rows
from results.analysis.comparisons import JudgedComparison, judged_contrasts
from results.analysis.contrasts import Comparison, compared_runs
from results.analysis.grid import GridRow
from results.analysis.leaderboard import baseline_digest
from results.analysis.summary import Summary
from results.database.rows import Cell
from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.statistics import Difference, Interval, Judgement, Verdict
from results.text.formatting import Choice, changes, choice_in_words, level_text

Table = Literal["change to the best", "change to the baseline", "configuration", "change to another configuration"]
Key = tuple[str, ...]  # the table, and what names the row in it

TURNED: Mapping[Verdict, Verdict] = {"helps": "hurts", "hurts": "helps", "equivalent": "equivalent", "open": "open"}


@dataclass(frozen=True)
class Effect:
    """One row of a study's tables: what is changed, by how much the score differs, and the verdict on that.

    Of a change of one factor, `factor`, `from_level` and `to_level` say which, and `label` is empty. `comparison` is
    None with fewer than two seeds in common with what it is compared with, `judgement` before the table's first look;
    that is about `judged`, the difference corrected for the selection bias of the best. `run_ids`: the runs compared,
    as in every export. `around`: what else the configurations compared choose, of a single change.
    """

    table: Table
    label: str
    factor: str
    from_level: str
    to_level: str
    comparison: Comparison | None
    judgement: Judgement | None
    run_ids: str = ""
    judged: Difference | None = None
    around: Mapping[str, Choice] = field(default_factory=dict)

    @property
    def interval(self) -> Interval | None:
        """The effect in score units, with its interval."""
        return self.comparison.interval if self.comparison else None

    def words(self) -> str:
        """Return "pooling mean → cls", or the label."""
        if not self.factor:
            return self.label
        return f"{self.factor} {level_text(self.from_level)} → {level_text(self.to_level)}"

    def key(self) -> Key:
        """Return a key that is equal for a change and for the same change made the other way round."""
        if not self.factor:
            return self.table, self.label
        return self.table, self.factor, *sorted((self.from_level, self.to_level))

    def turned(self) -> Effect:
        """Return the effect of the change made the other way round: the same runs, the sign reversed."""
        judgement = self.judgement
        return replace(
            self,
            from_level=self.to_level,
            to_level=self.from_level,
            comparison=self.comparison.reversed if self.comparison else None,
            judgement=replace(judgement, verdict=TURNED[judgement.verdict]) if judgement else None,
            judged=replace(self.judged, estimate=-self.judged.estimate) if self.judged else None,
        )


Effects = Mapping[Key, Effect]


def effects(results: StudyResults, found: Summary) -> Effects:
    """Return the effects of a study by their keys, in the order of its tables: single changes, or the rows of a grid.

    Of two rows with one key, which only levels that look alike can have, the first is kept.
    """
    kept: dict[Key, Effect] = {}
    for effect in _all(results, found):
        kept.setdefault(effect.key(), effect)
    return kept


def effects_elsewhere(results: StudyResults, wanted: Sequence[Effect]) -> Effects:
    """Return those of `wanted`, single changes that another study measured, that this study's runs show too, by key.

    Of two configurations with results that differ in the changed factor alone (and in factors that depend on it), the
    effect is the score with the change minus that without it, over the seeds that both have. Of several such pairs the
    one whose other choices are nearest to what the change was measured around is taken, then the one with the most
    seeds. Errors of the verdicts are held over all effects returned.
    """
    pairs = {effect.key(): (effect, pair) for effect in wanted if (pair := _nearest(results, effect)) is not None}
    rows = [{changed: 1.0, base: -1.0} for _, (base, changed) in pairs.values()]
    found: dict[Key, Effect] = {}
    for (key, (effect, (base, changed))), row in zip(pairs.items(), judged_contrasts(results, rows), strict=True):
        if row.comparison is not None:
            change = effect.factor, effect.from_level, effect.to_level
            table: Table = "change to another configuration"
            found[key] = _effect(results, table, row, change, (base, changed), _choices(results, base))
    return found


def _all(results: StudyResults, found: Summary) -> Iterator[Effect]:
    baseline = baseline_digest(results) or ""
    if not found.is_grid:
        best, choices = (found.best.digest, found.best.choices) if found.best else ("", {})
        for row in found.ablation:
            digests = row.cell.config_digest, best
            yield _effect(results, "change to the best", row, _change(row.cell), digests, choices)
        for alone in (added.alone for added in added_rows(results, found)):
            digests = alone.cell.config_digest, baseline
            table: Table = "change to the baseline"
            yield _effect(results, table, alone, _change(alone.cell), digests, found.baseline_choices)
    for one in found.against_baseline:
        label, change = _named(one, found.baseline_choices)
        digests = one.entry.digest, baseline
        yield _effect(results, "configuration", one, change, digests, found.baseline_choices, label)


def _effect(
    results: StudyResults,
    table: Table,
    row: AblationRow | GridRow | JudgedComparison,
    change: tuple[str, str, str],
    digests: tuple[str, str],
    choices: Mapping[str, Choice],
    label: str = "",
) -> Effect:
    """Return a row as an effect; `choices` are those that the change was made to."""
    runs = compared_runs(results, row.comparison, *digests)
    around = _context(choices, change[0]) if change[0] else {}
    return Effect(table, label, *change, row.comparison, row.judgement, runs, row.judged, around)


def _change(cell: Cell) -> tuple[str, str, str]:
    return str(cell.factor), str(cell.from_level), str(cell.to_level)


def _context(choices: Mapping[str, Choice], factor: str) -> dict[str, Choice]:
    """Return the choices of all factors but one and those that depend on it."""
    return {name: choice for name, choice in choices.items() if name != factor and not name.startswith(f"{factor}.")}


def _named(row: GridRow, baseline: Mapping[str, Choice]) -> tuple[str, tuple[str, str, str]]:
    """Return a grid row's label, or the change of the one factor in which it differs from the baseline."""
    if row.entry.labels:
        return "; ".join(row.entry.labels), ("", "", "")
    differing = changes(dict(baseline), row.entry.choices)
    if len(differing) == 1 and differing[0].from_level is not None and differing[0].to_level is not None:
        (one,) = differing
        return "", (one.factor, str(one.from_level), str(one.to_level))
    # Factors that vanished are named too, so that a label names one configuration.
    words = [
        choice_in_words(one.factor, one.to_level) if one.to_level is not None else f"without {one.factor}"
        for one in differing
    ]
    return ", ".join(words), ("", "", "")


def _nearest(results: StudyResults, effect: Effect) -> tuple[str, str] | None:
    """Return the digests without and with the change; None where no two configurations differ in it alone."""
    if not effect.factor:
        return None
    without: dict[frozenset[tuple[str, Choice]], str] = {}
    with_it: dict[frozenset[tuple[str, Choice]], str] = {}
    for digest in results.measured():
        choices = _choices(results, digest)
        level, rest = str(choices.get(effect.factor)), frozenset(_context(choices, effect.factor).items())
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
