"""The effects in a launch's answer: a table per design of its ablation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from results.analysis.ablation import AblationRow
from results.analysis.comparisons import Judged, shown_interval
from results.analysis.summary import Summary
from results.designs.greedy_path import PathStep
from results.measurements.study_results import StudyResults
from results.report.sections import added as added_section
from results.report.sections import interactions as interactions_section
from results.report.sections import path as path_section
from results.report.sections import screen as screen_section
from results.report.sections.added import Added
from results.report.sections.interactions import Interactions, pair_text
from results.report.sections.path import PathSection, change_of
from results.report.sections.screen import Screen
from results.report.sections.section import BuiltSection
from results.text import formatting
from results.text.units import NONE, SHARES, Unit
from results.text.verdict_words import level_words, verdict_words
from search_spaces.output import plain
from study.console.terminal import columns

FEW_SEEDS = "fewer than two paired seeds"
SHOWN_ROWS = 6  # per design; the report has all

Effect = tuple[str, Judged, str]  # its name, the row, the verdict in words


@dataclass(frozen=True)
class DesignsEnding:
    """The results of the designs other than single changes of the best; None for those that were not run."""

    added: Added | None = None
    path: PathSection | None = None
    interactions: Interactions | None = None
    screen: Screen | None = None
    unit: Unit = SHARES

    @classmethod
    def of(cls, results: StudyResults, summary: Summary) -> DesignsEnding:
        """Return the designs of a study."""
        return cls(
            added_section.build(results, summary),
            path_section.build(results, summary),
            interactions_section.build(results, summary),
            screen_section.build(results, summary),
            summary.units.score,
        )

    @classmethod
    def of_sections(cls, sections: Iterable[BuiltSection], unit: Unit) -> DesignsEnding:
        """Return the designs in a report's sections."""
        contents = [section.content for section in sections]
        return cls(
            next((content for content in contents if isinstance(content, Added)), None),
            next((content for content in contents if isinstance(content, PathSection)), None),
            next((content for content in contents if isinstance(content, Interactions)), None),
            next((content for content in contents if isinstance(content, Screen)), None),
            unit,
        )

    def show(self, console: Console) -> None:
        """Print a table per design that was run."""
        designs: dict[str, list[Effect]] = {
            "a change of the best, averaged over the others": self._main_effects(),
            "one change of the baseline": [
                change_of_row(row.alone, self.unit) for row in (self.added.rows if self.added else ())
            ],
            "from the baseline to the best": [self._step(step) for step in (self.path.path.steps if self.path else ())],
            "two changes together, beyond the sum": self._pairs(),
        }
        for title, effects in designs.items():
            if effects:
                console.print()
                show_effects(console, title, effects, self.unit)

    def _main_effects(self) -> list[Effect]:
        rows = self.screen.rows if self.screen else ()
        names = [f"{row.factor} {row.from_level} -> {row.to_level}" for row in rows]
        said = [verdict_words(row.judgement, self.unit) if row.judgement else FEW_SEEDS for row in rows]
        return list(zip(names, rows, said, strict=True))

    def _step(self, step: PathStep) -> Effect:
        change = step.from_previous
        verdict = verdict_words(change.judgement, self.unit) if change.judgement else FEW_SEEDS
        if step.bias is not None and change.judgement is not None:
            verdict += f", selection bias {self.unit.difference(step.bias)}"
        return f"{step.number} {change_of(step)}".replace("→", "->"), change, verdict

    def _pairs(self) -> list[Effect]:
        section, effects = self.interactions, list[Effect]()
        if section is None:
            return effects
        for row in section.rows:
            aliases = f" (or {section.names(row.aliases)})" if row.aliases else ""
            verdict = section.verdict(row.judgement) if row.judgement else FEW_SEEDS
            effects.append((f"{pair_text(row.pair)}{aliases}", row, verdict))
        return effects


def change_of_row(row: AblationRow, unit: Unit) -> Effect:
    """Return a single change as an effect."""
    verdict = FEW_SEEDS if row.comparison is None else formatting.zero_verdict(row.comparison.interval)
    name = f"{row.cell.factor} {row.cell.from_level} -> {row.cell.to_level}"
    return name, row, verdict_words(row.judgement, unit) if row.judgement else verdict


def show_effects(console: Console, title: str, effects: Sequence[Effect], unit: Unit, most: int = SHOWN_ROWS) -> None:
    """Print at most `most` effects with their differences, verdicts, and the intervals that these use."""
    numbers = (unit.differences, "interval", "level")
    table = columns(title, *numbers, "", right=numbers, wrap=(title, ""))
    for name, row, verdict in effects[:most]:
        table.add_row(Text(plain(name)), *_numbers(row, unit), verdict)
    console.print(table)
    if len(effects) > most:
        console.print(f"and {len(effects) - most} more; the report has all")


def _numbers(row: Judged, unit: Unit) -> tuple[str, str, str]:
    """Return the difference, the interval that the verdict uses, and its level."""
    interval, one = shown_interval(row), row.judgement or row.comparison
    if interval is None or one is None:
        return NONE, NONE, ""
    return unit.difference(interval.estimate), unit.interval(interval), level_words(one.level)
