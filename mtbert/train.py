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
    """Return the command's arguments."""
    result = argparse.ArgumentParser(
        prog="python -m mtbert.train", description="Train one configuration and save the best epoch's model."
    )
    what = result.add_mutually_exclusive_group()
    what.add_argument("--config", type=Path, metavar="FILE", help="a configuration (JSON); default: the baseline")
    what.add_argument(
        "--recipe", metavar="NAME", help="a known configuration; python -m search_spaces show full_ablation"
    )
    result.add_argument(
        "--epochs", type=int, metavar="E", help="of multitask fine-tuning; default: the configuration's"
    )
    result.add_argument(
        "--learning-rate-times",
        type=float,
        default=1.0,
        metavar="F",
        help="every learning rate times F, as in study.launch; default: 1",
    )
    commands.add_data(result)
    for split, kind in (("train", "training"), ("dev", "dev")):
        result.add_argument(
            f"--{split}-examples",
            type=int,
            metavar="N",
            help=f"at most N {kind} examples a task; default: the configuration's, else all",
        )
    result.add_argument("--strict-data", action="store_true", help="a bad row is an error, not dropped")
    result.add_argument("--backbone", help="minilm, tiny, a folder, or a hub name; default: the configuration's")
    result.add_argument("--seed", type=int, help="default: the configuration's")
    result.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where the model is saved, in place of one that is there; default: not saved",
    )
    result.add_argument("--device", help="cpu, cuda, cuda:1; default: cuda where there is one")
    result.add_argument("--json", action="store_true", help="print one JSON object at the end; epochs go to stderr")
    return result


@output.command
def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when done, 2 for bad arguments, configuration or data, or a training that diverged."""
    options = parser().parse_args(arguments)
    output.alone(options.json)
    try:
        _train(options)
    except MtbertError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _train(options: argparse.Namespace) -> None:
    """Everything that can be is checked before data is read: the configuration, the device, where the model goes."""
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
    for line in dropped.told(corpus.issues, listed=options.data_issues):
        print(line, file=sys.stderr)
    sizes = config.data.train_examples, config.data.dev_examples
    measurable.require(corpus, sizes[1])
    data = prepare_data(config, corpus)
    for note in (
        *held_out.notes(corpus),
        *measurable.notes(corpus, *sizes),
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
    """Return what is asked for; raises `MtbertError` for what cannot be, or has not as many layers as are to be
    trained.
    """
    from mtbert.config import RunConfig, parse, read, with_rates
    from mtbert.config.rules import nothing_to_train
    from mtbert.encoder.backbones import check_layers
    from mtbert.recipes import recipe

    if options.recipe:
        config = recipe(options.recipe, options.epochs)
    else:
        config = read(options.config) if options.config else RunConfig()
    told = config.model_dump(mode="json")
    if options.epochs is not None:
        told["multitask"]["epochs"] = options.epochs
    told["data"] |= _given(options, "train_examples", "dev_examples")
    changes = _given(options, "backbone", "seed")
    config = with_rates(parse({**told, **changes}), options.learning_rate_times)
    idle = nothing_to_train(config)
    if idle is not None:
        raise ConfigurationError([idle])
    check_layers(config.backbone, config.encoder.layers, config.multitask.trainable.layers)
    return config


def _given(options: argparse.Namespace, *names: str) -> dict[str, object]:
    """Return those of the options that the command line has."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def _device(wanted: str | None) -> str:
    """Return the device asked for, by default a GPU where there is one; raises `ConfigurationError` where torch has
    none.
    """
    import torch

    device = wanted or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.zeros((), device=device).item()
    except (RuntimeError, AssertionError) as error:  # no such name, no such number, no driver; torch without CUDA
        here = ", ".join(("cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))))
        told = f"must be a device that torch can use here, got '{device}'; known: {here}"
        raise ConfigurationError([Fault("--device", told)]) from error
    return device


def _run(config: RunConfig, data: Prepared, device: str, options: argparse.Namespace) -> RunOutcome:
    """Train, a line an epoch; raises `ConfigurationError` where the training diverges."""
    from mtbert.run import run
    from mtbert.training.trainer import DivergedError

    def report(epoch: EpochReport) -> bool:
        metrics = "   ".join(
            f"{name} {key} {value:.3f}"
            for name, task in epoch.dev.tasks.items()
            for key, value in task.metrics.items()
            if key in ("accuracy", "pearson")
        )
        print(
            f"epoch {epoch.epoch}/{config.reported_epochs()}   score {epoch.dev.score:.4f}   {metrics}",
            file=sys.stderr if options.json else sys.stdout,
            flush=True,
        )
        return True

    try:
        return run(config, data, report, device)
    except DivergedError as error:
        slower = f"{options.learning_rate_times / 10:g}"
        told = f"the training diverged: {error}. Lower the learning rates: --learning-rate-times {slower}"
        raise ConfigurationError([Fault("", told)]) from error


@contextmanager
def _writing() -> Iterator[None]:
    """Inside, a place that cannot be written to is one message."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError) as error:
        raise CheckpointError(unwritable(error)) from error


def _tell(config: RunConfig, outcome: RunOutcome, options: argparse.Namespace) -> None:
    """What came of it."""
    from mtbert.training.evaluation import degenerate

    best = outcome.best
    for note in degenerate(best.dev):
        print(note, file=sys.stderr)
    if options.json:
        told = {
            "digest": config.digest(),
            "seed": config.seed,
            "best_epoch": best.epoch,
            "score": best.dev.score,
            "tasks": {name: dict(task.metrics) for name, task in best.dev.tasks.items()},
            "stages": {stage.name: stage.told.as_json() for stage in outcome.stages if stage.told},
            "model": str(options.out) if options.out else None,
        }
        output.print_object(json.dumps(told, indent=2))
        return
    for stage in outcome.stages:
        if stage.told:
            print(stage.told.sentence(stage.name))
    print(f"best epoch {best.epoch}, dev score {best.dev.score:.4f}")
    if options.out:
        print(f"model {options.out}")


if __name__ == "__main__":
    sys.exit(output.last(main()))
