"""The `lora` adapter: changes of low rank to each layer's query and value matrices."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Annotated, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from mtbert.adapters.abstract import AbstractAdapter, start_at_zero
from mtbert.encoder.layer import BertLayer

if TYPE_CHECKING:
    from mtbert.encoder.bert import BertEncoder


class LoraAdapter(AbstractAdapter):
    """Q = WQ h + (alpha / rank) B A h, and the same for V with its own A and B (Hu et al. 2021, equation 3).

    A (d to `rank`) and B (back) are each layer's own, without biases: layers 4 d rank weights. A is drawn uniformly as
    in the authors' code (Kaiming, a = sqrt(5)); B starts at zero. `rank` 8 on Q and V with `alpha` 8 is their choice
    for RoBERTa-base (Table 9). The values' biases and all other matrices stay as they are.
    """

    merges = True

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
        """Return (alpha / rank) B A h (real tokens, d) for the queries."""
        delta: Tensor = self.query[layer](hidden)
        return self.scale * delta

    def value_delta(self, layer: int, hidden: Tensor) -> Tensor:
        """Return (alpha / rank) B A h (real tokens, d) for the values."""
        delta: Tensor = self.value[layer](hidden)
        return self.scale * delta

    @torch.no_grad()
    def merge_into(self, encoder: BertEncoder) -> None:
        """Add (alpha / rank) B A to WQ, and the same to WV: no further product at use (Hu et al. 2021, section 4.1)."""
        for number, layer in enumerate(encoder.layers):
            query, _, value = cast(BertLayer, layer).attention.qkv.weight.chunk(3)  # views of one matrix
            query += self.scale * _product(self.query[number])
            value += self.scale * _product(self.value[number])


def _product(low_rank: nn.Module) -> Tensor:
    """Return B A (d, d)."""
    a, b = cast(nn.Sequential, low_rank)
    product: Tensor = cast(nn.Linear, b).weight @ cast(nn.Linear, a).weight
    return product


def _low_rank(encoder_width: int, rank: int) -> nn.Sequential:
    down = nn.Linear(encoder_width, rank, bias=False)  # torch's initialisation is the authors'
    return nn.Sequential(OrderedDict(a=down, b=start_at_zero(nn.Linear(rank, encoder_width, bias=False))))
