"""Saved models: a folder with safetensors, JSON and the tokenizer; replaced atomically, never half written."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from mtbert.config import RunConfig, read
from mtbert.durable import sync
from mtbert.encoder.backbones import restore_encoder
from mtbert.errors import CheckpointError
from mtbert.model import MultitaskModel, assemble

CONFIG, SHAPE, WEIGHTS, TOKENIZER = "config.json", "encoder.json", "model.safetensors", "tokenizer.json"


def save(model: MultitaskModel, config: RunConfig, tokenizer: Tokenizer, folder: Path) -> None:
    """Write a model to `folder`; what was there before is replaced only when the new one is whole and on disk."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, new / WEIGHTS, metadata={"format": "pt"})
    (new / CONFIG).write_text(json.dumps(config.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")
    (new / SHAPE).write_text(json.dumps(asdict(model.encoder.shape), indent=2) + "\n", encoding="utf-8")
    tokenizer.save(str(new / TOKENIZER))
    for path in (*new.iterdir(), new):
        sync(path)
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def load(folder: Path) -> tuple[MultitaskModel, RunConfig, Tokenizer]:
    """A saved model in evaluation mode, its configuration and tokenizer.

    Raises `CheckpointError` naming the file that is missing or damaged.
    """
    for name in (CONFIG, SHAPE, WEIGHTS, TOKENIZER):
        if not (folder / name).is_file():
            raise CheckpointError(
                f"{folder} is not a saved model: it has no {name}. "
                "Give a folder written by mtbert.train or study.launch."
            )
    config = read(folder / CONFIG)
    try:
        encoder = restore_encoder(
            config.backbone,
            json.loads((folder / SHAPE).read_text(encoding="utf-8")),
            hidden_dropout=config.encoder.hidden_dropout,
            attention_dropout=config.encoder.attention_dropout,
        )
        state = load_file(folder / WEIGHTS)
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except (SafetensorError, json.JSONDecodeError, TypeError, OSError) as error:
        raise CheckpointError(f"{folder} is damaged: {error}. Train it again.") from error
    model = assemble(config, encoder)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(f"{folder / WEIGHTS} does not fit {CONFIG} and {SHAPE}: {error}") from error
    return model.eval(), config, tokenizer
