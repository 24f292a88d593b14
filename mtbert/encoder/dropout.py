"""Dropout whose masks cost little on a CPU."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_STEPS = 1 << 16  # a mask is drawn with 16 bits an element


def dropout(values: Tensor, probability: float) -> Tensor:
    """`values` with each element zero with `probability` and divided by 1 - probability else.

    On a CPU an element is decided by 16 random bits of torch's generator, a tenth of the time of torch's own mask. The
    probability is rounded to a multiple of 2^-16, and what is divided by rounded with it, so the mean stays.
    """
    dropped = round(probability * _STEPS)
    if values.device.type != "cpu" or not 0 < dropped < _STEPS:
        return F.dropout(values, probability)
    return values * _mask(values, dropped)


def _mask(values: Tensor, dropped: int) -> Tensor:
    """0 for `dropped` of 2^16 draws, and what keeps the mean else, in the shape and type of `values`."""
    words = torch.empty((values.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    kept = words.view(torch.int16)[: values.numel()].view(values.shape) >= dropped - _STEPS // 2
    return kept.to(values.dtype).mul_(_STEPS / (_STEPS - dropped))


class Dropout(nn.Dropout):
    """`dropout` in training, nothing in evaluation."""

    def forward(self, input: Tensor) -> Tensor:
        """Of the shape of `input`."""
        return dropout(input, self.p) if self.training else input
