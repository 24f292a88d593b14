"""Compiled layers compute what they computed before, up to rounding; where they pay, and what they are part of."""

from __future__ import annotations

import copy
import math
import time
from typing import Any

import numpy as np
import pytest
import torch
from cases import for_each
from torch import Tensor

from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.batching import collate
from mtbert.data.tokenize import Prepared
from mtbert.errors import CompilationError
from mtbert.model import MultitaskModel
from mtbert.run import run
from mtbert.training import compilation
from mtbert.training.compilation import compile_layers, fault, repays

STILL = {"encoder": {"hidden_dropout": 0.0, "attention_dropout": 0.0}, "head_dropout": 0.0, "pooling": "mean"}

# What torch's compiler warns of while it traces (modules it imports, gradients it looks at) are no faults of ours.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


def changed(config: RunConfig, **others: Any) -> RunConfig:
    return parse({**config.model_dump(mode="json", exclude_defaults=True), **others})


def gradients(model: MultitaskModel, data: Prepared, task: str, examples: int, device: str) -> list[Tensor]:
    """The outputs of some examples, and the gradient of the sum of their squares."""
    model.zero_grad()
    split = data.splits[task, "train"]
    outputs = model(task, collate(split, np.arange(examples) % len(split), data.pad_id).to(device))
    outputs.square().sum().backward()
    return [outputs.detach(), *(p.grad.clone() for p in model.parameters() if p.grad is not None)]


def agree(config: RunConfig, data: Prepared, device: str, tolerance: float) -> None:
    """Both ways, for batches of several shapes, in training and in evaluation."""
    plain = build_model(config, data.vocabulary_size).to(device)
    compiled = copy.deepcopy(plain)
    compile_layers(compiled)
    for task, examples in (("sst", 6), ("quora", 5), ("sts", 9)):
        for mode in (True, False):
            pair = [gradients(model.train(mode), data, task, examples, device) for model in (plain, compiled)]
            assert len(pair[0]) == len(pair[1]) > 10
            for one, other in zip(*pair, strict=True):
                torch.testing.assert_close(other, one, rtol=tolerance, atol=tolerance)


def test_not_compiled_leaves_the_digest_and_compiled_does_not(tiny: RunConfig) -> None:
    assert changed(tiny, compiled=False).digest() == tiny.digest() != changed(tiny, compiled=True).digest()


@for_each(
    ("device", "steps", "pays"),
    [
        ("cpu", math.inf, False),
        ("cuda:1", math.inf, True),
        ("cuda", compilation.REPAYING_STEPS, True),
        ("cuda", compilation.REPAYING_STEPS - 1, False),
    ],
)
def test_compiling_pays_on_a_gpu_with_steps_enough(device: str, steps: float, pays: bool) -> None:
    assert repays(device, steps) is pays


def test_without_a_compiler_the_way_out_is_told(
    tiny: RunConfig, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._inductor import cpp_builder
    from torch._inductor.exc import InvalidCxxCompiler

    def none_here() -> str:
        raise InvalidCxxCompiler

    monkeypatch.setattr(cpp_builder, "get_cpp_compiler", none_here)
    with pytest.raises(CompilationError, match=r"needs a C\+\+ compiler.* --compile off"):
        run(changed(tiny, compiled=True), prepared, lambda _: True)


@pytest.fixture
def cpp() -> None:
    why_not = fault("cpu")
    if why_not is not None:
        pytest.skip(why_not)


@pytest.mark.slow
def test_compiled_layers_agree_with_plain_ones(tiny: RunConfig, prepared: Prepared, cpp: None) -> None:
    agree(changed(tiny, **STILL), prepared, "cpu", 1e-4)


@pytest.mark.slow
def test_a_compiled_run_repeats_itself_and_is_near_a_plain_one(tiny: RunConfig, prepared: Prepared, cpp: None) -> None:
    config = changed(tiny, **STILL, multitask={"epochs": 1, "sampler": "joint", "balancer": "gradnorm"})
    plain, one, other = (run(changed(config, compiled=c), prepared, lambda _: True) for c in (False, True, True))
    assert one.best.losses == other.best.losses
    for task, loss in plain.best.losses.items():
        assert one.best.losses[task] == pytest.approx(loss, rel=1e-3)


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-3), ("bfloat16", 5e-2)])
def test_compiled_layers_agree_on_a_gpu(precision: str, tolerance: float, tiny: RunConfig, prepared: Prepared) -> None:
    agree(changed(tiny, **STILL, precision=precision), prepared, "cuda", tolerance)


@pytest.mark.gpu
@needs_gpu
def test_further_steps_compile_nothing_again(tiny: RunConfig, prepared: Prepared) -> None:
    model = build_model(changed(tiny, **STILL), prepared.vocabulary_size).to("cuda").train()
    compile_layers(model)
    for examples in (4, 7, 10):
        gradients(model, prepared, "quora", examples, "cuda")
    torch.cuda.synchronize()
    began = time.perf_counter()
    for examples in (5, 6, 8, 9, 11):
        gradients(model, prepared, "quora", examples, "cuda")
    torch.cuda.synchronize()
    assert time.perf_counter() - began < 2.0
