"""The `lora` adapter: changes of low rank to each layer's query and value matrices."""

from __future__ import annotations

from collections import OrderedDict
from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from mtbert.adapters.abstract import AbstractAdapter, start_at_zero


class LoraAdapter(AbstractAdapter):
    """Q = WQ h + (alpha / rank) B A h, the same for V, with A and B of their own (Hu et al. 2021, equation 3).

    A (d to `rank`) and B (back) are each layer's own, without biases: layers 4 d rank weights. A is drawn uniformly as
    in the authors' code (Kaiming, a = sqrt(5)); B starts at zero. `rank` 8 on Q and V with `alpha` 8 is their choice
    for RoBERTa-base (Table 9). The values' biases and all other matrices stay as they are.
    """

    def __init__(
        self,
        *,
        encoder_width: int,
        layers: int,
        rank: Annotated[int, Field(ge=1)] = 8,
        alpha: Annotated[float, Field(gt=0.0)] = 8.0,
    ) -> None:
        super().__init__()
        self.scale = alpha / rank
        self.query = nn.ModuleList(_low_rank(encoder_width, rank) for _ in range(layers))
        self.value = nn.ModuleList(_low_rank(encoder_width, rank) for _ in range(layers))

    def query_delta(self, layer: int, hidden: Tensor) -> Tensor:
        """(alpha / rank) B A h (real tokens, d) for the queries."""
        delta: Tensor = self.query[layer](hidden)
        return self.scale * delta

    def value_delta(self, layer: int, hidden: Tensor) -> Tensor:
        """(alpha / rank) B A h (real tokens, d) for the values."""
        delta: Tensor = self.value[layer](hidden)
        return self.scale * delta


def _low_rank(encoder_width: int, rank: int) -> nn.Sequential:
    down = nn.Linear(encoder_width, rank, bias=False)  # torch's initialisation is the authors'
    return nn.Sequential(OrderedDict(a=down, b=start_at_zero(nn.Linear(rank, encoder_width, bias=False))))
