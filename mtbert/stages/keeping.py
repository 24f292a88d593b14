"""The best epoch of each task: which parameters are a task's own, and their state at its best score."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from mtbert.model import MultitaskModel
from mtbert.tasks.abstract import AbstractTask
from mtbert.training.evaluation import Evaluation, TaskEvaluation, evaluation_of


def own_parts(model: MultitaskModel, task: str) -> tuple[str, ...]:
    """Return the prefixes of a task's own parameters: head, adapters, and its encoder if none is shared."""
    own = (f"heads.{task}.", f"adapters.{task}.", f"copies.{task}.")
    first = bool(model.copies) and task not in model.copies  # the model's own encoder is the first task's
    return (*own, "encoder.") if first else own


class BestOfEach:
    """The best epoch of each task so far: the state of its `own` parameters, and the evaluations of that epoch.

    `own` has the names of the parameters by task.
    """

    def __init__(
        self, model: MultitaskModel, tasks: Mapping[str, AbstractTask], own: Mapping[str, tuple[str, ...]]
    ) -> None:
        self.model, self.tasks, self.own = model, tasks, own
        self.states: dict[str, Tensor] = {}
        self.search: dict[str, TaskEvaluation] = {}
        self.train: dict[str, TaskEvaluation] = {}

    def observe(self, search: Evaluation, train: Evaluation) -> tuple[Evaluation, Evaluation]:
        """Update the best of each task, the first at a tie; return the evaluations of the best of each."""
        now = dict(self.model.named_parameters())
        for name, task in self.tasks.items():
            metric, before = task.main_metric, self.search.get(name)
            if before is None or search.tasks[name].metrics[metric] > before.metrics[metric]:
                self.search[name], self.train[name] = search.tasks[name], train.tasks[name]
                self.states |= {key: now[key].detach().clone() for key in self.own[name]}
        return evaluation_of(self.tasks, self.search), evaluation_of(self.tasks, self.train)

    def recall(self, states: Mapping[str, Tensor], search: Evaluation, train: Evaluation) -> None:
        """Restore a saved state: `states`, and the evaluations of the best of each so far."""
        self.states, self.search, self.train = dict(states), dict(search.tasks), dict(train.tasks)

    def restore(self) -> None:
        """Load the best state of each task into the model."""
        self.model.load_state_dict(self.states, strict=False)
