"""Saved models: a folder with safetensors, JSON and the tokenizer; replaced as a whole, never half written."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from mtbert.assembly import assemble
from mtbert.atomic_files import replace_folder, sync
from mtbert.config import RunConfig, parse, read
from mtbert.encoder.backbones import declared_shape, untrained_encoder
from mtbert.encoder.shape import BertShape, BilstmShape
from mtbert.errors import BackboneError, CheckpointError, ConfigurationError
from mtbert.model import MultitaskModel

CONFIG, SHAPE, WEIGHTS, TOKENIZER = "config.json", "encoder.json", "model.safetensors", "tokenizer.json"
FILES = (CONFIG, SHAPE, WEIGHTS, TOKENIZER)


def require_place(folder: Path) -> Path:
    """Return the absolute path of a folder that `save` may replace, after trying to write beside it.

    Raises:
        CheckpointError: it is a file, contains the current folder, or holds anything but a saved model.
        OSError: nothing can be written there.
    """
    whole, way_out = folder.resolve(), "Give a new folder, or one that holds a saved model and nothing else."
    if whole.exists() and not whole.is_dir():
        raise CheckpointError(f"{folder} is a file, but a model is saved as a folder. {way_out}")
    if Path.cwd().is_relative_to(whole):
        raise CheckpointError(f"{folder} contains the current folder, and a saved model would replace it. {way_out}")
    held = sorted(path.name for path in whole.iterdir()) if whole.is_dir() else []
    if held and held != sorted(FILES):
        others = [name for name in held if name not in FILES]
        what = f"holds {', '.join(others[:3])}{', ...' if len(others) > 3 else ''}" if others else "is no saved model"
        raise CheckpointError(f"{folder} {what}, and a saved model would replace it. {way_out}")
    whole.parent.mkdir(parents=True, exist_ok=True)
    os.rmdir(tempfile.mkdtemp(prefix=f".{whole.name}.", dir=whole.parent))
    return whole


def save(model: MultitaskModel, config: RunConfig, tokenizer: Tokenizer, folder: Path) -> None:
    """Write a model to `folder`, replacing whatever was there once the new model is complete and on disk.

    `require_place` checks that nothing else is lost.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, new / WEIGHTS, metadata={"format": "pt"})
    (new / CONFIG).write_text(json.dumps(config.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")
    (new / SHAPE).write_text(json.dumps(asdict(model.encoder.shape), indent=2) + "\n", encoding="utf-8")
    tokenizer.save(str(new / TOKENIZER))
    for path in new.iterdir():
        sync(path)
    replace_folder(new, folder)


def load(folder: Path) -> tuple[MultitaskModel, RunConfig, Tokenizer]:
    """Return a saved model in evaluation mode, its configuration and tokenizer.

    Raises:
        CheckpointError: a file is missing or damaged; the message names it.
    """
    for name in FILES:
        if not (folder / name).is_file():
            raise CheckpointError(
                f"{folder} is not a saved model: it has no {name}. "
                "Give a folder written by mtbert.train or study.launch."
            )
    try:
        config = _configuration(folder / CONFIG)
        sizes = json.loads((folder / SHAPE).read_text(encoding="utf-8"))
        state = load_file(folder / WEIGHTS)
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except ConfigurationError as error:
        faults = "; ".join(str(fault) for fault in error.faults)
        raise CheckpointError(f"{folder} is damaged: {faults}. Train it again.") from error
    except Exception as error:  # `tokenizers` raises no narrower one
        raise CheckpointError(f"{folder} is damaged: {error}. Train it again.") from error
    shape = _shape(folder, config.backbone, sizes, state)
    if max(tokenizer.get_vocab().values(), default=0) >= shape.vocabulary_size:
        raise CheckpointError(f"{folder / TOKENIZER} has more tokens than the {shape.vocabulary_size} of {SHAPE}.")
    try:
        encoder = untrained_encoder(
            shape,
            hidden_dropout=config.encoder.hidden_dropout,
            attention_dropout=config.encoder.attention_dropout,
        )
        model = assemble(config, encoder)
        model.load_state_dict(state)
    except (BackboneError, RuntimeError, ValueError, TypeError, MemoryError, OverflowError) as error:
        raise CheckpointError(f"{folder / WEIGHTS} does not fit {CONFIG} and {SHAPE}: {error}") from error
    return model.eval(), config, tokenizer


def _configuration(path: Path) -> RunConfig:
    """Return a saved model's configuration.

    An earlier release may have trained it in a way that is refused today: settings that a trained model never reads are
    then left at their defaults.
    """
    try:
        return read(path)
    except ConfigurationError as error:
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            training = {key: part for key, part in data["multitask"].items() if key not in ("balancer", "regularizer")}
            return parse({**data, "multitask": training})
        except (ConfigurationError, ValueError, TypeError, KeyError, AttributeError, OSError, RecursionError):
            raise error from None


def _shape(folder: Path, backbone: str, sizes: Any, state: Mapping[str, Tensor]) -> BertShape | BilstmShape:
    """Return the sizes that a saved model declares, after checking that its weights can fill them.

    Raises:
        CheckpointError: the sizes are damaged, or larger than the weights, which is found before memory is allocated.
    """
    try:
        shape = declared_shape(backbone, sizes)
    except (TypeError, BackboneError) as error:
        raise CheckpointError(f"{folder / SHAPE} is damaged: {error}. Train it again.") from error
    held = sum(tensor.numel() for tensor in state.values())
    if shape.least_parameters() > held:
        raise CheckpointError(
            f"{folder / SHAPE} declares an encoder of at least {shape.least_parameters():,} weights, {WEIGHTS} holds "
            f"{held:,}. Train it again."
        )
    return shape
