"""Effects of a study, with keys that identify the same effect in another study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from results.analysis.ablation import AblationRow
from results.analysis.add_one_in import added_rows
from results.analysis.comparisons import JudgedComparison, judged_contrasts, shown_interval
from results.analysis.contrasts import Comparison, common_seeds, compared_runs
from results.analysis.grid import GridRow
from results.analysis.leaderboard import baseline_digest
from results.analysis.summary import Summary
from results.database.rows import Cell
from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.statistics import Interval, Judgement
from results.text.formatting import Choice, changes, choice_in_words, level_text

Table = Literal["change to the best", "change to the baseline", "configuration", "change to another configuration"]
Key = tuple[str, ...]  # the table and the identity of the row in it


@dataclass(frozen=True)
class Effect:
    """Row of a study's tables: a change, the difference in score, and the verdict.

    A change of one factor has `factor`, `from_level` and `to_level` and an empty `label`. `comparison` is None if the
    configurations have fewer than two seeds in common, `judgement` before the table's first interim analysis.
    `run_ids`: the runs compared, as in every export. `around`: the other choices of the configurations that a single
    change distinguishes.
    """

    table: Table
    label: str
    factor: str
    from_level: str
    to_level: str
    comparison: Comparison | None
    judgement: Judgement | None
    run_ids: str = ""
    around: Mapping[str, Choice] = field(default_factory=dict)

    @property
    def interval(self) -> Interval | None:
        """The effect in score units, with the interval that its verdict uses."""
        return shown_interval(self)

    def words(self) -> str:
        """Return "pooling mean → cls", or the label."""
        if not self.factor:
            return self.label
        return f"{self.factor} {level_text(self.from_level)} → {level_text(self.to_level)}"

    def key(self) -> Key:
        """Return a key that is the same for a change and its reverse."""
        if not self.factor:
            return self.table, self.label
        return self.table, self.factor, *sorted((self.from_level, self.to_level))

    def turned(self) -> Effect:
        """Return the effect of the reverse change: the same runs, the opposite sign."""
        return replace(
            self,
            from_level=self.to_level,
            to_level=self.from_level,
            comparison=self.comparison.reversed if self.comparison else None,
            judgement=self.judgement.reversed if self.judgement else None,
        )


Effects = Mapping[Key, Effect]


def effects(results: StudyResults, summary: Summary) -> Effects:
    """Return the effects of a study by key, in the order of its tables: single changes, or the rows of a grid."""
    by_key: dict[Key, Effect] = {}
    for effect in _all(results, summary):
        by_key.setdefault(effect.key(), effect)  # levels with the same text may share a key
    return by_key


def effects_elsewhere(results: StudyResults, others: Sequence[Effect]) -> Effects:
    """Return the single changes of another study that this study's runs can measure too, by key.

    An effect is the difference of two configurations that differ only in the changed factor (and factors that depend on
    it), over the seeds that both have. If there are several such pairs, the one whose other choices are most similar to
    the other study's is taken, then the one with the most seeds. The error of the verdicts is controlled over all
    effects returned.
    """
    pairs = {effect.key(): (effect, pair) for effect in others if (pair := _nearest(results, effect)) is not None}
    rows = [{changed: 1.0, base: -1.0} for _, (base, changed) in pairs.values()]
    measured: dict[Key, Effect] = {}
    for (key, (effect, (base, changed))), row in zip(pairs.items(), judged_contrasts(results, rows), strict=True):
        if row.comparison is not None:
            change = effect.factor, effect.from_level, effect.to_level
            table: Table = "change to another configuration"
            measured[key] = _effect(results, table, row, change, (base, changed), _choices(results, base))
    return measured


def _all(results: StudyResults, summary: Summary) -> Iterator[Effect]:
    baseline = baseline_digest(results) or ""
    if not summary.is_grid:
        best, choices = (summary.best.digest, summary.best.choices) if summary.best else ("", {})
        for row in summary.ablation:
            digests = row.cell.config_digest, best
            yield _effect(results, "change to the best", row, _change(row.cell), digests, choices)
        for added_row in (added.alone for added in added_rows(results, summary)):
            digests = added_row.cell.config_digest, baseline
            table: Table = "change to the baseline"
            yield _effect(results, table, added_row, _change(added_row.cell), digests, summary.baseline_choices)
    for grid_row in summary.against_baseline:
        label, change = _identity(grid_row, summary.baseline_choices)
        digests = grid_row.entry.digest, baseline
        yield _effect(results, "configuration", grid_row, change, digests, summary.baseline_choices, label)


def _effect(
    results: StudyResults,
    table: Table,
    row: AblationRow | GridRow | JudgedComparison,
    change: tuple[str, str, str],
    digests: tuple[str, str],
    choices: Mapping[str, Choice],
    label: str = "",
) -> Effect:
    """Return a row as an effect; the change was made to a configuration with `choices`."""
    runs = compared_runs(results, row.comparison, *digests)
    around = _context(choices, change[0]) if change[0] else {}
    return Effect(table, label, *change, row.comparison, row.judgement, runs, around)


def _change(cell: Cell) -> tuple[str, str, str]:
    return str(cell.factor), str(cell.from_level), str(cell.to_level)


def _context(choices: Mapping[str, Choice], factor: str) -> dict[str, Choice]:
    """Return the choices of all factors except one and those that depend on it."""
    return {name: choice for name, choice in choices.items() if name != factor and not name.startswith(f"{factor}.")}


def _identity(row: GridRow, baseline: Mapping[str, Choice]) -> tuple[str, tuple[str, str, str]]:
    """Return the label of a grid row, or its change if it differs from the baseline in a single factor."""
    if row.entry.labels:
        return "; ".join(row.entry.labels), ("", "", "")
    differing = changes(dict(baseline), row.entry.choices)
    if len(differing) == 1 and differing[0].from_level is not None and differing[0].to_level is not None:
        return "", (differing[0].factor, str(differing[0].from_level), str(differing[0].to_level))
    # Removed factors are listed too, so that a label identifies its configuration.
    words = [
        choice_in_words(change.factor, change.to_level) if change.to_level is not None else f"without {change.factor}"
        for change in differing
    ]
    return ", ".join(words), ("", "", "")


def _nearest(results: StudyResults, effect: Effect) -> tuple[str, str] | None:
    """Return the digests without and with the change, or None if no two configurations differ only in it."""
    if not effect.factor:
        return None
    by_level: dict[str, dict[frozenset[tuple[str, Choice]], str]] = {effect.from_level: {}, effect.to_level: {}}
    for digest in results.measured():
        choices = _choices(results, digest)
        level, rest = str(choices.get(effect.factor)), frozenset(_context(choices, effect.factor).items())
        if level in by_level:
            by_level[level].setdefault(rest, digest)
    before, after = by_level[effect.from_level], by_level[effect.to_level]
    ranked = [
        (len(changes(effect.around, dict(rest))), -len(seeds), before[rest], after[rest])
        for rest in before.keys() & after.keys()
        if len(seeds := common_seeds(results, [before[rest], after[rest]])) >= MIN_PAIRED_SEEDS
    ]
    return min(ranked)[2:] if ranked else None


def _choices(results: StudyResults, digest: str) -> Mapping[str, Choice]:
    return next(iter(results.results_of(digest).values())).choices_json
