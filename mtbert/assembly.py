"""Building a configuration's model: its encoder, adapters, pooling and heads, drawn from the run's seed."""

from __future__ import annotations

from torch import Tensor, nn

from mtbert import components
from mtbert.adapters.abstract import TaskAdapter
from mtbert.config import RunConfig
from mtbert.encoder.abstract import AbstractEncoder
from mtbert.encoder.backbones import build_encoder, load_pooler, load_tokenizer
from mtbert.encoder.bert import BertEncoder
from mtbert.errors import BackboneError
from mtbert.heads.abstract import AbstractHead
from mtbert.model import MultitaskModel, freeze
from mtbert.random_streams import torch_stream
from mtbert.tasks.abstract import AbstractTask


def build_model(config: RunConfig, vocabulary_size: int) -> MultitaskModel:
    """Return an untrained model: pretrained encoder, new pooling and heads, drawn from the run's seed.

    Each part has its own random stream, so that two configurations that differ in one head have the same others.

    Raises:
        BackboneError: the encoder is not available.
    """
    encoder = build_encoder(
        config.backbone,
        layers=config.encoder.layers,
        vocabulary_size=vocabulary_size,
        hidden_dropout=config.encoder.hidden_dropout,
        attention_dropout=config.encoder.attention_dropout,
        seed=config.early_seed,
    )
    needs_pooler = "pooler" in components.facts("poolings", config.pooling.name)
    return assemble(config, encoder, load_pooler(config.backbone) if needs_pooler else None)


def assemble(
    config: RunConfig, encoder: AbstractEncoder, pooler: tuple[Tensor, Tensor] | None = None
) -> MultitaskModel:
    """Return a model of the configuration's adapters, pooling and heads on an encoder, with the trained parts marked.

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

    The vocabulary is the backbone's own; `tiny`, which trains one on the data, has the demo's.
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
    """Return the layer that tasks of pairs share, from its own random stream; None if there is none."""
    if not config.shared_pair_layer:
        return None
    with torch_stream(config.early_seed, "initial", "pair_layer"):
        return nn.Sequential(nn.Linear(width, width), nn.GELU())


def _adapters(config: RunConfig, encoder: AbstractEncoder) -> dict[str, TaskAdapter]:
    """Return the adapters of each task, each drawn from its own random stream.

    Raises:
        BackboneError: the encoder is not a BERT.
    """
    if not config.adapters:
        return {}
    if not isinstance(encoder, BertEncoder):
        raise BackboneError(f"adapters need the layers of a BERT, got backbone {config.backbone}. Leave them out.")
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
    """Return the seed of a task's own parts: that of the stages before `multitask` if one of them trains the task."""
    first = config.fine_tune_first
    return config.early_seed if first is not None and first.task == task else config.seed
