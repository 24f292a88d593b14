"""The `low_rank` adapter: one map of low rank beside each layer of the encoder."""

from __future__ import annotations

from typing import Annotated

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from mtbert.adapters.abstract import AbstractAdapter, start_at_zero, start_small
from mtbert.packing import Packing


class LowRankAdapter(AbstractAdapter):
    """out = LN(a + FFN(a) + TS(h)), TS(h) = VD VE h, from the layer's input h (Stickland & Murray 2019).

    VE (d to `width`) and VD (back) are each layer's own: layers 2 d width weights (Zhang, Table 1). Both have biases,
    as in the authors' code; VD starts at zero. `gelu`: TS(h) = VD GELU(VE h), as in that code; Zhang's formula has
    none.
    """

    def __init__(
        self,
        *,
        encoder_width: int,
        layers: int,
        width: Annotated[int, Field(ge=1)] = 204,
        gelu: bool = False,
    ) -> None:
        super().__init__()
        self.gelu = gelu
        self.encode = nn.ModuleList(start_small(nn.Linear(encoder_width, width)) for _ in range(layers))
        self.decode = nn.ModuleList(start_at_zero(nn.Linear(width, encoder_width)) for _ in range(layers))

    def parallel(self, layer: int, hidden: Tensor, packing: Packing) -> Tensor:
        """Return TS(h) (real tokens, d)."""
        small = self.encode[layer](hidden)  # (real tokens, width)
        added: Tensor = self.decode[layer](F.gelu(small) if self.gelu else small)
        return added

    def parallel_first(self, layer: int, hidden: Tensor, packing: Packing) -> Tensor:
        """Return TS(h) of the first tokens (rows, d); it depends on no other token."""
        return self.parallel(layer, hidden[packing.firsts], packing)
