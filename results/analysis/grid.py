"""The table of a grid: every configuration compared with the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from results.analysis.comparisons import compare_all, judged_record
from results.analysis.contrasts import Comparison
from results.analysis.leaderboard import ConfigurationResult, baseline_digest
from results.analysis.sample_size import Needed, needed
from results.database.typed_tables import typed_table
from results.measurements.study_results import StudyResults, confirmed
from results.statistics import Judgement

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class GridRow:
    """A configuration of a grid; `comparison`: its score minus the baseline's, None without two common seeds.

    `needed`: what would give an open row a verdict.
    """

    entry: ConfigurationResult
    comparison: Comparison | None
    judgement: Judgement | None = None
    needed: Needed | None = None


def grid_rows(results: StudyResults, entries: Sequence[ConfigurationResult], baseline: str) -> list[GridRow]:
    """Return all entries except the baseline (a digest), the largest gain first, those without a comparison last."""
    digests = compared_with_baseline(results, baseline)
    by_digest = {entry.digest: entry for entry in entries}
    rows = [
        GridRow(
            by_digest[digest],
            row.comparison,
            row.judgement,
            needed(results, row.comparison, row.judgement, digest, baseline),
        )
        for digest, row in zip(digests, compare_all(results, digests, baseline), strict=True)
        if digest in by_digest
    ]
    return sorted(rows, key=_by_gain)


def compared_with_baseline(results: StudyResults, baseline: str) -> list[str]:
    """Return the configurations of a grid's table (digests), including those without a result."""
    return [digest for digest in confirmed(results) if digest != baseline]


def against_baseline_frame(results: StudyResults, rows: Sequence[GridRow]) -> pd.DataFrame:
    """Return `grid_rows` as a frame; differences from the baseline are in score units."""
    baseline = baseline_digest(results)
    baseline_runs = " ".join(map(str, results.run_ids(baseline))) if baseline else ""
    records = [
        {
            "cells": " ".join(row.entry.names),
            "label": "; ".join(row.entry.labels),
            "config_digest": row.entry.digest,
            "mean": row.entry.mean,
            "spread": row.entry.spread,
            "seeds": row.entry.seeds,
            **judged_record(row),
            **(row.needed.columns() if row.needed else {}),
            "run_ids": " ".join(map(str, row.entry.run_ids)),
            "baseline_run_ids": baseline_runs,
        }
        for row in rows
    ]
    return typed_table("against_baseline", records)


def _by_gain(row: GridRow) -> tuple[bool, float, str]:
    gain = row.comparison.interval.estimate if row.comparison else 0.0
    return row.comparison is None, -gain, row.entry.digest
