"""What the tests of frozen parts start from: a configuration that freezes, its model, how often it reads words."""

from __future__ import annotations

from typing import Any

from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel

HEADS: dict[str, Any] = {"trainable": {"name": "heads"}}
LAST: dict[str, Any] = {"trainable": {"name": "last_k", "layers": 1}}


def changed(config: RunConfig, multitask: dict[str, Any], **others: Any) -> RunConfig:
    data = config.model_dump(mode="json")
    return parse(data | others | {"multitask": data["multitask"] | multitask})


def model_of(config: RunConfig, prepared: Prepared) -> MultitaskModel:
    return build_model(config, prepared.vocabulary_size)


def counting(model: MultitaskModel) -> list[None]:
    """Grows by one with every pass through the embeddings of any encoder."""
    passes: list[None] = []
    for encoder in model.encoders():
        encoder.embeddings.register_forward_hook(lambda *_: passes.append(None))
    return passes
