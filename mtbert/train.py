"""The command `python -m mtbert.train`: train one configuration alone, and save the model."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mtbert import output
from mtbert.cli import commands
from mtbert.data import dropped
from mtbert.errors import CheckpointError, ConfigurationError, Fault, MtbertError, unwritable

if TYPE_CHECKING:
    from mtbert.config import RunConfig
    from mtbert.data.tokenize import Prepared
    from mtbert.run import RunOutcome
    from mtbert.stages.multitask import EpochReport


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    result = argparse.ArgumentParser(
        prog="python -m mtbert.train", description="Train one configuration and save the model of its best epoch."
    )
    _add_configuration(result)
    commands.add_data(result)
    result.add_argument("--strict-data", action="store_true", help="stop at an unusable row instead of dropping it")
    result.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="save the model in DIR, replacing an earlier one (default: not saved)",
    )
    result.add_argument("--device", help="cpu, cuda, cuda:1 (default: cuda if there is a GPU)")
    result.add_argument("--json", action="store_true", help="print one JSON object at the end, and epochs on stderr")
    return result


def _add_configuration(result: argparse.ArgumentParser) -> None:
    """Add the arguments that choose and change a configuration."""
    source = result.add_mutually_exclusive_group()
    source.add_argument(
        "--config", type=Path, metavar="FILE", help="JSON file of a configuration (default: the baseline)"
    )
    source.add_argument(
        "--recipe", metavar="NAME", help="configuration by name; python -m search_spaces show full_ablation lists them"
    )
    own = "default: the configuration's"
    result.add_argument("--epochs", type=int, metavar="E", help=f"epochs of multitask fine-tuning ({own})")
    result.add_argument(
        "--learning-rate-times",
        type=float,
        default=1.0,
        metavar="F",
        help="multiply every learning rate by F, as in study.launch (default: 1)",
    )
    for split, kind in (("train", "training examples per task"), ("dev", "dev examples per task that decide")):
        text = f"at most N {kind} ({own}, otherwise all)"
        result.add_argument(f"--{split}-examples", type=int, metavar="N", help=text)
    result.add_argument("--backbone", help=f"minilm, tiny, a folder, or a hub name ({own})")
    result.add_argument("--seed", type=int, help=f"random seed ({own})")


@output.command
def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 0 when done, 2 for bad arguments, configuration or data, or a training that diverged."""
    options = parser().parse_args(arguments)
    output.alone(options.json)
    try:
        _train(options)
    except MtbertError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _train(options: argparse.Namespace) -> None:
    """Train and save. Configuration, device and the place of the model are checked before data is read."""
    import torch  # here, so that --help needs no torch
    from tokenizers import Tokenizer

    from mtbert import checkpoint
    from mtbert.data import held_out, measurable
    from mtbert.data.load import load_corpus
    from mtbert.data.texts import triplets_note
    from mtbert.encoder import truncation
    from mtbert.precision import slow
    from mtbert.run import prepare_data

    config, device = _configuration(options), _device(options.device)
    warning = slow(config.precision, device)
    if warning is not None:
        print(warning, file=sys.stderr)
    with _writing():
        place = checkpoint.require_place(options.out) if options.out else None
    torch.set_num_threads(max(1, options.threads))
    corpus = load_corpus(options.data, tuple(config.tasks), strict=options.strict_data)
    for line in dropped.lines(corpus.issues, listed=options.data_issues):
        print(line, file=sys.stderr)
    sizes = config.data.train_examples, config.data.dev_examples
    measurable.require(corpus, sizes[1])
    data = prepare_data(config, corpus)
    for note in (
        *held_out.notes(corpus),
        *measurable.notes(corpus, *sizes, config.subset_seed),
        *truncation.notes(config, corpus),
        *triplets_note(data.texts),
    ):
        print(note, file=sys.stderr)
    outcome = _run(config, data, device, options)
    if place is not None:
        with _writing():
            checkpoint.save(outcome.model, config, Tokenizer.from_str(data.tokenizer_json), place)
    _tell(config, outcome, options)


def _configuration(options: argparse.Namespace) -> RunConfig:
    """Return the configuration that the arguments ask for.

    Raises:
        MtbertError: it has faults, or asks for more layers than the backbone has.
    """
    from mtbert.config import RunConfig, parse, read, with_rates
    from mtbert.config.rules import nothing_to_train
    from mtbert.encoder.backbones import check_layers
    from mtbert.recipes import recipe

    if options.recipe:
        config = recipe(options.recipe, options.epochs)
    else:
        config = read(options.config) if options.config else RunConfig()
    data = config.model_dump(mode="json") | _given(options, "backbone", "seed")
    if options.epochs is not None:
        data["multitask"]["epochs"] = options.epochs
    data["data"] |= _given(options, "train_examples", "dev_examples")
    config = with_rates(parse(data), options.learning_rate_times)
    idle = nothing_to_train(config)
    if idle is not None:
        raise ConfigurationError([idle])
    check_layers(config.backbone, config.encoder.layers, config.multitask.trainable.layers)
    return config


def _given(options: argparse.Namespace, *names: str) -> dict[str, object]:
    """Return those of the options that the command line sets."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def _device(requested: str | None) -> str:
    """Return the requested device, by default a GPU if there is one.

    Raises:
        ConfigurationError: torch cannot use the device.
    """
    import torch

    device = requested or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.zeros((), device=device).item()
    except (RuntimeError, AssertionError) as error:  # no such name, no such number, no driver; torch without CUDA
        known = ", ".join(("cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))))
        message = f"must be a device that torch can use here, got '{device}'; known: {known}"
        raise ConfigurationError([Fault("--device", message)]) from error
    return device


def _run(config: RunConfig, data: Prepared, device: str, options: argparse.Namespace) -> RunOutcome:
    """Train, and print a line per epoch.

    Raises:
        ConfigurationError: the training diverges.
    """
    from mtbert.run import run
    from mtbert.training.trainer import DivergedError

    def report(epoch: EpochReport) -> bool:
        metrics = "   ".join(
            f"{name} {key} {value:.3f}"
            for name, task in epoch.search.tasks.items()
            for key, value in task.metrics.items()
            if key in ("accuracy", "pearson")
        )
        print(
            f"epoch {epoch.epoch}/{config.reported_epochs()}   search score {epoch.search.score:.4f}   {metrics}",
            file=sys.stderr if options.json else sys.stdout,
            flush=True,
        )
        return True

    try:
        return run(config, data, report, device)
    except DivergedError as error:
        slower = f"{options.learning_rate_times / 10:g}"
        message = f"the training diverged: {error}. Lower the learning rates: --learning-rate-times {slower}"
        raise ConfigurationError([Fault("", message)]) from error


@contextmanager
def _writing() -> Iterator[None]:
    """Turn the failure to write a file within the context into one message."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError) as error:
        raise CheckpointError(unwritable(error)) from error


def _tell(config: RunConfig, outcome: RunOutcome, options: argparse.Namespace) -> None:
    """Print the results."""
    from mtbert.training.evaluation import degenerate

    best, dev = outcome.best.epoch, outcome.dev
    assert dev is not None  # the run was not stopped
    for note in degenerate(dev):
        print(note, file=sys.stderr)
    if options.json:
        result = {
            "digest": config.digest(),
            "seed": config.seed,
            "best_epoch": best,
            "score": dev.score,
            "tasks": {name: dict(task.metrics) for name, task in dev.tasks.items()},
            "stages": {stage.name: stage.losses.as_json() for stage in outcome.stages if stage.losses},
            "model": str(options.out) if options.out else None,
        }
        output.print_object(json.dumps(result, indent=2))
        return
    for stage in outcome.stages:
        if stage.losses:
            print(stage.losses.sentence(stage.name))
    print(f"best epoch {best} by the search score; dev score, on examples that chose nothing: {dev.score:.4f}")
    if options.out:
        print(f"model {options.out}")


if __name__ == "__main__":
    sys.exit(output.last(main()))
