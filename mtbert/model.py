"""The multitask model: one shared encoder, one pooling, and for each task a head and possibly adapters."""

from __future__ import annotations

import copy
from typing import cast

import torch
from torch import Tensor, nn

from mtbert.adapters.abstract import TaskAdapter
from mtbert.config.parts import Precision
from mtbert.data.batching import Batch, Border, FrozenBatch
from mtbert.encoder.abstract import AbstractEncoder
from mtbert.errors import BackboneError
from mtbert.heads.abstract import AbstractHead
from mtbert.packing import Packing
from mtbert.poolings.abstract import AbstractPooling
from mtbert.precision import autocast


class MultitaskModel(nn.Module):
    """Encoder with the task's adapters -> pooling -> [pair layer] -> head of the task, computed in `precision`.

    The optional `pair_layer` is shared by the tasks of pairs: u -> GELU(W u + b), of the same width. `adapters` are the
    sets of the tasks. Both sentences of a pair go through the encoder in one batch: rows 0..n-1 are the first
    sentences, rows n..2n-1 the second.
    """

    def __init__(
        self,
        encoder: AbstractEncoder,
        pooling: AbstractPooling,
        heads: dict[str, AbstractHead],
        adapters: dict[str, TaskAdapter] | None = None,
        *,
        shared: bool = True,
        pair_layer: nn.Module | None = None,
        precision: Precision = "float32",
        frozen_dropout: bool = False,
    ) -> None:
        super().__init__()
        self.precision: Precision = precision
        self.frozen_dropout = frozen_dropout
        self.encoder = encoder
        self.pooling = pooling
        self.pair_layer = pair_layer
        self.heads = nn.ModuleDict(heads)
        self.adapters = nn.ModuleDict(adapters or {})
        # Nothing shared: the first task has the encoder, each other task a copy.
        self.copies = nn.ModuleDict({task: copy.deepcopy(encoder) for task in list(heads)[1:] if not shared})

    def encoder_of(self, task: str | None) -> AbstractEncoder:
        """Return the encoder of a task's sentences: the shared one, or the task's own."""
        return cast(AbstractEncoder, self.copies[task]) if task is not None and task in self.copies else self.encoder

    def encoders(self) -> list[AbstractEncoder]:
        """Return all encoders: one, or one per task."""
        return [self.encoder, *(cast(AbstractEncoder, encoder) for encoder in self.copies.values())]

    def adapter_of(self, task: str | None) -> TaskAdapter | None:
        """Return the task's set of adapters; None if it has none."""
        return cast(TaskAdapter, self.adapters[task]) if task is not None and task in self.adapters else None

    def vectors(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        task: str | None = None,
        embedded: Tensor | None = None,
        packing: Packing | None = None,
    ) -> Tensor:
        """Return sentence vectors (rows, width) of tokens (rows, tokens), with the task's adapters if any.

        `embedded` (rows, tokens, width) replaces the word embeddings; `packing` is that of the mask, if it is known.
        """
        encoder, adapter = self.encoder_of(task), self.adapter_of(task)
        first_only = self.pooling.first_only
        with self.autocast():
            # (rows, tokens, width); of the first token alone if no other is read
            hidden = encoder(input_ids, attention_mask, adapter, embedded, packing=packing, first_only=first_only)
            pooled: Tensor = self.pooling(hidden, attention_mask)
        return pooled

    def below(self, border: Border, input_ids: Tensor, attention_mask: Tensor, task: str) -> Tensor:
        """Return the states at a border, `FrozenBatch.states`, of tokens (rows, tokens)."""
        if border.pooled:
            return self.vectors(input_ids, attention_mask, task)
        encoder = self.encoder_of(task)
        with self.autocast():
            if border.layers is not None:
                return encoder.lower(input_ids, attention_mask, border.layers)
            first = border.first_token
            hidden: Tensor = encoder(input_ids, attention_mask, self.adapter_of(task), first_only=first)
        return hidden[:, 0] if first else hidden

    def above(self, batch: FrozenBatch, task: str) -> Tensor:
        """Return sentence vectors (rows, width) from the states at a border."""
        states, mask, border = batch.states, batch.attention_mask, batch.border
        if border.pooled:
            return states
        with self.autocast():
            if border.layers is not None:
                encoder = self.encoder_of(task)
                first = self.pooling.first_only
                states = encoder.upper(states, mask, border.layers, packing=batch.packing, first_only=first)
            pooled: Tensor = self.pooling(states.unsqueeze(1) if border.first_token else states, mask)
        return pooled

    def forward(self, task: str, batch: Batch | FrozenBatch, embedded: Tensor | None = None) -> Tensor:
        """Return the task's outputs (examples, outputs) in float32, whatever the encoder's precision; see `vectors`."""
        if isinstance(batch, FrozenBatch):
            vectors = self.above(batch, task)
        else:
            vectors = self.vectors(batch.input_ids, batch.attention_mask, task, embedded, batch.packing)
        with self.autocast():
            if batch.pair and self.pair_layer is not None:
                vectors = self.pair_layer(vectors)
            parts = vectors.chunk(2) if batch.pair else (vectors,)  # (examples, width) each
            outputs: Tensor = self.heads[task](*parts)
        return outputs.float()

    def autocast(self) -> torch.autocast:
        """Return a context with the model's precision. Around several calls, weights are cast only once."""
        return autocast(self.precision, device_of(self))

    def trainable_parameters(self) -> int:
        """Return the number of weights that training may change now."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def adapter_parameters(self) -> int:
        """Return the number of weights of all adapters, without biases and layer norms (Zhang, Table 1)."""
        return sum(p.numel() for p in self.adapters.parameters() if p.ndim > 1)

    def total_parameters(self) -> int:
        """Return the number of weights in the model."""
        return sum(p.numel() for p in self.parameters())

    def train(self, mode: bool = True) -> MultitaskModel:
        """Switch to training mode; dropout stays off in layers that are not trained, unless `frozen_dropout`.

        A frozen part thus always gives the same output for the same sentence, so it can be computed once.
        """
        super().train(mode)
        if mode and not self.frozen_dropout:
            for part in (part for encoder in self.encoders() for part in (encoder.embeddings, *encoder.layers)):
                if not any(p.requires_grad for p in part.parameters()):
                    _without_dropout(part)
        return self


def _without_dropout(part: nn.Module) -> None:
    """Switch a part to evaluation mode; gradients may still pass through it to the word embeddings."""
    part.eval()
    for module in part.modules():
        # cuDNN has no gradient through an LSTM in evaluation mode; without dropout both modes give the same.
        if isinstance(module, nn.LSTM) and not module.dropout:
            module.train()


def freeze(model: MultitaskModel, trainable: str, layers: int | None) -> None:
    """Mark what is trained: `all`, the `adapters_and_heads`, the `last_k` `layers` and those two, or the `heads` alone.

    The pooling and the pair layer are always trained. Kumar's "unfrozen layers" (2, 1) and "pretrain" (heads).

    Raises:
        BackboneError: the encoder has fewer layers.
    """
    model.requires_grad_(True)
    if trainable == "all":
        return
    for encoder in model.encoders():
        encoder.requires_grad_(False)
    if trainable == "heads":
        model.adapters.requires_grad_(False)
    if trainable != "last_k":
        return
    depth = len(model.encoder.layers)
    if layers is None or not 1 <= layers <= depth:
        raise BackboneError(
            f"last_k trains between 1 and {depth} layers of this encoder, got layers={layers}. "
            "Give a number in this range."
        )
    for encoder in model.encoders():
        encoder.requires_grad_(True)  # includes a BiLSTM's output layer
        for part in (encoder.embeddings, *encoder.layers[: depth - layers]):
            part.requires_grad_(False)


def device_of(model: nn.Module) -> torch.device:
    """Return the device of the model's parameters."""
    return next(model.parameters()).device
