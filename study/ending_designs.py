"""The end of a launch whose ablation had further designs: changes alone, the path to the best, interactions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from results import wording
from results.ablation import AblationRow
from results.contrasts import Comparison
from results.interactions import Interaction
from results.path import PathStep
from results.sections import added as added_section
from results.sections import interactions as interactions_section
from results.sections import path as path_section
from results.sections.added import Added
from results.sections.interactions import Interactions, pair_text
from results.sections.path import PathSection, change_of
from results.sections.section import BuiltSection
from results.statistics import Interval
from results.study_results import StudyResults
from results.summary import Summary
from results.units import Unit
from search_spaces.output import plain

FEW_SEEDS = "fewer than two paired seeds"
SHOWN_ROWS = 6  # of a design; the report has them all


@dataclass(frozen=True)
class DesignsEnding:
    """What the designs beside single changes of the best found; None of what was not run."""

    added: Added | None = None
    path: PathSection | None = None
    interactions: Interactions | None = None
    unit: Unit = wording.SHARES

    @classmethod
    def of(cls, results: StudyResults, found: Summary) -> DesignsEnding:
        """Read from what the study measured."""
        return cls(
            added_section.build(results, found),
            path_section.build(results, found),
            interactions_section.build(results, found),
            found.units.score,
        )

    @classmethod
    def of_sections(cls, sections: Iterable[BuiltSection]) -> DesignsEnding:
        """From a report's sections."""
        built = [section.content for section in sections]
        return cls(
            next((one for one in built if isinstance(one, Added)), None),
            next((one for one in built if isinstance(one, PathSection)), None),
            next((one for one in built if isinstance(one, Interactions)), None),
            next((one.unit for one in built if isinstance(one, Added | PathSection | Interactions)), wording.SHARES),
        )

    def show(self, console: Console) -> None:
        """A table a design that was run."""
        if self.added and self.added.rows:
            _print(console, "one change of the baseline", [_change(row.alone) for row in self.added.rows], self.unit)
        if self.path and self.path.path.steps:
            _print(
                console,
                "from the baseline to the best",
                [_step(step, self.unit) for step in self.path.path.steps],
                self.unit,
            )
        if self.interactions and self.interactions.rows:
            told = [_pair(self.interactions, row) for row in self.interactions.rows]
            _print(console, "two changes together, beyond the sum", told, self.unit)


def _print(console: Console, title: str, rows: Sequence[tuple[str, Comparison | None, str]], unit: Unit) -> None:
    table = Table(box=None, pad_edge=False)
    for column in (title, unit.differences, "95 %", ""):
        table.add_column(column, justify="right" if column in (unit.differences, "95 %") else "left")
    for name, comparison, verdict in rows[:SHOWN_ROWS]:
        points, bounds = _numbers(comparison.interval if comparison else None, unit)
        table.add_row(Text(plain(name)), points, bounds, verdict)
    console.print()
    console.print(table)
    if len(rows) > SHOWN_ROWS:
        console.print(f"and {len(rows) - SHOWN_ROWS} more: the report has all of them")


def _numbers(interval: Interval | None, unit: Unit) -> tuple[str, str]:
    if interval is None:
        return wording.NONE, wording.NONE
    return unit.difference(interval.estimate), unit.interval(interval)


def _change(row: AblationRow) -> tuple[str, Comparison | None, str]:
    name = f"{row.cell.factor} {row.cell.from_level} -> {row.cell.to_level}"
    return name, row.comparison, row.judgement.verdict if row.judgement else FEW_SEEDS


def _step(step: PathStep, unit: Unit) -> tuple[str, Comparison | None, str]:
    one = step.from_previous
    name = f"{step.number} {change_of(step)}".replace("→", "->")
    if step.bias is not None and one.judgement is not None:
        told = f"{one.judgement.verdict}, selection bias {unit.difference(step.bias)}"
    else:
        told = one.judgement.verdict if one.judgement else FEW_SEEDS
    return name, one.comparison, told


def _pair(section: Interactions, row: Interaction) -> tuple[str, Comparison | None, str]:
    also = f" (or {section.names(row.aliases)})" if row.aliases else ""
    return f"{pair_text(row.pair)}{also}", row.comparison, section.verdict(row) or FEW_SEEDS
