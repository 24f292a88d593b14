"""The section "What mattered in the search": Shapley effects of the factors, compared with null factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from results.analysis.summary import Summary
from results.database.typed_tables import typed_table
from results.figures import run_links
from results.figures.figure import Figure, Trace, escaped, whiskers
from results.importance.encoding import groups_of
from results.importance.evaluate import FactorImportance, Importances, importances
from results.measurements.study_results import StudyResults, complete_search, evenly
from results.report.sections.section import Content
from results.text.formatting import decimals, plural

if TYPE_CHECKING:
    import pandas as pd

# The section takes about 3 s with these, whether there are 6 factors or 28; all of 10,000 runs would take minutes.
FEWEST_USED, MOST_USED, RUNS_TIMES_FACTORS = 250, 1000, 5000
RESAMPLES, RESAMPLES_OF_MANY, MANY_FACTORS = 60, 30, 12


@dataclass(frozen=True)
class SearchImportance(Content):
    """Importances computed from the runs `run_ids`, out of `complete` complete ones; `cut_short` were stopped early."""

    run_ids: tuple[int, ...]
    complete: int
    cut_short: int
    resamples: int
    importances: Importances

    @property
    def rows(self) -> tuple[FactorImportance, ...]:
        """The factors, the largest first."""
        return self.importances.factors

    @property
    def distinguished(self) -> tuple[str, ...]:
        """The factors that matter more than null factors, the largest first."""
        return self.importances.ranking

    def sentence(self) -> str:
        """Return the factors that matter, or why none can be named."""
        names = self.distinguished
        if not names:
            return self.importances.too_few
        listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        explain = "explains" if len(names) == 1 else "explain"
        return (
            f"Of {plural(len(self.rows), 'factor')}, {listed} clearly {explain} more of the search's scores than one "
            "that cannot matter."
        )

    @property
    def undistinguished(self) -> tuple[FactorImportance, ...]:
        """The other factors; they are listed without bars, because their order has no meaning."""
        return tuple(row for row in self.rows if not row.distinguished)

    def runs_sentence(self) -> str:
        """Return the number of runs that the importances are computed from."""
        if len(self.run_ids) == self.complete:
            text = f"Computed from all {plural(self.complete, 'complete run')} of the search"
        else:
            used = f"{len(self.run_ids)} of {self.complete:,} complete runs"
            text = f"Computed from {used}, spread evenly over the search"
        if self.cut_short:
            text += f"; {plural(self.cut_short, 'run')} stopped early {'is' if self.cut_short == 1 else 'are'} left out"
        return f"{text}."

    def share(self, value: float) -> str:
        """Return a share as text, e.g. "0.08"."""
        return decimals(value, 2)

    def figures(self) -> Sequence[Figure]:
        """Return the bars of the factors that matter, with intervals; a line marks the largest null factor."""
        return [_bars(self)] if self.distinguished else []

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `importance`, one row per factor."""
        shared = {
            "null": self.importances.null,
            "resamples": self.resamples,
            "runs": len(self.run_ids),
            "run_ids": " ".join(map(str, self.run_ids)),
        }
        records = [
            {"factor": one.factor, "importance": one.value, "low": one.low, "high": one.high}
            | {"exceeds_nulls": one.exceeds_nulls, "told_apart": one.distinguished, **shared}
            for one in self.rows
        ]
        return {"importance": typed_table("importance", records)}


def build(results: StudyResults, summary: Summary) -> SearchImportance | None:
    """Return the section; None for a grid, and before the search has a complete run."""
    runs = complete_search(results)
    if summary.is_grid or not runs:
        return None
    sample = evenly(runs, MOST_USED)
    used = evenly(runs, most_runs(len(groups_of([run.choices_json for run in sample]))))
    factors = len(groups_of([run.choices_json for run in used]))
    resamples = RESAMPLES_OF_MANY if factors > MANY_FACTORS else RESAMPLES
    scores = [run.score or 0.0 for run in used]
    return SearchImportance(
        run_ids=tuple(run.id for run in used),
        complete=len(runs),
        cut_short=sum(run.phase == "search" and run.status == "pruned" for run in results.runs),
        resamples=resamples,
        importances=importances([run.choices_json for run in used], scores, resamples=resamples),
    )


def most_runs(factors: int) -> int:
    """Return the largest number of runs to use, so that the time does not grow with the factors."""
    return max(FEWEST_USED, min(MOST_USED, RUNS_TIMES_FACTORS // max(1, factors)))


def _bars(section: SearchImportance) -> Figure:
    shown = [row for row in section.rows if row.distinguished][::-1]  # plotly draws upwards
    left, null = len(section.undistinguished), section.importances.null
    others = f" {plural(left, 'other factor')} {'is' if left == 1 else 'are'} not drawn." if left else ""
    return Figure(
        id="figure-importance",
        title="Importance by Shapley effects",
        sentence=(
            "Factors that can be distinguished from ones that cannot matter, with 95 % intervals: Student's t with the "
            f"deviation over {section.resamples} resamples of the runs. The dotted line is the value that the largest "
            f"factor in random order exceeds in half of the resamples.{others}"
        ),
        traces=[_trace(section, shown)],
        layout={
            "xaxis": {"title": {"text": "share of the variance explained"}},
            "yaxis": {"title": {"text": ""}, "dtick": 1, "range": [-0.6, len(shown) - 0.4]},
            "shapes": [
                {"type": "line", "x0": null, "x1": null, "yref": "paper", "y0": 0, "y1": 1}
                | {"line": {"color": "var(--baseline)", "dash": "dot", "width": 2}}
            ],
            "annotations": [
                {"x": null, "yref": "paper", "y": 1, "text": "largest factor that cannot matter"}
                | {"showarrow": False, "xanchor": "left", "yanchor": "bottom", "font": {"color": "var(--baseline)"}}
            ],
        },
        runs=run_links.of_runs(section.run_ids),
        rows=len(shown),
    )


def _trace(section: SearchImportance, shown: Sequence[FactorImportance]) -> Trace:
    return {
        "type": "bar",
        "orientation": "h",
        "x": [one.value for one in shown],
        "y": [escaped(one.factor) for one in shown],
        "marker": {"color": "var(--accent)"},
        "width": 0.6,
        "error_x": whiskers([(one.low, one.value, one.high) for one in shown], "var(--ink)", 1.2),
        "name": "share of the variance that the choices explain",
        "text": [f"{section.share(row.value)} [{section.share(row.low)}, {section.share(row.high)}]" for row in shown],
        "textposition": "none",
        "hovertemplate": "%{y}: %{text}<extra></extra>",
        "showlegend": False,
    }
