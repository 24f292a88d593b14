"""The texts of a figure of a front: units, the caption, and what the pointer shows of a configuration or a run."""

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

LINE_LETTERS, MOST_LINES = 46, 5  # of the text under the pointer


@dataclass(frozen=True)
class Drawing:
    """The data that all parts of one figure are drawn from."""

    results: StudyResults
    found: Summary
    front: Front
    unit: CostUnit

    def x(self, value: float) -> float:
        """Return the place of a value of the front's cost, or first task, on its axis."""
        return self.unit.drawn(value) if self.front.y == SCORE else self.of(self.front.x).natural(value)

    def y(self, value: float) -> float:
        """Return the place of a score, or of the second task's metric, on its axis."""
        return self.of(self.front.y).natural(value)

    def of(self, objective: Objective) -> Unit:
        """Return the unit of the score, or of a task's metric."""
        units = self.results.units
        return units.score if objective == SCORE else units.of(objective.column.removeprefix(OF_TASK))

    def axis(self, objective: Objective) -> str:
        """Return the title of an axis of scores or of a task's metric."""
        unit = self.of(objective)
        named = unit.heading if objective == SCORE else f"{objective.words} ({unit.heading})"
        plain = objective != SCORE and not self.results.units.names(objective.words)
        return escaped(objective.title) if plain else axis_title(unit, f"{named} on dev")

    def described(self, of: Objective, value: float) -> str:
        """Return the text of an objective, e.g. "score 0.713", "training time 13.7 min"."""
        is_cost = of == self.front.x and self.front.y == SCORE
        words = self.of(of).name if of == SCORE else of.words
        return f"{words} {self.unit.text(value) if is_cost else self.of(of).scored(value)}"


def cost_unit(frame: pd.DataFrame, column: str) -> CostUnit:
    """Return the unit of a cost in this study, one for figures, captions and the table. `frame`: `pareto_frame`."""
    return unit_of(column, [float(value) for value in frame[column].dropna()])


def front_sentence(members: pd.DataFrame, measured: int, it: Drawing) -> str:
    """Return the caption: how many are on the front, what that means, when costs are equal, and the cheapest."""
    if not measured:
        return "Only single runs of the search so far: they choose configurations and are not results."
    front, verb, which = it.front, "are", "The cheapest of them"
    if len(members) == 1:
        verb, which = "is", "It"
    counted = f"{len(members)} of {plural(measured, 'configuration')} {verb} on the front: "
    if front.y != SCORE:
        return f"{counted}no other does at least as well in {front.x.words} and {front.y.words} and better in one."
    cheapest = members.iloc[0]
    price = it.unit.text(float(cheapest[front.x.column]))
    price += " parameters" if front.x.column == "trainable_parameters" else ""
    told = told_of(it.found, choices_of(it.results, cheapest["config_digest"]))
    return (
        f"{counted}no other configuration has a better score at no more cost. {_tolerance_words(it)}{which} ({told}) "
        f"scores {it.of(SCORE).scored(float(cheapest['score']))} at {price}."
    )


def _tolerance_words(it: Drawing) -> str:
    """Say when costs count as equal; empty for what is counted rather than measured."""
    tolerance = tolerance_along(it.results, it.front)
    if not tolerance:
        return ""
    noise = noise_along(it.results, it.front)
    why = f" (runs of one configuration differ by {_percent(noise)} %)" if noise is not None and noise > 1e-4 else ""
    return f"Costs that differ by {_percent(tolerance)} % or less count as equal{why}. "


def _percent(share: float) -> str:
    """Format a share in percent, e.g. "5", "0.12", "100"."""
    return f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.2g}"


def configuration_text(it: Drawing, record: Mapping[Any, Any]) -> str:
    """Return the difference from the baseline, score and cost with their units, and the number of seeds."""
    front, digest = it.front, record["config_digest"]
    about = described(it.found, choices_of(it.results, digest))
    roles = [n for n, of in (("best", it.found.best), ("baseline", it.found.baseline)) if of and of.digest == digest]
    name = record["label"] or ("the baseline" if "baseline" in roles and not about.changes else about.text)
    lines = [f"<b>{each}</b>" for each in _lines(f"{'the best: ' if 'best' in roles else ''}{name}")]
    if about.whole:
        lines += _lines(f"{about.changes} changes from the baseline: {about.whole}")
    spread = None if record["spread"] != record["spread"] else float(record["spread"])
    score = f"{it.of(SCORE).name} {it.of(SCORE).spread_with_unit(float(record['score']), spread)}"
    others = [it.described(each, float(record[each.column])) for each in (front.x, front.y) if each != SCORE]
    lines += [f"{score}, {seeds_text(int(record['seeds']))}", *others]
    probability = record[front.probability]
    if probability == probability:
        lines.append(f"on the front with probability {escaped(probability_text(probability))}")
    return "<br>".join(lines)


def run_text(it: Drawing, run: RunRow, x: float, y: float) -> str:
    """Return the name of a single run of the search, and both objectives."""
    values = [it.described(each, value) for each, value in ((it.front.x, x), (it.front.y, y))]
    recipe = next((name for name, choices in recipes_of(it.results).items() if choices == run.choices_json), "")
    name = f"run {run.id} of the search, one seed: {f'recipe {recipe}, ' if recipe else ''}"
    return "<br>".join([*_lines(name + told_of(it.found, run.choices_json)), *values[::-1]])


def _lines(text: str) -> list[str]:
    """Return the text escaped, in lines that fit a phone; the rest is cut off."""
    wrapped = textwrap.wrap(text, LINE_LETTERS, max_lines=MOST_LINES, placeholder=" …")
    return [escaped(line) for line in wrapped]


def told_of(found: Summary, choices: Mapping[str, Any]) -> str:
    """Describe a configuration in a few words."""
    return described(found, choices).text
