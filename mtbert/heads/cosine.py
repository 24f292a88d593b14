"""The `cosine` head: the cosine of the two sentence vectors, mapped to the label's scale."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mtbert.heads.abstract import AbstractPairHead


class CosineHead(AbstractPairHead):
    """Similarity on a scale low..high: low + (high - low) (cos(u, v) + 1) / 2, which is 2.5 (cos + 1) for 0..5.

    (Hurtado & Teaw; Kumar; Thapa & Khurana.) It then has no parameter. For a logit, where the label has no scale, a
    cosine alone could never be confident: the logit is a cos(u, v) + b with learned a (from 5) and b (from 0). There is
    no layer, so there is no dropout.
    """

    learns_on_scale = False

    def __init__(self, *, outputs: int, scale: tuple[float, float] | None) -> None:
        super().__init__()
        if outputs != 1:
            raise ValueError(f"a cosine gives one output, the task asks for {outputs}")
        self.scale = scale
        if scale is None:
            self.slope = nn.Parameter(torch.tensor(5.0))
            self.offset = nn.Parameter(torch.tensor(0.0))

    def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Return outputs (batch, 1)."""
        assert second is not None  # the model gives a pair head both sentences
        cosine = functional.cosine_similarity(first, second, dim=-1).unsqueeze(-1)  # (batch, 1)
        if self.scale is None:
            return self.slope * cosine + self.offset
        low, high = self.scale
        return low + (high - low) * (cosine + 1) / 2
