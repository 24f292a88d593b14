"""The tables that a paper prints of a study: changes with their verdicts, configurations, configurations by tasks.

What is left out for room (p-values, digests, ids of runs) is in the CSV and JSON exports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from results.added import added_rows
from results.contrasts import Comparison
from results.described import described, unique_names
from results.first_screen import best_name, made_up
from results.leaderboard import ConfigurationResult, baseline_digest
from results.method_task import TaskScore, method_task
from results.print_table import PrintColumn, PrintTable
from results.rows import Cell
from results.statistics import Judgement
from results.study_results import StudyResults
from results.summary import Summary
from results.task_units import margin_of
from results.units import Unit
from results.wording import NONE, changes, changes_in_words, level_text, seeds_text

TABLES = ("ablation", "added", "against_baseline", "leaderboard", "method_task")
Row = tuple[str, Comparison | None, Judgement | None]  # what is changed, and what that does


def paper_tables(results: StudyResults, found: Summary) -> dict[str, PrintTable]:
    """Return the study's tables, under the names of the full ones in an export."""
    made = {
        "ablation": ablation_print(results, found),
        "leaderboard": leaderboard_print(results, found),
        "method_task": method_task_print(results, found),
    }
    if found.is_grid:
        made["against_baseline"] = against_baseline_print(results, found)
    if added_rows(results, found):
        made["added"] = added_print(results, found)
    return made


def ablation_print(results: StudyResults, found: Summary) -> PrintTable:
    """Return the table of changes to the best configuration: change, difference [interval], verdict."""
    rows = [(_change(row.cell), row.comparison, row.judgement) for row in found.ablation]
    caption = "Single changes to the best configuration"
    if found.best is not None:
        caption += f" ({best_name(found)}; {results.units.score.spread_with_unit(found.best.mean, found.best.spread)})"
    return _judged(results, "ablation", f"{caption}: dev score with the change minus without it.", "Change", rows)


def added_print(results: StudyResults, found: Summary) -> PrintTable:
    """Return the table of changes to the baseline: change, difference [interval], verdict."""
    rows = [(_change(row.alone.cell), row.alone.comparison, row.alone.judgement) for row in added_rows(results, found)]
    caption = "Single changes to the baseline: dev score with the change minus without it."
    return _judged(results, "added", caption, "Change", rows)


def against_baseline_print(results: StudyResults, found: Summary) -> PrintTable:
    """Return the table of a grid: configuration, difference from the baseline [interval], verdict."""
    named = _names(found, [row.entry for row in found.against_baseline])
    rows = [(named[row.entry.digest], row.comparison, row.judgement) for row in found.against_baseline]
    caption = "Configurations compared with the baseline: their dev score minus that of the baseline."
    return _judged(results, "against_baseline", caption, "Configuration", rows)


def leaderboard_print(results: StudyResults, found: Summary) -> PrintTable:
    """Return the table of confirmed configurations: mean ± deviation, interval, the same on test if it was measured."""
    entries, baseline = found.leaderboard, baseline_digest(results)
    unit = results.units.score
    named, tested = _names(found, entries), any(entry.test_mean is not None for entry in entries)
    seeds = _Seeds([entry.seeds for entry in entries])
    rows = [
        (
            f"{named[entry.digest]} (baseline)" if _unsaid(entry, baseline, named) else named[entry.digest],
            unit.spread(entry.mean, entry.spread),
            unit.score_interval(entry.interval),
            *((unit.spread(entry.test_mean, entry.test_spread),) if tested else ()),
            *seeds.cell(entry.seeds),
        )
        for entry in entries
    ]
    columns = [PrintColumn(("Configuration",), "l"), PrintColumn(_dev(unit)), PrintColumn(("95 % interval",))]
    columns += [PrintColumn(("Test",))] if tested else []
    best = frozenset(
        (place, at)
        for place, entry in enumerate(entries)
        if found.best is not None and entry.digest == found.best.digest
        for at in range(len(columns))
    )
    caption = "Confirmed configurations, called by what they change of the baseline: mean score and standard deviation"
    caption = f"{_caveat(results)}{caption} over fresh seeds{seeds.each}. Bold: the best. {_over(entries)}".strip()
    return PrintTable(_name(results, "leaderboard"), caption, (*columns, *seeds.column), tuple(rows), best)


def method_task_print(results: StudyResults, found: Summary) -> PrintTable:
    """Return configurations by task and over all tasks: mean ± standard deviation; the best of a column is bold."""
    table = method_task(results, found)
    over = len(table.tasks) > 1  # of one task the score is that task's
    units = [*(results.units.of(task) for task in table.tasks), *([results.units.score] if over else ())]
    seeds = _Seeds([row.seeds for row in table.rows])
    cells = [(*row.tasks, row.score)[: len(units)] for row in table.rows]
    rows = [
        (row.method, *(_score(cell, unit) for cell, unit in zip(of, units, strict=True)), *seeds.cell(row.seeds))
        for row, of in zip(table.rows, cells, strict=True)
    ]
    columns = [PrintColumn(("Configuration",), "l")]
    columns += [_task_column(results, task, metric) for task, metric in zip(table.tasks, table.metrics, strict=True)]
    columns += [*([PrintColumn((_mean_name(results),))] if over else ()), *seeds.column]
    which = "highest" if all(unit.higher_is_better for unit in units) else "best"
    caption = "Configurations by task on dev: mean ± standard deviation over fresh seeds"
    caption = f"{_caveat(results)}{caption}{seeds.each}. Bold: the {which} mean of a column, whatever its noise."
    bold = frozenset((place, at + 1) for at, unit in enumerate(units) for place in _best_of(cells, at, unit))
    return PrintTable(_name(results, "method_task"), caption, tuple(columns), tuple(rows), bold)


def _task_column(results: StudyResults, task: str, metric: str) -> PrintColumn:
    if results.units.names(task):
        return PrintColumn((task, results.units.of(task).heading))
    return PrintColumn((task, metric) if metric != "score" else (task,))


def _mean_name(results: StudyResults) -> str:
    """Return the heading of the score: a mean over tasks, or the task that decides."""
    deciding = results.units.deciding
    return "mean" if not deciding else f"score ({', '.join(deciding)})"


def _dev(unit: Unit) -> tuple[str, ...]:
    return ("Dev",) if unit.name == "score" and not unit.symbol else ("Dev", unit.heading)


def _judged(results: StudyResults, name: str, caption: str, heading: str, rows: Sequence[Row]) -> PrintTable:
    unit, counts = results.units.score, [len(comparison.seeds) if comparison else 0 for _, comparison, _ in rows]
    seeds = _Seeds(counts)
    shown = [
        (
            words,
            f"{unit.difference(comparison.interval.estimate)} {unit.interval(comparison.interval)}"
            if comparison
            else NONE,
            judgement.verdict if judgement else NONE,
            *seeds.cell(count),
        )
        for (words, comparison, judgement), count in zip(rows, counts, strict=True)
    ]
    columns = (
        PrintColumn((heading,), "l"),
        PrintColumn((unit.differences_title, "[95 % interval]")),
        PrintColumn(("Verdict",), "l"),
    )
    return PrintTable(
        _name(results, name),
        f"{_caveat(results)}{caption} {_explained(results, rows)}{seeds.sentence}",
        (*columns, *seeds.column),
        tuple(shown),
    )


def _explained(results: StudyResults, rows: Sequence[Row]) -> str:
    """Return what a point, the intervals and the verdicts are."""
    unit, margin = results.units.score, margin_of(results.study)
    equivalent = "" if margin is None else f"equivalent: surely within {unit.apart(margin)} (two one-sided tests); "
    over = {comparison.over for _, comparison, _ in rows if comparison}
    of = (
        " over seeds and dev examples" if over == {"seeds and examples"} else " over seeds" if over == {"seeds"} else ""
    )
    return (
        f"{unit.note}; brackets: 95 % interval{of} of the row alone. Verdicts: helps and hurts "
        f"differ from 0, any wrong one in the table at most 5 % of the time (Holm); {equivalent}open: neither."
    )


class _Seeds:
    """The number of seeds per row: in the caption if all rows have the same number, else in a column."""

    def __init__(self, counts: Sequence[int]) -> None:
        self._same = counts[0] if counts and len(set(counts)) == 1 else None
        self.column = () if self._same is not None else (PrintColumn(("Seeds",)),)

    @property
    def each(self) -> str:
        """Return ", 3 seeds each"; nothing if there is a column."""
        return "" if self._same is None else f", {seeds_text(self._same)} each"

    @property
    def sentence(self) -> str:
        """Return " 3 seeds per row."; nothing if there is a column."""
        return "" if self._same is None else f" {seeds_text(self._same)} per row."

    def cell(self, count: int) -> tuple[str, ...]:
        """Return the row's cell in that column."""
        return () if self._same is not None else (f"{count}",)


def _names(found: Summary, entries: Sequence[ConfigurationResult]) -> dict[str, str]:
    """Return digest -> unique name: the printed label, else the changes."""
    baseline = found.baseline.digest if found.baseline else None
    short = {
        one.digest: "; ".join(one.labels)
        or ("baseline" if one.digest == baseline else described(found, one.choices).text)
        for one in entries
    }
    choices = {one.digest: one.choices for one in entries}
    return unique_names(short, lambda digest: changes_in_words(changes(found.baseline_choices, choices[digest])))


def _unsaid(entry: ConfigurationResult, baseline: str | None, named: Mapping[str, str]) -> bool:
    return entry.digest == baseline and "baseline" not in named[entry.digest].lower()


def _change(cell: Cell) -> str:
    return f"{cell.factor}: {level_text(cell.from_level)} → {level_text(cell.to_level)}"


def _score(cell: TaskScore | None, unit: Unit) -> str:
    return unit.spread(cell.mean, cell.deviation) if cell else NONE


def _best_of(cells: Sequence[Sequence[TaskScore | None]], at: int, unit: Unit) -> list[int]:
    """Return the rows whose displayed mean is the best of a column; none if all are equal."""
    means = {place: cell.mean for place, of in enumerate(cells) if (cell := of[at]) is not None}
    shown = {place: unit.score(mean) for place, mean in means.items()}
    if len(set(shown.values())) < 2:
        return []
    return [place for place, text in shown.items() if text == unit.score(max(means.values()))]


def _over(entries: Sequence[ConfigurationResult]) -> str:
    over = {entry.interval_over for entry in entries if entry.interval_over}
    return f"Intervals: over {over.pop()}." if len(over) == 1 else ""


def _caveat(results: StudyResults) -> str:
    """Return the warning that precedes all numbers, with a space behind it."""
    return f"{caption} " if (caption := made_up(results.study)) else ""


def _name(results: StudyResults, table: str) -> str:
    """Return a name that is unique in a document with the tables of several studies."""
    return f"{re.sub('[^A-Za-z0-9]+', '-', results.study.study_name)}:{table}"
