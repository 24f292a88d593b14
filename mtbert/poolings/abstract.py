"""What every pooling is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class AbstractPooling(nn.Module, ABC):
    """A map from hidden states to one vector a sentence; padding never changes the result."""

    @abstractmethod
    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Sentence vectors (batch, width) from `hidden` (batch, tokens, width).

        `mask` (batch, tokens) is True where a token is real, False where it is padding.
        """
