"""The bases of all heads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from torch import Tensor, nn


class AbstractHead(nn.Module, ABC):
    """A map from sentence vectors to a task's outputs (batch, outputs).

    `reads`: "sentence" (u alone) or "pair" (u and v). Facts a head may ask for, keyword only: `width` of the encoder,
    `outputs` of the task, `dropout` before its first layer, and `scale`, the (lowest, highest) value of the label if
    the task has one (similarity 0..5), else None. `learns_on_scale`: it has parameters there too.
    """

    reads: ClassVar[Literal["sentence", "pair"]]
    learns_on_scale: ClassVar[bool] = True

    @abstractmethod
    def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Return outputs (batch, outputs) from `first` (batch, width) and, for pairs, `second` (batch, width)."""


class AbstractSentenceHead(AbstractHead):
    """A head that reads one sentence vector."""

    reads = "sentence"


class AbstractPairHead(AbstractHead):
    """A head that reads the two vectors of a pair."""

    reads = "pair"
