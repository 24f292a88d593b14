"""The `max` pooling: the largest value of each feature over the real tokens."""

from __future__ import annotations

import torch
from torch import Tensor

from mtbert.poolings.abstract import AbstractPooling


class MaxPooling(AbstractPooling):
    """The maximum over the real tokens, feature by feature (Reimers & Gurevych 2019, section 3).

    A row with no real token gives zeros, not minus infinity.
    """

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return u_i = max of h_i over real tokens; shape (batch, width)."""
        lowest = torch.finfo(hidden.dtype).min
        largest = hidden.masked_fill(~mask.unsqueeze(-1), lowest).amax(1)  # (batch, width)
        return largest.masked_fill(~mask.any(1, keepdim=True), 0)
