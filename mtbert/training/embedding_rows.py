"""Training only the rows of the word embeddings that occur: half of MiniLM's parameters are in rows that do not.

A row without gradient and without weight decay (`optim.py` applies none to embeddings) keeps zero moments, so Adam and
AdamW leave it exactly as it is. Training without it gives the same result, and the optimizer, the norm of the gradient
and zeroing it cost as much as the other rows need. Only the last bits of that norm may differ, which sums fewer zeros.
Where any word may occur (masked language modelling draws some at random) the full table is trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mtbert.data.tokenize import Ragged, TokenizedSplit
from mtbert.encoder.abstract import AbstractEncoder


class OccurringWords:
    """A context in which the encoders' word embeddings have only the rows `numbers`; no other row may be looked up.

    On exit the trained rows are written back to the full tables, so everything outside (evaluation, states,
    checkpoints) uses the full model. It may be entered again, with the same parameters. A frozen table stays as it is.
    """

    def __init__(self, encoders: Sequence[AbstractEncoder], numbers: NDArray[np.int64]) -> None:
        self._encoders = [encoder for encoder in encoders if _table(encoder).weight.requires_grad]
        self._full = [_table(encoder) for encoder in self._encoders]
        self._few = [_Rows(table, numbers) for table in self._full]

    def __enter__(self) -> OccurringWords:
        for encoder, full, few in zip(self._encoders, self._full, self._few, strict=True):
            few.read(full)
            encoder.embeddings.word = few
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for encoder, full, few in zip(self._encoders, self._full, self._few, strict=True):
            few.write(full)
            encoder.embeddings.word = full


class _Rows(nn.Embedding):
    """Some rows of the word embeddings; `input_ids` are still numbers of the full table."""

    def __init__(self, full: nn.Embedding, numbers: NDArray[np.int64]) -> None:
        device = full.weight.device
        chosen = torch.from_numpy(numbers).to(device)
        super().__init__(len(numbers), full.embedding_dim, _weight=full.weight.detach()[chosen])
        self.numbers = nn.Buffer(chosen, persistent=False)  # (rows,)
        # The place of any other word is beyond the table, so that looking it up is an error.
        places = torch.full((full.num_embeddings,), len(numbers), device=device)
        places[chosen] = torch.arange(len(numbers), device=device)
        self.places = nn.Buffer(places, persistent=False)  # (words,)

    def forward(self, input: Tensor) -> Tensor:
        """Return word embeddings (..., width) of numbers (...)."""
        return F.embedding(self.places[input], self.weight)

    @torch.no_grad()
    def read(self, full: nn.Embedding) -> None:
        """Copy the rows from the full table."""
        torch.index_select(full.weight, 0, self.numbers, out=self.weight.data)

    @torch.no_grad()
    def write(self, full: nn.Embedding) -> None:
        """Copy the rows to the full table."""
        full.weight.index_copy_(0, self.numbers, self.weight)


def numbers_in(rows: Iterable[Ragged], pad_id: int) -> NDArray[np.int64]:
    """Return the numbers of the words in batches of the rows, padding included; ascending, each once."""
    return np.unique(np.concatenate([[pad_id], *(np.unique(part.values) for part in rows)])).astype(np.int64)


def all_sentences(splits: Iterable[TokenizedSplit]) -> list[Ragged]:
    """Return all sentences of the splits, first and second."""
    return [part for split in splits for part in (split.first, split.second) if part is not None]


def _table(encoder: AbstractEncoder) -> nn.Embedding:
    return cast(nn.Embedding, encoder.embeddings.word)
