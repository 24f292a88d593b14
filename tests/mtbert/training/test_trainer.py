"""The trainer: batches and examples a task, accumulation, what is frozen when, surgery, and the regularizer's place."""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mtbert import components
from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.batching import Batch
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel
from mtbert.regularizers.abstract import AbstractRegularizer
from mtbert.tasks.abstract import AbstractTask
from mtbert.training.trainer import Trainer

NO_DROPOUT = {"encoder": {"hidden_dropout": 0.0, "attention_dropout": 0.0}, "head_dropout": 0.0}


class Recorder(AbstractRegularizer):
    """A regularizer that adds a constant and notes which examples it saw."""

    def __init__(self, penalty: float = 0.0) -> None:
        self.penalty, self.steps = penalty, 0
        self.seen: dict[str, list[list[int]]] = defaultdict(list)

    def __call__(self, model: MultitaskModel, task: AbstractTask, batch: Batch, outputs: Tensor) -> Tensor:
        self.seen[task.name].append(batch.indices.tolist())
        return torch.tensor(self.penalty)

    def after_step(self, model: MultitaskModel) -> None:
        self.steps += 1


def changed(config: RunConfig, tasks: dict[str, Any] | None = None, **multitask: object) -> RunConfig:
    data = config.model_dump(mode="json")
    data["multitask"] |= multitask
    for name, options in (tasks or {}).items():
        data["tasks"][name] |= options
    return parse(data)


def trainer_of(config: RunConfig, prepared: Prepared) -> tuple[Trainer, Recorder]:
    model = build_model(config, prepared.vocabulary_size)
    tasks = {name: components.build("tasks", name, {}) for name in config.tasks}
    splits = {name: prepared.splits[name, "train"] for name in tasks}
    part = config.multitask
    trainer = Trainer(model, part, tasks, splits, prepared.pad_id, config.seed, "multitask", config.tasks)
    recorder = Recorder()
    trainer.regularizer = recorder
    return trainer, recorder


def state(model: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def moved(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_an_epoch_sees_every_example_once(tiny: RunConfig, prepared: Prepared) -> None:
    trainer, recorder = trainer_of(tiny, prepared)
    trainer.epoch(1)
    for name, batches in recorder.seen.items():
        assert sorted(i for batch in batches for i in batch) == list(range(8)), name


def test_a_task_may_have_its_own_batch_size(tiny: RunConfig, prepared: Prepared) -> None:
    config = changed(tiny, {"quora": {"batch_size": 3}}, sampler={"name": "sequential"})
    trainer, recorder = trainer_of(config, prepared)
    trainer.epoch(1)
    sizes = {name: sorted(map(len, batches)) for name, batches in recorder.seen.items()}
    assert sizes == {"sst": [4, 4], "quora": [2, 3, 3], "sts": [4, 4]}


def test_a_subsample_is_drawn_anew_each_epoch(tiny: RunConfig, prepared: Prepared) -> None:
    config = changed(tiny, {"quora": {"subsample": 4}}, sampler={"name": "sequential"})
    trainer, recorder = trainer_of(config, prepared)
    epochs = []
    for epoch in (1, 2):
        recorder.seen.clear()
        trainer.epoch(epoch)
        epochs.append({name: sorted(i for batch in seen for i in batch) for name, seen in recorder.seen.items()})
    assert len(epochs[0]["quora"]) == len(set(epochs[0]["quora"])) == 4
    assert len(epochs[1]["quora"]) == 4 and epochs[0]["quora"] != epochs[1]["quora"]
    assert epochs[0]["sst"] == list(range(8))


def test_a_task_that_starts_again_within_an_epoch_keeps_its_subsample(tiny: RunConfig, prepared: Prepared) -> None:
    config = changed(tiny, {"quora": {"subsample": 4}}, sampler={"name": "round_robin_longest"})
    trainer, recorder = trainer_of(config, prepared)
    trainer.epoch(1)
    assert len(recorder.seen["quora"]) == 2 and len({i for batch in recorder.seen["quora"] for i in batch}) == 4


def test_a_subsample_may_be_the_smallest_tasks_size_and_never_more_than_there_is(
    tiny: RunConfig, prepared: Prepared
) -> None:
    tasks = {"quora": {"subsample": "smallest"}, "sts": {"subsample": 1000}}
    trainer, _ = trainer_of(changed(tiny, tasks), prepared)
    assert trainer.sizes == {"sst": 8, "quora": 8, "sts": 8}
    smaller = copy.copy(prepared.splits["sst", "train"]).take(np.arange(6))
    fewer = copy.copy(prepared)
    object.__setattr__(fewer, "splits", {**prepared.splits, ("sst", "train"): smaller})
    trainer, _ = trainer_of(changed(tiny, tasks), fewer)
    assert trainer.sizes == {"sst": 6, "quora": 6, "sts": 8}


def test_a_subsample_may_be_a_part_of_the_whole_rounded_and_never_none(tiny: RunConfig, prepared: Prepared) -> None:
    tasks = {"sst": {"subsample": 0.5}, "quora": {"subsample": 0.2}, "sts": {"subsample": 0.001}}
    trainer, _ = trainer_of(changed(tiny, tasks), prepared)
    assert trainer.sizes == {"sst": 4, "quora": 2, "sts": 1}


def test_accumulation_of_small_batches_gives_the_gradient_of_a_large_one(two: RunConfig, prepared: Prepared) -> None:
    gradients = []
    for batch_size, accumulation in ((8, 1), (2, 4)):
        config = changed(two, sampler={"name": "joint"}, batch_size=batch_size, accumulation=accumulation)
        trainer, recorder = trainer_of(parse({**config.model_dump(mode="json"), **NO_DROPOUT}), prepared)
        trainer.epoch(1)
        assert recorder.steps == 1
        gradients.append({name: p.grad for name, p in trainer.model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, large in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], large, rtol=1e-3, atol=1e-5, msg=name)


def test_the_last_steps_of_an_epoch_accumulate_as_many_as_are_left(tiny: RunConfig, prepared: Prepared) -> None:
    trainer, recorder = trainer_of(changed(tiny, sampler={"name": "sequential"}, accumulation=4), prepared)
    trainer.epoch(1)
    assert recorder.steps == 2  # 6 steps of the sampler
    assert trainer.schedule.last_epoch == 2


def test_hybrid_trains_heads_alone_in_odd_epochs_and_all_in_even_ones(tiny: RunConfig, prepared: Prepared) -> None:
    trainer, _ = trainer_of(changed(tiny, sampler={"name": "hybrid"}), prepared)
    start = state(trainer.model)
    trainer.epoch(1)
    first = state(trainer.model)
    assert moved(start, first) == {name for name in start if name.startswith("heads.")}
    assert all(p.requires_grad for p in trainer.model.parameters())
    trainer.epoch(2)
    later = moved(first, state(trainer.model))
    assert any(name.startswith("encoder.") for name in later) and any(name.startswith("heads.") for name in later)


class Watcher(Recorder):
    """Notes whose heads are trained, and whether there is dropout in a layer, while a task is trained."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, set[str], bool]] = []

    def __call__(self, model: MultitaskModel, task: AbstractTask, batch: Batch, outputs: Tensor) -> Tensor:
        names = {name for name, p in model.named_parameters() if p.requires_grad}
        self.told.append((task.name, names, any(layer.training for layer in model.encoder.layers)))
        return torch.tensor(0.0)


def test_while_a_tasks_own_parameters_are_trained_all_others_and_dropout_stand_still(
    tiny: RunConfig, prepared: Prepared
) -> None:
    trainer, _ = trainer_of(changed(tiny, sampler={"name": "hybrid"}), prepared)
    watcher = Watcher()
    trainer.regularizer = watcher
    trainer.epoch(1)
    own = {task: {n for n in trainer.trained if n.startswith(f"heads.{task}.")} for task in trainer.tasks}
    assert watcher.told == [(name, own[name], False) for name in ("sst", "quora", "sts") for _ in range(2)]
    watcher.told.clear()
    trainer.epoch(2)
    assert all(names == set(trainer.trained) and dropout for _, names, dropout in watcher.told)


def test_hybrid_trains_a_tasks_adapters_with_its_head(tiny: RunConfig, prepared: Prepared) -> None:
    data = changed(tiny, sampler={"name": "hybrid"}).model_dump(mode="json")
    trainer, _ = trainer_of(parse({**data, "adapters": [{"name": "low_rank", "width": 4}]}), prepared)
    start = state(trainer.model)
    trainer.epoch(1)
    changed_names = moved(start, state(trainer.model))
    assert {name.split(".")[0] for name in changed_names} == {"heads", "adapters"}
    assert {name.split(".")[1] for name in changed_names if name.startswith("adapters")} == {"sst", "quora", "sts"}


def test_a_penalty_is_added_to_the_tasks_loss(two: RunConfig, prepared: Prepared) -> None:
    means = []
    for penalty in (0.0, 2.5):
        trainer, recorder = trainer_of(two, prepared)
        recorder.penalty = penalty
        means.append(trainer.epoch(1))
        assert recorder.steps == 4
    assert means[1] == pytest.approx({name: mean + 2.5 for name, mean in means[0].items()}, rel=1e-5)


def test_surgery_changes_the_gradients_of_shared_parameters_alone(tiny: RunConfig, prepared: Prepared) -> None:
    gradients = []
    for surgery in ("none", "pcgrad"):
        optimizer = {"name": "adam", "learning_rate": 1e-3, "clip_norm": None}
        # The seed is one at which tasks conflict.
        config = changed(
            tiny.with_seed(1), sampler={"name": "joint"}, batch_size=8, surgery=surgery, optimizer=optimizer
        )
        trainer, _ = trainer_of(config, prepared)
        trainer.epoch(1)
        gradients.append({name: p.grad for name, p in trainer.model.named_parameters()})
    plain, operated = gradients
    for name, gradient in plain.items():
        if name.startswith("heads."):
            torch.testing.assert_close(operated[name], gradient)
    shared = [name for name in plain if not name.startswith("heads.") and plain[name] is not None]
    assert any(not torch.allclose(plain[name], operated[name], rtol=1e-2) for name in shared)


def test_gradients_left_from_before_do_not_count_in_the_norm_that_is_clipped(
    two: RunConfig, prepared: Prepared
) -> None:
    states = []
    for left in (False, True):
        trainer, _ = trainer_of(changed(two, trainable={"name": "heads"}), prepared)
        if left:
            for parameter in trainer.model.encoder.parameters():
                parameter.grad = torch.full_like(parameter, 10.0)
        trainer.epoch(1)
        states.append(state(trainer.model))
    assert not moved(*states)


@pytest.mark.parametrize("surgery", ["none", "pcgrad"])
def test_every_balancer_trains_with_and_without_surgery(two: RunConfig, prepared: Prepared, surgery: str) -> None:
    for balancer in components.names("balancers"):
        config = changed(two, sampler={"name": "joint"}, balancer={"name": balancer}, surgery=surgery, batch_size=8)
        trainer, _ = trainer_of(config, prepared)
        first, second = trainer.epoch(1), trainer.epoch(2)
        assert sum(second.values()) < sum(first.values()), balancer


@pytest.mark.parametrize("balancer", ["uncertainty", "learned", "gradnorm"])
def test_what_a_balancer_learns_is_a_group_of_the_optimizer(two: RunConfig, prepared: Prepared, balancer: str) -> None:
    config = changed(two, sampler={"name": "joint"}, balancer={"name": balancer, "learning_rate": 0.01})
    trainer, _ = trainer_of(config, prepared)
    *_, group = trainer.optimizer.param_groups
    assert [id(p) for p in group["params"]] == [id(p) for p in trainer.balancer.parameters()]
    assert group["lr"] == 0.01 and group["weight_decay"] == 0.0
    before = state(trainer.balancer)
    trainer.epoch(1)
    assert moved(before, state(trainer.balancer)) == set(before)


def test_the_balancer_hears_of_losses_and_dev_scores(tiny: RunConfig, prepared: Prepared) -> None:
    trainer, _ = trainer_of(changed(tiny, balancer={"name": "score_adaptive"}), prepared)
    trainer.observe({"sst": 1.0, "quora": 1.0, "sts": 1.0}, {"sst": 0.0, "quora": 0.5, "sts": 0.5})
    assert trainer.balancer.weights == {"sst": 1.5, "quora": 0.75, "sts": 0.75}


def test_a_stage_of_another_name_draws_other_batches(two: RunConfig, prepared: Prepared) -> None:
    seen = []
    for stage in ("multitask", "single_task"):
        trainer, recorder = trainer_of(two, prepared)
        trainer.stage = stage
        trainer.epoch(1)
        seen.append(recorder.seen["sst"])
    assert seen[0] != seen[1]


def test_every_sampler_trains(two: RunConfig, prepared: Prepared) -> None:
    for sampler in components.names("samplers"):
        settings = {"steps": 2} if "steps" in components.settings("samplers", sampler) else {}
        trainer, _ = trainer_of(changed(two, sampler={"name": sampler, **settings}, batch_size=8), prepared)
        before = state(trainer.model)
        losses = [trainer.epoch(epoch) for epoch in (1, 2)]
        assert all(found and np.isfinite([*found.values()]).all() for found in losses), sampler
        assert any(name.startswith("encoder.") for name in moved(before, state(trainer.model))), sampler
