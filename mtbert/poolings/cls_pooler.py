"""The `cls_pooler` pooling: a dense layer with tanh on the first token, as in BERT's pretraining."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mtbert.poolings.abstract import AbstractPooling

INITIAL_DEVIATION = 0.02  # BERT's initializer_range, Devlin et al. 2018, published code


class ClsPoolerPooling(AbstractPooling):
    """u = tanh(W h[0] + b), the state of [CLS] through BERT's pooler (Devlin 2018, published code).

    `pooler` is the checkpoint's (W, b), (width, width) and (width,); None if it has none: W is then drawn from N(0,
    0.02) and b is 0, as before pretraining. A checkpoint's pooler belongs to its last layer; with fewer layers it is
    only a starting point.
    """

    first_only = True

    def __init__(self, *, width: int, pooler: tuple[Tensor, Tensor] | None) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        with torch.no_grad():
            if pooler is None:
                self.dense.weight.normal_(0.0, INITIAL_DEVIATION)
                self.dense.bias.zero_()
            else:
                self.dense.weight.copy_(pooler[0])
                self.dense.bias.copy_(pooler[1])

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return u = tanh(W h[0] + b); shape (batch, width), each value in -1..1."""
        result: Tensor = self.dense(hidden[:, 0])
        return result.tanh()
