"""`encoder.shared: false`: each task has an encoder of its own, and learns what it would learn alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from cases import for_each
from tokenizers import Tokenizer

from mtbert import checkpoint
from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.tokenize import Prepared
from mtbert.errors import ConfigurationError
from mtbert.run import RunOutcome, evaluate_split, run

ALONE = ("sst", "quora", "sts")
WORDS = 50  # of a vocabulary, where nothing is read


def separate(config: RunConfig, **others: object) -> RunConfig:
    """Without dropout, whose one random stream runs through all tasks."""
    data = config.model_dump(mode="json") | {"head_dropout": 0.0} | others
    data["encoder"] = {"hidden_dropout": 0.0, "attention_dropout": 0.0, "shared": False}
    data["multitask"]["sampler"] = {"name": "sequential"}
    return parse(data)


@pytest.fixture(scope="module")
def together(tiny: RunConfig, prepared: Prepared) -> RunOutcome:
    return run(separate(tiny), prepared, lambda _: True)


def test_a_task_learns_what_it_learns_alone(tiny: RunConfig, prepared: Prepared, together: RunOutcome) -> None:
    for task in ALONE:
        alone = run(separate(tiny, tasks={task: tiny.tasks[task].model_dump(mode="json")}), prepared, lambda _: True)
        # Not to the bit: the norm that gradients are clipped to adds up the parameters in another order.
        for one, other in zip(together.epochs, alone.epochs, strict=True):
            assert one.losses[task] == pytest.approx(other.losses[task], rel=1e-5)
            np.testing.assert_allclose(one.search.tasks[task].outputs, other.search.tasks[task].outputs, atol=1e-3)


def test_each_task_may_keep_the_epoch_that_is_best_for_it_as_alone(tiny: RunConfig, prepared: Prepared) -> None:
    """The report of every epoch and the model that is left are of the best epoch of each task so far."""
    told = separate(tiny).model_dump(mode="json")
    told["multitask"] |= {"best_epoch": "each_task", "epochs": 4, "optimizer": {"learning_rate": 3e-3}}
    config = parse(told)
    found = run(config, prepared, lambda _: True)
    best_epochs = set()
    for task in ALONE:
        metric = "pearson" if task == "sts" else "accuracy"
        alone = run(parse({**told, "tasks": {task: told["tasks"][task]}}), prepared, lambda _: True)
        best_epochs.add(alone.best.epoch)
        for one, other in zip(found.epochs, alone.epochs, strict=True):
            np.testing.assert_allclose(one.search.tasks[task].outputs, other.search.tasks[task].outputs, atol=5e-3)
        assert found.best.search.tasks[task].metrics[metric] == pytest.approx(
            alone.best.search.tasks[task].metrics[metric]
        )
    assert len(best_epochs) > 1  # else one epoch for all would have done
    assert evaluate_split(found.model, prepared, "search").score == found.best.search.score > found.last_score


@for_each(
    ("changes", "path", "said"),
    [
        ({}, "multitask.best_epoch", "the tasks train one encoder"),
        (
            {"pooling": "attention", "trainable": {"name": "heads"}},
            "multitask.best_epoch",
            "pooling attention together",
        ),
    ],
)
def test_tasks_that_train_something_together_keep_one_epoch(
    changes: dict[str, object], path: str, said: str, tiny: RunConfig
) -> None:
    told = tiny.model_dump(mode="json")
    told["pooling"] = changes.pop("pooling", "cls")
    told["multitask"] |= {"best_epoch": "each_task", **changes}
    with pytest.raises(ConfigurationError) as caught:
        parse(told)
    (fault,) = caught.value.faults
    assert fault.path == path and said in fault.message and "use score" in fault.message


def test_every_task_has_an_encoder_that_starts_alike(tiny: RunConfig) -> None:
    model = build_model(separate(tiny), WORDS)
    first, *others = model.encoders()
    assert len(others) == 2 and len({id(model.encoder_of(task)) for task in ALONE}) == 3
    for other in others:
        pairs = zip(first.parameters(), other.parameters(), strict=True)
        assert all(torch.equal(a, b) and a is not b for a, b in pairs)


def test_parameters_are_counted_for_every_encoder(tiny: RunConfig) -> None:
    shared, own = build_model(tiny, WORDS), build_model(separate(tiny), WORDS)
    encoder = sum(p.numel() for p in shared.encoder.parameters())
    assert own.total_parameters() == shared.total_parameters() + 2 * encoder


def test_a_frozen_encoder_is_frozen_for_every_task(tiny: RunConfig) -> None:
    data = separate(tiny).model_dump(mode="json")
    data["multitask"]["trainable"] = {"name": "heads"}
    model = build_model(parse(data), WORDS)
    assert not any(p.requires_grad for encoder in model.encoders() for p in encoder.parameters())
    model.train()
    assert not any(layer.training for encoder in model.encoders() for layer in encoder.layers)


def test_the_last_layers_are_those_of_every_task(tiny: RunConfig) -> None:
    data = separate(tiny).model_dump(mode="json")
    data["multitask"]["trainable"] = {"name": "last_k", "layers": 1}
    for encoder in build_model(parse(data), WORDS).encoders():
        assert [any(p.requires_grad for p in layer.parameters()) for layer in encoder.layers] == [False, True]


def test_a_configuration_with_a_shared_encoder_keeps_its_digest() -> None:
    assert parse({"encoder": {"shared": True}}).digest() == parse({}).digest()
    assert parse({"encoder": {"shared": False}}).digest() != parse({}).digest()


@for_each("pooling", ["attention", "cls_pooler"])
def test_a_pooling_with_weights_is_refused(pooling: str) -> None:
    with pytest.raises(ConfigurationError, match=f"would train the weights of pooling {pooling}"):
        parse({"encoder": {"shared": False}, "pooling": pooling})


def test_a_saved_model_has_every_encoder(
    tiny: RunConfig, prepared: Prepared, together: RunOutcome, tmp_path: Path
) -> None:
    checkpoint.save(together.model, separate(tiny), Tokenizer.from_str(prepared.tokenizer_json), tmp_path / "model")
    loaded, _, _ = checkpoint.load(tmp_path / "model")
    assert evaluate_split(loaded, prepared, "search").score == together.best.search.score
