"""The comparison of studies as a table for files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from results.comparison.compare import SharedEffect, StudyComparison
from results.comparison.effects import Effect
from results.database.typed_tables import typed_table

if TYPE_CHECKING:
    import pandas as pd


def comparison_frame(found: StudyComparison) -> pd.DataFrame:
    """Return every row of every pair: those in both studies first, then those in one of them."""
    records: list[dict[str, object]] = []
    for pair in found.pairs:
        names = {"reference": found.names[0], "study": pair.name}
        records += [{**names, **_record(row)} for row in pair.shared]
        records += [{**names, **_named(one), "turned": False, **_side("reference", one)} for one in pair.only_first]
        records += [{**names, **_named(one), "turned": False, **_side("study", one)} for one in pair.only_second]
    return typed_table("comparison", records)


def _record(row: SharedEffect) -> dict[str, object]:
    told: dict[str, object] = {
        **_named(row.first),
        "turned": row.turned,
        "around": row.around_words() or None,
        **_side("reference", row.first),
        **_side("study", row.second),
    }
    if row.difference is not None and row.judgement is not None:
        told |= {"difference": row.difference.estimate, "low": row.difference.low, "high": row.difference.high}
        told |= {"p": row.judgement.p, "adjusted_p": row.judgement.adjusted_p}
        told |= {"equivalence_p": row.judgement.equivalence_p, "verdict": row.judgement.verdict}
    return told


def _named(effect: Effect) -> dict[str, object]:
    change = {"factor": effect.factor, "from": effect.from_level, "to": effect.to_level, "label": effect.label}
    return {"table": effect.table, **{column: value or None for column, value in change.items()}}


def _side(of: str, effect: Effect) -> dict[str, object]:
    told: dict[str, object] = {f"{of}_run_ids": effect.run_ids}
    if effect.interval is not None:
        interval = effect.interval
        told |= {f"{of}_effect": interval.estimate, f"{of}_low": interval.low, f"{of}_high": interval.high}
    if effect.judgement is not None:
        told[f"{of}_verdict"] = effect.judgement.verdict
    return told
