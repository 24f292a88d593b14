"""The model's inputs for examples of a split: their tokens, or what its frozen part has computed from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from mtbert.data.batching import Batch, Border, FrozenBatch, collate
from mtbert.data.tokenize import TokenizedSplit
from mtbert.device import moved
from mtbert.packing import packing_of_array
from mtbert.training.feature_store import Features


class AbstractInputs(ABC):
    """The model's inputs for examples of one split."""

    split: TokenizedSplit

    @abstractmethod
    def batch(self, indices: NDArray[np.int64]) -> Batch | FrozenBatch:
        """Return the examples at `indices` of the split, on the model's device."""


class TokenInputs(AbstractInputs):
    """The tokens of a split, for the whole model."""

    def __init__(self, split: TokenizedSplit, pad_id: int, device: torch.device) -> None:
        self.split, self.pad_id, self.device = split, pad_id, device

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """Return the examples as padded tokens."""
        return collate(self.split, indices, self.pad_id).to(self.device)


class FrozenInputs(AbstractInputs):
    """The states of a split at the `border` of the model's frozen part; all of them are computed at the first use."""

    def __init__(
        self, split: TokenizedSplit, border: Border, compute: Callable[[], Features], device: torch.device
    ) -> None:
        self.split, self.border, self.device = split, border, device
        self._compute = compute
        self._features: Features | None = None

    def batch(self, indices: NDArray[np.int64]) -> FrozenBatch:
        """Return the examples as the frozen part has computed them."""
        if self._features is None:
            self._features = self._compute()
        sentences = sentence_numbers(self.split, indices)
        states, mask = self._features.rows(sentences, self.device)
        packing = None
        if self.border.layers is not None:  # for the layers above
            packing = packing_of_array(self._features.mask(sentences)).to(self.device)
        return FrozenBatch(
            states=states[:, 0] if self.border.one_row else states,
            attention_mask=mask,
            labels=moved(np.array(self.split.labels[indices], dtype=np.float32), self.device),
            pair=self.split.second is not None,
            border=self.border,
            packing=packing,
        )


class PartInputs(AbstractInputs):
    """Some examples of a split whose inputs are available, by their `places` in it."""

    def __init__(self, split: TokenizedSplit, whole: AbstractInputs, places: NDArray[np.int64]) -> None:
        self.split, self.whole, self.places = split, whole, places

    def batch(self, indices: NDArray[np.int64]) -> Batch | FrozenBatch:
        """Return the examples from their places in the whole split."""
        return self.whole.batch(self.places[indices])


def sentence_numbers(split: TokenizedSplit, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of the sentences of examples in the order of a batch's rows: first ones, then second ones.

    A split of n examples has the first sentences 0..n-1 and, for pairs, the second ones n..2n-1.
    """
    return indices if split.second is None else np.concatenate([indices, indices + len(split)])
