"""The `mean` pooling: the average of the real tokens."""

from __future__ import annotations

from torch import Tensor

from mtbert.poolings.abstract import AbstractPooling


class MeanPooling(AbstractPooling):
    """The average of the real tokens, including [CLS] and [SEP] (Reimers & Gurevych 2019, section 3).

    A row with no real token gives zeros, not NaN.
    """

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return u = sum of h over real tokens / their number; shape (batch, width)."""
        total = hidden.masked_fill(~mask.unsqueeze(-1), 0).sum(1)  # (batch, width)
        count = mask.sum(1, keepdim=True).clamp(min=1)  # (batch, 1)
        return total / count
