"""A run: one configuration with one seed, carried through its chain of stages.

    backbone -> multitask

The caller gives the prepared data and hears of every epoch; it gets the model and all that was measured.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass

import torch

from mtbert import components
from mtbert.config import RunConfig
from mtbert.data.examples import Corpus
from mtbert.data.tokenize import Prepared, prepare
from mtbert.encoder.backbones import load_tokenizer
from mtbert.evaluation import Evaluation, evaluate
from mtbert.model import MultitaskModel, build_model
from mtbert.stages import multitask
from mtbert.stages.multitask import EpochReport
from mtbert.tasks.abstract import AbstractTask


def prepare_data(config: RunConfig, corpus: Corpus) -> Prepared:
    """The corpus as this configuration reads it: its number of examples, its backbone's tokens."""
    texts = (text for task in corpus.tasks.values() for text in (*task.train.texts, *(task.train.texts2 or ())))
    return prepare(
        corpus,
        load_tokenizer(config.backbone, texts),
        max_tokens=config.data.max_tokens,
        train_examples=config.data.train_examples,
        dev_examples=config.data.dev_examples,
    )


@dataclass(frozen=True, eq=False)
class RunOutcome:
    """What a run gave. `model` is in the state of its best epoch by dev score; `stopped`: the caller ended it early."""

    model: MultitaskModel
    epochs: tuple[EpochReport, ...]
    best: EpochReport
    stopped: bool
    train_seconds: float
    eval_seconds: float
    trainable_parameters: int
    total_parameters: int
    peak_memory_bytes: int


def run(config: RunConfig, data: Prepared, report: Callable[[EpochReport], bool], device: str = "cpu") -> RunOutcome:
    """Carry out one run on `device`; `report` is called after each epoch and ends the run by returning False.

    Raises `DivergedError` when a loss or an output is not finite, `BackboneError` where the encoder cannot be had.
    On the CPU the result depends on the number of threads (torch.set_num_threads), and on nothing else but the
    arguments.
    """
    model = build_model(config, data.vocabulary_size).to(device)
    outcome = multitask.run(model, config.multitask, data, config.seed, report)
    return RunOutcome(
        model=model,
        epochs=outcome.epochs,
        best=outcome.best,
        stopped=outcome.stopped,
        train_seconds=sum(e.train_seconds for e in outcome.epochs),
        eval_seconds=sum(e.eval_seconds for e in outcome.epochs),
        trainable_parameters=model.trainable_parameters(),
        total_parameters=model.total_parameters(),
        peak_memory_bytes=peak_memory_bytes(device),
    )


def evaluate_split(model: MultitaskModel, data: Prepared, split: str) -> Evaluation:
    """A model on the split `dev` or `test` of all its tasks."""
    tasks: dict[str, AbstractTask] = {name: components.build("tasks", name, {}) for name in model.heads}
    return evaluate(model, tasks, {name: data.splits[name, split] for name in tasks}, data.pad_id)


def peak_memory_bytes(device: str) -> int:
    """The most memory this process has held: on a GPU what torch allocated there, else resident memory."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kibibytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
