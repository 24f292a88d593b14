"""What a regularizer is: a penalty beside the loss of each task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor

from mtbert.data.batching import Batch
from mtbert.model import MultitaskModel
from mtbert.tasks.abstract import AbstractTask


class AbstractRegularizer(ABC):
    """A penalty on a model for a batch of one task; it may keep a state that follows the optimizer's steps.

    Before each batch `before_outputs`, then the model's outputs, then the penalty is asked for.
    """

    def before_outputs(self, device: torch.device) -> None:
        """Called before the model computes its outputs for a batch; nothing, where their dropout does not count."""
        return

    @abstractmethod
    def __call__(self, model: MultitaskModel, task: AbstractTask, batch: Batch, outputs: Tensor) -> Tensor:
        """Return the penalty, a scalar, already weighted; `outputs` (examples, outputs) is what the model gave for
        `batch`.
        """

    def after_step(self, model: MultitaskModel) -> None:
        """Called after each step of the optimizer; nothing, where there is no state."""
        return

    def state(self) -> dict[str, Tensor]:
        """Return what it keeps from step to step, by name."""
        return {}

    def restore(self, model: MultitaskModel, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave, beside a model like that one."""
        return
