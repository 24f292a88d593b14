"""The effects in a launch's answer: one table for each design of its ablation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from results.analysis.ablation import AblationRow
from results.analysis.contrasts import Comparison
from results.analysis.greedy_path import PathStep
from results.analysis.summary import Summary
from results.measurements.study_results import StudyResults
from results.report.sections import added as added_section
from results.report.sections import interactions as interactions_section
from results.report.sections import path as path_section
from results.report.sections.added import Added
from results.report.sections.interactions import Interactions, pair_text
from results.report.sections.path import PathSection, change_of
from results.report.sections.section import BuiltSection
from results.text import formatting
from results.text.units import Unit
from search_spaces.output import plain
from study.console.terminal import columns

FEW_SEEDS = "fewer than two paired seeds"
SHOWN_ROWS = 6  # of a design; the report has them all

Effect = tuple[str, Comparison | None, str]  # what is compared, the difference, the verdict


@dataclass(frozen=True)
class DesignsEnding:
    """What the designs beside single changes of the best found; None for those that were not run."""

    added: Added | None = None
    path: PathSection | None = None
    interactions: Interactions | None = None
    unit: Unit = formatting.SHARES

    @classmethod
    def of(cls, results: StudyResults, found: Summary) -> DesignsEnding:
        """Return what the study measured."""
        return cls(
            added_section.build(results, found),
            path_section.build(results, found),
            interactions_section.build(results, found),
            found.units.score,
        )

    @classmethod
    def of_sections(cls, sections: Iterable[BuiltSection], unit: Unit) -> DesignsEnding:
        """Return the same from a report's sections."""
        built = [section.content for section in sections]
        return cls(
            next((one for one in built if isinstance(one, Added)), None),
            next((one for one in built if isinstance(one, PathSection)), None),
            next((one for one in built if isinstance(one, Interactions)), None),
            unit,
        )

    def show(self, console: Console) -> None:
        """Print a table for each design that was run."""
        designs: dict[str, list[Effect]] = {
            "one change of the baseline": [change_of_row(row.alone) for row in (self.added.rows if self.added else ())],
            "from the baseline to the best": [self._step(step) for step in (self.path.path.steps if self.path else ())],
            "two changes together, beyond the sum": self._pairs(),
        }
        for title, effects in designs.items():
            if effects:
                console.print()
                show_effects(console, title, effects, self.unit)

    def _step(self, step: PathStep) -> Effect:
        one = step.from_previous
        verdict = one.judgement.verdict if one.judgement else FEW_SEEDS
        if step.bias is not None and one.judgement is not None:
            verdict += f", selection bias {self.unit.difference(step.bias)}"
        return f"{step.number} {change_of(step)}".replace("→", "->"), one.comparison, verdict

    def _pairs(self) -> list[Effect]:
        found = self.interactions
        if found is None:
            return []
        names = [f"{pair_text(r.pair)}{f' (or {found.names(r.aliases)})' if r.aliases else ''}" for r in found.rows]
        verdicts = [found.verdict(row) or FEW_SEEDS for row in found.rows]
        return [(n, row.comparison, verdict) for n, row, verdict in zip(names, found.rows, verdicts, strict=True)]


def change_of_row(row: AblationRow) -> Effect:
    """Return a single change as an effect."""
    verdict = FEW_SEEDS if row.comparison is None else formatting.zero_verdict(row.comparison.interval)
    name = f"{row.cell.factor} {row.cell.from_level} -> {row.cell.to_level}"
    return name, row.comparison, row.judgement.verdict if row.judgement else verdict


def show_effects(console: Console, title: str, effects: Sequence[Effect], unit: Unit, most: int = SHOWN_ROWS) -> None:
    """Print at most `most` effects with their differences, intervals and verdicts."""
    table = columns(title, unit.differences, "95 %", "", right=(unit.differences, "95 %"), wrap=(title,))
    for name, comparison, verdict in effects[:most]:
        difference, bounds = formatting.NONE, formatting.NONE
        if comparison is not None:
            difference, bounds = unit.difference(comparison.interval.estimate), unit.interval(comparison.interval)
        table.add_row(Text(plain(name)), difference, bounds, verdict)
    console.print(table)
    if len(effects) > most:
        console.print(f"and {len(effects) - most} more: the report has all of them")
