"""The `concat_absdiff` head: a linear layer on both vectors and their distance, feature by feature."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mtbert.heads.abstract import AbstractPairHead


class ConcatAbsdiffHead(AbstractPairHead):
    """W dropout([u; v; |u - v|]) + b (Reimers & Gurevych 2019, section 3; Zhang; Thapa & Khurana)."""

    def __init__(self, *, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Dropout(dropout), nn.Linear(3 * width, outputs))

    def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Outputs (batch, outputs)."""
        assert second is not None  # the model gives a pair head both sentences
        features = torch.cat([first, second, (first - second).abs()], dim=-1)  # (batch, 3 width)
        result: Tensor = self.layers(features)
        return result
