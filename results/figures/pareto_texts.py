"""Texts of a figure of a front: units, the caption, and hover texts of configurations and runs."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from results.analysis.describe import choices_of, described
from results.analysis.pareto import OF_TASK, SCORE, Front, Objective, noise_along, recipes_of, tolerance_along
from results.analysis.summary import Summary
from results.database.rows import RunRow
from results.figures.figure import escaped
from results.measurements.cost_units import CostUnit, unit_of
from results.measurements.study_results import StudyResults
from results.text.formatting import plural, probability_text, seeds_text
from results.text.units import Unit, axis_title

if TYPE_CHECKING:
    import pandas as pd

LINE_LETTERS, MOST_LINES = 46, 5  # of a hover text, to fit a phone


@dataclass(frozen=True)
class Drawing:
    """The data behind all parts of one figure; `cost_unit` is used only with a cost as `front.x`."""

    results: StudyResults
    summary: Summary
    front: Front
    cost_unit: CostUnit

    def x(self, value: float) -> float:
        """Return the x coordinate of a cost, or of the first task's metric."""
        return self.cost_unit.drawn(value) if self.front.y == SCORE else self.unit_of(self.front.x).natural(value)

    def y(self, value: float) -> float:
        """Return the y coordinate of a score, or of the second task's metric."""
        return self.unit_of(self.front.y).natural(value)

    def unit_of(self, objective: Objective) -> Unit:
        """Return the unit of the score, or of a task's metric."""
        units = self.results.units
        return units.score if objective == SCORE else units.of(objective.column.removeprefix(OF_TASK))

    def axis(self, objective: Objective) -> str:
        """Return the title of an axis of scores or of a task's metric."""
        if objective != SCORE and not self.results.units.names(objective.words):
            return escaped(objective.title)
        unit = self.unit_of(objective)
        name = unit.heading if objective == SCORE else f"{objective.words} ({unit.heading})"
        return axis_title(unit, f"{name} on dev")

    def described(self, objective: Objective, value: float) -> str:
        """Return an objective's name and value, e.g. "score 0.713", "training time 13.7 min"."""
        if objective == self.front.x and self.front.y == SCORE:
            return f"{objective.words} {self.cost_unit.text(value)}"
        unit = self.unit_of(objective)
        return f"{unit.name if objective == SCORE else objective.words} {unit.scored(value)}"


def cost_unit(frame: pd.DataFrame, column: str) -> CostUnit:
    """Return the unit of a cost for all figures and tables of this study; `frame` is `pareto_frame`."""
    return unit_of(column, [float(value) for value in frame[column].dropna()])


def front_sentence(members: pd.DataFrame, measured: int, drawing: Drawing) -> str:
    """Return the caption: the size of the front, its meaning, when costs are equal, and its cheapest member."""
    if not measured:
        return "There are only single runs of the search so far; they choose configurations and are not results."
    front, (verb, subject) = drawing.front, ("is", "It") if len(members) == 1 else ("are", "The cheapest of them")
    counted = f"{len(members)} of {plural(measured, 'configuration')} {verb} on the front: "
    if front.y != SCORE:
        return f"{counted}no other is at least as good in both {front.x.words} and {front.y.words} and better in one."
    cheapest = members.iloc[0]
    price = drawing.cost_unit.text(float(cheapest[front.x.column]))
    price += " parameters" if front.x.column == "trainable_parameters" else ""
    name = described(drawing.summary, choices_of(drawing.results, cheapest["config_digest"])).text
    score = drawing.unit_of(SCORE).scored(float(cheapest["score"]))
    return (
        f"{counted}no other configuration has a better score at no more cost. {_tolerance_sentence(drawing)}"
        f"{subject} ({name}) scores {score} at {price}."
    )


def _tolerance_sentence(drawing: Drawing) -> str:
    """Return the rule by which costs are equal; empty for costs that are counted rather than measured."""
    tolerance = tolerance_along(drawing.results, drawing.front)
    if not tolerance:
        return ""
    noise = noise_along(drawing.results, drawing.front)
    why = f" (runs of one configuration differ by {_percent(noise)} %)" if noise is not None and noise > 1e-4 else ""
    return f"Costs that differ by at most {_percent(tolerance)} % count as equal{why}. "


def _percent(share: float) -> str:
    """Format a share in percent, e.g. "5", "0.12", "100"."""
    return f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.2g}"


def configuration_text(drawing: Drawing, record: Mapping[Any, Any]) -> str:
    """Return a configuration's hover text: changes from the baseline, score, costs, and number of seeds."""
    front, digest, summary = drawing.front, record["config_digest"], drawing.summary
    about = described(summary, choices_of(drawing.results, digest))
    is_best, is_baseline = (each is not None and each.digest == digest for each in (summary.best, summary.baseline))
    name = record["label"] or ("the baseline" if is_baseline and not about.changes else about.text)
    lines = [f"<b>{each}</b>" for each in _lines(f"{'the best: ' if is_best else ''}{name}")]
    if about.whole:
        lines += _lines(f"{about.changes} changes from the baseline: {about.whole}")
    spread = None if record["spread"] != record["spread"] else float(record["spread"])
    unit = drawing.unit_of(SCORE)
    score = f"{unit.name} {unit.spread_with_unit(float(record['score']), spread)}"
    others = [drawing.described(each, float(record[each.column])) for each in (front.x, front.y) if each != SCORE]
    lines += [f"{score}, {seeds_text(int(record['seeds']))}", *others]
    probability = record[front.probability]
    if probability == probability:
        lines.append(f"on the front with probability {escaped(probability_text(probability))}")
    return "<br>".join(lines)


def run_text(drawing: Drawing, run: RunRow, x: float, y: float) -> str:
    """Return the hover text of a single run of the search: its name and both objectives."""
    values = [drawing.described(each, value) for each, value in ((drawing.front.x, x), (drawing.front.y, y))]
    recipe = next((name for name, choices in recipes_of(drawing.results).items() if choices == run.choices_json), "")
    name = f"run {run.id} of the search, one seed: {f'recipe {recipe}, ' if recipe else ''}"
    return "<br>".join([*_lines(name + described(drawing.summary, run.choices_json).text), *values[::-1]])


def _lines(text: str) -> list[str]:
    """Return the escaped text wrapped and cut to a hover text's size."""
    wrapped = textwrap.wrap(text, LINE_LETTERS, max_lines=MOST_LINES, placeholder=" …")
    return [escaped(line) for line in wrapped]
