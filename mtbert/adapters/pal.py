"""The `pal` adapter: projected attention layers, one small attention beside each layer of the encoder."""

from __future__ import annotations

from typing import Annotated, cast

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from mtbert.adapters.abstract import AbstractAdapter, start_at_zero, start_small
from mtbert.encoder.attention import attention, first_and_all, first_attention
from mtbert.packing import Packing


class PalAdapter(AbstractAdapter):
    """out = LN(a + FFN(a) + TS(h)), TS(h) = VD MH(VE h), from the layer's input h (Stickland & Murray 2019).

    VE (d to `width`) and VD (back) serve all layers; MH has its own queries, keys and values in each layer, `heads`
    heads (the largest divisor of `width` up to that) and no output matrix: 2 d width + layers 3 width^2 weights. All
    maps have biases, as in the authors' code; VD starts at zero. `gelu`: TS(h) = GELU(VD MH(VE h)), as in that code;
    Zhang's formula has none.
    """

    def __init__(
        self,
        *,
        encoder_width: int,
        layers: int,
        width: Annotated[int, Field(ge=1)] = 204,
        heads: Annotated[int, Field(ge=1)] = 12,
        gelu: bool = False,
    ) -> None:
        super().__init__()
        self.heads = next(number for number in range(min(heads, width), 0, -1) if width % number == 0)
        self.gelu = gelu
        self.encode = start_small(nn.Linear(encoder_width, width))
        self.qkv = nn.ModuleList(start_small(nn.Linear(width, 3 * width)) for _ in range(layers))
        self.decode = start_at_zero(nn.Linear(width, encoder_width))

    def parallel(self, layer: int, hidden: Tensor, packing: Packing) -> Tensor:
        """Return TS(h) (real tokens, d)."""
        small = self.encode(hidden)  # (real tokens, width)
        return self._decoded(attention(self.qkv[layer](small), packing, self.heads))

    def parallel_first(self, layer: int, hidden: Tensor, packing: Packing) -> Tensor:
        """Return TS(h) of the first tokens (rows, d): their queries alone, keys and values of all tokens."""
        qkv = cast(nn.Linear, self.qkv[layer])
        query, key_value = first_and_all(qkv, self.encode(hidden), packing)
        return self._decoded(first_attention(query, key_value, packing, self.heads))

    def _decoded(self, mixed: Tensor) -> Tensor:
        added: Tensor = self.decode(mixed)
        return F.gelu(added) if self.gelu else added
