"""Claims of the report whose table the study reproduces, and the printed table beside the measured one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from results.analysis.summary import Summary
from results.database.rows import StudyRow
from results.database.typed_tables import typed_table
from results.figures import interval_svg
from results.measurements.study_results import StudyResults
from results.published import wording
from results.published.measured_claims import MeasuredClaim, measure_claims
from results.published.side_by_side import SideTable, Spread, side_by_side
from results.report.sections.section import Content

if TYPE_CHECKING:
    import pandas as pd

# Fields of a claim that the table has as columns of the same name.
CLAIM_FIELDS = ("report", "table", "statement", "direction", "tolerance", "support", "confounds")


@dataclass(frozen=True)
class Claims(Content):
    """The measured claims, and the printed tables with the measured rows; `words` has the template's wording."""

    study: StudyRow
    measured: Sequence[MeasuredClaim]
    sides: Sequence[SideTable]
    words = wording

    def sentence(self) -> str:
        """Return the number of claims by verdict."""
        sentence = wording.sentence(self.measured)
        made_up = " The data are made up, so this says nothing about the report." if self.study.data_made_up else ""
        return f"{sentence}{made_up}"

    @property
    def axis(self) -> interval_svg.Axis:
        """The axis that all bars share."""
        return interval_svg.shared_axis([one.interval for finding in self.measured for one in finding.measured])

    @property
    def scale(self) -> Markup:
        """The axis with its numbers."""
        return interval_svg.scale(self.axis)

    @property
    def bars(self) -> dict[tuple[str, str], Markup]:
        """(claim, metric) -> its interval as a bar."""
        axis = self.axis
        return {
            (finding.claim.id, one.metric): interval_svg.bar(one.interval, axis)
            for finding in self.measured
            for one in finding.measured
        }

    @property
    def notes(self) -> str:
        """The note that explains the numbers of the claims."""
        measured = [one for finding in self.measured for one in finding.measured]
        shares = {finding.share for finding in self.measured}
        return f"{wording.verdicts_note(shares)} {wording.intervals_note(measured)}".strip()

    @property
    def unlike_dev(self) -> str:
        """The splits of printed tables other than dev, e.g. "test and train"; empty for none."""
        return " and ".join(sorted({side.table.split for side in self.sides} - {"dev"}))

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `claims`, with one row per claim and metric, and `printed_and_ours`, with one row per printed row."""
        claims = [line for one in self.measured for line in _claim_lines(one)]
        rows = [line for side in self.sides for line in _side_lines(side)]
        return {"claims": typed_table("claims", claims), "printed_and_ours": typed_table("printed_and_ours", rows)}


def build(results: StudyResults, summary: Summary) -> Claims | None:
    """Return the section, or None if the space is not the table of a report."""
    measured = measure_claims(results)
    return Claims(summary.study, measured, side_by_side(results)) if measured else None


def _claim_lines(finding: MeasuredClaim) -> list[dict[str, object]]:
    claim, judged = finding.claim, finding.judgement
    by_metric = {one.metric: one for one in finding.measured}
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
            "smaller_p": judged.smaller_p,
            "adjusted_smaller_p": judged.adjusted_smaller_p,
            "share": finding.share,
            "smaller_than_printed": judged.is_smaller,
            "verdict": judged.verdict,
            "reason": judged.reason,
            "run_ids": " ".join(map(str, finding.run_ids)),
        }
        line |= {field: getattr(claim, field) for field in CLAIM_FIELDS}
        if (one := by_metric.get(metric)) is not None:
            single = one.comparison.interval
            line |= {**asdict(one.interval), "interval_level": one.level}
            line |= {"single_low": single.low, "single_high": single.high}
            line |= {"interval_over": one.comparison.over, "seeds": len(one.comparison.seeds)}
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
        line["run_ids"] = " ".join(map(str, row.ours.run_ids if row.ours else ()))
        lines.append(line)
    return lines
