"""The section with the table for a paper: configurations by tasks, with LaTeX and Markdown to copy."""

from __future__ import annotations

from dataclasses import dataclass, replace

from results.analysis.method_task import MethodTask, method_task
from results.analysis.summary import Summary
from results.measurements.study_results import StudyResults
from results.report.paper_tables import method_task_print
from results.report.sections.section import Content
from results.text.formatting import plural
from results.text.print_table import PrintTable, latex_table, markdown_table


@dataclass(frozen=True)
class Methods(Content):
    """The printed table and its rows; `is_best_sure`: the best is surely better than the baseline."""

    table: MethodTask
    printed: PrintTable
    is_best_sure: bool

    def sentence(self) -> str:
        """Return the size of the table, and whether a row can be called the best."""
        rows = plural(len(self.table.rows), "configuration")
        tasks = plural(len(self.table.tasks), "task")
        bold = (
            "The best is in bold: its gain over the baseline is surely above 0, and no single change of it helps."
            if self.is_best_sure
            else "No row is in bold: no configuration is surely better than all the others."
        )
        return f"{rows} by {tasks}, mean ± standard deviation over fresh seeds. {bold}"

    @property
    def latex(self) -> str:
        """The table as one LaTeX float, or several."""
        return latex_table(self.printed)

    @property
    def markdown(self) -> str:
        """The table in GitHub's flavour of Markdown."""
        return markdown_table(self.printed)


def build(results: StudyResults, summary: Summary) -> Methods | None:
    """Return the section, or None with fewer than two measured configurations, or without tasks."""
    table = method_task(results, summary)
    if len(table.rows) < 2 or not table.tasks:
        return None
    printed, is_sure = method_task_print(results, summary), _is_best_sure(summary)
    best = next((place for place, row in enumerate(table.rows) if row.role == "best"), None)
    score_column = len(table.tasks) + (len(table.tasks) > 1)
    bold = frozenset({(best, 0), (best, score_column)}) if is_sure and best is not None else frozenset()
    caption = printed.caption.partition(" Bold: ")[0]
    if bold:
        caption += " Bold: the best; its gain over the baseline is surely above 0, and no single change of it helps."
    return Methods(table, replace(printed, bold=bold, caption=caption), bool(bold))


def _is_best_sure(summary: Summary) -> bool:
    """Return whether the best is surely better than the baseline, and no single change surely improves it."""
    if summary.best is None or summary.best_is_baseline or summary.gain is None:
        return False
    gain = summary.gain.interval
    better = any(row.judgement is not None and row.judgement.verdict == "helps" for row in summary.ablation)
    return gain.excludes_zero and gain.estimate > 0 and not better
