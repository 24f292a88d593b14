"""The `concat_dense` head: a hidden layer on the two sentence vectors side by side."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mtbert.heads.abstract import AbstractPairHead


class ConcatDenseHead(AbstractPairHead):
    """W2 GELU(W1 dropout([u; v])) (Sankhe, Galhotra & Passmore, equation 2); the hidden layer has width d."""

    def __init__(self, *, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, outputs)
        )

    def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Outputs (batch, outputs)."""
        assert second is not None  # the model gives a pair head both sentences
        result: Tensor = self.layers(torch.cat([first, second], dim=-1))  # (batch, 2 width)
        return result
