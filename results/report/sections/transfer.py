"""The section "What each change does to each task", with a warning about trade-offs between tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from results.analysis.comparisons import judged_record
from results.analysis.leaderboard import baseline_digest
from results.analysis.summary import Summary
from results.analysis.task_contrasts import Matrix, TaskDifference, task_differences
from results.database.typed_tables import typed_table
from results.measurements.study_results import REFERENCE, StudyResults
from results.measurements.task_units import StudyUnits
from results.report.sections.section import Content
from results.text.formatting import changes, changes_in_words, level_text, plural

if TYPE_CHECKING:
    import pandas as pd


Cells = Mapping[str, TaskDifference]  # task -> effect; tasks without two paired seeds are missing


@dataclass(frozen=True)
class Row:
    """One component or configuration and its effect on each task; `factor` is None unless exactly one changes.

    `alarm`: "helps sts, hurts sst"; empty unless it is shown to do both.
    """

    digest: str
    cell: str
    words: str
    factor: str | None = None
    level: str | None = None
    instead_of: str | None = None
    cells: Cells = field(default_factory=dict)
    alarm: str = ""


@dataclass(frozen=True)
class Transfer(Content):
    """Effects of every row of the ablation (or of the grid) on every task.

    `together`: task -> the best minus the same trained on that task alone (--references); `references`: task -> digest
    of the latter; `not_alone`: task -> reason why the best cannot be trained on it alone.
    """

    tasks: tuple[str, ...]
    rows: tuple[Row, ...]
    against_baseline: bool
    units: StudyUnits
    together: Mapping[str, TaskDifference] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    not_alone: Mapping[str, str] = field(default_factory=dict)

    @property
    def alarms(self) -> list[Row]:
        """The rows that help one task and hurt another."""
        return [row for row in self.rows if row.alarm]

    @property
    def cells(self) -> list[TaskDifference]:
        """All cells with a verdict."""
        return [cell for row in self.rows for cell in row.cells.values()]

    @property
    def over_seeds(self) -> bool:
        """Whether the intervals of some cells cover seeds alone."""
        return any(cell.comparison.over == "seeds" for cell in self.cells)

    def sentence(self) -> str:
        """Return the number of rows that trade one task for another, and of open effects."""
        kind = "configuration" if self.against_baseline else "component"
        if not self.rows:
            return f"No {kind} has been compared yet."
        if not self.cells:
            other = "the baseline" if self.against_baseline else "the best configuration"
            return f"No {kind} has two seeds in common with {other} yet, so no effect on a task is shown."
        counts = Counter(cell.judgement.verdict for cell in self.cells)
        known = len(self.cells) - counts["open"]
        shown = [row for row in self.rows if row.cells]
        if self.alarms:
            verb = "helps one task and hurts another" if len(self.alarms) == 1 else "help one task and hurt another"
            trades = f"{len(self.alarms)} of {plural(len(shown), kind)} {verb}."
        else:
            trades = f"Of {plural(len(shown), kind)}, none is shown to help one task and hurt another."
        judged = f"{known} of {plural(len(self.cells), 'effect')} on a task {'has' if known == 1 else 'have'} a verdict"
        return f"{trades} {judged}, {counts['open']} {'is' if counts['open'] == 1 else 'are'} open."

    def direction(self) -> str:
        """Return the meaning of the signs."""
        turned = [task for task in self.tasks if not self.units.of(task).higher_is_better]
        lower = f" On {', '.join(turned)} lower is better, and the signs are reversed." if turned else ""
        if self.against_baseline:
            return f"Above zero, the configuration does better on the task than the baseline.{lower}"
        return (
            "Each row is a component of the best configuration and what replaces it. Above zero, the component "
            "helps the task: the number is the best configuration minus the one without it. The ablation table has the "
            f"opposite signs, because it shows the effect of the replacement.{lower}"
        )

    def scale(self) -> str:
        """Return the units of the cells, for the note."""
        declared = {task: self.units.of(task) for task in self.tasks if self.units.names(task)}
        if not declared:
            return "Points are hundredths of the task's own metric"
        return "; ".join(f"{task}: {unit.name}, differences in {unit.differences}" for task, unit in declared.items())

    def heading(self, task: str) -> str:
        """Return a task's name, with the unit of its differences if one is declared."""
        unit = self.units.of(task)
        return f"{task} ({unit.counted})" if self.units.names(task) and unit.counted else task

    def together_sentence(self) -> str:
        """Return the tasks that gain or lose by being trained with the others."""
        if effects := _in_words(self.together):
            return f"Training all tasks together {' and '.join(effects)}."
        return "No task is shown to gain or lose by being trained together with the others."

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `transfer`, one row per component and task."""
        alone = "all tasks together instead of one alone"
        references = (
            Row(self.references[task], f"{REFERENCE}:{task}", alone, cells={task: cell})
            for task, cell in self.together.items()
        )
        records = [_record(row, task, cell) for row in (*self.rows, *references) for task, cell in row.cells.items()]
        return {"transfer": typed_table("transfer", records)}


def build(results: StudyResults, summary: Summary) -> Transfer | None:
    """Return the section, or None without several tasks and something to compare."""
    tasks = tuple(results.tasks())
    reference = baseline_digest(results) if summary.is_grid else summary.best.digest if summary.best else None
    rows = _grid_rows(summary) if summary.is_grid else _components(results, summary)
    if len(tasks) < 2 or reference is None or not (rows or results.references()):
        return None
    matrix = task_differences(results, [row.digest for row in rows], reference, tasks, of_reference=not summary.is_grid)
    return Transfer(
        tasks,
        tuple(_with_cells(row, tasks, matrix) for row in rows),
        summary.is_grid,
        results.units,
        _together(results, summary),
        results.references(),
        results.study.decisions_json.get("references_left_out", {}),
    )


def _together(results: StudyResults, summary: Summary) -> dict[str, TaskDifference]:
    """Return task -> the best minus its reference, which is trained on that task alone."""
    references = results.references()
    if summary.best is None:
        return {}
    digests, tasks = list(references.values()), list(references)
    matrix = task_differences(results, digests, summary.best.digest, tasks, of_reference=True)
    return {task: matrix[digest, task] for task, digest in references.items() if (digest, task) in matrix}


def _components(results: StudyResults, summary: Summary) -> list[Row]:
    """Return the rows of the ablation table, after a first row with all changes from the baseline together."""
    rows = [
        Row(
            row.cell.config_digest,
            row.cell.name,
            f"{level_text(row.cell.from_level)} instead of {level_text(row.cell.to_level)}",
            row.cell.factor,
            row.cell.from_level,
            row.cell.to_level,
        )
        for row in summary.ablation
    ]
    baseline = baseline_digest(results)
    if baseline is None or summary.best is None or summary.best_is_baseline or baseline in [row.digest for row in rows]:
        return rows
    together = f"all {plural(len(summary.best_changes), 'change')} from the baseline together"
    return [Row(baseline, "baseline", together), *rows]


def _grid_rows(summary: Summary) -> list[Row]:
    return [
        Row(
            row.entry.digest,
            " ".join(row.entry.names),
            "; ".join(row.entry.labels) or changes_in_words(changes(summary.baseline_choices, row.entry.choices)),
        )
        for row in summary.against_baseline
    ]


def _with_cells(row: Row, tasks: Sequence[str], matrix: Matrix) -> Row:
    cells = {task: matrix[row.digest, task] for task in tasks if (row.digest, task) in matrix}
    effects = _in_words(cells)
    return replace(row, cells=cells, alarm=", ".join(effects) if len(effects) == 2 else "")


def _in_words(cells: Cells) -> list[str]:
    """Return ["helps sts", "hurts sst, quora"], or only the verdicts that occur."""
    verdicts = {task: cell.judgement.verdict for task, cell in cells.items()}
    return [
        f"{verdict} {', '.join(task for task, each in verdicts.items() if each == verdict)}"
        for verdict in ("helps", "hurts")
        if verdict in verdicts.values()
    ]


def _record(row: Row, task: str, cell: TaskDifference) -> dict[str, object]:
    return {
        "cell": row.cell,
        "factor": row.factor,
        "level": row.level,
        "instead_of": row.instead_of,
        "config_digest": row.digest,
        "task": task,
        **judged_record(cell),
        "alarm": row.alarm,
        "run_ids": cell.run_ids,
    }
