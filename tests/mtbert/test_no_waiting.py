"""A training step reads no number back from the device: on a GPU each reading would wait for all that was asked of it.

On the CPU every operation of torch that gives Python a number, or a tensor whose size depends on numbers, is refused;
on a GPU CUDA itself refuses to be waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mtbert import components
from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.examples import Corpus
from mtbert.data.tokenize import Prepared
from mtbert.run import prepare_data
from mtbert.stages import mlm, pretraining, simcse_supervised, simcse_unsupervised
from mtbert.training.frozen_cache import FrozenParts
from mtbert.training.trainer import Trainer

WAITING = {"_local_scalar_dense", "item", "nonzero", "masked_select", "is_nonzero", "equal", "_unique2", "unique_dim"}
SETS: Mapping[str, dict[str, Any]] = {
    "baseline": {},
    "bfloat16, mean, lora": {"precision": "bfloat16", "pooling": "mean", "adapters": ["lora"]},
    "accumulation, uncertainty, max": {
        "pooling": "max",
        "multitask": {
            "accumulation": 2,
            "balancer": "uncertainty",
            "optimizer": {"name": "adamw", "schedule": "linear_warmup"},
        },
    },
    "joint, pcgrad, gradnorm": {"multitask": {"sampler": "joint", "surgery": "pcgrad", "balancer": "gradnorm"}},
    "joint, learned, attention": {"pooling": "attention", "multitask": {"sampler": "joint", "balancer": "learned"}},
    "joint, dwa, pal": {"adapters": ["pal"], "multitask": {"sampler": "joint", "balancer": "dwa"}},
    "smart": {"multitask": {"regularizer": {"name": "smart", "bregman": True}}},
    "heads": {"multitask": {"trainable": {"name": "heads"}}},
    "heads under attention": {"pooling": "attention", "multitask": {"trainable": {"name": "heads"}}},
    "last layer": {"multitask": {"trainable": {"name": "last_k", "layers": 1}}},
    "separate": {"encoder": {"shared": False}},
    "hybrid, houlsby": {"multitask": {"sampler": "hybrid"}, "adapters": ["houlsby"]},
}


class Waited(AssertionError):
    """A number was read."""


class NoWaiting(TorchDispatchMode):
    """Inside, what would wait for a GPU is refused."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        chosen = args[1] if name in ("index", "index_put", "index_put_", "_index_put_impl_") else ()
        if name in WAITING or any(part is not None and part.dtype == torch.bool for part in chosen):
            raise Waited(name)
        return func(*args, **(kwargs or {}))


def configuration(change: Mapping[str, Any], tiny: RunConfig) -> RunConfig:
    data = tiny.model_dump(mode="json", exclude_defaults=True)
    return parse({**data, **change, "multitask": {**data["multitask"], "batch_size": 8, **change.get("multitask", {})}})


def trainer_of(config: RunConfig, prepared: Prepared, device: str = "cpu") -> Trainer:
    model = build_model(config, prepared.vocabulary_size).to(device)
    tasks = {name: components.build("tasks", name, {}) for name in config.tasks}
    splits = {name: prepared.splits[name, "train"] for name in tasks}
    frozen = FrozenParts(model, prepared.pad_id)
    return Trainer(model, config.multitask, tasks, splits, prepared.pad_id, 0, "multitask", config.tasks, frozen=frozen)


def test_what_would_wait_is_refused() -> None:
    readings: list[Callable[[torch.Tensor], object]] = [
        lambda values: values.sum().item(), lambda values: float(values[0]), lambda values: bool(values.sum() > 0),
        lambda values: values[values > 0], lambda values: values.nonzero(),
    ]  # fmt: skip
    for reading in readings:
        with NoWaiting(), pytest.raises(Waited):
            reading(torch.ones(3))


@pytest.mark.parametrize("name", SETS)
def test_no_step_of_an_epoch_reads_a_number(name: str, tiny: RunConfig, prepared: Prepared) -> None:
    trainer = trainer_of(configuration(SETS[name], tiny), prepared)
    trainer.epoch(1)  # what is frozen is computed in the first, and that may wait
    with NoWaiting():
        sums, counts = trainer.steps(2)
    assert all(counts.values()) and all(torch.isfinite(total) for total in sums.values())


PRETRAINING: Mapping[str, dict[str, Any]] = {
    "mlm": {"epochs": 1, "max_sentences": 8, "batch_size": 4},
    "simcse_unsupervised": {"sentences": 8, "batch_size": 4},
    "simcse_supervised": {"triplets": 8, "batch_size": 4},
}


def test_no_step_before_multitask_reads_a_number(
    tiny: RunConfig, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configuration(PRETRAINING, tiny)
    data, steps, real = prepare_data(config, corpus), 0, pretraining.fit

    def watched(loss_of: Any) -> Any:
        def loss(indices: Any, draws: Any) -> Any:
            nonlocal steps
            steps += 1
            with NoWaiting():
                found = loss_of(indices, draws)
                if found is not None:
                    found.backward(retain_graph=True)
            return found

        return loss

    def fit(model: Any, trained: Any, how: Any, lengths: Any, loss_of: Any) -> Any:
        return real(model, trained, how, lengths, watched(loss_of))

    for stage in (mlm, simcse_unsupervised, simcse_supervised):
        name, steps = stage.__name__.rpartition(".")[2], 0
        monkeypatch.setattr(stage, "fit", fit)
        stage.run(build_model(config, data.vocabulary_size), getattr(config, name), data, 0)
        assert steps > 1, name


needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("name", SETS)
def test_no_step_waits_for_the_gpu(name: str, tiny: RunConfig, prepared: Prepared) -> None:
    trainer = trainer_of(configuration(SETS[name], tiny), prepared, "cuda")
    trainer.epoch(1)
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        sums, _ = trainer.steps(2)
    finally:
        torch.cuda.set_sync_debug_mode(before)
    assert np.isfinite([float(total) for total in sums.values()]).all()
