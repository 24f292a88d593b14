"""References: the best configuration on each task alone, to know what tasks do to each other. No effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mtbert.errors import ConfigurationError
from results.designs import CellPlan
from results.study_results import REFERENCE
from search_spaces.grammar import Choices
from study.trainers.abstract import AbstractTrainer, Configuration, first_fault


@dataclass(frozen=True)
class References:
    """The cells, one a task, and the tasks on which the configuration cannot be trained alone, with the reason."""

    cells: list[CellPlan]
    left_out: Mapping[str, str]

    def told(self) -> str:
        """One line for whoever launched the study."""
        if not self.cells and not self.left_out:
            return "No references: there is one task, or the trainer trains none alone."
        left_out = [f"not on {task}: {reason}" for task, reason in self.left_out.items()]
        return "; ".join([f"References: the best on each of {len(self.cells)} tasks alone", *left_out])


def references(trainer: AbstractTrainer, choices: Choices) -> References:
    """Of a configuration; none where its trainer has one task, or trains none alone."""
    cells, left_out = [], {}
    for task in trainer.tasks if len(trainer.tasks) > 1 else ():
        try:
            trainer.reference(choices, task)
        except ConfigurationError as error:
            left_out[task] = first_fault(error)
        else:
            cells.append(CellPlan(f"{REFERENCE}:{task}", REFERENCE, dict(choices), task=task))
    return References(cells, left_out)


def alone(trainer: AbstractTrainer, choices: Choices) -> list[Configuration]:
    """The configurations of these choices on one task each."""
    return [trainer.reference(choices, cell.task) for cell in references(trainer, choices).cells if cell.task]
