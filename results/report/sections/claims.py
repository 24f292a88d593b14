"""The claims of the report whose table a study repeats, and the printed table beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from results.analysis.summary import Summary
from results.database.rows import StudyRow
from results.database.typed_tables import typed_table
from results.figures import interval_svg
from results.figures.figure import Figure
from results.measurements.study_results import StudyResults
from results.published import wording
from results.published.measured_claims import MeasuredClaim, measure_claims
from results.published.side_by_side import SideTable, Spread, side_by_side

if TYPE_CHECKING:
    import pandas as pd

# Fields of a claim that are columns of the same name.
CLAIM_FIELDS = ("report", "table", "statement", "direction", "tolerance", "support", "confounds")


@dataclass(frozen=True)
class Claims:
    """The measured claims and the printed tables with ours; `words` has the template's wording."""

    study: StudyRow
    found: Sequence[MeasuredClaim]
    sides: Sequence[SideTable]
    words = wording

    def sentence(self) -> str:
        """Return how many claims hold here."""
        told = wording.sentence(self.found)
        return f"{told} The data are made up: that says nothing of the report." if self.study.data_made_up else told

    @property
    def axis(self) -> interval_svg.Axis:
        """Return the axis that all bars share."""
        return interval_svg.shared_axis([one.comparison.interval for finding in self.found for one in finding.measured])

    @property
    def scale(self) -> Markup:
        """Return the axis with its numbers."""
        return interval_svg.scale(self.axis)

    @property
    def bars(self) -> dict[tuple[str, str], Markup]:
        """Return (claim, metric) -> its interval as a bar."""
        axis = self.axis
        return {
            (finding.claim.id, one.metric): interval_svg.bar(one.comparison.interval, axis)
            for finding in self.found
            for one in finding.measured
        }

    @property
    def notes(self) -> str:
        """Return what the numbers of the claims mean."""
        over = {one.comparison.over for finding in self.found for one in finding.measured}
        return f"{wording.VERDICTS} {wording.over_note(over)}".strip()

    @property
    def unlike_dev(self) -> str:
        """Return the splits of printed tables other than dev, e.g. "test and train"; empty for none."""
        return " and ".join(sorted({side.table.split for side in self.sides} - {"dev"}))

    def figures(self) -> Sequence[Figure]:
        """Return none: the bars are in the table."""
        return []

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `claims`, a row per claim and metric, and `printed_and_ours`, a row per printed row."""
        claims = [line for one in self.found for line in _claim_lines(one)]
        rows = [line for side in self.sides for line in _side_lines(side)]
        return {
            "claims": typed_table("claims", claims),
            "printed_and_ours": typed_table("printed_and_ours", rows),
        }


def build(results: StudyResults, found: Summary) -> Claims | None:
    """Build the section; None if the space is not a report's table."""
    told = measure_claims(results)
    return Claims(found.study, told, side_by_side(results)) if told else None


def _claim_lines(finding: MeasuredClaim) -> list[dict[str, object]]:
    claim, judged = finding.claim, finding.judgement
    by_metric = {one.metric: one.comparison for one in finding.measured}
    lines: list[dict[str, object]] = []
    for metric in claim.metrics:
        line: dict[str, object] = {
            "claim": claim.id,
            "metric": metric,
            "better": "; ".join(claim.better),
            "worse": "; ".join(claim.worse),
            "printed": claim.printed.of(metric),
            "printed_delta": claim.printed.delta,
            "p": judged.p,
            "adjusted_p": judged.adjusted_p,
            "verdict": judged.verdict,
            "reason": judged.reason,
            "run_ids": _joined(finding.run_ids),
        }
        line |= {field: getattr(claim, field) for field in CLAIM_FIELDS}
        if (comparison := by_metric.get(metric)) is not None:
            line |= {**asdict(comparison.interval), "interval_over": comparison.over, "seeds": len(comparison.seeds)}
        lines.append(line)
    return lines


def _side_lines(side: SideTable) -> list[dict[str, object]]:
    lines = []
    for row in side.rows:
        line: dict[str, object] = {
            "table_id": side.table.id,
            "table": side.table.table,
            "split": side.table.split,
            "label": row.printed.label,
            "row": row.printed.row,
            "average_formula": row.printed.formula,
            "printed_plain_mean": row.printed.plain_mean,
        }
        for name in ("sst", "quora", "sts", "average"):
            value: Spread | None = getattr(row.ours, name) if row.ours else None
            line[f"printed_{name}"] = getattr(row.printed, name)
            line[name] = value.mean if value else None
            line[f"{name}_spread"] = value.deviation if value else None
        line["seeds"] = row.ours.seeds if row.ours else 0
        line["run_ids"] = _joined(row.ours.run_ids if row.ours else ())
        lines.append(line)
    return lines


def _joined(runs: Sequence[int]) -> str:
    return " ".join(map(str, runs))
