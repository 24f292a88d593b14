"""A run on a GPU: near to the processor's, whatever it computes in, and possible wherever one there is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.batching import collate
from mtbert.data.tokenize import Prepared
from mtbert.run import run

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")]
STILL = {"encoder": {"hidden_dropout": 0.0, "attention_dropout": 0.0}, "head_dropout": 0.0}


def changed(config: RunConfig, **others: object) -> RunConfig:
    return parse({**config.model_dump(mode="json", exclude_defaults=True), **others})


@pytest.mark.parametrize("task", ["sst", "quora", "sts"])
def test_bfloat16_on_a_gpu_is_near_float32_on_the_processor(task: str, tiny: RunConfig, prepared: Prepared) -> None:
    batch = collate(prepared.splits[task, "dev"], np.arange(8), prepared.pad_id)
    exact = build_model(tiny, prepared.vocabulary_size).eval()(task, batch)
    model = build_model(changed(tiny, precision="bfloat16"), prepared.vocabulary_size).eval().to("cuda")
    rough = model(task, batch.to("cuda"))
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough.cpu(), exact, rtol=0, atol=0.05)


def test_an_epoch_on_a_gpu_has_the_losses_of_one_on_the_processor(tiny: RunConfig, prepared: Prepared) -> None:
    config = changed(tiny, **STILL, multitask={"epochs": 1})
    here, there = (run(config, prepared, lambda _: True, device).best.losses for device in ("cpu", "cuda"))
    assert there == pytest.approx(here, rel=1e-2)


@pytest.mark.parametrize(
    "multitask", [{"trainable": {"name": "last_k", "layers": 1}}, {"sampler": "hybrid"}], ids=["last_k", "hybrid"]
)
def test_smart_goes_through_a_frozen_layer_of_a_bilstm(
    tiny: RunConfig, prepared: Prepared, multitask: dict[str, object]
) -> None:
    part = {"epochs": 1, "regularizer": "smart", **multitask}
    config = changed(tiny, **{**STILL, "encoder": {"hidden_dropout": 0.0}}, backbone="bilstm", multitask=part)
    here, there = (run(config, prepared, lambda _: True, device).best.losses for device in ("cpu", "cuda"))
    assert there == pytest.approx(here, rel=1e-2)
