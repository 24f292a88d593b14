"""The end of a launch that replicates a published table: the table beside ours, and its claims with verdicts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from results.database.rows import StudyRow
from results.measurements.study_results import StudyResults
from results.published import wording as claim_words
from results.published.measured_claims import MeasuredClaim, measure_claims
from results.published.side_by_side import SideRow, SideTable, side_by_side
from results.text import formatting
from results.text.units import NONE
from search_spaces.output import plain


@dataclass(frozen=True)
class ClaimsEnding:
    """The claims and tables of the report that a study replicates; both empty for other spaces."""

    study: StudyRow
    findings: list[MeasuredClaim]
    sides: list[SideTable]

    @classmethod
    def of(cls, results: StudyResults) -> ClaimsEnding:
        """Return the claims and tables, measured in a study."""
        return cls(results.study, measure_claims(results), side_by_side(results))

    def as_json(self) -> list[dict[str, Any]]:
        """Return an object per claim: its verdict and, by metric, the measured and the printed difference (0..1)."""
        return [
            {
                "id": finding.claim.id,
                "statement": finding.claim.statement,
                "verdict": finding.judgement.verdict,
                "reason": finding.judgement.reason or None,
                "adjusted_p": finding.judgement.adjusted_p,
                "adjusted_smaller_p": finding.judgement.adjusted_smaller_p,
                "smaller_than_printed": finding.judgement.is_smaller,
                "metrics": {
                    one.metric: {
                        **asdict(one.interval),
                        "level": one.level,
                        "printed": finding.claim.printed.of(one.metric),
                    }
                    for one in finding.measured
                },
            }
            for finding in self.findings
        ]

    def show(self, console: Console) -> None:
        """Print the published table beside ours, then the claims with their verdicts."""
        console.print(self._table())
        marks = {claim_words.average_mark(row.printed) for side in self.sides for row in side.rows}
        if marks - {""}:
            console.print("* counts STS as (1 + r)/2   ? formula unknown   ours is the plain mean", style="dim")
        notes = f"{claim_words.scale_note(self.study)} {claim_words.pins_note(self.study)}".strip()
        console.print(notes, style="dim", markup=False)
        console.print(f"\n{claim_words.sentence(self.findings)}", markup=False)
        console.print(self._claims())

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 1), collapse_padding=True)
        table.add_column("row")
        tasks = ("\nQuora", "\nSTS")
        for name in ("printed\nSST", *tasks, "\nmean", "ours\nSST", *tasks, "\nmean ± sd", "\nseeds"):
            table.add_column(name, justify="right", no_wrap=True)
        for side in self.sides:
            if side.table.split == "dev":
                table.add_row(Text(plain(claim_words.source(side.table)), style="dim"))
                for row in side.rows:
                    table.add_row(*_cells(row))
        return table

    def _claims(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 1))
        table.add_column("claim")
        for column in ("printed", "ours", "interval"):
            table.add_column(column, justify="right", no_wrap=True)
        table.add_column("verdict", min_width=12)
        for finding in self.findings:
            judged = finding.judgement
            verdict = claim_words.verdict_text(judged.verdict, is_smaller=judged.is_smaller)
            intervals = [one.interval for one in finding.measured]
            table.add_row(
                Text(plain(f"{finding.claim.statement} {_metrics(finding)}")),
                "\n".join(formatting.points_text(finding.claim.printed.of(metric)) for metric in finding.claim.metrics),
                "\n".join(formatting.points_text(interval.estimate) for interval in intervals) or NONE,
                "\n".join(formatting.points_interval(interval) for interval in intervals) or NONE,
                Text(plain(f"{verdict}: {judged.reason}" if judged.reason else verdict)),
            )
        return table


def _metrics(finding: MeasuredClaim) -> str:
    return f"({', '.join(claim_words.metric_name(metric) for metric in finding.claim.metrics)})"


def _cells(row: SideRow) -> list[Text | str]:
    printed, ours = row.printed, row.ours
    tasks = [ours.sst, ours.quora, ours.sts] if ours else [None] * 3
    return [
        Text(plain(printed.label)),
        *(formatting.score_text(value) for value in (printed.sst, printed.quora, printed.sts)),
        claim_words.average_text(printed),
        *(formatting.score_text(value.mean if value else None) for value in tasks),
        claim_words.spread_text(ours.average if ours else None),
        str(ours.seeds if ours else 0),
    ]
