"""Frozen parts are computed once: what a stage does not train gives the same output for a sentence in every epoch.

    encoder, adapters and pooling of a task are frozen     its sentence vectors are cached
    only the pooling is trained                            the last hidden states that it reads
    only the last layers are, without adapters             the hidden states that the lowest of them reads

Dropout in a frozen part is off, so the cached values are those of a forward pass, up to rounding: other batches are
padded to other widths, and add up in another order. They are always computed in the batches of an evaluation, so they
depend on the frozen weights and on the split alone. Evaluating gives the same bits with and without the cache. There is
no option: where the cache applies it is always used.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mtbert.data.batching import Border, collate, evaluation_batches
from mtbert.data.tokenize import Ragged, TokenizedSplit
from mtbert.model import MultitaskModel, device_of
from mtbert.training.feature_store import MEMORY_BYTES, Features, FeatureStore, Kept
from mtbert.training.frozen_inputs import AbstractInputs, FrozenInputs, PartInputs, TokenInputs, sentence_numbers

_log = logging.getLogger(__name__)

VERSION = 1  # raised when the same key would name other numbers

# Hidden states of a split that would take more are computed again each time. Rounding differs then, so this limit
# affects the result of a run: it must not depend on the machine.
STATES_BYTES = 4 * 2**30

# The smallest share of a split's examples that an epoch must use: with less, most of the cache would hardly ever be
# read. The number of epochs must not matter, because a longer run continues a shorter one.
WORTH = 0.25


@dataclass(frozen=True)
class Shared:
    """A folder in which features are stored for other runs, and the identity of the model that computes them.

    `encoder` identifies the weights of the encoder and of the adapters, with everything else that decides their output
    to the last bit: threads, device, precision, version of torch. `pooling` identifies the pooling, with its weights if
    any.
    """

    folder: Path
    encoder: str
    pooling: str


@dataclass(frozen=True)
class FeaturesMade:
    """The cost of features: seconds and peak memory, here or where they were computed; `shared`: by another run.

    `key` names them; "" if they are not shared. `training`: of a train split.
    """

    key: str
    seconds: float
    peak_memory_bytes: int
    shared: bool
    training: bool


class FrozenParts:
    """The inputs of a model while its frozen parts stay frozen: from after `freeze` to the end of a stage.

    `FeatureStore` keeps the arrays, in memory up to `memory_bytes`; `states_bytes` limits the hidden states of a split.
    `made` gets an entry for each array of features when it is first read.
    """

    def __init__(
        self,
        model: MultitaskModel,
        pad_id: int,
        shared: Shared | None = None,
        *,
        memory_bytes: int = MEMORY_BYTES,
        states_bytes: int = STATES_BYTES,
    ) -> None:
        self.model, self.pad_id, self.shared, self.states_bytes = model, pad_id, shared, states_bytes
        self.store = FeatureStore(shared.folder if shared else None, memory_bytes)
        self.borders = {task: border_of(model, task) for task in model.heads}
        self.made: list[FeaturesMade] = []
        self.seconds = 0.0  # spent on computing, writing and reading features so far
        self._known: dict[str, list[AbstractInputs]] = {task: [] for task in model.heads}

    def inputs(self, task: str, split: TokenizedSplit, share: float = 1.0, *, training: bool = False) -> AbstractInputs:
        """Return the model's inputs for a split, of which an epoch uses a `share`; `training`: to learn from.

        A split whose examples all belong to an earlier one uses the rows of that one.
        """
        for known in self._known[task]:
            if known.split is split:
                return known
        self._known[task].append(self._inputs(task, split, share, training))
        return self._known[task][-1]

    def _inputs(self, task: str, split: TokenizedSplit, share: float, training: bool) -> AbstractInputs:
        border, tokens = self.borders[task], TokenInputs(split, self.pad_id, device_of(self.model))
        if border is None or share < WORTH:
            return tokens
        for known in self._known[task]:
            places = _places(split, known.split) if isinstance(known, FrozenInputs) else None
            if places is not None:
                return PartInputs(split, known, places)
        size = int(_lengths(split, border).sum()) * self.model.encoder.width * torch.float32.itemsize
        if not border.one_row and size > self.states_bytes:
            message = "hidden states of %d examples of %s are too large to cache (%.1f GiB)"
            _log.warning(message, len(split), task, size / 2**30)
            return tokens
        key = "" if self.shared is None else _key(self.shared, border, task, split)
        compute = partial(_compute, self.model, self.pad_id, task, split, border, self.store, size, key)
        return FrozenInputs(split, border, partial(self._noted, compute, key, training), tokens.device)

    def _noted(self, compute: Callable[[], tuple[Features, Kept]], key: str, training: bool) -> Features:
        began = time.perf_counter()
        features, kept = compute()
        self.seconds += time.perf_counter() - began
        self.made.append(FeaturesMade(key, kept.seconds, kept.peak_memory_bytes, kept.shared, training))
        return features


def border_of(model: MultitaskModel, task: str) -> Border | None:
    """Return the height up to which a task's path through the model is frozen; None where caching is not worth it.

    Embeddings alone are looked up as fast as anything that could be cached of them.
    """
    encoder, adapter = model.encoder_of(task), model.adapter_of(task)
    if model.frozen_dropout:
        return None  # another output each time
    if not _trained(encoder) and (adapter is None or not _trained(adapter)):
        if not _trained(model.pooling):
            return Border(layers=None, pooled=True)
        return Border(layers=None, first_token=model.pooling.first_only)
    if adapter is not None or _trained(encoder.embeddings):
        return None
    trained = [number for number, layer in enumerate(encoder.layers) if _trained(layer)]
    layers = min(trained, default=len(encoder.layers))
    return Border(layers=layers) if layers else None


def _trained(module: nn.Module) -> bool:
    return any(p.requires_grad for p in module.parameters())


def _compute(
    model: MultitaskModel,
    pad_id: int,
    task: str,
    split: TokenizedSplit,
    border: Border,
    store: FeatureStore,
    size: int,
    key: str,
) -> tuple[Features, Kept]:
    """Compute the states at the border for every sentence of a split; return them with their cost."""
    batches = evaluation_batches(split.lengths(), sentences=1 if split.second is None else 2)
    device = device_of(model)

    def blocks() -> Iterator[Tensor]:
        for indices in batches:
            batch = collate(split, indices, pad_id).to(device)
            states = model.below(border, batch.input_ids, batch.attention_mask, task)
            yield states if border.one_row else states[batch.attention_mask]

    training = model.training
    model.eval()
    # Not in inference mode, even if the caller is: training needs normal tensors.
    with torch.inference_mode(False), torch.no_grad():
        kept = store.keep(blocks, size, key)
    model.train(training)
    lengths = _lengths(split, border)
    order = np.concatenate([sentence_numbers(split, indices) for indices in batches])  # of the sentences in `values`
    ends = np.cumsum(lengths[order])
    starts = np.empty_like(ends)
    starts[order] = ends - lengths[order]
    values = kept.values.to(device) if size <= store.memory_bytes else kept.values
    return Features(values, starts, lengths), kept


def _lengths(split: TokenizedSplit, border: Border) -> NDArray[np.int64]:
    """Return how many rows each sentence has, (sentences,)."""
    parts = [split.first] if split.second is None else [split.first, split.second]
    lengths = np.concatenate([part.lengths() for part in parts])
    return np.ones_like(lengths) if border.one_row else lengths


def _places(split: TokenizedSplit, whole: TokenizedSplit) -> NDArray[np.int64] | None:
    """Return the places of a split's examples in another one; None if it does not have all of them."""
    if not set(split.ids) <= set(whole.ids):
        return None
    place = {name: number for number, name in enumerate(whole.ids)}
    places = np.array([place[name] for name in split.ids], dtype=np.int64)
    return places if _tokens(whole.take(places)) == _tokens(split) else None


def _tokens(split: TokenizedSplit) -> str:
    """Return the SHA-256 of the tokens of a split, also of one whose arrays are parts of others."""
    digest = hashlib.sha256()
    for rows in (split.first, split.second):
        digest.update(b"none" if rows is None else _bytes(rows))
    return digest.hexdigest()


def _bytes(rows: Ragged) -> bytes:
    lengths = rows.lengths()
    values = rows.values[rows.offsets[0] : rows.offsets[-1]]
    return len(lengths).to_bytes(8, "little") + lengths.astype("<i8").tobytes() + values.astype("<i4").tobytes()


def _key(shared: Shared, border: Border, task: str, split: TokenizedSplit) -> str:
    """Return the name of features: equal names mean equal numbers. Poolings share what they do not change."""
    pooling = shared.pooling if border.pooled else ""
    parts = [VERSION, shared.encoder, pooling, asdict(border), task, _tokens(split)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
