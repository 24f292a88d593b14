"""The `houlsby` adapter: a bottleneck after each of the two blocks of a layer."""

from __future__ import annotations

from collections import OrderedDict
from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from mtbert.adapters.abstract import AbstractAdapter, start_at_zero, start_small


class HoulsbyAdapter(AbstractAdapter):
    """x + VD GELU(VE x) on the outputs of the attention and the feed-forward block (Houlsby et al. 2019, figure 2).

    Each is before the block's residual addition and layer norm. VE (d to `width`) and VD (back) are each block's own:
    layers 4 d width weights (Zhang, Table 1). Both have biases; VD starts at zero, where Houlsby et al. draw it near
    zero.
    """

    def __init__(self, *, encoder_width: int, layers: int, width: Annotated[int, Field(ge=1)] = 204) -> None:
        super().__init__()
        self.attention = nn.ModuleList(_bottleneck(encoder_width, width) for _ in range(layers))
        self.feed_forward = nn.ModuleList(_bottleneck(encoder_width, width) for _ in range(layers))

    def attention_delta(self, layer: int, block: Tensor) -> Tensor:
        """Return VD GELU(VE x) (real tokens, d) of the attention block."""
        delta: Tensor = self.attention[layer](block)
        return delta

    def feed_forward_delta(self, layer: int, block: Tensor) -> Tensor:
        """Return VD GELU(VE x) (real tokens, d) of the feed-forward block."""
        delta: Tensor = self.feed_forward[layer](block)
        return delta


def _bottleneck(encoder_width: int, width: int) -> nn.Sequential:
    encode, decode = nn.Linear(encoder_width, width), nn.Linear(width, encoder_width)
    return nn.Sequential(OrderedDict(encode=start_small(encode), activation=nn.GELU(), decode=start_at_zero(decode)))
