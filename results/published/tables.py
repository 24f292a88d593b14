"""What the five course reports print: their claims and their tables of results, by the search space that repeats them.

The facts are in `results/data`, statements in our words, numbers as printed (scores 0..1). Rows are named by the labels
of our spaces. "baseline" is the baseline of a space where its claims compare with rows that another space prints.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

from pydantic import TypeAdapter

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

BASELINE = "baseline"


@dataclass(frozen=True)
class Printed:
    """The printed numbers of a claim: `delta` is better minus worse, averaged over the claim's metrics.

    `plain_mean_delta`, of a claim about averages: the same of plain means of three columns, which is what ours are.
    `deltas` by metric where there are several; `pairs_delta`: the mean over `Claim.pairs`.
    """

    delta: float
    plain_mean_delta: float | None = None
    pairs_delta: float | None = None
    deltas: Mapping[Metric, float] = field(default_factory=dict)

    def of(self, metric: Metric) -> float:
        """Return the number that is comparable with ours."""
        if metric in self.deltas:
            return self.deltas[metric]
        return self.delta if self.plain_mean_delta is None else self.plain_mean_delta


@dataclass(frozen=True)
class Elsewhere:
    """Rows of another space that have the same configuration as our baseline."""

    space: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """Rows that a claim compares under another reading of the report, described by `words`."""

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
    better: tuple[str, ...]
    worse: tuple[str, ...]
    printed: Printed
    support: str
    tolerance: float | None = None
    reference: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    elsewhere: Elsewhere | None = None
    confounds: str = ""
    other_reading: Reading | None = None


@dataclass(frozen=True)
class PrintedRow:
    """One row as printed; None if there is no such cell. `row` is its label in our space, empty for the same label."""

    label: str
    sst: float | None
    quora: float | None
    sts: float | None
    average: float | None
    row: str = ""
    formula: Formula | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "row", self.row or self.label)

    @property
    def plain_mean(self) -> float | None:
        """Return the mean of the three columns, with which ours are compared."""
        known = [value for value in (self.sst, self.quora, self.sts) if value is not None]
        return sum(known) / 3 if len(known) == 3 else None


@dataclass(frozen=True)
class PrintedTable:
    """A table of results, or results printed in the text, on one split."""

    id: str
    report: str
    table: str
    space: str
    split: Literal["dev", "test", "train"]
    rows: tuple[PrintedRow, ...]


def report_name(report: str) -> str:
    """Return the family names of a report's authors."""
    return str(_read("claims")["reports"][report]["name"])


def claims_of(space: str) -> tuple[Claim, ...]:
    """Return the claims that a study of this space can test; none for a space of our own."""
    return tuple(claim for claim in all_claims() if claim.space == space)


@functools.cache
def all_claims() -> tuple[Claim, ...]:
    """Return every claim, in the order of the reports."""
    return TypeAdapter(tuple[Claim, ...]).validate_python(_read("claims")["claims"])


@functools.cache
def tables_of(space: str) -> tuple[PrintedTable, ...]:
    """Return the printed tables whose rows this space has."""
    tables = TypeAdapter(tuple[PrintedTable, ...]).validate_python(_read("report_tables")["tables"])
    return tuple(table for table in tables if table.space == space)


@functools.cache
def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files("results") / "data" / f"{name}.json").read_text(encoding="utf-8"))
    return found
