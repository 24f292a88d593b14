"""The base of all encoders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from mtbert.encoder.adapting import LayerAdapters
from mtbert.encoder.shape import BertShape, BilstmShape
from mtbert.packing import Packing


class AbstractEncoder(nn.Module, ABC):
    """A map from token numbers to hidden states of every token.

    `embeddings` (its word embeddings are `embeddings.word`) and `layers`, from the lowest, are the parts that are
    frozen or read one by one; `width` is that of the hidden states, `shape` all sizes. `supports_adapters`: adapters
    can be put inside.
    """

    supports_adapters: ClassVar[bool]
    shape: BertShape | BilstmShape
    width: int
    embeddings: nn.Module
    layers: nn.ModuleList

    @abstractmethod
    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        adapter: LayerAdapters | None = None,
        embedded: Tensor | None = None,
        *,
        packing: Packing | None = None,
        first_only: bool = False,
    ) -> Tensor:
        """Return the last hidden states (batch, tokens, width).

        `input_ids` (batch, tokens) int64, `attention_mask` (batch, tokens) bool or 0/1 int, real tokens first.
        `adapter` is the set of one task. `embedded` (batch, tokens, width of the words) replaces the word embeddings of
        `input_ids`, for a perturbation. Values at padding do not affect real tokens.

        `packing` is that of the mask, if it is known already. `first_only`: only the first token's state is needed; an
        encoder may skip the others and return (batch, 1, width).
        """

    @abstractmethod
    def lower(self, input_ids: Tensor, attention_mask: Tensor, layers: int) -> Tensor:
        """Return hidden states (batch, tokens, their width) after the first `layers` layers, without adapters."""

    @abstractmethod
    def upper(
        self,
        hidden: Tensor,
        attention_mask: Tensor,
        layers: int,
        *,
        packing: Packing | None = None,
        first_only: bool = False,
    ) -> Tensor:
        """Return the last hidden states (batch, tokens, width) from those after the first `layers` layers.

        `packing` and `first_only` as in `forward`. Together with `lower` this is `forward` without adapters. Values at
        padding do not affect real tokens.
        """

    @abstractmethod
    def initialise(self, generator: torch.Generator) -> None:
        """Draw all weights from `generator` alone."""
