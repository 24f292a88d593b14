"""The sentences, batches and training loop of the stages that read sentences without labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from mtbert.config.parts import OptimizerConfig
from mtbert.data.tokenize import Ragged, joined
from mtbert.device import moved
from mtbert.encoder.attention import SelfAttention
from mtbert.errors import DataError
from mtbert.model import MultitaskModel, device_of
from mtbert.packing import Packing, packing_of_array
from mtbert.random_streams import numpy_stream, torch_stream
from mtbert.training.optim import build_optimizer
from mtbert.training.trainer import DivergedError

Indices = NDArray[np.int64]
CLIP_NORM = 1.0


@dataclass(frozen=True)
class Pretraining:
    """The settings of a pretraining stage; the name `stage` is part of its random streams."""

    stage: str
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int


def sentences(texts: Mapping[str, Ragged], names: Sequence[str], most: int | None) -> Ragged:
    """Return the first `most` sentences of each corpus (None: all); `texts.py` orders them.

    Raises:
        DataError: the data was prepared without one of the corpora.
    """
    missing = [name for name in names if name not in texts]
    if missing:
        raise DataError(f"the data was prepared without the sentences of {', '.join(missing)}; prepare it with them")
    parts = [texts[name] for name in names]
    return joined([part.take(np.arange(len(part) if most is None else min(most, len(part)))) for part in parts])


@dataclass(frozen=True, eq=False)
class Sentences:
    """Sentences on a device: token numbers int64 and a mask of the real tokens, bool, (rows, tokens); their packing."""

    input_ids: Tensor
    attention_mask: Tensor
    packing: Packing


def on_device(ids: NDArray[np.int64], real: NDArray[np.bool_], device: torch.device) -> Sentences:
    """Return what `padded` returned on the device that trains, without waiting for the copy."""
    return Sentences(moved(ids, device), moved(real, device), packing_of_array(real).to(device))


def padded(rows: Ragged, indices: Indices, pad_id: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return token numbers (rows, tokens) and a mask of the real tokens."""
    chosen = [rows[int(i)] for i in indices]
    ids = np.full((len(chosen), max(len(row) for row in chosen)), pad_id, dtype=np.int64)
    for i, row in enumerate(chosen):
        ids[i, : len(row)] = row
    lengths = np.array([len(row) for row in chosen])
    return ids, np.arange(ids.shape[1]) < lengths[:, None]


def fit(
    model: MultitaskModel,
    trained: Sequence[nn.Module],
    how: Pretraining,
    batches_of: Callable[[int, np.random.Generator], list[Indices]],
    loss_of: Callable[[Indices, np.random.Generator], Tensor | None],
) -> tuple[float, ...]:
    """Train the modules `trained`, some of which belong to `model`; return each epoch's mean loss.

    Adam at a constant rate, gradients clipped at norm 1, as in the code of BERT and SimCSE. `batches_of` divides the
    sentences again in each epoch, given the batch size and a generator (`batching`). `loss_of` is given a batch's
    indices and its own generator; it returns None for a batch that has nothing to learn from. Where each task has its
    own encoder, all of them get the weights of the first.

    Raises:
        DivergedError: the mean loss of an epoch is not finite.
    """
    parts = nn.ModuleList(trained)
    model.requires_grad_(True)
    model.train()
    optimizer = build_optimizer(parts, OptimizerConfig(learning_rate=how.learning_rate))
    means = []
    for epoch in range(1, how.epochs + 1):
        batches = batches_of(how.batch_size, numpy_stream(how.seed, how.stage, "batches", epoch))
        draws = numpy_stream(how.seed, how.stage, "draws", epoch)
        with torch_stream(how.seed, how.stage, "dropout", epoch):
            means.append(_epoch(model, parts, optimizer, batches, draws, loss_of))
        if not math.isfinite(means[-1]):
            raise DivergedError(f"the loss is not a finite number in epoch {epoch} of {how.stage}: {means[-1]}")
    optimizer.zero_grad(set_to_none=True)
    for encoder in model.encoders()[1:]:
        encoder.load_state_dict(model.encoder.state_dict())
    return tuple(means)


def _epoch(
    model: MultitaskModel,
    parts: nn.Module,
    optimizer: Optimizer,
    batches: list[Indices],
    draws: np.random.Generator,
    loss_of: Callable[[Indices, np.random.Generator], Tensor | None],
) -> float:
    """Train one epoch; return its mean loss."""
    total, count = torch.zeros((), device=device_of(model)), 0
    for indices in batches:
        with model.autocast():
            loss = loss_of(indices, draws)
        if loss is None:
            continue
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_([p for p in parts.parameters() if p.grad is not None], CLIP_NORM, foreach=True)
        optimizer.step()
        total, count = total + loss.detach(), count + 1
    return float(total) / max(1, count)


@contextmanager
def dropout_of(encoder: nn.Module, probability: float | None) -> Iterator[None]:
    """Give all dropouts of the encoder this probability within the context; None leaves them unchanged."""
    plain = [module for module in encoder.modules() if isinstance(module, nn.Dropout)]
    attention = [module for module in encoder.modules() if isinstance(module, SelfAttention)]
    before = [module.p for module in plain], [module.attention_dropout for module in attention]
    if probability is not None:
        _set(plain, attention, [probability] * len(plain), [probability] * len(attention))
    try:
        yield
    finally:
        _set(plain, attention, *before)


def _set(
    plain: Sequence[nn.Dropout], attention: Sequence[SelfAttention], values: Sequence[float], others: Sequence[float]
) -> None:
    for module, value in zip(plain, values, strict=True):
        module.p = value
    for block, value in zip(attention, others, strict=True):
        block.attention_dropout = value
