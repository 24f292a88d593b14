"""Comparison of studies as a table to export."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from results.comparison.compare import SharedEffect, StudyComparison
from results.comparison.effects import Effect
from results.database.typed_tables import typed_table

if TYPE_CHECKING:
    import pandas as pd


def comparison_frame(comparison: StudyComparison) -> pd.DataFrame:
    """Return the rows of every pair of studies, first those in both, then those in one of them."""
    records: list[dict[str, object]] = []
    for pair in comparison.pairs:
        names = {"reference": comparison.names[0], "study": pair.name}
        records += [{**names, **_record(row)} for row in pair.shared]
        for side, effects in (("reference", pair.only_first), ("study", pair.only_second)):
            records += [{**names, **_identity(row), "turned": False, **_side(side, row)} for row in effects]
    return typed_table("comparison", records)


def _record(row: SharedEffect) -> dict[str, object]:
    record: dict[str, object] = {
        **_identity(row.first),
        "turned": row.turned,
        "around": row.around_words() or None,
        **_side("reference", row.first),
        **_side("study", row.second),
    }
    if row.difference is not None and row.judgement is not None:
        record |= {"difference": row.difference.estimate, "low": row.difference.low, "high": row.difference.high}
        record |= asdict(row.judgement)  # p, adjusted_p, equivalence_p, verdict
    return record


def _identity(effect: Effect) -> dict[str, object]:
    change = {"factor": effect.factor, "from": effect.from_level, "to": effect.to_level, "label": effect.label}
    return {"table": effect.table, **{column: value or None for column, value in change.items()}}


def _side(side: str, effect: Effect) -> dict[str, object]:
    record: dict[str, object] = {f"{side}_run_ids": effect.run_ids}
    if effect.interval is not None:
        interval = effect.interval
        record |= {f"{side}_effect": interval.estimate, f"{side}_low": interval.low, f"{side}_high": interval.high}
    if effect.judgement is not None:
        record[f"{side}_interval_level"] = effect.judgement.level
        record[f"{side}_verdict"] = effect.judgement.verdict
    return record
