"""Every technique trains on real sentences: 200 examples a task, two layers, some steps.

`make check` trains two small layers from nothing, `make nightly` the first two of MiniLM (`techniques.py`).

A loss must fall that is measured before and after on the same examples, without dropout, for each task by itself; and
everything that is said to be trained must have moved, and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import techniques
import torch
from incoming import incoming
from torch import Tensor

from mtbert import components
from mtbert.assembly import build_model
from mtbert.config import RunConfig
from mtbert.data.examples import Corpus
from mtbert.data.load import load_corpus
from mtbert.data.subset import first
from mtbert.data.texts import needs_of, read_texts, together
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel
from mtbert.run import prepare_data
from mtbert.tasks.abstract import AbstractTask
from mtbert.training.evaluation import outputs_of
from mtbert.training.trainer import Trainer

REAL = Path(os.environ.get("MTBERT_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
IN_CI = bool(os.environ.get("CI"))
SHIPPED = ("sst", "quora", "sts", "cfimdb", "sick", "rotten_tomatoes")  # tasks whose data CI has
pytestmark = [
    pytest.mark.slow,
    pytest.mark.nightly,
    pytest.mark.skipif(not REAL.is_dir() and not IN_CI, reason=f"no real data at {REAL}; set MTBERT_DATA"),
]

MEASURED = 64  # train sentences of a task, in one or two of an example
FALL = 0.995  # at most this part of a loss is left
CASES, STAGES = techniques.cases(), techniques.stages_alone()
# What is trained on labelled examples; the other stages read sentences.
ON_LABELS = ("fine_tune_first", "single_task")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


@cache
def corpus() -> Corpus:
    """The tasks that the folder has; in CI all of the reports' own and ours, which it must have."""
    tasks = {name: task_of(name) for name in components.names("tasks")}
    there = [name for name, task in tasks.items() if all((REAL / file).is_file() for file in task.files.required())]
    whole = load_corpus(str(REAL), tuple(dict.fromkeys([*there, *(SHIPPED if IN_CI else ())])))
    # No more than is trained on: small backbones make their vocabulary from all that is there.
    few = {name: replace(data, train=first(data.train, techniques.EXAMPLES)) for name, data in whole.tasks.items()}
    return replace(whole, tasks=few)


@cache
def sentences() -> dict[str, tuple[str, ...]]:
    """Those of all stages."""
    needs = together(need for _, staged in STAGES.values() for need in needs_of(staged).values())
    return read_texts(corpus(), needs, techniques.EXAMPLES)


@cache
def prepared(backbone: str) -> Prepared:
    """The data as a backbone reads it, with the sentences of all stages."""
    config = next(config for config in CASES.values() if config.backbone == backbone)
    return prepare_data(config, corpus(), sentences())


def task_of(name: str) -> AbstractTask:
    task: AbstractTask = components.build("tasks", name, {})
    return task


def losses(model: MultitaskModel, data: Prepared) -> dict[str, float]:
    """The loss of each task on the same train examples, without dropout."""
    found = {}
    for name in model.heads:
        some = data.splits[name, "train"].take(np.arange(MEASURED // (2 if task_of(name).pair else 1)))
        outputs = torch.from_numpy(outputs_of(model, name, some, data.pad_id))
        found[name] = float(task_of(name).loss(outputs, torch.from_numpy(some.labels)))
    return found


def state(model: MultitaskModel) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def moved(before: Mapping[str, Tensor], model: MultitaskModel) -> set[str]:
    return {name for name, now in model.named_parameters() if not torch.equal(before[name], now)}


def assert_falls(before: Mapping[str, float], after: Mapping[str, float]) -> None:
    left = {name: after[name] / before[name] for name in before}
    assert all(part < FALL for part in left.values()), f"left of each loss: {left}"


def check(config: RunConfig) -> None:
    """Train as the multitask stage does; every task's loss falls, all that is trained moves, and nothing else."""
    data = prepared(config.backbone)
    model, part = build_model(config, data.vocabulary_size), config.multitask
    tasks = {name: task_of(name) for name in config.tasks}
    splits = {name: data.splits[name, "train"] for name in tasks}
    trainer = Trainer(model, part, tasks, splits, data.pad_id, config.seed, "multitask", config.tasks)
    trained, start, before = set(trainer.trained), state(model), losses(model, data)
    for epoch in range(1, part.epochs + 1):
        trainer.observe(trainer.epoch(epoch), {name: 0.1 * i for i, name in enumerate(tasks, start=1)})
    assert_falls(before, losses(model, data))
    assert moved(start, model) == trained


@pytest.mark.parametrize("name", CASES)
def test_a_technique_trains(name: str) -> None:
    check(CASES[name])


@pytest.mark.parametrize("name", components.names("tasks"))
def test_a_task_is_learned_alone(name: str) -> None:
    if name not in corpus().tasks:
        pytest.skip(f"{REAL} has no {name}")
    check(techniques.task_alone(name))


def of(*names: str) -> list[str]:
    """The trainings of these stages."""
    return [told for told, (name, _) in STAGES.items() if name in names]


@pytest.mark.parametrize("told", of(*(set(techniques.stage_modules()) - set(ON_LABELS))))
def test_a_stage_that_reads_sentences_lets_its_own_loss_fall(told: str) -> None:
    """Its losses are means over the same sentences in every epoch: what it puts on top is gone afterwards."""
    name, config = STAGES[told]
    data = prepared(config.backbone)
    model = build_model(config, data.vocabulary_size)
    start = state(model)
    found = techniques.stage_modules()[name].run(model, getattr(config, name), data, config.seed).losses
    assert found[-1] < FALL * found[0]
    assert {part.split(".")[0] for part in moved(start, model)} == {"encoder"}


@pytest.mark.parametrize("told", of("fine_tune_first"))
def test_one_task_first_lets_its_loss_fall(told: str) -> None:
    name, config = STAGES[told]
    data, part = prepared(config.backbone), config.fine_tune_first
    assert part is not None
    model = build_model(config, data.vocabulary_size)
    start, before = state(model), losses(model, data)
    techniques.stage_modules()[name].run(model, part, data, config.seed, config.tasks, config.multitask.optimizer)
    assert_falls({part.task: before[part.task]}, losses(model, data))
    others = tuple(f"heads.{task}." for task in config.tasks if task != part.task)
    assert moved(start, model) == {parameter for parameter in start if not parameter.startswith(others)}


@pytest.mark.parametrize("told", of("single_task"))
def test_single_tasks_after_let_every_loss_fall(told: str) -> None:
    name, config = STAGES[told]
    data = prepared(config.backbone)
    model = build_model(config, data.vocabulary_size)
    start, before = state(model), losses(model, data)
    run, part, optimizer = techniques.stage_modules()[name].run, config.single_task, config.multitask.optimizer
    run(model, part, data, config.seed, lambda _: True, incoming(model, data, 1), optimizer)
    # A head that did no better on dev in any epoch is left as it came.
    changed = {tuple(parameter.split(".")[:2]) for parameter in moved(start, model)}
    tasks = {task for part, task in changed if part == "heads"}
    assert len(tasks) == len(changed) >= 2
    assert_falls({task: before[task] for task in tasks}, losses(model, data))
