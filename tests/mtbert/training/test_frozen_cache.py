"""What is frozen is computed once: the same results as without, no second forward pass, files that can be trusted.

Training is compared with tight tolerances and not bit by bit: what is kept was padded to other widths, so sums were
added up in another order. Evaluation is in the same batches with and without, and bit-equal.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from frozen_models import HEADS, LAST, changed, counting, model_of
from incoming import incoming

from mtbert import components
from mtbert.config import RunConfig
from mtbert.config.parts import MultitaskConfig, OptimizerConfig, SamplerSpec
from mtbert.config.stages import SingleTaskConfig
from mtbert.data.batching import Border, FrozenBatch
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel
from mtbert.run import run
from mtbert.stages import single_task
from mtbert.stages.multitask import train_sample
from mtbert.training.evaluation import evaluate, outputs_of
from mtbert.training.frozen_cache import FrozenParts, Shared, border_of
from mtbert.training.frozen_inputs import TokenInputs
from mtbert.training.trainer import Trainer

TASKS = ("sst", "sts")
SEPARATE: dict[str, Any] = {"encoder": {"shared": False}}
POOLINGS = components.names("poolings")


def curves(config: RunConfig, prepared: Prepared, make: Callable[[MultitaskModel], FrozenParts | None]) -> list[Any]:
    """For each epoch: losses, outputs on dev and on the sample of train, passes through the embeddings."""
    model, part = model_of(config, prepared), config.multitask
    tasks = {name: components.build("tasks", name, {}) for name in config.tasks}
    training = {name: prepared.splits[name, "train"] for name in tasks}
    splits = [
        {name: prepared.splits[name, "dev"] for name in tasks},
        {name: train_sample(split, 0, name) for name, split in training.items()},
    ]
    frozen, passes = make(model), counting(model)
    trainer = Trainer(model, part, tasks, training, prepared.pad_id, 0, "multitask", config.tasks, frozen)
    found = []
    for epoch in range(1, part.epochs + 1):
        before, losses = len(passes), trainer.epoch(epoch)
        outputs = [evaluate(model, tasks, split, prepared.pad_id, frozen).tasks for split in splits]
        found.append((losses, [{n: t.outputs for n, t in o.items()} for o in outputs], len(passes) - before))
    return found


def assert_alike(config: RunConfig, prepared: Prepared) -> list[int]:
    """With and without give the same; how many passes through the embeddings each epoch took with."""
    with_it = curves(config, prepared, lambda model: FrozenParts(model, prepared.pad_id))
    without = curves(config, prepared, lambda model: None)
    for (losses, outputs, _), (plain_losses, plain_outputs, passes) in zip(with_it, without, strict=True):
        assert passes > 0
        assert losses == pytest.approx(plain_losses, rel=2e-5)
        for split, plain in zip(outputs, plain_outputs, strict=True):
            for task in TASKS:
                np.testing.assert_allclose(split[task], plain[task], rtol=0, atol=2e-5)
    return [passes for *_, passes in with_it]


BILSTM: dict[str, Any] = {"backbone": "bilstm", "pooling": "mean"}


@pytest.mark.parametrize(
    ("multitask", "others"),
    [
        *((HEADS, {"pooling": pooling}) for pooling in POOLINGS),
        *((LAST, {"pooling": pooling}) for pooling in ("cls", "attention")),  # the border is the same for all
        *((part, others) for part in (HEADS, LAST) for others in (SEPARATE, BILSTM)),
        (LAST | {"sampler": {"name": "hybrid"}}, {}),  # trains less in some epochs
    ],
    ids=str,
)
def test_what_is_trained_above_what_is_frozen_learns_the_same(
    two: RunConfig, prepared: Prepared, multitask: dict[str, Any], others: dict[str, Any]
) -> None:
    first, *later = assert_alike(changed(two, multitask, **others), prepared)
    assert first > 0 and later == [0]


def test_evaluation_gives_the_same_bits(two: RunConfig, prepared: Prepared) -> None:
    model = model_of(changed(two, HEADS), prepared)
    frozen = FrozenParts(model, prepared.pad_id)
    for task in TASKS:
        split = prepared.splits[task, "dev"]
        plain = outputs_of(model, task, split, prepared.pad_id)
        assert np.array_equal(outputs_of(model, task, split, prepared.pad_id, frozen), plain)


def with_adapters(two: RunConfig, *names: str) -> RunConfig:
    return changed(two, {"trainable": {"name": "adapters_and_heads"}}, adapters=[{"name": name} for name in names])


@pytest.mark.parametrize("adapters", [(), ("low_rank", "top_layer")], ids=["plain", "adapters"])
def test_each_head_alone_learns_the_same(two: RunConfig, prepared: Prepared, adapters: tuple[str, ...]) -> None:
    config = with_adapters(two, *adapters) if adapters else two
    part = SingleTaskConfig(epochs=3, learning_rate=1e-3)
    model = trained_elsewhere(config, prepared)
    before = incoming(model, prepared, 0)
    passes, seen = counting(model), []

    def report(_: object) -> bool:
        seen.append(len(passes))
        return True

    outcome = single_task.run(model, part, prepared, 0, report, before, config.multitask.optimizer)
    assert seen[0] > 0 and seen[1:] == [seen[0]] * 2
    for task in TASKS:
        losses = alone_without(trained_elsewhere(config, prepared), part, prepared, task)
        assert [epoch.losses[task] for epoch in outcome.epochs] == pytest.approx(losses, rel=2e-5)
        outputs = outputs_of(model, task, prepared.splits[task, "search"], prepared.pad_id)
        assert np.array_equal(outcome.best.search.tasks[task].outputs, outputs)


def trained_elsewhere(config: RunConfig, prepared: Prepared) -> MultitaskModel:
    """Adapters start at zero, and would all be alike: these have learned something."""
    model, generator = model_of(config, prepared), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.adapters.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.05)
    return model


def alone_without(model: MultitaskModel, config: SingleTaskConfig, prepared: Prepared, task: str) -> list[float]:
    """The losses of a head that is trained alone by a trainer that knows of nothing frozen."""
    model.requires_grad_(False)
    model.heads[task].requires_grad_(True)
    part = MultitaskConfig(
        epochs=config.epochs,
        batch_size=config.batch_size,
        sampler=SamplerSpec(name="sequential"),
        optimizer=OptimizerConfig(learning_rate=config.learning_rate),
    )
    tasks, splits = {task: components.build("tasks", task, {})}, {task: prepared.splits[task, "train"]}
    trainer = Trainer(model, part, tasks, splits, prepared.pad_id, 0, f"single_task/{task}")
    return [trainer.epoch(epoch)[task] for epoch in range(1, config.epochs + 1)]


def test_a_run_passes_through_the_encoder_in_its_first_epoch_alone(two: RunConfig, prepared: Prepared) -> None:
    passes: list[None] = []
    seen = []

    def count(module: torch.nn.Module, *_: object) -> None:
        if type(module).__name__ == "BertEmbeddings":
            passes.append(None)

    def report(_: object) -> bool:
        seen.append(len(passes))
        return True

    hook = torch.nn.modules.module.register_module_forward_hook(count)
    try:
        run(changed(two, HEADS | {"epochs": 3}), prepared, report)
    finally:
        hook.remove()
    assert seen == [4, 4, 4]  # train and dev of two tasks, a batch each; the sample of train is a part of train


@pytest.mark.parametrize("pooling", POOLINGS)
def test_what_stands_below_and_above_a_border_is_the_whole(two: RunConfig, prepared: Prepared, pooling: str) -> None:
    model = model_of(changed(two, {}, pooling=pooling), prepared).eval()
    batch = TokenInputs(prepared.splits["sts", "dev"], prepared.pad_id, torch.device("cpu")).batch(np.arange(6))
    tokens, mask = batch.input_ids, batch.attention_mask
    whole = model.vectors(tokens, mask, "sts")
    borders = [Border(1), Border(2), Border(None), Border(None, pooled=True)]
    for border in [*borders, Border(None, first_token=True)] if model.pooling.first_only else borders:
        states = model.below(border, tokens, mask, "sts")
        at_border = FrozenBatch(states, mask[:, :1] if border.one_row else mask, batch.labels, True, border)
        torch.testing.assert_close(model.above(at_border, "sts"), whole, msg=lambda m, b=border: f"{b}: {m}")


def borders(config: RunConfig, prepared: Prepared) -> set[Border | None]:
    model = model_of(config, prepared)
    return {border_of(model, task) for task in config.tasks}


def test_where_the_border_is(two: RunConfig, prepared: Prepared) -> None:
    def of(multitask: dict[str, Any], **others: Any) -> set[Border | None]:
        return borders(changed(two, multitask, **others), prepared)

    assert of(HEADS) == {Border(None, pooled=True)}
    assert of(HEADS, pooling="attention") == {Border(None)}
    assert of(HEADS, pooling="cls_pooler") == {Border(None, first_token=True)}
    assert of(LAST) == of(LAST, pooling="attention") == {Border(1)}
    assert of({}) == {None}
    assert of({"trainable": {"name": "last_k", "layers": 2}}) == {None}  # embeddings alone
    assert of(LAST, adapters=["top_layer"]) == {None}
    assert borders(with_adapters(two, "low_rank"), prepared) == {None}


def test_a_frozen_pooling_with_weights_is_part_of_the_vectors(two: RunConfig, prepared: Prepared) -> None:
    model = model_of(changed(two, {}, pooling="attention"), prepared).requires_grad_(False)
    assert border_of(model, "sst") == Border(None, pooled=True)


def test_a_regularizer_is_given_tokens(two: RunConfig, prepared: Prepared) -> None:
    config = changed(two, HEADS | {"regularizer": {"name": "smart"}})
    model = model_of(config, prepared)
    tasks = {name: components.build("tasks", name, {}) for name in config.tasks}
    splits = {name: prepared.splits[name, "train"] for name in tasks}
    frozen = FrozenParts(model, prepared.pad_id)
    trainer = Trainer(model, config.multitask, tasks, splits, prepared.pad_id, 0, "multitask", frozen=frozen)
    assert all(isinstance(inputs, TokenInputs) for inputs in trainer.inputs.values())
    assert set(trainer.epoch(1)) == set(TASKS)


def test_training_and_evaluation_in_a_shared_folder_are_bit_equal_to_memory(
    two: RunConfig, prepared: Prepared, tmp_path: Path
) -> None:
    config = changed(two, HEADS)
    kept = curves(config, prepared, lambda model: FrozenParts(model, prepared.pad_id))
    for passes in (4, 0):
        found = curves(
            config, prepared, lambda model: FrozenParts(model, prepared.pad_id, Shared(tmp_path, "weights", "cls"))
        )
        assert [losses for losses, *_ in found] == [losses for losses, *_ in kept]
        assert all(np.array_equal(a[1][0][t], b[1][0][t]) for a, b in zip(found, kept, strict=True) for t in TASKS)
        assert found[0][2] == passes
