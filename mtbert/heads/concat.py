"""The `concat` head: a linear layer on the two sentence vectors side by side."""

from __future__ import annotations

import torch
from torch import Tensor

from mtbert.heads.abstract import AbstractDensePairHead


class ConcatHead(AbstractDensePairHead):
    """W dropout([u; v]) + b (Hurtado & Teaw; Kumar). Not symmetric in the two sentences."""

    feature_width = 2

    def features(self, first: Tensor, second: Tensor) -> Tensor:
        """Return [u; v]."""
        return torch.cat([first, second], dim=-1)
