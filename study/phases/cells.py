"""The configurations that a phase runs, as decisions without effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from mtbert.errors import ConfigurationError
from results.measurements.study_results import REFERENCE, VARIANCE
from results.text.formatting import plural
from search_spaces import Space
from search_spaces.grammar import Choice, Choices
from study.designs.designs import CellPlan
from study.trainers.abstract import AbstractTrainer, Configuration, first_fault


def known_first(space: Space) -> list[dict[str, Choice]]:
    """Return the first configurations of the search: the baseline, then the recipes, each configuration once."""
    result = [space.baseline()]
    for recipe in space.recipes:
        choices = space.complete(recipe.choices)
        if choices not in result:
            result.append(choices)
    return result


def first_tried(space: Space, sampler: str, trials: int) -> list[dict[str, Choice]]:
    """Return the trials that a search begins with: the known configurations, or with the sampler `grid` all."""
    if sampler == "grid":
        return list(islice(space.grid(), trials))
    return known_first(space)[:trials]


def confirm_cells(space: Space, ranked: Sequence[Choices], count: int) -> list[CellPlan]:
    """Return the baseline and the `count` best other configurations of the search."""
    baseline = space.baseline()
    best = [dict(choices) for choices in ranked if dict(choices) != baseline][:count]
    cells = [CellPlan("baseline", "baseline", baseline)]
    return cells + [CellPlan(f"confirm:{i}", "confirm", choices) for i, choices in enumerate(best, start=1)]


def grid_cells(space: Space) -> list[CellPlan]:
    """Return the cells of a grid, the baseline first; rows of a printed table keep their labels.

    Two cells may have one configuration, which is run once under both names.
    """
    baseline = space.baseline()
    cells = [CellPlan("baseline", "baseline", baseline)]
    if space.rows:
        return cells + [CellPlan(f"row:{label}", "row", space.complete(row)) for label, row in space.rows.items()]
    others = [choices for choices in space.grid() if choices != baseline]
    return cells + [CellPlan(f"row:{_differences(space, choices)}", "grid", choices) for choices in others]


def distinct(cells: Sequence[CellPlan]) -> list[tuple[str, CellPlan]]:
    """Return the first cell of each configuration, with the names of all cells that ask for it."""
    groups: dict[tuple[object, ...], list[CellPlan]] = {}
    for cell in cells:
        groups.setdefault((frozenset(cell.choices.items()), cell.task, cell.first_sentences), []).append(cell)
    return [(", ".join(cell.name for cell in group), group[0]) for group in groups.values()]


def changes(space: Space, choices: Choices) -> str:
    """Return the differences from the baseline in words, e.g. "pooling=mean, heads=bilinear"."""
    differences = space.differences(space.baseline(), choices)
    return ", ".join(f"{d.factor}={d.second}" for d in differences if d.second is not None) or "baseline"


def _differences(space: Space, choices: Choices) -> str:
    return ", ".join(f"{d.factor}={d.second}" for d in space.differences(space.baseline(), choices)) or "baseline"


@dataclass(frozen=True)
class References:
    """A cell per task, and the tasks on which the configuration cannot be trained alone, with the reasons."""

    cells: list[CellPlan]
    left_out: Mapping[str, str]

    def summary(self) -> str:
        """Return a line for the terminal."""
        if not self.cells and not self.left_out:
            return "No references: the study has a single task, or its trainer cannot train one task alone."
        left_out = [f"not on {task}: {reason}" for task, reason in self.left_out.items()]
        return "; ".join([f"References: the best on each of {plural(len(self.cells), 'task')} alone", *left_out])


def references(trainer: AbstractTrainer, choices: Choices) -> References:
    """Return cells of the configuration on each task alone, to measure the effect of sharing; none with one task."""
    cells, left_out = [], {}
    for task in trainer.tasks if len(trainer.tasks) > 1 else ():
        try:
            trainer.reference(choices, task)
        except ConfigurationError as error:
            left_out[task] = first_fault(error)
        else:
            cells.append(CellPlan(f"{REFERENCE}:{task}", REFERENCE, dict(choices), task=task))
    return References(cells, left_out)


def on_first_sentences(choices: Choices, digest: str) -> CellPlan:
    """Return the cell of a configuration on the sentences of the first fresh seed; `digest` is the configuration's.

    The name stays unique when another configuration becomes the best, so that the earlier cells can be kept.
    """
    return CellPlan(f"{VARIANCE}:{digest[:12]}", VARIANCE, dict(choices), first_sentences=True)


def otherwise(trainer: AbstractTrainer, choices: Choices) -> list[Configuration]:
    """Return the configurations of these choices on one task each, and on the first fresh seed's sentences."""
    alone = [trainer.reference(choices, cell.task) for cell in references(trainer, choices).cells if cell.task]
    return [*alone, trainer.on_first_sentences(choices)] if trainer.varies else alone
