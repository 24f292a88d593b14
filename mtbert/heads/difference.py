"""The `difference` head: a linear layer on the signed difference of the two sentence vectors."""

from __future__ import annotations

from torch import Tensor

from mtbert.heads.abstract import AbstractDensePairHead


class DifferenceHead(AbstractDensePairHead):
    """W dropout(u - v) + b (Kumar).

    It is antisymmetric around b and cannot learn a symmetric similarity, which is why it collapses in the report.
    """

    def features(self, first: Tensor, second: Tensor) -> Tensor:
        """Return u - v."""
        return first - second
