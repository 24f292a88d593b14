"""The `concat_absdiff_dense` head: a hidden layer on both vectors and their distance, feature by feature."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mtbert.heads.abstract import AbstractPairHead


class ConcatAbsdiffDenseHead(AbstractPairHead):
    """W2 GELU(W1 dropout([u; v; |u - v|])) (Sankhe, Galhotra & Passmore, equation 3); the hidden layer has width d.

    The report applies dropout to u and v before their distance; here it is applied afterwards, as in `concat_absdiff`.
    """

    def __init__(self, *, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(3 * width, width), nn.GELU(), nn.Linear(width, outputs)
        )

    def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Outputs (batch, outputs)."""
        assert second is not None  # the model gives a pair head both sentences
        features = torch.cat([first, second, (first - second).abs()], dim=-1)  # (batch, 3 width)
        result: Tensor = self.layers(features)
        return result
