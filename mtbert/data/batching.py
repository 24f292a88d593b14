"""Which examples form a batch, and the padded tensors of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtbert.data.tokenize import TokenizedSplit
from mtbert.device import moved
from mtbert.packing import Packing, packing_of_array

POOL_BATCHES = 50  # sorted together: enough for little padding, few enough for batches to differ every epoch


@dataclass(frozen=True, eq=False)
class Batch:
    """Padded examples of one task.

    `input_ids` int64 and `attention_mask` bool (True = a real token) are (rows, tokens). rows = examples, or for pairs
    2 * examples: all first sentences, then all second ones. `labels` is float32 (examples,). `indices` are the
    examples' places in the split. `packing` is that of the mask.
    """

    input_ids: Tensor
    attention_mask: Tensor
    labels: Tensor
    pair: bool
    indices: NDArray[np.int64]
    packing: Packing

    def to(self, device: torch.device | str) -> Batch:
        """Return the same batch with its tensors on `device`; a GPU copies them while it computes."""
        ids, mask, labels = (moved(tensor, device) for tensor in (self.input_ids, self.attention_mask, self.labels))
        return Batch(ids, mask, labels, self.pair, self.indices, self.packing.to(device))


@dataclass(frozen=True)
class Border:
    """The height up to which a model is frozen: the embeddings and the first `layers` layers, without adapters.

    `layers` None: the whole encoder with the task's adapters, and with `pooled` the pooling too. `first_token`: only
    the first token's hidden state is needed.
    """

    layers: int | None
    pooled: bool = False
    first_token: bool = False

    @property
    def one_row(self) -> bool:
        """Whether a sentence is one row (width) at the border; otherwise it is (tokens, width)."""
        return self.pooled or self.first_token


@dataclass(frozen=True, eq=False)
class FrozenBatch:
    """Examples of one task as the part of the model below `border` has computed them; see `Batch`.

    `states` are (rows, width) where the border has one row per sentence, else (rows, tokens, width); `attention_mask`
    is bool (rows, tokens), with one token where there is one row. `labels` is float32 (examples,). `packing` is that of
    the mask where layers above the border need it.
    """

    states: Tensor
    attention_mask: Tensor
    labels: Tensor
    pair: bool
    border: Border
    packing: Packing | None = None


def training_batches(lengths: NDArray[np.int64], batch_size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Return batches of similar length in random order: every index exactly once, a last short batch included.

    Permute all, cut into pools of 50 batches, sort each pool by length, cut it into batches, shuffle the batches. For
    pairs `lengths` must be the longer of the two sentences: the batch is as wide as its longest sentence, first or
    second, so its padding depends on that number alone and sorting by it wastes least.

    Raises:
        ValueError: `batch_size` is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    order = rng.permutation(len(lengths))
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), batch_size * POOL_BATCHES):
        pool = order[start : start + batch_size * POOL_BATCHES]
        # A stable sort leaves examples of one length in their random order, so batches change every epoch.
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def random_batches(count: int, batch_size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Return batches that are random draws from all examples: every index exactly once, a last short batch included.

    Raises:
        ValueError: `batch_size` is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    order = rng.permutation(count)
    return [order[start : start + batch_size] for start in range(0, count, batch_size)]


def evaluation_batches(
    lengths: NDArray[np.int64], max_tokens: int = 4096, *, sentences: int = 1
) -> list[NDArray[np.int64]]:
    """Return batches from short to long, each of at most `max_tokens` tokens with padding.

    Every index occurs exactly once. `sentences` is 2 for pairs, whose batches have two rows per example. An example
    longer than `max_tokens` is a batch by itself.
    """
    order = np.argsort(lengths, kind="stable")
    batches: list[NDArray[np.int64]] = []
    start = 0
    for end in range(1, len(order) + 1):
        # Sorted, so the next example would be the longest and set the width of the whole batch.
        if end == len(order) or (end + 1 - start) * sentences * lengths[order[end]] > max_tokens:
            batches.append(order[start:end])
            start = end
    return batches


def collate(split: TokenizedSplit, indices: NDArray[np.int64], pad_id: int) -> Batch:
    """Return the examples at `indices` as padded tensors; at least one is needed."""
    rows = [split.first.take(indices)] + ([] if split.second is None else [split.second.take(indices)])
    values, lengths = np.concatenate([part.values for part in rows]), np.concatenate([part.lengths() for part in rows])
    mask = np.arange(lengths.max()) < lengths[:, None]  # (rows, tokens)
    input_ids = np.full(mask.shape, pad_id, dtype=np.int64)
    input_ids[mask] = values
    return Batch(
        input_ids=torch.from_numpy(input_ids),
        attention_mask=torch.from_numpy(mask),
        labels=torch.from_numpy(np.array(split.labels[indices], dtype=np.float32)),  # (examples,)
        pair=split.second is not None,
        indices=np.asarray(indices),
        packing=packing_of_array(mask),
    )
