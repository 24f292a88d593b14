"""The `difference` head: a linear layer on the signed difference of the two sentence vectors."""

from __future__ import annotations

from torch import Tensor, nn

from mtbert.heads.abstract import AbstractPairHead


class DifferenceHead(AbstractPairHead):
    """W dropout(u - v) + b (Kumar).

    It is antisymmetric around b and cannot learn a symmetric similarity, which is why it collapses in the report.
    """

    def __init__(self, *, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, outputs))

    def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Outputs (batch, outputs)."""
        assert second is not None  # the model gives a pair head both sentences
        result: Tensor = self.layers(first - second)  # (batch, width)
        return result
