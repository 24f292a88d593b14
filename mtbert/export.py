"""The command `python -m mtbert.export`: a trained model's encoder as a plain `transformers` model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mtbert import output
from mtbert.cli import commands
from mtbert.errors import ExportError

if TYPE_CHECKING:
    from mtbert.config import RunConfig
    from mtbert.encoder.bert import BertEncoder
    from mtbert.loaded_model import TrainedModel
    from mtbert.model import MultitaskModel


@output.command
def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 0 when done, 2 for a model that cannot be read, exported or written."""
    parser = commands.parser(
        "export", "Write a trained model's encoder as a folder that transformers.AutoModel.from_pretrained loads."
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="output folder, created if needed; with a folder per task if tasks have their own encoders",
    )
    options = parser.parse_args(arguments)
    output.alone(options.json)

    def write() -> list[Path]:
        from mtbert import loaded_model

        return export(loaded_model.load(options.model), options.out)

    return commands.write_files(options, write)


def hindrance(config: RunConfig) -> str | None:
    """Return why no plain BERT computes what this configuration's encoder does; None if one does."""
    from mtbert import components

    if config.backbone == "bilstm":
        return "its encoder is a BiLSTM, not a BERT"
    unmerged = [part.name for part in config.adapters if not components.load("adapters", part.name).merges]
    if unmerged:
        return f"BertModel has no place for its adapter{'s' * (len(unmerged) > 1)} {', '.join(unmerged)}"
    return None


def one_encoder(config: RunConfig) -> bool:
    """Return whether all tasks have the same encoder; merged adapters make one for each task."""
    return config.encoder.shared and not config.adapters


def export(trained: TrainedModel, folder: Path) -> list[Path]:
    """Write the encoder below `folder` in the format of `transformers.BertModel`; return every file that was written.

    Tasks with their own encoders have a folder each, `folder`/TASK. LoRA's matrices are added to the weights they
    change, W + (alpha / rank) B A, which computes the same. Weights are float32, whatever the model computes in.

    Raises:
        ExportError: no plain BERT computes what the encoder does; the message says why.
    """
    from mtbert.encoder import to_transformers
    from mtbert.poolings.cls_pooler import ClsPoolerPooling

    model, config = trained.model, trained.config
    if (why := hindrance(config)) is not None:
        raise ExportError(f"This model is not a plain BERT: {why}. Use it with mtbert.load.")
    pooling = model.pooling
    pooler = (pooling.dense.weight, pooling.dense.bias) if isinstance(pooling, ClsPoolerPooling) else None
    places = {folder: None} if one_encoder(config) else {folder / task: task for task in config.tasks}
    written = []
    for place, task in places.items():
        encoder = plain_encoder(model, task)
        written += to_transformers.write(
            place, encoder, trained.tokenizer, max_tokens=trained.max_tokens, pooler=pooler
        )
    return written


def plain_encoder(model: MultitaskModel, task: str | None) -> BertEncoder:
    """Return a task's encoder with its adapters merged into its weights; a copy if there are any."""
    import copy
    from typing import cast

    from mtbert.adapters.abstract import AbstractAdapter

    encoder, adapters = cast("BertEncoder", model.encoder_of(task)), model.adapter_of(task)
    if adapters is None:
        return encoder
    encoder = copy.deepcopy(encoder)
    for adapter in adapters.children():
        cast(AbstractAdapter, adapter).merge_into(encoder)
    return encoder


if __name__ == "__main__":
    sys.exit(output.last(main()))
