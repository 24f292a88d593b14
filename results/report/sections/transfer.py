"""The section on transfer: what each component does to each task, with an alarm for trade-offs between tasks."""

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
from results.figures.figure import Figure
from results.measurements.study_results import REFERENCE, StudyResults
from results.measurements.task_units import StudyUnits, margin_of
from results.text.formatting import changes, changes_in_words, level_text, plural

if TYPE_CHECKING:
    import pandas as pd


Cells = Mapping[str, TaskDifference]  # task -> effect; without tasks that lack two paired seeds


@dataclass(frozen=True)
class Row:
    """One component or configuration and its effect on each task; a factor only where one changes.

    `cell` is the name of its cell. `alarm`: "helps sts, hurts sst"; empty where it is not shown to do both.
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
class Transfer:
    """Every row of the ablation (or of the grid) against every task.

    `together`: task -> the best minus the same trained on that task alone, where references were asked for;
    `references`: their digests by task; `not_alone`: tasks on which the best cannot be trained alone, and why.
    """

    tasks: tuple[str, ...]
    rows: tuple[Row, ...]
    against_baseline: bool
    units: StudyUnits
    margins: str
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
        """Whether the noise of some cells is that of seeds alone."""
        return any(cell.comparison.over == "seeds" for cell in self.cells)

    def sentence(self) -> str:
        """Return which rows trade one task for another, and how many effects are open."""
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
            told = f"{len(self.alarms)} of {plural(len(shown), kind)} {verb}."
        else:
            told = f"Of {plural(len(shown), kind)}, none is shown to help one task and hurt another."
        return f"{told} {known} of {plural(len(self.cells), 'effect')} on a task {'has' if known == 1 else 'have'} a \
verdict, {counts['open']} {'is' if counts['open'] == 1 else 'are'} open."

    def direction(self) -> str:
        """Return what the signs mean."""
        turned = [task for task in self.tasks if not self.units.of(task).higher_is_better]
        lower = f" On {', '.join(turned)} lower is better, and the signs are the other way round." if turned else ""
        if self.against_baseline:
            return f"Above zero, the configuration does better on the task than the baseline.{lower}"
        return (
            "Each row is a component of the best configuration and what replaces it. Above zero, the component "
            "helps the task: the best configuration minus the one without it. The ablation table, which "
            f"shows what going without does, has the opposite signs.{lower}"
        )

    def scale(self) -> str:
        """Return what the numbers of the cells are, for the note."""
        declared = {task: self.units.of(task) for task in self.tasks if self.units.names(task)}
        if not declared:
            return "Points are hundredths of the task's own metric"
        return "; ".join(f"{task}: {unit.name}, differences in {unit.differences}" for task, unit in declared.items())

    def heading(self, task: str) -> str:
        """Return a task's name, with what its differences are in where that was declared."""
        unit = self.units.of(task)
        return f"{task} ({unit.counted})" if self.units.names(task) and unit.counted else task

    def together_sentence(self) -> str:
        """Return which tasks gain from being trained with the others."""
        if effects := _in_words(self.together):
            return f"Training all tasks together {' and '.join(effects)}."
        return "Whether training all tasks together helps or hurts any of them is not shown."

    def figures(self) -> Sequence[Figure]:
        """Return none: the table is the heat map."""
        return ()

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `transfer`, one row per component and task."""
        rows = [
            *self.rows,
            *(_reference_row(self.references[task], task, cell) for task, cell in self.together.items()),
        ]
        records = [_record(row, task, cell) for row in rows for task, cell in row.cells.items()]
        return {"transfer": typed_table("transfer", records)}


def build(results: StudyResults, found: Summary) -> Transfer | None:
    """Return the matrix of a study with several tasks and something to compare; None without."""
    tasks = tuple(results.tasks())
    reference = baseline_digest(results) if found.is_grid else found.best.digest if found.best else None
    rows = _grid_rows(found) if found.is_grid else _components(results, found)
    if len(tasks) < 2 or reference is None or not (rows or results.references()):
        return None
    matrix = task_differences(results, [row.digest for row in rows], reference, tasks, of_reference=not found.is_grid)
    return Transfer(
        tasks,
        tuple(_with_cells(row, tasks, matrix) for row in rows),
        found.is_grid,
        results.units,
        _margins(results, tasks),
        _together(results, found),
        results.references(),
        results.study.decisions_json.get("references_left_out", {}),
    )


def _margins(results: StudyResults, tasks: Sequence[str]) -> str:
    """Return what equivalent means on each task, for the note."""
    found = {task: margin_of(results.study, task) for task in tasks}
    told = {task: results.units.of(task).apart(margin) for task, margin in found.items() if margin is not None}
    if len(set(told.values())) == 1 and len(told) == len(found):
        return f"Equivalent: on that task surely within {next(iter(told.values()))}."
    if not told:
        return "Equivalent is not told: that needs a margin (--margin)."
    return f"Equivalent: surely within {', '.join(f'{text} on {task}' for task, text in told.items())}."


def _together(results: StudyResults, found: Summary) -> dict[str, TaskDifference]:
    """Return the best minus its references, each on its own task."""
    alone = results.references()
    if found.best is None:
        return {}
    matrix = task_differences(results, list(alone.values()), found.best.digest, list(alone), of_reference=True)
    return {task: matrix[digest, task] for task, digest in alone.items() if (digest, task) in matrix}


def _components(results: StudyResults, found: Summary) -> list[Row]:
    """Return the rows of the ablation table, and before them all changes together: the best against the baseline."""
    rows = [
        Row(
            row.cell.config_digest,
            row.cell.name,
            f"{level_text(row.cell.from_level)} instead of {level_text(row.cell.to_level)}",
            row.cell.factor,
            row.cell.from_level,
            row.cell.to_level,
        )
        for row in found.ablation
    ]
    baseline = baseline_digest(results)
    apart = baseline is not None and not found.best_is_baseline and all(row.digest != baseline for row in rows)
    if baseline is None or not apart or found.best is None:
        return rows
    together = f"all {plural(len(found.best_changes), 'change')} from the baseline together"
    return [Row(baseline, "baseline", together), *rows]


def _grid_rows(found: Summary) -> list[Row]:
    return [
        Row(
            row.entry.digest,
            " ".join(row.entry.names),
            "; ".join(row.entry.labels) or changes_in_words(changes(found.baseline_choices, row.entry.choices)),
        )
        for row in found.against_baseline
    ]


def _with_cells(row: Row, tasks: Sequence[str], matrix: Matrix) -> Row:
    cells = {task: matrix[row.digest, task] for task in tasks if (row.digest, task) in matrix}
    effects = _in_words(cells)
    return replace(row, cells=cells, alarm=", ".join(effects) if len(effects) == 2 else "")


def _reference_row(digest: str, task: str, cell: TaskDifference) -> Row:
    return Row(digest, f"{REFERENCE}:{task}", "all tasks together instead of one alone", cells={task: cell})


def _in_words(cells: Cells) -> list[str]:
    """Return ["helps sts", "hurts sst, quora"], without a verdict that no cell has."""
    tasks = {
        verdict: [task for task, cell in cells.items() if cell.judgement.verdict == verdict]
        for verdict in ("helps", "hurts")
    }
    return [f"{verdict} {', '.join(those)}" for verdict, those in tasks.items() if those]


def _record(row: Row, task: str, cell: TaskDifference) -> dict[str, object]:
    return {
        "cell": row.cell,
        "factor": row.factor,
        "level": row.level,
        "instead_of": row.instead_of,
        "config_digest": row.digest,
        "task": task,
        **judged_record(cell.comparison, cell.judgement),
        "alarm": row.alarm,
        "run_ids": cell.run_ids,
    }
