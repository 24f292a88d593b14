"""The layer that tasks of pairs share: what goes through it, who trains it, and that it is kept with the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch.nn import functional

from mtbert.assembly import build_model
from mtbert.checkpoint import load, save
from mtbert.config import RunConfig, parse
from mtbert.data.batching import collate
from mtbert.data.tokenize import Prepared
from mtbert.errors import ConfigurationError
from mtbert.model import MultitaskModel
from mtbert.run import run
from mtbert.stage_store.keys import chain_keys


def with_layer(config: RunConfig, **change: object) -> RunConfig:
    return parse({**config.model_dump(mode="json"), "shared_pair_layer": True, **change})


@pytest.fixture
def model(tiny: RunConfig, prepared: Prepared) -> MultitaskModel:
    return build_model(with_layer(tiny), prepared.vocabulary_size)


def test_both_vectors_of_a_pair_go_through_it_and_single_sentences_do_not(
    tiny: RunConfig, prepared: Prepared, model: MultitaskModel
) -> None:
    without = build_model(tiny, prepared.vocabulary_size).eval()
    assert model.pair_layer is not None and without.pair_layer is None
    weight, bias = model.pair_layer[0].weight, model.pair_layer[0].bias  # type: ignore[index]
    for task in ("quora", "sts"):
        batch = collate(prepared.splits[task, "dev"], np.arange(4), prepared.pad_id)
        vectors = without.vectors(batch.input_ids, batch.attention_mask)
        first, second = functional.gelu(vectors @ weight.T + bias).chunk(2)
        torch.testing.assert_close(model.eval()(task, batch), without.heads[task](first, second))
    batch = collate(prepared.splits["sst", "dev"], np.arange(4), prepared.pad_id)
    assert torch.equal(model("sst", batch), without("sst", batch))  # and nothing else is drawn in another way


def test_each_task_of_pairs_trains_it(prepared: Prepared, model: MultitaskModel) -> None:
    for task, trains in (("quora", True), ("sts", True), ("sst", False)):
        model.zero_grad(set_to_none=True)
        model(task, collate(prepared.splits[task, "dev"], np.arange(4), prepared.pad_id)).sum().backward()
        assert (model.pair_layer[0].weight.grad is not None) is trains  # type: ignore[index]


def test_it_is_trained_saved_and_loaded(tiny: RunConfig, prepared: Prepared, tmp_path: Path) -> None:
    config = with_layer(tiny, fine_tune_first={"epochs": 1, "batches": 1}, multitask={"epochs": 1})
    before = build_model(config, prepared.vocabulary_size).state_dict()
    trained = run(config, prepared, lambda _: True).model
    save(trained, config, Tokenizer.from_str(prepared.tokenizer_json), tmp_path / "model")
    kept = load(tmp_path / "model")[0].state_dict()
    name = "pair_layer.0.weight"
    assert torch.equal(kept[name], trained.state_dict()[name]) and not torch.equal(kept[name], before[name])


def test_stages_with_and_without_it_are_kept_apart(tiny: RunConfig, prepared: Prepared) -> None:
    told = {**tiny.model_dump(mode="json"), "fine_tune_first": {"epochs": 1}}
    one, other = (chain_keys(config, "root", prepared.hashes) for config in (parse(told), with_layer(parse(told))))
    assert one.before[0] != other.before[0] and one.multitask[0] != other.multitask[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"encoder": {"shared": False}}, "one model per task"),
        ({"tasks": {"sst": {"head": "linear"}, "sts": {"head": "concat"}}}, "needs two tasks of pairs, got sts"),
        ({"multitask": {"trainable": {"name": "heads"}, "best_epoch": "each_task"}}, "train the pair layer together"),
    ],
)
def test_where_nobody_could_share_it_it_is_refused(change: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        parse({"shared_pair_layer": True, **change})


def test_constant_weights_count_where_heads_alone_are_trained_above_it() -> None:
    """Without it Adam divides them out again, and they are refused."""
    heads = {"trainable": {"name": "heads"}, "balancer": {"name": "fixed", "weights": {"sts": 0.5}}}
    assert parse({"shared_pair_layer": True, "multitask": heads}).multitask.balancer.name == "fixed"
    with pytest.raises(ConfigurationError, match="Adam divides out again"):
        parse({"multitask": heads})
