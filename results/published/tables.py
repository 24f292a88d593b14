"""Claims and tables of the five course reports, by the search space that replicates them.

The data are in `results/data`: statements in our words, numbers as printed (scores 0..1). Rows have the labels of our
spaces; "baseline" is a space's baseline where its claims compare with rows that another space replicates.
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
    """Printed numbers of a claim: `delta` is better minus worse, averaged over the claim's metrics.

    `plain_mean_delta`: the same for plain means of three columns, as ours are, if the claim is about averages.
    `deltas`: by metric if there are several; `pairs_delta`: the mean over `Claim.pairs`.
    """

    delta: float
    plain_mean_delta: float | None = None
    pairs_delta: float | None = None
    deltas: Mapping[Metric, float] = field(default_factory=dict)

    def of(self, metric: Metric) -> float:
        """Return the printed difference that is comparable with the measured one."""
        if metric in self.deltas:
            return self.deltas[metric]
        return self.delta if self.plain_mean_delta is None else self.plain_mean_delta


@dataclass(frozen=True)
class Elsewhere:
    """Rows of another space with the configuration of this space's baseline."""

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
    """Claim about the mean of the rows `better` and that of the rows `worse`, in every one of `metrics`.

    `tolerance`: our reading of approx_equal, not a number of the report. `reference`: the rows from which deviations
    are measured. `pairs`: all pairs of the table that differ only in the claim's factor, if there are more than the
    claim compares. The verdict is on `better` and `worse`; `other_reading` is reported beside it.
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

    @property
    def rows(self) -> tuple[str, ...]:
        """Labels of all rows that the claim compares."""
        return tuple(dict.fromkeys((*self.better, *self.worse, *self.reference)))


@dataclass(frozen=True)
class PrintedRow:
    """Printed row, None for a missing cell; `row` is its label in our space, by default the same."""

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
        """Mean of the three columns, which is comparable with our averages."""
        scores = [value for value in (self.sst, self.quora, self.sts) if value is not None]
        return sum(scores) / 3 if len(scores) == 3 else None


@dataclass(frozen=True)
class PrintedTable:
    """Table of results on one split, or results printed in the text."""

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
    """Return the claims that a study of this space can test; none if the space replicates no report."""
    return tuple(claim for claim in all_claims() if claim.space == space)


@functools.cache
def all_claims() -> tuple[Claim, ...]:
    """Return every claim, in the order of the reports."""
    return TypeAdapter(tuple[Claim, ...]).validate_python(_read("claims")["claims"])


@functools.cache
def tables_of(space: str) -> tuple[PrintedTable, ...]:
    """Return the printed tables whose rows this space replicates."""
    tables = TypeAdapter(tuple[PrintedTable, ...]).validate_python(_read("report_tables")["tables"])
    return tuple(table for table in tables if table.space == space)


@functools.cache
def _read(name: str) -> dict[str, Any]:
    return dict(json.loads((files("results") / "data" / f"{name}.json").read_text(encoding="utf-8")))
