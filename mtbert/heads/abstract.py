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


class AbstractPairHead(AbstractHead):
    """A head that reads the two vectors of a pair."""

    reads = "pair"


class AbstractDenseHead(AbstractHead):
    """W GELU(... W dropout(f)) + b of the features f of one sentence vector or two; hidden layers have width d.

    The features are `feature_width` times as wide as the encoder.
    """

    feature_width: ClassVar[int] = 1
    hidden_layers: ClassVar[int] = 0

    def __init__(self, *, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Dropout(dropout)]
        inputs = self.feature_width * width
        for _ in range(self.hidden_layers):
            layers += [nn.Linear(inputs, width), nn.GELU()]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, outputs))

    @abstractmethod
    def features(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the features (batch, feature_width d); for single sentences `second` is `first`."""

    def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Return outputs (batch, outputs)."""
        result: Tensor = self.layers(self.features(first, first if second is None else second))
        return result


class AbstractDenseSentenceHead(AbstractDenseHead):
    """A dense head on one sentence vector."""

    reads = "sentence"

    def features(self, first: Tensor, second: Tensor) -> Tensor:
        """Return u."""
        return first


class AbstractDensePairHead(AbstractDenseHead):
    """A dense head on the two vectors of a pair."""

    reads = "pair"
