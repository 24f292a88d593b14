"""The multitask model: one shared encoder, one pooling, for each task a head and maybe adapters."""

from __future__ import annotations

import copy
from typing import cast

import torch
from torch import Tensor, nn

from mtbert import components
from mtbert.adapters.abstract import TaskAdapter
from mtbert.config import RunConfig
from mtbert.config.parts import Precision
from mtbert.data.batching import Batch, Border, FrozenBatch
from mtbert.encoder.abstract import AbstractEncoder
from mtbert.encoder.backbones import build_encoder, load_pooler, load_tokenizer
from mtbert.encoder.bert import BertEncoder
from mtbert.errors import BackboneError
from mtbert.heads.abstract import AbstractHead
from mtbert.packing import Packing
from mtbert.poolings.abstract import AbstractPooling
from mtbert.precision import autocast
from mtbert.random_streams import torch_stream
from mtbert.tasks.abstract import AbstractTask


class MultitaskModel(nn.Module):
    """Encoder with the task's adapters -> pooling -> [pair layer] -> head of the task, computed in `precision`.

    The `pair_layer`, where there is one, is what the tasks of pairs share beside: u -> GELU(W u + b), width as before.
    `adapters` are the sets of the tasks, none where there are none. Both sentences of a pair go through the encoder
    in one batch: rows 0..n-1 are the first sentences, rows n..2n-1 the second.
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
        # Nothing shared: the first task has the encoder, each further one a copy of its own.
        self.copies = nn.ModuleDict({task: copy.deepcopy(encoder) for task in list(heads)[1:] if not shared})

    def encoder_of(self, task: str | None) -> AbstractEncoder:
        """Return the encoder that a task's sentences go through: the shared one, or its own."""
        return cast(AbstractEncoder, self.copies[task]) if task is not None and task in self.copies else self.encoder

    def encoders(self) -> list[AbstractEncoder]:
        """Return all encoders: one, or as many as there are tasks."""
        return [self.encoder, *(cast(AbstractEncoder, encoder) for encoder in self.copies.values())]

    def adapter_of(self, task: str | None) -> TaskAdapter | None:
        """Return the task's set of adapters; None where there are none."""
        return cast(TaskAdapter, self.adapters[task]) if task is not None and task in self.adapters else None

    def vectors(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        task: str | None = None,
        embedded: Tensor | None = None,
        packing: Packing | None = None,
    ) -> Tensor:
        """Sentence vectors (rows, width) of tokens (rows, tokens), with the task's adapters; with none where None.

        `embedded` (rows, tokens, width) stand in for the word embeddings, `packing` is that of the mask where it is
        known, as the encoder has it.
        """
        encoder, adapter = self.encoder_of(task), self.adapter_of(task)
        first_only = self.pooling.first_only
        with self.autocast():
            # (rows, tokens, width); of the first token alone where no other is read
            hidden = encoder(input_ids, attention_mask, adapter, embedded, packing=packing, first_only=first_only)
            pooled: Tensor = self.pooling(hidden, attention_mask)
        return pooled

    def below(self, border: Border, input_ids: Tensor, attention_mask: Tensor, task: str) -> Tensor:
        """Return what stands at a border, `FrozenBatch.states`, of tokens (rows, tokens): `above` makes `vectors` of
        it.
        """
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
        """Sentence vectors (rows, width) of what stands at a border."""
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
        """Return the task's outputs (examples, outputs) in float32, whatever the encoder computed in; see `vectors`."""
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
        """Return what the model computes in. Around several calls it keeps the weights that are cast in the first one."""
        return autocast(self.precision, device_of(self))

    def trainable_parameters(self) -> int:
        """Return how many numbers training may change now."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def adapter_parameters(self) -> int:
        """Return how many weights the adapters of all tasks have, biases and layer norms left out (Zhang, Table 1)."""
        return sum(p.numel() for p in self.adapters.parameters() if p.ndim > 1)

    def total_parameters(self) -> int:
        """Return how many numbers the model has."""
        return sum(p.numel() for p in self.parameters())

    def train(self, mode: bool = True) -> MultitaskModel:
        """Training mode, except where nothing is trained: dropout in a frozen part is off, unless `frozen_dropout`.

        A frozen part then always gives the same output for the same sentence, so it can be computed once.
        """
        super().train(mode)
        if mode and not self.frozen_dropout:
            for part in (part for encoder in self.encoders() for part in (encoder.embeddings, *encoder.layers)):
                if not any(p.requires_grad for p in part.parameters()):
                    _without_dropout(part)
        return self


def _without_dropout(part: nn.Module) -> None:
    """Evaluation mode for a part through which gradients may still go, to words that a regularizer moves."""
    part.eval()
    for module in part.modules():
        # cuDNN takes no gradient through an LSTM in evaluation mode; one without dropout gives the same in both.
        if isinstance(module, nn.LSTM) and not module.dropout:
            module.train()


def freeze(model: MultitaskModel, trainable: str, layers: int | None) -> None:
    """Mark what is trained: `all`, the `adapters_and_heads`, the `last_k` `layers` and those two, or the `heads` alone.

    The pooling and the pair layer are trained always. Kumar's "unfrozen layers" (2, 1) and "pretrain" (heads). Raises
    `BackboneError` where the encoder has fewer layers.
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
        encoder.requires_grad_(True)  # with what a BiLSTM has above its layers
        for part in (encoder.embeddings, *encoder.layers[: depth - layers]):
            part.requires_grad_(False)


def build_model(config: RunConfig, vocabulary_size: int) -> MultitaskModel:
    """Return an untrained model: pretrained encoder, fresh pooling and heads, drawn from the run's seed.

    Each part has its own random stream, so that two configurations that differ in one head have the same others.
    Raises `BackboneError` where the encoder cannot be had.
    """
    encoder = build_encoder(
        config.backbone,
        layers=config.encoder.layers,
        vocabulary_size=vocabulary_size,
        hidden_dropout=config.encoder.hidden_dropout,
        attention_dropout=config.encoder.attention_dropout,
        seed=config.early_seed,
    )
    wants_pooler = "pooler" in components.facts("poolings", config.pooling.name)
    return assemble(config, encoder, load_pooler(config.backbone) if wants_pooler else None)


def assemble(
    config: RunConfig, encoder: AbstractEncoder, pooler: tuple[Tensor, Tensor] | None = None
) -> MultitaskModel:
    """Return the configuration's adapters, pooling and heads on an encoder, and what it says is trained.

    `pooler` is the checkpoint's, for a pooling that starts from it.
    """
    with torch_stream(config.early_seed, "initial", "pooling"):
        pooling = components.build(
            "poolings", config.pooling.name, config.pooling.settings, width=encoder.width, pooler=pooler
        )
    model = MultitaskModel(
        encoder,
        pooling,
        _heads(config, encoder.width),
        _adapters(config, encoder),
        shared=config.encoder.shared,
        pair_layer=_pair_layer(config, encoder.width),
        precision=config.precision,
        frozen_dropout=config.encoder.frozen_dropout,
    )
    trainable = config.multitask.trainable
    freeze(model, trainable.name, trainable.layers)
    return model


def build(config: RunConfig) -> MultitaskModel:
    """Return an untrained model of a configuration, for inspection: `trainable_parameters()` and the like.

    The vocabulary is the backbone's own; `tiny`, which trains one on the data, gets the demo's.
    """
    return build_model(config, load_tokenizer(config.backbone, None).get_vocab_size())


def _heads(config: RunConfig, width: int) -> dict[str, AbstractHead]:
    heads = {}
    for name, part in config.tasks.items():
        task: AbstractTask = components.build("tasks", name, {})
        scale = (task.low, task.high) if task.label_kind == "score" else None
        with torch_stream(_initial_seed(config, name), "initial", "head", name):
            heads[name] = components.build(
                "heads",
                part.head.name,
                part.head.settings,
                width=width,
                outputs=task.outputs,
                dropout=config.head_dropout,
                scale=scale,
            )
    return heads


def _pair_layer(config: RunConfig, width: int) -> nn.Module | None:
    """Return the layer that tasks of pairs share, from a stream of its own; None where there is none."""
    if not config.shared_pair_layer:
        return None
    with torch_stream(config.early_seed, "initial", "pair_layer"):
        return nn.Sequential(nn.Linear(width, width), nn.GELU())


def _adapters(config: RunConfig, encoder: AbstractEncoder) -> dict[str, TaskAdapter]:
    """Return a set for each task, every adapter drawn from a stream of its own; raises `BackboneError` but for a BERT."""
    if not config.adapters:
        return {}
    if not isinstance(encoder, BertEncoder):
        raise BackboneError(f"adapters stand in the layers of a BERT, got backbone {config.backbone}. Leave them out.")
    shape, sets = encoder.shape, {}
    for task in config.tasks:
        built = {}
        for part in config.adapters:
            with torch_stream(_initial_seed(config, task), "initial", "adapter", task, part.name):
                built[part.name] = components.build(
                    "adapters",
                    part.name,
                    part.settings,
                    encoder_width=shape.width,
                    layers=len(encoder.layers),
                    heads=shape.heads,
                    inner_width=shape.inner_width,
                    layer_norm_epsilon=shape.layer_norm_epsilon,
                )
        sets[task] = TaskAdapter(built)
    return sets


def _initial_seed(config: RunConfig, task: str) -> int:
    """Return what a task's own parts are drawn from: those that a stage before `multitask` trains go with that stage."""
    first = config.fine_tune_first
    return config.early_seed if first is not None and first.task == task else config.seed


def device_of(model: nn.Module) -> torch.device:
    """Return where the model's parameters are."""
    return next(model.parameters()).device
