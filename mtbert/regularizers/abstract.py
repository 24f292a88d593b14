"""The base of all regularizers: a penalty added to the loss of each task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor

from mtbert.data.batching import Batch
from mtbert.model import MultitaskModel
from mtbert.tasks.abstract import AbstractTask


class AbstractRegularizer(ABC):
    """A penalty on a model for a batch of one task; it may have a state that follows the optimizer's steps.

    For each batch `before_outputs` is called, then the model computes its outputs, then the penalty is computed.
    """

    def before_outputs(self, device: torch.device) -> None:
        """Prepare for a batch before the model computes its outputs; nothing by default."""
        return

    @abstractmethod
    def __call__(self, model: MultitaskModel, task: AbstractTask, batch: Batch, outputs: Tensor) -> Tensor:
        """Return the weighted penalty, a scalar; `outputs` (examples, outputs) are the model's for `batch`."""

    def after_step(self, model: MultitaskModel) -> None:
        """Update the state after a step of the optimizer; nothing by default."""
        return

    def state(self) -> dict[str, Tensor]:
        """Return the state between steps, by name."""
        return {}

    def restore(self, model: MultitaskModel, state: Mapping[str, Tensor]) -> None:
        """Restore what `state` returned, for a model like that one."""
        return
