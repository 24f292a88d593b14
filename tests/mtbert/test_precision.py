"""`precision: bfloat16`: the model computes in it everywhere; weights, gradients, outputs and losses stay float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.batching import collate
from mtbert.data.tokenize import Prepared
from mtbert.precision import native_precision, slow
from mtbert.run import run


def in_bfloat16(config: RunConfig, **others: Any) -> RunConfig:
    return parse({**config.model_dump(mode="json"), **others, "precision": "bfloat16"})


def test_float32_leaves_the_digest_and_bfloat16_does_not(tiny: RunConfig) -> None:
    assert parse({**tiny.model_dump(mode="json"), "precision": "float32"}).digest() == tiny.digest()
    assert in_bfloat16(tiny).digest() != tiny.digest()


def test_outputs_are_near_and_float32(tiny: RunConfig, prepared: Prepared) -> None:
    models = [build_model(config, prepared.vocabulary_size).eval() for config in (tiny, in_bfloat16(tiny))]
    for task in tiny.tasks:
        batch = collate(prepared.splits[task, "dev"], np.arange(6), prepared.pad_id)
        exact, rough = (model(task, batch) for model in models)
        assert rough.dtype == torch.float32, task
        assert not torch.equal(rough, exact), task
        torch.testing.assert_close(rough, exact, rtol=0, atol=0.05)


def test_sentence_vectors_come_from_products_in_bfloat16(tiny: RunConfig, prepared: Prepared) -> None:
    model, kinds = build_model(in_bfloat16(tiny), prepared.vocabulary_size), set()
    for layer in model.encoder.layers:
        layer.inner.register_forward_hook(lambda _, __, out: kinds.add(out.dtype))  # type: ignore[union-attr]
    batch = collate(prepared.splits["sts", "dev"], np.arange(2), prepared.pad_id)
    model.vectors(batch.input_ids, batch.attention_mask)
    assert kinds == {torch.bfloat16}


def test_weights_are_cast_once_a_step(tiny: RunConfig, prepared: Prepared) -> None:
    model = build_model(in_bfloat16(tiny), prepared.vocabulary_size)
    batch = collate(prepared.splits["sst", "dev"], np.arange(2), prepared.pad_id)
    with torch.profiler.profile() as once:
        model("sst", batch)
    with torch.profiler.profile() as twice, model.autocast():
        model("sst", batch), model("sst", batch)
    casts = [sum(e.key == "aten::_to_copy" for e in p.events()) for p in (once, twice)]
    linears = sum(isinstance(m, torch.nn.Linear) for m in model.encoder.modules())
    assert casts[1] <= 2 * casts[0] - 2 * (linears - 1)  # weight and bias of each; the last layer's in parts


@pytest.mark.slow
@pytest.mark.parametrize(
    "others",
    [
        {},
        {"multitask": {"epochs": 1, "regularizer": {"name": "smart", "bregman": True}}},
        {"multitask": {"epochs": 1, "sampler": {"name": "joint"}, "surgery": "pcgrad"}},
        {"simcse_unsupervised": {"sentences": 8, "batch_size": 4}, "mlm": {"epochs": 1, "max_sentences": 8}},
        {"adapters": [{"name": "pal"}, {"name": "top_layer"}], "pooling": "attention"},
        {"backbone": "bilstm"},
    ],
    ids=["plain", "smart", "pcgrad", "stages", "adapters", "bilstm"],
)
def test_everything_trains_in_it_and_weights_stay_float32(others: dict[str, Any], tiny: RunConfig, corpus: Any) -> None:
    from mtbert.run import prepare_data

    config = in_bfloat16(tiny, **others)
    outcome = run(config, prepare_data(config, corpus), lambda _: True)
    assert all(p.dtype == torch.float32 for p in outcome.model.parameters())
    assert np.isfinite(outcome.best.search.score)


def test_a_processor_says_what_it_multiplies_fast_in() -> None:
    flags = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    assert native_precision("cpu") == ("bfloat16" if flags else "float32")


@pytest.mark.parametrize("fast", [True, False])
def test_bfloat16_where_it_is_slow_is_warned_of(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: fast)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert slow("float32", "cpu") is None
    told = slow("bfloat16", "cpu")
    assert told is None if fast else told is not None and "processor has neither AVX-512 BF16 nor AMX" in told
