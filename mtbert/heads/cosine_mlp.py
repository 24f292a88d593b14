"""The `cosine_mlp` head: the cosine of the two vectors after two fully connected layers, negative values cut off."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mtbert.heads.abstract import AbstractPairHead


class CosineMlpHead(AbstractPairHead):
    """high relu(cos(f(u), f(v))), f(x) = W2 GELU(W1 dropout(x)), which is 5 relu(cos) for 0..5 (Zhang, figure 2).

    One f for both sentences, with layers of the encoder's width. The report does not say what is between its two
    layers; without a nonlinearity they would be one layer, so it is BERT's GELU. For a logit, where the label has no
    scale, it is a relu(cos) + b with learned a (from 10) and b (from -5): from -5 to 5 at first, as in the `cosine`
    head.
    """

    def __init__(self, *, width: int, outputs: int, dropout: float, scale: tuple[float, float] | None) -> None:
        super().__init__()
        if outputs != 1:
            raise ValueError(f"a cosine gives one output, the task asks for {outputs}")
        self.scale = scale
        self.layers = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        if scale is None:
            self.slope = nn.Parameter(torch.tensor(10.0))
            self.offset = nn.Parameter(torch.tensor(-5.0))

    def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Return outputs (batch, 1)."""
        assert second is not None  # the model gives a pair head both sentences
        cosine = functional.cosine_similarity(self.layers(first), self.layers(second), dim=-1)  # (batch,)
        positive = cosine.relu().unsqueeze(-1)  # (batch, 1)
        if self.scale is None:
            return self.slope * positive + self.offset
        return self.scale[1] * positive
