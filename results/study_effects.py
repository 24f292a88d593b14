"""The effects that a study measured, under names that mean the same in another study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from results.ablation import AblationRow
from results.added import added_rows
from results.contrasts import run_ids
from results.grid import GridRow
from results.leaderboard import baseline_digest
from results.statistics import Difference, Interval, Judgement, Verdict
from results.study_results import Comparison, StudyResults
from results.summary import Summary
from results.wording import Choice, changes, choice_in_words, level_text

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
        """ "pooling mean → cls", or the label."""
        if not self.factor:
            return self.label
        return f"{self.factor} {level_text(self.from_level)} → {level_text(self.to_level)}"

    def key(self) -> Key:
        """Equal for a change and for the same change made the other way round."""
        if not self.factor:
            return self.table, self.label
        return self.table, self.factor, *sorted((self.from_level, self.to_level))

    def turned(self) -> Effect:
        """The effect of the change made the other way round: the same runs, the sign reversed."""
        said = self.judgement
        return replace(
            self,
            from_level=self.to_level,
            to_level=self.from_level,
            comparison=self.comparison.turned if self.comparison else None,
            judgement=replace(said, verdict=TURNED[said.verdict]) if said else None,
            judged=replace(self.judged, estimate=-self.judged.estimate) if self.judged else None,
        )


Effects = Mapping[Key, Effect]


def effects(results: StudyResults, found: Summary) -> Effects:
    """The effects of a study by their keys, in the order of its tables: single changes, or the rows of a grid.

    Of two rows with one key, which only levels that look alike can give, the first stands.
    """
    kept: dict[Key, Effect] = {}
    for effect in _all(results, found):
        kept.setdefault(effect.key(), effect)
    return kept


def _all(results: StudyResults, found: Summary) -> Iterator[Effect]:
    baseline = baseline_digest(results) or ""
    for row in found.ablation if not found.is_grid else ():
        best = (found.best.digest, found.best.choices) if found.best else ("", {})
        yield _change(results, "change to the best", row, *best)
    for added in added_rows(results, found) if not found.is_grid else ():
        yield _change(results, "change to the baseline", added.alone, baseline, found.baseline_choices)
    for one in found.against_baseline:
        runs = _run_ids(results, one.comparison, one.entry.digest, baseline)
        table, label, change = _named(one, found.baseline_choices)
        around = context(found.baseline_choices, change[0]) if change[0] else {}
        yield Effect(table, label, *change, one.comparison, one.judgement, runs, one.judged, around)


def context(choices: Mapping[str, Choice], factor: str) -> dict[str, Choice]:
    """What a configuration chooses beside a factor and those that hang from it."""
    return {name: choice for name, choice in choices.items() if name != factor and not name.startswith(f"{factor}.")}


def _change(
    results: StudyResults, table: Table, row: AblationRow, reference: str, choices: Mapping[str, Choice]
) -> Effect:
    cell = row.cell
    change = str(cell.factor), str(cell.from_level), str(cell.to_level)
    runs = _run_ids(results, row.comparison, cell.config_digest, reference)
    around = context(choices, change[0])
    return Effect(table, "", *change, row.comparison, row.judgement, runs, row.judged, around)


def _named(row: GridRow, baseline: Mapping[str, Choice]) -> tuple[Table, str, tuple[str, str, str]]:
    """A row of a grid by its printed label, else by the one factor in which it is not the baseline, or all of them."""
    if row.entry.labels:
        return "configuration", "; ".join(row.entry.labels), ("", "", "")
    differing = changes(dict(baseline), row.entry.choices)
    if len(differing) == 1 and differing[0].from_level is not None and differing[0].to_level is not None:
        (one,) = differing
        return "configuration", "", (one.factor, str(one.from_level), str(one.to_level))
    # Every change is told, also of factors that came or went, so that a label names one configuration.
    told = [
        choice_in_words(one.factor, one.to_level) if one.to_level is not None else f"without {one.factor}"
        for one in differing
    ]
    return "configuration", ", ".join(told), ("", "", "")


def _run_ids(results: StudyResults, comparison: Comparison | None, *digests: str) -> str:
    return run_ids(results, digests, comparison.seeds) if comparison else ""
