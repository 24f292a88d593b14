"""The `dense` head: a hidden layer of the encoder's width between sentence vector and outputs."""

from __future__ import annotations

from torch import Tensor, nn

from mtbert.heads.abstract import AbstractSentenceHead


class DenseHead(AbstractSentenceHead):
    """W2 GELU(W1 dropout(u)) (Sankhe, Galhotra & Passmore, "D"); the hidden layer has the encoder's width."""

    def __init__(self, *, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, width), nn.GELU(), nn.Linear(width, outputs))

    def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Outputs (batch, outputs)."""
        result: Tensor = self.layers(first)
        return result
