"""The section "Where the variance of a score comes from": seeds, training sentences, dev examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

from results.analysis.contrasts import SCORE
from results.analysis.summary import Summary
from results.analysis.variance_sources import SourceOfVariance, sources_of_variance, varies
from results.database.typed_tables import interval_columns, typed_table
from results.measurements.custom_trainer import custom_trainer
from results.measurements.study_results import StudyResults
from results.measurements.task_units import StudyUnits
from results.report.notes import training_sentences_note
from results.report.sections.section import Content
from results.text.formatting import seeds_text
from results.text.units import NONE

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Variance(Content):
    """The sources of variance of the score and of each task; `seeds` is the number of the best's runs.

    `other` names what the best is compared with. `note` says whether the training sentences varied.
    """

    sources: tuple[SourceOfVariance, ...]
    seeds: int
    other: str
    units: StudyUnits
    note: str

    def sentence(self) -> str:
        """Return the standard deviations of the score by source, and what would narrow its interval most."""
        of_run = [each for each in self.sources if each.task == SCORE and len(each.digests) == 1]
        parts = ", ".join(f"{each.source} {self.deviation(each)} {self.interval(each)}" for each in of_run)
        unit = f", in {self.units.score.counted}" if self.units.score.counted else ""
        text = f"Standard deviation of the score of one run of the best configuration{unit}: {parts}."
        return f"{text} {self._mostly(of_run)}".rstrip()

    def _mostly(self, of_run: list[SourceOfVariance]) -> str:
        """Return the share of the dev examples in the variance of a mean over the seeds; empty if it is unknown."""
        examples = sum(each.part.value for each in of_run if each.source == "dev examples")
        runs = sum(each.part.value for each in of_run if each.source != "dev examples") / self.seeds
        if not examples + runs or not any(each.source == "dev examples" for each in of_run):
            return ""
        share = examples / (examples + runs)
        more = "dev examples" if share > 0.5 else "seeds"
        mean = f"the variance of the mean over {seeds_text(self.seeds)}"
        return f"Dev examples are {share * 100:.0f} % of {mean}: more {more} would narrow its interval most."

    def what(self, source: SourceOfVariance) -> str:
        """Return whose variance a row shows."""
        return "a run of the best" if len(source.digests) == 1 else f"the best minus {self.other}"

    def deviation(self, source: SourceOfVariance) -> str:
        """Return the standard deviation in points, or in the unit of the task."""
        return self.units.of(source.task).deviation(source.part.deviation.estimate)

    def interval(self, source: SourceOfVariance) -> str:
        """Return the interval of the standard deviation."""
        unit, ends = self.units.of(source.task), source.part.deviation
        return f"[{unit.deviation(ends.low)}, {unit.deviation(ends.high)}]"

    def degrees_of_freedom(self, source: SourceOfVariance) -> str:
        """Return the degrees of freedom as a whole number; a dash below 1, where the interval alone says something."""
        return f"{source.part.df:,.0f}" if source.part.df >= 1 else NONE

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `variance_sources`, one row per outcome, configuration or difference, and source."""
        return {"variance_sources": typed_table("variance_sources", [_record(each) for each in self.sources])}


def build(results: StudyResults, summary: Summary) -> Variance | None:
    """Return the section; None before the best has two seeds."""
    tasks = results.tasks()
    sources = sources_of_variance(results, tasks if len(tasks) > 1 else ())
    if not sources or summary.best is None:
        return None
    note = "" if custom_trainer(results.study) else training_sentences_note(varies(results.study))
    other = "the second best" if summary.best_is_baseline else "the baseline"
    return Variance(tuple(sources), summary.best.seeds, other, results.units, note)


def _record(source: SourceOfVariance) -> dict[str, object]:
    first, second = (*source.digests, None)[:2]
    return {
        "task": source.task,
        "config_digest": first,
        "minus": second,
        "source": source.source,
        **interval_columns("deviation", source.part.deviation),
        "df": source.part.df if source.part.df > 0 else nan,
        "run_ids": " ".join(map(str, source.run_ids)),
    }
