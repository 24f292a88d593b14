"""What the five course reports print: their claims and their tables of results, by the search space that repeats them.

The facts are in `results/data`, statements in our words, numbers as printed (scores 0..1). Rows are named by the labels
of our spaces. "baseline" is the baseline of a space where its claims compare with rows that another space prints.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Metric = Literal[
    "sst_accuracy",
    "qqp_accuracy",
    "sts_pearson",
    "average",
    "mean_abs_deviation_from_baseline",
    "sst_train_dev_gap",
]
Direction = Literal["greater", "smaller", "approx_equal"]
Formula = Literal["plain", "rescaled", "neither"]  # of a printed average; rescaled: STS counts as (1 + r) / 2

DATA = Path(__file__).parent / "data"
BASELINE = "baseline"


@dataclass(frozen=True)
class Printed:
    """What a report prints for a claim: `delta` is better minus worse, averaged over the claim's metrics.

    `plain_mean_delta`, of a claim about averages: the same of plain means of three columns, which is what ours are.
    `deltas` by metric where there are several; `pairs_delta`: the mean over `Claim.pairs`.
    """

    delta: float
    plain_mean_delta: float | None = None
    pairs_delta: float | None = None
    deltas: Mapping[Metric, float] = field(default_factory=dict)

    def of(self, metric: Metric) -> float:
        """What is comparable with ours."""
        if metric in self.deltas:
            return self.deltas[metric]
        return self.delta if self.plain_mean_delta is None else self.plain_mean_delta


@dataclass(frozen=True)
class Elsewhere:
    """Rows of another space for which our baseline stands, being the same configuration."""

    space: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """Rows that a claim compares where the report can be read in another way as well; `words` say which."""

    words: str
    better: tuple[str, ...]
    worse: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """One claim: the mean of the rows `better` against that of the rows `worse`, in every one of `metrics`.

    `tolerance`, of approx_equal, is a reading of it, not a number of the report. `reference` are the rows that
    deviations are from; `pairs` all pairs of the table that differ in the claim's factor alone, where those are more.
    `other_reading` is told beside the verdict, which is on `better` and `worse`.
    """

    id: str
    report: str
    table: str
    space: str
    statement: str
    metrics: tuple[Metric, ...]
    direction: Direction
    tolerance: float | None
    better: tuple[str, ...]
    worse: tuple[str, ...]
    reference: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    elsewhere: Elsewhere | None
    printed: Printed
    support: str
    confounds: str
    other_reading: Reading | None = None


@dataclass(frozen=True)
class PrintedRow:
    """One row as printed; None where there is no such cell. `row` is its label in our space."""

    label: str
    row: str
    sst: float | None
    quora: float | None
    sts: float | None
    average: float | None
    formula: Formula | None

    @property
    def plain_mean(self) -> float | None:
        """The mean of the three columns, what ours are compared with."""
        known = [value for value in (self.sst, self.quora, self.sts) if value is not None]
        return sum(known) / 3 if len(known) == 3 else None


@dataclass(frozen=True)
class PrintedTable:
    """A table of results, or results that stand in the text, on one split."""

    id: str
    report: str
    table: str
    space: str
    split: Literal["dev", "test", "train"]
    rows: tuple[PrintedRow, ...]


def report_name(report: str) -> str:
    """The authors' family names."""
    return str(_read("claims")["reports"][report]["name"])


@functools.cache
def claims_of(space: str) -> tuple[Claim, ...]:
    """The claims that a study of this space can test; none for a space of our own."""
    return tuple(_claim(entry) for entry in _read("claims")["claims"] if entry["space"] == space)


@functools.cache
def all_claims() -> tuple[Claim, ...]:
    """Every claim, in the order of the reports."""
    return tuple(_claim(entry) for entry in _read("claims")["claims"])


@functools.cache
def tables_of(space: str) -> tuple[PrintedTable, ...]:
    """The printed tables whose rows this space has."""
    return tuple(_table(entry) for entry in _read("report_tables")["tables"] if entry["space"] == space)


@functools.cache
def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found


def _claim(entry: Mapping[str, Any]) -> Claim:
    elsewhere = entry.get("elsewhere")
    rows: dict[str, Any] = {side: tuple(entry.get(side, ())) for side in ("better", "worse", "reference", "metrics")}
    texts: dict[str, Any] = {
        key: entry[key] for key in ("id", "report", "table", "space", "statement", "direction", "support")
    }
    return Claim(
        **texts,
        **rows,
        tolerance=entry.get("tolerance"),
        pairs=tuple((better, worse) for better, worse in entry.get("pairs", ())),
        elsewhere=elsewhere and Elsewhere(elsewhere["space"], tuple(elsewhere["rows"])),
        printed=Printed(**entry["printed"]),
        confounds=entry.get("confounds", ""),
        other_reading=_reading(entry.get("other_reading")),
    )


def _reading(entry: Mapping[str, Any] | None) -> Reading | None:
    return None if entry is None else Reading(entry["words"], tuple(entry["better"]), tuple(entry["worse"]))


def _table(entry: Mapping[str, Any]) -> PrintedTable:
    rows = tuple(PrintedRow(**{"row": row["label"], "formula": None, **row}) for row in entry["rows"])
    return PrintedTable(**{**entry, "rows": rows})
