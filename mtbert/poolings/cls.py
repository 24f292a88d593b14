"""The `cls` pooling: the last hidden state of the first token."""

from __future__ import annotations

from torch import Tensor

from mtbert.poolings.abstract import AbstractPooling


class ClsPooling(AbstractPooling):
    """The hidden state of [CLS], the first token (Devlin 2018, section 3.1)."""

    first_only = True

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return u = h[0]; shape (batch, width)."""
        return hidden[:, 0]
