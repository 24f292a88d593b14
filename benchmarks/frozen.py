"""What computing frozen parts once is worth: epochs with what is kept against epochs that compute it anew.

    python benchmarks/frozen.py [--data DIR] [--backbone minilm] [--examples 128] [--epochs 5]

The same training twice in one process with one thread, an epoch of one and an epoch of the other in turns: heads alone
(vectors kept; hidden states where the pooling is trained too), the last 2 layers (hidden states below them kept), and
the `single_task` stage. An epoch is what the stage does: training, then dev and the sample of train. The first is shown
by itself: in it everything is computed that is kept. The ratio is of the medians of the epochs after it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from mtbert import components
from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.config.parts import MultitaskConfig
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel
from mtbert.run import prepare_data
from mtbert.stages.multitask import train_sample
from mtbert.training.evaluation import evaluate
from mtbert.training.frozen_cache import FrozenParts
from mtbert.training.trainer import Trainer

TARGET = 20


class Case(NamedTuple):
    """What is trained: parts of the multitask stage, or each head alone."""

    name: str
    pooling: str
    multitask: dict[str, Any]
    alone: bool = False


CASES = (
    Case("last 2 layers", "cls", {"trainable": {"name": "last_k", "layers": 2}}),
    Case("heads, attention pooling trained", "attention", {"trainable": {"name": "heads"}}),
    Case("single_task stage", "cls", {"trainable": {"name": "heads"}, "sampler": "sequential"}, alone=True),
    Case("heads", "cls", {"trainable": {"name": "heads"}}),
)


def epochs_of(case: Case, config: RunConfig, data: Prepared, kept: bool) -> Callable[[int], None]:
    """Carries out an epoch of a case, the model and its trainers made anew."""
    model = build_model(config, data.vocabulary_size)
    tasks = {name: components.build("tasks", name, {}) for name in config.tasks}
    training = {name: data.splits[name, "train"] for name in tasks}
    dev = {name: data.splits[name, "dev"] for name in tasks}
    sample = {name: train_sample(split, 0, name) for name, split in training.items()}
    if case.alone:
        model.requires_grad_(False)
    frozen = FrozenParts(model, data.pad_id) if kept else None

    def trainer(*names: str) -> Trainer:
        if case.alone:
            only(model, *names)
        given = ({name: tasks[name] for name in names}, {name: training[name] for name in names})
        part: MultitaskConfig = config.multitask
        return Trainer(model, part, *given, data.pad_id, 0, "multitask", config.tasks, frozen)

    groups = [(name,) for name in tasks] if case.alone else [tuple(tasks)]
    trainers = [trainer(*names) for names in groups]

    def epoch(number: int) -> None:
        for names, each in zip(groups, trainers, strict=True):
            if case.alone:
                only(model, *names)
            each.epoch(number)
        for splits in (dev, sample):
            evaluate(model, tasks, splits, data.pad_id, frozen)

    return epoch


def only(model: MultitaskModel, *names: str) -> None:
    """Have these heads trained, and nothing else."""
    model.requires_grad_(False)
    for name in names:
        model.heads[name].requires_grad_(True)


def measure(case: Case, base: RunConfig, data: Prepared, epochs: int) -> float:
    """The seconds of both in turns; prints them, gives the ratio from the second epoch."""
    told = base.model_dump(mode="json")
    config = parse(told | {"pooling": case.pooling, "multitask": told["multitask"] | case.multitask})
    runs = {kept: epochs_of(case, config, data, kept) for kept in (False, True)}
    seconds: dict[bool, list[float]] = {kept: [] for kept in runs}
    for number in range(1, epochs + 1):
        for kept, run in runs.items():
            began = time.perf_counter()
            run(number)
            seconds[kept].append(time.perf_counter() - began)
    anew, once = (statistics.median(seconds[kept][1:]) for kept in (False, True))
    first = seconds[True][0] / seconds[False][0]
    print(
        f"{case.name:34} {anew:10.3f} {once:10.3f} {anew / once:7.1f}     {first:6.2f} of {seconds[False][0]:.2f} s",
        flush=True,
    )
    return anew / once


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What computing frozen parts once is worth.")
    parser.add_argument("--data", default=os.environ.get("MTBERT_DATA", "../shared/data"))
    parser.add_argument("--backbone", default="minilm")
    parser.add_argument("--examples", type=int, default=128, help="of train and of dev, each task")
    parser.add_argument("--epochs", type=int, default=5, help="of each case, the first shown by itself")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    sizes = {"train_examples": asked.examples, "dev_examples": asked.examples}
    part = {"epochs": asked.epochs, "optimizer": {"learning_rate": 1e-4}}
    base = parse({"backbone": asked.backbone, "data": sizes, "multitask": part})
    data = prepare_data(base, load_corpus(asked.data, tuple(base.tasks)))
    print(f"{asked.backbone}, {asked.examples} examples of train and of dev a task, one thread; seconds of an epoch")
    print(f"{'':34} {'anew':>10} {'kept':>10} {'ratio':>7}     first epoch, kept to anew")
    ratios = [measure(case, base, data, asked.epochs) for case in CASES]
    print(f"heads alone from the second epoch: {ratios[-1]:.1f} times (target {TARGET})")


if __name__ == "__main__":
    main()
