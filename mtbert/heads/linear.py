"""The `linear` head: one linear layer on the sentence vector."""

from __future__ import annotations

from torch import Tensor, nn

from mtbert.heads.abstract import AbstractSentenceHead


class LinearHead(AbstractSentenceHead):
    """W dropout(u) + b (Devlin 2018, section 4.1)."""

    def __init__(self, *, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, outputs))

    def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Outputs (batch, outputs)."""
        result: Tensor = self.layers(first)
        return result
