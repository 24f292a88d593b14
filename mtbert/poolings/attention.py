"""The `attention` pooling: a weighted average of the real tokens, with weights from a learned query."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mtbert.poolings.abstract import AbstractPooling


class AttentionPooling(AbstractPooling):
    """u = sum_i a_i h_i with a = softmax(h q / sqrt(width)) over the real tokens; q is learned (ours).

    Scaled dot-product attention (Vaswani et al. 2017, equation 1) with one query, and the states as keys and
    values. q starts at zero, so that training starts from the `mean` pooling. A row with no real token gives zeros.
    """

    def __init__(self, *, width: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(width))

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return u = sum_i a_i h_i; shape (batch, width)."""
        scores = (hidden @ self.query) / math.sqrt(hidden.shape[-1])  # (batch, tokens)
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(1)
        weights = weights.masked_fill(~mask, 0)  # a row of padding alone would have equal weights
        return (weights.unsqueeze(1) @ hidden).squeeze(1)  # (batch, 1, tokens) @ (batch, tokens, width)
