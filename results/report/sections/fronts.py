"""The section "What a better score costs": fronts of the score against each cost, and of two tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from results.analysis.pareto import SCORE, Front, fronts, pareto_frame
from results.analysis.summary import Summary
from results.database.rows import RunRow
from results.figures.figure import Figure
from results.figures.pareto_fronts import front_figure
from results.figures.pareto_texts import cost_unit
from results.measurements.cost_units import CostUnit
from results.measurements.study_results import StudyResults
from results.report.sections.section import Content
from results.text.formatting import plural

if TYPE_CHECKING:
    import pandas as pd

SURE = 0.95  # probability of being on a front


@dataclass(frozen=True)
class FrontRow:
    """A configuration of the table; `places`: name of a front -> (on it by its means, probability or None)."""

    digest: str
    labels: tuple[str, ...]
    recipe: str
    seeds: int
    score: float
    costs: Mapping[str, float | None]
    places: Mapping[str, tuple[bool, float | None]]

    @property
    def is_on_one(self) -> bool:
        """Whether it is on a front that is shown."""
        return any(member for member, _ in self.places.values())


@dataclass(frozen=True)
class Fronts(Content):
    """The fronts along which configurations differ, and their figures."""

    shown: tuple[Front, ...]
    rows: tuple[FrontRow, ...]
    drawn: tuple[Figure, ...]
    units: Mapping[str, CostUnit]
    caveat: str | None = None

    def sentence(self) -> str:
        """Return the number of configurations on the fronts, and of those that are on one almost certainly."""
        on = [row for row in self.rows if row.is_on_one]
        text = (
            f"{len(on)} of {plural(len(self.rows), 'configuration')} {'is' if len(on) == 1 else 'are'} on a front "
            "of the score and a cost, or of two tasks: no other configuration has a better score at no more cost."
        )
        if not any(probability is not None for row in on for _, probability in row.places.values()):
            return f"{text} With one seed each, the probability of that is unknown."
        sure = sum(any(member and (p or 0.0) >= SURE for member, p in row.places.values()) for row in on)
        return (
            f"{text} Given the noise of the seeds, {sure or 'none'} of them {'is' if sure < 2 else 'are'} on "
            f"a front with a probability of {100 * SURE:.0f} % or more."
        )

    def table_rows(self) -> list[FrontRow]:
        """Return the configurations on a front, then the other recipes."""
        return sorted((row for row in self.rows if row.is_on_one or row.recipe), key=lambda row: not row.is_on_one)

    def amount(self, front: Front, row: FrontRow) -> str:
        """Return a configuration's cost as text; empty for a front of two tasks, whose scores the leaderboard has."""
        value = row.costs[front.x.column]
        return self.units[front.x.column].text(value) if front.y == SCORE else ""

    def figures(self) -> Sequence[Figure]:
        """Return one figure per cost, and one of the two tasks that are most in conflict."""
        return self.drawn


def build(results: StudyResults, summary: Summary) -> Fronts | None:
    """Return the section, or None if no configuration has results or only their scores differ."""
    frame = pareto_frame(results)
    shown = tuple(front for front in fronts(results) if _differs(frame, front))
    if not shown:
        return None
    figures = [front_figure(results, summary, frame, front) for front in _to_draw(frame, shown)]
    return Fronts(
        shown=shown,
        rows=tuple(_row(record, shown) for record in frame.sort_values("score", ascending=False).to_dict("records")),
        drawn=tuple(figure for figure in figures if figure),
        units={front.x.column: cost_unit(frame, front.x.column) for front in shown if front.y == SCORE},
        caveat=costs_caveat(results.runs),
    )


def costs_caveat(runs: Sequence[RunRow]) -> str | None:
    """Return a warning about runs whose costs an old release measured on cached features, or None without such runs."""
    measured = [run for run in runs if run.inference_ms is not None]
    old = [run for run in measured if run.costs_from_caches]
    if not old:
        return None
    which = "All runs" if len(old) == len(measured) else f"{len(old):,} of {plural(len(measured), 'run')}"
    return (
        f"{which} were measured by an earlier release, whose inference time, training time and peak memory leave out "
        "what was read from a cache: for configurations with frozen parts they are up to a hundred times too small. Do "
        "not compare them with those of other runs; a new study measures all alike."
    )


def _differs(frame: pd.DataFrame, front: Front) -> bool:
    """Return whether configurations differ in both objectives."""
    return bool(frame[front.x.column].nunique() > 1 and frame[front.y.column].nunique() > 1)


def _to_draw(frame: pd.DataFrame, shown: Sequence[Front]) -> list[Front]:
    """Return the fronts of all costs, and the longest of two tasks: these are most in conflict."""
    costs = [front for front in shown if front.y == SCORE]
    tasks = sorted((front for front in shown if front.y != SCORE), key=lambda front: -int(frame[front.member].sum()))
    return costs + tasks[:1]


def _row(record: Mapping[Any, Any], shown: Sequence[Front]) -> FrontRow:
    return FrontRow(
        digest=record["config_digest"],
        labels=tuple(label for label in (record["label"],) if label),
        recipe=record["recipe"],
        seeds=record["seeds"],
        score=record["score"],
        costs={front.x.column: _present(record[front.x.column]) for front in shown},
        places={front.name: (bool(record[front.member]), _present(record[front.probability])) for front in shown},
    )


def _present(value: Any) -> float | None:
    """Return the value, or None for either of pandas' missing values."""
    import pandas as pd

    return None if pd.isna(value) else float(value)
