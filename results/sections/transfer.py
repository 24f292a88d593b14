"""The section on transfer: what each component does to each task, with an alarm where tasks pay for one another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from results.compared import record as judged_record
from results.figures import Figure
from results.leaderboard import baseline_digest
from results.study_results import REFERENCE, StudyResults
from results.summary import Summary
from results.task_differences import Matrix, TaskDifference, task_differences, trade_off
from results.task_units import StudyUnits
from results.typed_tables import typed_table
from results.wording import changes, changes_in_words, level_text, plural

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Named:
    """What a row compares, before it is compared. `name` is that of its cell; a factor only where one changes."""

    digest: str
    name: str
    words: str
    factor: str | None = None
    level: str | None = None
    instead_of: str | None = None


@dataclass(frozen=True)
class Row:
    """One component: its effect on each task that has two paired seeds; `helps`, `hurts` where it does both."""

    named: Named
    cells: Mapping[str, TaskDifference]
    helps: tuple[str, ...]
    hurts: tuple[str, ...]

    @property
    def alarm(self) -> str:
        """ "helps sts, hurts sst"; empty where it is not shown to do both."""
        return f"helps {', '.join(self.helps)}, hurts {', '.join(self.hurts)}" if self.helps else ""


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
        """Whether some cells know of seeds alone."""
        return any(cell.comparison.over == "seeds" for cell in self.cells)

    def sentence(self) -> str:
        """The answer: which rows trade one task for another, and how much is not known."""
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
        """Which way the signs read."""
        turned = [task for task in self.tasks if not self.units.of(task).higher_is_better]
        lower = f" On {', '.join(turned)} lower is better, and the signs are the other way round." if turned else ""
        if self.against_baseline:
            return f"Above zero, the configuration does better on the task than the baseline.{lower}"
        return (
            "Each row is a component of the best configuration and what takes its place without it. Above zero, the "
            "component does the task good: the best configuration minus the one without it. The ablation table, which "
            f"shows what going without does, has the opposite signs.{lower}"
        )

    def scale(self) -> str:
        """What the numbers of the cells are, as a note says it."""
        declared = {task: self.units.of(task) for task in self.tasks if self.units.names(task)}
        if not declared:
            return "Points are hundredths of the task's own metric"
        return "; ".join(f"{task}: {unit.name}, differences in {unit.differences}" for task, unit in declared.items())

    def heading(self, task: str) -> str:
        """A task's name, with what its differences are in where that was declared."""
        unit = self.units.of(task)
        return f"{task} ({unit.counted})" if self.units.names(task) and unit.counted else task

    def together_sentence(self) -> str:
        """Which tasks gain from being trained with the others."""
        told = [
            f"{verdict} {', '.join(tasks)}"
            for verdict in ("helps", "hurts")
            if (tasks := [t for t, cell in self.together.items() if cell.judgement.verdict == verdict])
        ]
        if told:
            return f"Training all tasks together {' and '.join(told)}."
        return "Whether training all tasks together helps or hurts any of them is not shown."

    def figures(self) -> Sequence[Figure]:
        """None: the table is the heat map."""
        return ()

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """`transfer`: one row a component and task."""
        records = [_record(row.named, task, cell, row.alarm) for row in self.rows for task, cell in row.cells.items()]
        alone = "all tasks together instead of one alone"
        records += [
            _record(Named(self.references[task], f"{REFERENCE}:{task}", alone), task, cell, "")
            for task, cell in self.together.items()
        ]
        return {"transfer": typed_table("transfer", records)}


def build(results: StudyResults, found: Summary) -> Transfer | None:
    """The matrix of a study with several tasks and something to compare; None without."""
    tasks = tuple(results.tasks())
    reference = baseline_digest(results) if found.is_grid else found.best.digest if found.best else None
    named = _grid_rows(found) if found.is_grid else _components(results, found)
    if len(tasks) < 2 or reference is None or not (named or results.references()):
        return None
    digests = [one.digest for one in named]
    matrix = task_differences(results, digests, reference, tasks, of_reference=not found.is_grid)
    rows = tuple(_row(one, tasks, matrix) for one in named)
    return Transfer(
        tasks,
        rows,
        found.is_grid,
        results.units,
        _margins(results, tasks),
        _together(results, found),
        results.references(),
        results.study.decisions_json.get("references_left_out", {}),
    )


def _margins(results: StudyResults, tasks: Sequence[str]) -> str:
    """What equivalent means on each task, for the note."""
    found = {task: results.margin_of(task) for task in tasks}
    told = {task: results.units.of(task).apart(margin) for task, margin in found.items() if margin is not None}
    if len(set(told.values())) == 1 and len(told) == len(found):
        return f"Equivalent: on that task surely within {next(iter(told.values()))}."
    if not told:
        return "Equivalent is not told: that needs a margin (--margin)."
    return f"Equivalent: surely within {', '.join(f'{text} on {task}' for task, text in told.items())}."


def _together(results: StudyResults, found: Summary) -> dict[str, TaskDifference]:
    """The best minus its references, each on its own task."""
    alone = results.references()
    if found.best is None:
        return {}
    matrix = task_differences(results, list(alone.values()), found.best.digest, list(alone), of_reference=True)
    return {task: matrix[digest, task] for task, digest in alone.items() if (digest, task) in matrix}


def _components(results: StudyResults, found: Summary) -> list[Named]:
    """The rows of the ablation table, and before them all changes together: the best against the baseline."""
    rows = [
        Named(
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
    return [Named(baseline, "baseline", together), *rows]


def _grid_rows(found: Summary) -> list[Named]:
    return [
        Named(
            row.entry.digest,
            " ".join(row.entry.names),
            "; ".join(row.entry.labels) or changes_in_words(changes(found.baseline_choices, row.entry.choices)),
        )
        for row in found.against_baseline
    ]


def _row(named: Named, tasks: Sequence[str], matrix: Matrix) -> Row:
    cells = {task: matrix[named.digest, task] for task in tasks if (named.digest, task) in matrix}
    helps, hurts = trade_off(cells) or ([], [])
    return Row(named, cells, tuple(helps), tuple(hurts))


def _record(named: Named, task: str, cell: TaskDifference, alarm: str) -> dict[str, object]:
    return {
        "cell": named.name,
        "factor": named.factor,
        "level": named.level,
        "instead_of": named.instead_of,
        "config_digest": named.digest,
        "task": task,
        **judged_record(cell.comparison, cell.judgement),
        "alarm": alarm,
        "run_ids": " ".join(str(run) for run in cell.run_ids),
    }
