"""The `concat_dense` head: a hidden layer on the two sentence vectors side by side."""

from __future__ import annotations

import torch
from torch import Tensor

from mtbert.heads.abstract import AbstractDensePairHead


class ConcatDenseHead(AbstractDensePairHead):
    """W2 GELU(W1 dropout([u; v])) (Sankhe, Galhotra & Passmore, equation 2); the hidden layer has width d."""

    feature_width = 2
    hidden_layers = 1

    def features(self, first: Tensor, second: Tensor) -> Tensor:
        """Return [u; v]."""
        return torch.cat([first, second], dim=-1)
