"""Tables of a study for a paper: changes with their verdicts, configurations, configurations by tasks.

The CSV and JSON exports have the columns that are left out here (p-values, digests, ids of runs).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from results.analysis.add_one_in import added_rows
from results.analysis.comparisons import Judged
from results.analysis.describe import described, unique_names
from results.analysis.leaderboard import ConfigurationResult, baseline_digest
from results.analysis.method_task import TaskScore, method_task
from results.analysis.summary import Summary
from results.database.rows import Cell
from results.measurements.study_results import StudyResults
from results.report import notes
from results.report.first_screen import best_name, made_up
from results.text.formatting import changes, changes_in_words, level_text, seeds_text
from results.text.print_table import PrintColumn, PrintTable
from results.text.units import NONE, Unit
from results.text.verdict_words import verdict_words

TABLES = ("ablation", "added", "against_baseline", "leaderboard", "method_task")
EACH, PER_ROW = "{each}", "{per row}"  # placeholders in captions for the number of seeds, if all rows have the same
Row = tuple[str, Judged]  # a change and its effect


def paper_tables(results: StudyResults, summary: Summary) -> dict[str, PrintTable]:
    """Return the study's tables, under the names of the full tables in an export."""
    tables = {
        "ablation": ablation_print(results, summary),
        "leaderboard": leaderboard_print(results, summary),
        "method_task": method_task_print(results, summary),
    }
    if summary.is_grid:
        tables["against_baseline"] = against_baseline_print(results, summary)
    if added_rows(results, summary):
        tables["added"] = added_print(results, summary)
    return tables


def ablation_print(results: StudyResults, summary: Summary) -> PrintTable:
    """Return the table of changes to the best configuration: change, difference [interval], verdict."""
    rows = [(_change(row.cell), row) for row in summary.ablation]
    caption = "Single changes to the best configuration"
    if summary.best is not None:
        caption += (
            f" ({best_name(summary)}; {results.units.score.spread_with_unit(summary.best.mean, summary.best.spread)})"
        )
    return _judged(results, "ablation", f"{caption}: dev score with the change minus without it.", "Change", rows)


def added_print(results: StudyResults, summary: Summary) -> PrintTable:
    """Return the table of changes to the baseline: change, difference [interval], verdict."""
    rows = [(_change(row.alone.cell), row.alone) for row in added_rows(results, summary)]
    caption = "Single changes to the baseline: dev score with the change minus without it."
    return _judged(results, "added", caption, "Change", rows)


def against_baseline_print(results: StudyResults, summary: Summary) -> PrintTable:
    """Return the table of a grid: configuration, difference from the baseline [interval], verdict."""
    names = _names(summary, [row.entry for row in summary.against_baseline])
    rows = [(names[row.entry.digest], row) for row in summary.against_baseline]
    caption = "Configurations compared with the baseline: their dev score minus the baseline's."
    return _judged(results, "against_baseline", caption, "Configuration", rows)


def leaderboard_print(results: StudyResults, summary: Summary) -> PrintTable:
    """Return the table of confirmed configurations: mean ± standard deviation, interval, and test scores if any."""
    entries, baseline = summary.leaderboard, baseline_digest(results)
    unit = results.units.score
    names, tested = _names(summary, entries), any(entry.test_mean is not None for entry in entries)
    rows = [
        (
            _with_role(names[entry.digest], is_baseline=entry.digest == baseline),
            unit.spread(entry.mean, entry.spread),
            unit.score_interval(entry.interval),
            *((unit.spread(entry.test_mean, entry.test_spread),) if tested else ()),
        )
        for entry in entries
    ]
    columns = [PrintColumn(("Configuration",), "l"), PrintColumn(_dev(unit)), PrintColumn(("95 % interval",))]
    columns += [PrintColumn(("Test",))] if tested else []
    best = frozenset(
        (place, at)
        for place, entry in enumerate(entries)
        if summary.best is not None and entry.digest == summary.best.digest
        for at in range(len(columns))
    )
    caption = "Confirmed configurations, named by their changes to the baseline: mean score and standard deviation"
    over = {entry.interval_over for entry in entries if entry.interval_over}
    intervals = f" Intervals: over {over.pop()}." if len(over) == 1 else ""
    caption = f"{caption} over fresh seeds{EACH}. Bold: the best.{intervals}"
    return _table(results, "leaderboard", caption, columns, rows, [entry.seeds for entry in entries], best)


def method_task_print(results: StudyResults, summary: Summary) -> PrintTable:
    """Return configurations by task and over all tasks: mean ± standard deviation; the best of a column is bold."""
    table = method_task(results, summary)
    has_mean = len(table.tasks) > 1  # the score of a single task is the task's
    units = [*(results.units.of(task) for task in table.tasks), *([results.units.score] if has_mean else ())]
    cells = [(*row.tasks, row.score)[: len(units)] for row in table.rows]
    rows = [
        (row.method, *(_score(cell, unit) for cell, unit in zip(scores, units, strict=True)))
        for row, scores in zip(table.rows, cells, strict=True)
    ]
    columns = [PrintColumn(("Configuration",), "l")]
    columns += [_task_column(results, task, metric) for task, metric in zip(table.tasks, table.metrics, strict=True)]
    columns += [PrintColumn((_mean_name(results),))] if has_mean else []
    which = "highest" if all(unit.higher_is_better for unit in units) else "best"
    caption = "Configurations by task on dev: mean ± standard deviation over fresh seeds"
    caption = f"{caption}{EACH}. Bold: the {which} mean of a column, regardless of its noise."
    bold = frozenset((place, at + 1) for at, unit in enumerate(units) for place in _best_of(cells, at, unit))
    return _table(results, "method_task", caption, columns, rows, [row.seeds for row in table.rows], bold)


def _task_column(results: StudyResults, task: str, metric: str) -> PrintColumn:
    if results.units.names(task):
        return PrintColumn((task, results.units.of(task).heading))
    return PrintColumn((task, metric) if metric != "score" else (task,))


def _mean_name(results: StudyResults) -> str:
    """Return the heading of the score: mean, or the deciding tasks."""
    deciding = results.units.deciding
    return "mean" if not deciding else f"score ({', '.join(deciding)})"


def _dev(unit: Unit) -> tuple[str, ...]:
    return ("Dev",) if unit.name == "score" and not unit.symbol else ("Dev", unit.heading)


def _judged(results: StudyResults, name: str, caption: str, heading: str, rows: Sequence[Row]) -> PrintTable:
    unit = results.units.score
    shown = [
        (
            words,
            notes.effect_numbers(row, unit) or NONE,
            verdict_words(row.judgement, unit) if row.judgement else NONE,
        )
        for words, row in rows
    ]
    columns = [
        PrintColumn((heading,), "l"),
        PrintColumn((unit.differences_title, "[interval]")),
        PrintColumn(("Verdict",), "l"),
    ]
    counts = [len(row.comparison.seeds) if row.comparison else 0 for _, row in rows]
    explained = _explained(results.units.score, [row for _, row in rows])
    return _table(results, name, f"{caption} {explained}{PER_ROW}", columns, shown, counts)


def _table(
    results: StudyResults,
    name: str,
    caption: str,
    columns: Sequence[PrintColumn],
    rows: Sequence[tuple[str, ...]],
    seeds: Sequence[int],
    bold: frozenset[tuple[int, int]] = frozenset(),
) -> PrintTable:
    """Return the table with its seeds, in the caption if all rows have the same number, else in a column."""
    same = len(set(seeds)) == 1
    if not same:
        columns = [*columns, PrintColumn(("Seeds",))]
        rows = [(*row, f"{count}") for row, count in zip(rows, seeds, strict=True)]
    for mark, text in ((EACH, ", {} each"), (PER_ROW, " {} per row.")):
        caption = caption.replace(mark, text.format(seeds_text(seeds[0])) if same else "")
    warning = f"{made_up(results.study)} ".lstrip()  # before all numbers
    label = f"{re.sub('[^A-Za-z0-9]+', '-', results.study.study_name)}:{name}"  # unique among several studies
    return PrintTable(label, warning + caption, tuple(columns), tuple(rows), bold)


def _explained(unit: Unit, rows: Sequence[Judged]) -> str:
    """Return the sentences that explain points, intervals and verdicts."""
    over = {row.comparison.over for row in rows if row.comparison}
    sources = {"seeds and examples": ", over seeds and dev examples", "seeds": ", over seeds"}
    source = sources[over.pop()] if len(over) == 1 else ""
    return (
        f"{unit.note}; brackets: interval{source}. {notes.levels_of(rows)} Helps and hurts differ from 0, with at most "
        "a 5 % chance of any wrong one in the table; statements on the margin (equivalent, no gain, no loss, surely "
        "within) are one-sided tests at 5 % per row; open: no other verdict."
    )


def _names(summary: Summary, entries: Sequence[ConfigurationResult]) -> dict[str, str]:
    """Return digest -> unique name: the printed label, or else the changes."""
    baseline = summary.baseline.digest if summary.baseline else None
    short = {
        entry.digest: "; ".join(entry.labels)
        or ("baseline" if entry.digest == baseline else described(summary, entry.choices).text)
        for entry in entries
    }
    choices = {entry.digest: entry.choices for entry in entries}
    return unique_names(short, lambda digest: changes_in_words(changes(summary.baseline_choices, choices[digest])))


def _with_role(name: str, *, is_baseline: bool) -> str:
    return f"{name} (baseline)" if is_baseline and "baseline" not in name.lower() else name


def _change(cell: Cell) -> str:
    return f"{cell.factor}: {level_text(cell.from_level)} → {level_text(cell.to_level)}"


def _score(cell: TaskScore | None, unit: Unit) -> str:
    return unit.spread(cell.mean, cell.deviation) if cell else NONE


def _best_of(cells: Sequence[Sequence[TaskScore | None]], at: int, unit: Unit) -> list[int]:
    """Return the rows whose displayed mean is the best of a column; none if all are equal."""
    means = {place: cell.mean for place, row in enumerate(cells) if (cell := row[at]) is not None}
    shown = {place: unit.score(mean) for place, mean in means.items()}
    if len(set(shown.values())) < 2:
        return []
    return [place for place, text in shown.items() if text == unit.score(max(means.values()))]
