"""The best epoch of each task by itself: what of a model is one task's own, and its state when it did best."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from mtbert.model import MultitaskModel
from mtbert.tasks.abstract import AbstractTask
from mtbert.training.evaluation import Evaluation, TaskEvaluation, evaluation_of


def own_parts(model: MultitaskModel, task: str) -> tuple[str, ...]:
    """Return what the names of a task's own parameters begin with: head, adapters, and its encoder where none is
    shared.
    """
    own = (f"heads.{task}.", f"adapters.{task}.", f"copies.{task}.")
    first = bool(model.copies) and task not in model.copies  # the model's own encoder is the first task's
    return (*own, "encoder.") if first else own


class BestOfEach:
    """The best epoch of each task so far: the state of the parameters that are its `own`, and what was measured then.

    `own` has the names of the parameters by task.
    """

    def __init__(
        self, model: MultitaskModel, tasks: Mapping[str, AbstractTask], own: Mapping[str, tuple[str, ...]]
    ) -> None:
        self.model, self.tasks, self.own = model, tasks, own
        self.states: dict[str, Tensor] = {}
        self.dev: dict[str, TaskEvaluation] = {}
        self.train: dict[str, TaskEvaluation] = {}

    def observe(self, dev: Evaluation, train: Evaluation) -> tuple[Evaluation, Evaluation]:
        """Take what is better than before, the first at a tie; dev and train of the best of each so far."""
        now = dict(self.model.named_parameters())
        for name, task in self.tasks.items():
            metric, before = task.main_metric, self.dev.get(name)
            if before is None or dev.tasks[name].metrics[metric] > before.metrics[metric]:
                self.dev[name], self.train[name] = dev.tasks[name], train.tasks[name]
                self.states |= {key: now[key].detach().clone() for key in self.own[name]}
        return evaluation_of(self.tasks, self.dev), evaluation_of(self.tasks, self.train)

    def recall(self, states: Mapping[str, Tensor], dev: Evaluation, train: Evaluation) -> None:
        """Go on from what was kept: `states`, and dev and train of the best of each so far."""
        self.states, self.dev, self.train = dict(states), dict(dev.tasks), dict(train.tasks)

    def restore(self) -> None:
        """Put the best of each into the model."""
        self.model.load_state_dict(self.states, strict=False)
