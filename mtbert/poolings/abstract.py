"""The base of all poolings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn


class AbstractPooling(nn.Module, ABC):
    """A map from hidden states to one vector per sentence; padding never changes the result.

    `first_only`: it reads the first token's state alone, so an encoder need not compute the last layer's others.
    """

    first_only: ClassVar[bool] = False

    @abstractmethod
    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return sentence vectors (batch, width) from `hidden` (batch, tokens, width).

        `mask` (batch, tokens) is True where a token is real, False where it is padding, which comes last. A row without
        a real token gives numbers, not NaN.
        """
