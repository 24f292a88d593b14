"""Adapters in the multitask model: one set a task, what is trained, and that they are saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from cases import for_each
from tokenizers import Tokenizer
from torch import Tensor

from mtbert import checkpoint
from mtbert.assembly import assemble, build_model
from mtbert.config import RunConfig, parse
from mtbert.data.batching import Batch, collate
from mtbert.data.tokenize import Prepared
from mtbert.encoder.bert import BertEncoder, BertShape
from mtbert.model import MultitaskModel
from mtbert.run import run

ALL = {"pal": {"width": 12}, "low_rank": {"width": 6}, "houlsby": {"width": 6}, "top_layer": {}, "lora": {"rank": 2}}


def config_of(tiny: RunConfig, adapters: Any, trainable: str = "all", **change: Any) -> RunConfig:
    told = tiny.model_dump(mode="json")
    multitask = {**told["multitask"], "trainable": {"name": trainable}}
    return parse({**told, "adapters": adapters, "multitask": multitask, **change})


def moved(model: MultitaskModel) -> MultitaskModel:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.adapters.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.05)
    return model


def some(prepared: Prepared, task: str) -> Batch:
    return collate(prepared.splits[task, "dev"], np.arange(4), prepared.pad_id)


@for_each(
    ("names", "weights"),
    [  # Zhang, Table 1, at T = 3, d = 768, d_s = 204 and 12 layers
        (["pal"], 5_434_560),
        (["low_rank"], 11_280_384),
        (["houlsby"], 22_560_768),
        (["top_layer"], 21_233_664),
        (["low_rank", "top_layer"], 32_514_048),
        ([], 0),
    ],
)
def test_on_bert_base_there_are_as_many_weights_as_zhang_prints(names: list[str], weights: int) -> None:
    with torch.device("meta"):  # shapes without numbers: nothing of BERT-base's size is allocated
        encoder = BertEncoder(BertShape(vocabulary_size=30522, width=768, layers=12, heads=12, inner_width=3072))
        model = assemble(parse({"adapters": names}), encoder)
    assert model.adapter_parameters() == weights


def test_build_counts_adapters_apart(tiny: RunConfig) -> None:
    model = build_model(config_of(tiny, {"low_rank": {"width": 6}}, "adapters_and_heads"), 50)
    assert model.adapter_parameters() == 3 * 2 * 2 * 128 * 6  # tasks, layers, maps
    biases, heads = 3 * 2 * (128 + 6), (5 * 128 + 5) + 2 * (2 * 128 + 1)
    assert model.trainable_parameters() == model.adapter_parameters() + biases + heads


def test_without_adapters_there_is_nothing_of_them(tiny: RunConfig, prepared: Prepared) -> None:
    model = build_model(tiny, prepared.vocabulary_size)
    assert model.adapter_parameters() == 0
    assert not any("adapter" in name for name in model.state_dict())


def test_parameters_are_named_by_task_and_adapter(tiny: RunConfig, prepared: Prepared) -> None:
    model = build_model(config_of(tiny, ALL), prepared.vocabulary_size)
    names = {tuple(name.split(".")[1:3]) for name in model.state_dict() if name.startswith("adapters.")}
    assert names == {(task, adapter) for task in ("sst", "quora", "sts") for adapter in ALL}


def test_all_together_start_as_the_model_without_them(tiny: RunConfig, prepared: Prepared) -> None:
    plain = build_model(tiny, prepared.vocabulary_size).eval()
    adapted = build_model(config_of(tiny, ALL), prepared.vocabulary_size).eval()
    for task in ("sst", "quora", "sts"):
        batch = some(prepared, task)
        torch.testing.assert_close(adapted(task, batch), plain(task, batch), rtol=0, atol=1e-5)


def test_each_task_goes_through_its_own_set_and_none_through_the_plain_encoder(
    tiny: RunConfig, prepared: Prepared
) -> None:
    model = moved(build_model(config_of(tiny, ALL), prepared.vocabulary_size)).eval()
    batch = some(prepared, "sst")
    vectors = [model.vectors(batch.input_ids, batch.attention_mask, task) for task in ("sst", "quora", None)]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert (vectors[i] - vectors[j]).abs().max() > 1e-3
    plain = build_model(tiny, prepared.vocabulary_size).eval()
    assert torch.equal(plain.vectors(batch.input_ids, batch.attention_mask), vectors[2])


@for_each("task", ["sst", "sts"])
def test_gradients_stay_in_the_tasks_own_set(tiny: RunConfig, prepared: Prepared, task: str) -> None:
    model = moved(build_model(config_of(tiny, ALL), prepared.vocabulary_size))
    model(task, some(prepared, task)).square().sum().backward()
    for name, parameter in model.adapters.named_parameters():
        assert (parameter.grad is not None) == name.startswith(f"{task}.")
    assert all(p.grad.any() for name, p in model.adapters.named_parameters() if name.startswith(f"{task}."))


def test_another_adapter_leaves_the_first_as_it_was_drawn(tiny: RunConfig, prepared: Prepared) -> None:
    one, other = (
        build_model(config_of(tiny, adapters), prepared.vocabulary_size).state_dict()
        for adapters in ({"low_rank": {}}, {"low_rank": {}, "houlsby": {}, "lora": {}})
    )
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_tasks_are_drawn_apart(tiny: RunConfig, prepared: Prepared) -> None:
    state = build_model(config_of(tiny, {"low_rank": {}}), prepared.vocabulary_size).state_dict()
    drawn = [state[f"adapters.{task}.low_rank.encode.0.weight"] for task in ("sst", "quora", "sts")]
    assert not torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[1], drawn[2])


def trained(model: MultitaskModel) -> set[str]:
    return {name.split(".")[0] for name, p in model.named_parameters() if p.requires_grad}


@for_each(
    ("trainable", "parts"), [("all", {"encoder", "adapters", "heads"}), ("adapters_and_heads", {"adapters", "heads"})]
)
def test_trains_what_it_is_told(tiny: RunConfig, prepared: Prepared, trainable: str, parts: set[str]) -> None:
    assert trained(build_model(config_of(tiny, ALL, trainable), prepared.vocabulary_size)) == parts


def test_last_k_trains_adapters_of_all_layers(tiny: RunConfig, prepared: Prepared) -> None:
    config = config_of(tiny, ALL, multitask={"trainable": {"name": "last_k", "layers": 1}})
    model = build_model(config, prepared.vocabulary_size)
    assert all(p.requires_grad for p in model.adapters.parameters())
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen and all(name.startswith(("encoder.embeddings.", "encoder.layers.0.")) for name in frozen)


def test_a_frozen_encoder_has_no_dropout_with_adapters_in_it(tiny: RunConfig, prepared: Prepared) -> None:
    model = moved(build_model(config_of(tiny, ALL, "adapters_and_heads"), prepared.vocabulary_size)).train()
    batch = some(prepared, "sst")
    once, again = (model.vectors(batch.input_ids, batch.attention_mask, "sst") for _ in range(2))
    assert torch.equal(once, again) and once.requires_grad


def test_a_run_of_adapters_and_heads_changes_nothing_else(tiny: RunConfig, prepared: Prepared) -> None:
    config = config_of(tiny, ALL, "adapters_and_heads")
    before = build_model(config, prepared.vocabulary_size).state_dict()
    outcome = run(config, prepared, lambda _: True)
    changed = {name for name, tensor in outcome.model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert {name.split(".")[0] for name in changed} == {"adapters", "heads"}
    assert {tuple(name.split(".")[1:3]) for name in changed if name.startswith("adapters.")} == {
        (task, adapter) for task in ("sst", "quora", "sts") for adapter in ALL
    }
    assert outcome.epochs[-1].losses["sst"] < outcome.epochs[0].losses["sst"]


def outputs(model: MultitaskModel, prepared: Prepared) -> list[Tensor]:
    return [model(task, some(prepared, task)) for task in ("sst", "quora", "sts")]


def test_a_saved_model_comes_back_with_its_adapters(tiny: RunConfig, prepared: Prepared, tmp_path: Path) -> None:
    config = config_of(tiny, ALL, "adapters_and_heads")
    model = moved(build_model(config, prepared.vocabulary_size)).eval()
    checkpoint.save(model, config, Tokenizer.from_str(prepared.tokenizer_json), tmp_path / "model")
    loaded, again, _ = checkpoint.load(tmp_path / "model")
    assert again == config and again.digest() == config.digest()
    assert trained(loaded) == {"adapters", "heads"}
    pairs = zip(outputs(loaded, prepared), outputs(model, prepared), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_adapters_of_the_same_seed_train_to_the_same_bits(tiny: RunConfig, prepared: Prepared) -> None:
    config = config_of(tiny, {"pal": {"width": 12}, "top_layer": {}})
    one, other = (run(config, prepared, lambda _: False).model.state_dict() for _ in range(2))
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@for_each("names", [*([name] for name in ALL), ["low_rank", "top_layer"], ["houlsby", "lora", "pal"]])
def test_the_first_token_alone_is_what_all_tokens_give(tiny: RunConfig, prepared: Prepared, names: list[str]) -> None:
    config = config_of(tiny, [{"name": name, **ALL[name]} for name in names])
    model = moved(build_model(config, prepared.vocabulary_size)).eval()
    batch = some(prepared, "quora")
    adapter = model.adapters["quora"]
    found: list[tuple[Tensor, list[Tensor]]] = []
    for first_only in (False, True):
        model.zero_grad()
        states = model.encoder(batch.input_ids, batch.attention_mask, adapter, first_only=first_only)[:, 0]
        states.square().sum().backward()
        found.append((states, [p.grad.clone() for p in model.parameters() if p.grad is not None]))
    (whole, gradients), (first, of_first) = found
    torch.testing.assert_close(first, whole, rtol=1e-5, atol=1e-5)
    assert len(gradients) == len(of_first) > 10
    for one, other in zip(gradients, of_first, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-4, atol=1e-4)
