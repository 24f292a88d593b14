"""Fronts of score against each cost and of two tasks, how sure they are, and how the search reached them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from results.cost_units import CostUnit
from results.figure import Figure, Trace
from results.front_figures import front_figure
from results.front_texts import cost_unit
from results.growth import Step, growth
from results.pareto import SCORE, Front, fronts, pareto_frame, value_of
from results.rows import RunRow
from results.searched import complete_search
from results.study_results import StudyResults
from results.summary import Summary
from results.wording import plural

if TYPE_CHECKING:
    import pandas as pd

SURE = 0.95


@dataclass(frozen=True)
class FrontRow:
    """A configuration of the table; `places[front name]` = (on the front by its means, probability or None)."""

    digest: str
    labels: tuple[str, ...]
    recipe: str
    seeds: int
    score: float
    costs: Mapping[str, float | None]
    places: Mapping[str, tuple[bool, float | None]]

    @property
    def is_on_one(self) -> bool:
        """Whether it is on any front that is shown."""
        return any(member for member, _ in self.places.values())


@dataclass(frozen=True)
class Growth:
    """How the runs of a search came to dominate what they dominate, score against one cost."""

    front: Front
    run_ids: tuple[int, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Fronts:
    """The fronts along which configurations differ, their figures, and the search's growth."""

    shown: tuple[Front, ...]
    rows: tuple[FrontRow, ...]
    drawn: tuple[Figure, ...]
    growths: tuple[Growth, ...]
    units: Mapping[str, CostUnit]
    caveat: str | None = None

    def sentence(self) -> str:
        """How many configurations are on the fronts, and how surely."""
        on = [row for row in self.rows if row.is_on_one]
        told = (
            f"{len(on)} of {plural(len(self.rows), 'configuration')} {'is' if len(on) == 1 else 'are'} on a front "
            "of the score and a cost, or of two tasks: no other configuration has a better score at no more cost."
        )
        noisy = [row for row in on if any(probability is not None for _, probability in row.places.values())]
        if not noisy:
            return f"{told} With one seed each, how sure that is cannot be said."
        sure = [row for row in on if any(member and (p or 0.0) >= SURE for member, p in row.places.values())]
        return (
            f"{told} Given how much seeds differ, {len(sure) or 'none'} of them {'is' if len(sure) == 1 else 'are'} on "
            f"one with a probability of {SURE:.0%} or more."
        ).replace("%", " %")

    def table_rows(self) -> list[FrontRow]:
        """Those on a front, then the recipes."""
        return [row for row in self.rows if row.is_on_one] + [r for r in self.rows if r.recipe and not r.is_on_one]

    def amount(self, front: Front, row: FrontRow) -> str:
        """What the configuration costs; for two tasks nothing, they stand in the leaderboard."""
        value = row.costs[front.x.column]
        return self.units[front.x.column].text(value) if front.y == SCORE else ""

    def figures(self) -> Sequence[Figure]:
        """The fronts, and the growth of the hypervolume."""
        return self.drawn

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """`hypervolume`: a row a run of the search that added to what the runs before it dominate."""
        import pandas as pd

        records = [
            {
                "front": each.front.name,
                "cost": each.front.x.column,
                "complete_runs": step.count,
                "share": step.share,
                "run_ids": str(each.run_ids[step.count - 1]),
            }
            for each in self.growths
            for step in each.steps
        ]
        return {"hypervolume": pd.DataFrame(records, columns=list(COLUMNS)).astype(COLUMNS)}


COLUMNS = {"front": "str", "cost": "str", "complete_runs": "int64", "share": "float64", "run_ids": "str"}


def build(results: StudyResults, found: Summary) -> Fronts | None:
    """None before a configuration has results, and where none differ in anything but the score."""
    frame = pareto_frame(results)
    shown = tuple(front for front in fronts(results) if _differs(frame, front))
    if not shown:
        return None
    growths = () if found.is_grid else _growths(results)
    figures = [front_figure(results, found, frame, front) for front in _to_draw(frame, shown)]
    figures.append(_growth_figure(growths))
    return Fronts(
        shown=shown,
        rows=tuple(_row(record, shown) for record in frame.sort_values("score", ascending=False).to_dict("records")),
        drawn=tuple(figure for figure in figures if figure),
        growths=growths,
        units={front.x.column: cost_unit(frame, front.x.column) for front in shown if front.y == SCORE},
        caveat=costs_caveat(results.runs),
    )


def costs_caveat(runs: Sequence[RunRow]) -> str | None:
    """What to say where runs are of a release that measured costs while cached features were read; None: no such."""
    measured = [run for run in runs if run.inference_ms is not None]
    old = [run for run in measured if run.costs_from_caches]
    if not old:
        return None
    too_small = "for configurations with frozen parts they are too small, up to a hundred times"
    if len(old) == len(measured):
        return (
            "Inference time, training time and peak memory were measured by an earlier release while cached vectors of "
            f"frozen parts were read: {too_small}. A new study measures them anew."
        )
    return (
        f"{len(old):,} of {plural(len(measured), 'run')} were measured by an earlier release, whose inference time, "
        f"training time and peak memory leave out what was read from a cache: {too_small}. Do not compare them with "
        "those of the other runs; a new study measures all alike."
    )


def _differs(frame: pd.DataFrame, front: Front) -> bool:
    """Whether there is anything to trade: two configurations that differ in the objective beside the score."""
    return bool(frame[front.x.column].nunique() > 1 and frame[front.y.column].nunique() > 1)


def _to_draw(frame: pd.DataFrame, shown: Sequence[Front]) -> list[Front]:
    """Every cost, and the two tasks that are the most at odds: the longest front."""
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
        costs={front.x.column: _known(record[front.x.column]) for front in shown},
        places={front.name: (bool(record[front.member]), _known(record[front.probability])) for front in shown},
    )


def _known(value: Any) -> float | None:
    """None for pandas' two ways of saying that there is no value."""
    import pandas as pd

    return None if pd.isna(value) else float(value)


def _growths(results: StudyResults) -> tuple[Growth, ...]:
    runs = sorted(complete_search(results), key=_ended)
    costs = [front for front in fronts(results) if front.y == SCORE]
    grown = []
    for front in costs:
        columns = [[value_of(results, run, each.column) for run in runs] for each in (front.x, front.y)]
        points = [[float("nan") if value is None else value for value in pair] for pair in zip(*columns, strict=True)]
        steps = growth(points, front.directions)
        if len(steps) > 1:
            grown.append(Growth(front, tuple(run.id for run in runs), tuple(steps)))
    return tuple(grown)


def _ended(run: RunRow) -> tuple[float, int]:
    return (run.finished_at or run.started_at).timestamp(), run.id


def _growth_figure(growths: Sequence[Growth]) -> Figure | None:
    if not growths:
        return None
    colors = ("var(--accent)", "var(--best)", "var(--baseline)", "var(--muted)")
    last = max(growths, key=lambda each: each.steps[-1].count)
    count = len(last.run_ids)
    return Figure(
        id="figure-hypervolume",
        title="How the search's front grew",
        sentence=(
            f"The hypervolume of score and a cost that the finished runs dominate, as a share of what all "
            f"{plural(count, 'complete run')} do. The front of score and {last.front.x.words} grew last, at run "
            f"{last.steps[-1].count:,} of {count:,}. Single runs of the search: this says when more search stopped "
            "paying, not how good a configuration is."
        ),
        traces=[_growth_trace(each, color) for each, color in zip(growths, colors, strict=False)],
        layout={
            "xaxis": {"title": {"text": "complete runs of the search"}},
            "yaxis": {"title": {"text": "share of the final hypervolume"}, "range": [0, 1.05]},
        },
    )


def _growth_trace(each: Growth, color: str) -> Trace:
    return {
        "x": [*(step.count for step in each.steps), len(each.run_ids)],
        "y": [*(step.share for step in each.steps), 1.0],
        "name": f"score and {each.front.x.words}",
        "mode": "lines",
        "line": {"color": color, "width": 2, "shape": "hv"},
        "hovertemplate": "after %{x} runs: %{y:.2f}<extra></extra>",
    }
