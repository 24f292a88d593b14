"""The `concat_absdiff_dense` head: a hidden layer on both vectors and their distance, feature by feature."""

from __future__ import annotations

import torch
from torch import Tensor

from mtbert.heads.abstract import AbstractDensePairHead


class ConcatAbsdiffDenseHead(AbstractDensePairHead):
    """W2 GELU(W1 dropout([u; v; |u - v|])) (Sankhe, Galhotra & Passmore, equation 3); the hidden layer has width d.

    The report applies dropout to u and v before their distance; here it is applied afterwards, as in `concat_absdiff`.
    """

    feature_width = 3
    hidden_layers = 1

    def features(self, first: Tensor, second: Tensor) -> Tensor:
        """Return [u; v; |u - v|]."""
        return torch.cat([first, second, (first - second).abs()], dim=-1)
