"""The multitask model: one shared encoder, one pooling, a head for each task."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from mtbert import components
from mtbert.config import RunConfig
from mtbert.data.batching import Batch
from mtbert.encoder.backbones import build_encoder, load_tokenizer
from mtbert.encoder.bert import BertEncoder
from mtbert.heads.abstract import AbstractHead
from mtbert.poolings.abstract import AbstractPooling
from mtbert.streams import torch_stream
from mtbert.tasks.abstract import AbstractTask


class MultitaskModel(nn.Module):
    """Encoder -> pooling -> head of the task.

    Both sentences of a pair go through the encoder in one batch: rows 0..n-1 are the first sentences, rows
    n..2n-1 the second.
    """

    def __init__(self, encoder: BertEncoder, pooling: AbstractPooling, heads: dict[str, AbstractHead]) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        self.heads = nn.ModuleDict(heads)

    def vectors(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Sentence vectors (rows, width) of tokens (rows, tokens)."""
        hidden = self.encoder(input_ids, attention_mask)  # (rows, tokens, width)
        pooled: Tensor = self.pooling(hidden, attention_mask)
        return pooled

    def forward(self, task: str, batch: Batch) -> Tensor:
        """The task's outputs (examples, outputs) in float32, whatever the encoder computed in."""
        vectors = self.vectors(batch.input_ids, batch.attention_mask)
        head = self.heads[task]
        if not batch.pair:
            return cast(Tensor, head(vectors)).float()
        first, second = vectors.chunk(2)  # (examples, width) each
        return cast(Tensor, head(first, second)).float()

    def trainable_parameters(self) -> int:
        """How many numbers training may change now."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def total_parameters(self) -> int:
        """How many numbers the model has."""
        return sum(p.numel() for p in self.parameters())

    def train(self, mode: bool = True) -> MultitaskModel:
        """Training mode, except where nothing is trained: dropout in a frozen part is off.

        A frozen part then always gives the same output for the same sentence, so it can be computed once.
        """
        super().train(mode)
        if mode:
            for part in (self.encoder.embeddings, *self.encoder.layers):
                if not any(p.requires_grad for p in part.parameters()):
                    part.eval()
        return self


def freeze(model: MultitaskModel, trainable: str, layers: int | None) -> None:
    """Mark what is trained: `all`, the `last_k` `layers` of the encoder and the heads, or the `heads` alone.

    Kumar's "unfrozen layers" (2, 1) and "pretrain" (heads). Raises `ValueError` where the encoder has fewer layers.
    """
    model.requires_grad_(True)
    if trainable == "all":
        return
    model.encoder.requires_grad_(False)
    if trainable == "heads":
        return
    depth = len(model.encoder.layers)
    if layers is None or not 1 <= layers <= depth:
        raise ValueError(f"last_k trains between 1 and {depth} layers of this encoder, got layers={layers}")
    for layer in model.encoder.layers[depth - layers :]:
        layer.requires_grad_(True)


def build_model(config: RunConfig, vocabulary_size: int) -> MultitaskModel:
    """An untrained model: pretrained encoder, fresh pooling and heads, drawn from the run's seed.

    Each part has its own random stream, so that two configurations that differ in one head have the same others.
    Raises `BackboneError` where the encoder cannot be had.
    """
    encoder = build_encoder(
        config.backbone,
        layers=config.encoder.layers,
        vocabulary_size=vocabulary_size,
        hidden_dropout=config.encoder.hidden_dropout,
        attention_dropout=config.encoder.attention_dropout,
        seed=config.seed,
    )
    return assemble(config, encoder)


def assemble(config: RunConfig, encoder: BertEncoder) -> MultitaskModel:
    """The configuration's pooling and heads on an encoder, and what it says is trained."""
    with torch_stream(config.seed, "initial", "pooling"):
        pooling = components.build("poolings", config.pooling.name, config.pooling.settings, width=encoder.width)
    model = MultitaskModel(encoder, pooling, _heads(config, encoder.width))
    trainable = config.multitask.trainable
    freeze(model, trainable.name, trainable.layers)
    return model


def build(config: RunConfig) -> MultitaskModel:
    """An untrained model of a configuration, for inspection: `trainable_parameters()` and the like.

    The vocabulary is the backbone's own; `tiny`, which trains one on the data, gets the demo's.
    """
    return build_model(config, load_tokenizer(config.backbone, None).get_vocab_size())


def _heads(config: RunConfig, width: int) -> dict[str, AbstractHead]:
    heads = {}
    for name, part in config.tasks.items():
        task: AbstractTask = components.build("tasks", name, {})
        scale = (task.low, task.high) if task.label_kind == "score" else None
        with torch_stream(config.seed, "initial", "head", name):
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


def device_of(model: nn.Module) -> torch.device:
    """Where the model's parameters are."""
    return next(model.parameters()).device
