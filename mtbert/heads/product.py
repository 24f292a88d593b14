"""The `product` head: a linear layer on the product of the two sentence vectors, feature by feature."""

from __future__ import annotations

from torch import Tensor

from mtbert.heads.abstract import AbstractDensePairHead


class ProductHead(AbstractDensePairHead):
    """W dropout(u * v) + b (Kumar). Symmetric in the two sentences; with W = 1 the dot product."""

    def features(self, first: Tensor, second: Tensor) -> Tensor:
        """Return u * v."""
        return first * second
