"""Keys: equal where a stage computes the same, different where it may not."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from cases import for_each

from mtbert.config import RunConfig, parse
from mtbert.stage_store import keys
from mtbert.stage_store.keys import ChainKeys, chain_keys, root_key

STAGES: dict[str, Any] = {
    "backbone": "tiny",
    "mlm": {"corpora": "in_domain", "epochs": 1},
    "simcse_unsupervised": {},
    "simcse_supervised": {},
    "fine_tune_first": {"task": "quora"},
    "single_task": {},
}
ORDER = ["mlm", "simcse_unsupervised", "simcse_supervised", "fine_tune_first", "multitask", "single_task"]
HASHES: dict[str, str] = defaultdict(lambda: "same")


def config_with(**changes: Any) -> RunConfig:
    """The configuration above with values at dotted paths, dots written as __."""
    data = parse(STAGES).model_dump(mode="json")
    for path, value in changes.items():
        part, *names = data, *path.split("__")
        for name in names[:-1]:
            part = part[name]
        part[names[-1]] = value
    return parse(data)


def keys_of(config: RunConfig, hashes: dict[str, str] = HASHES, root: str = "root") -> ChainKeys:
    return chain_keys(config, root, hashes)


def first_difference(config: RunConfig, **other: Any) -> str | None:
    """The first stage whose key changes; every later one must change too."""
    one, two = keys_of(config_with()), keys_of(config, **other)
    pairs = [(name, a, b) for (name, a), (_, b) in zip(one.before, two.before, strict=True)]
    pairs += [("multitask", one.multitask[-1], two.multitask[-1]), ("single_task", str(one.after), str(two.after))]
    changed = [a != b for _, a, b in pairs]
    assert changed == sorted(changed)
    return next((name for name, a, b in pairs if a != b), None)


@for_each(
    ("changes", "stage"),
    [
        ({}, None),
        ({"seed": 1}, "mlm"),
        ({"encoder__layers": 1}, "mlm"),
        ({"precision": "bfloat16"}, "mlm"),
        ({"compiled": True}, "mlm"),
        ({"encoder__hidden_dropout": 0.2}, "mlm"),
        ({"mlm__epochs": 2}, "mlm"),
        ({"pooling": "mean"}, "simcse_unsupervised"),
        ({"simcse_unsupervised__temperature": 0.1}, "simcse_unsupervised"),
        ({"simcse_supervised__alpha": 2.0}, "simcse_supervised"),
        ({"fine_tune_first__epochs": 1}, "fine_tune_first"),
        ({"tasks__quora__head": {"name": "concat_absdiff"}}, "fine_tune_first"),
        ({"tasks__sts__head": {"name": "cosine"}}, "multitask"),
        ({"adapters": ["low_rank"]}, "fine_tune_first"),
        ({"head_dropout": 0.3}, "fine_tune_first"),
        ({"multitask__batch_size": 16}, "multitask"),
        ({"multitask__patience": 2}, "multitask"),
        ({"multitask__sampler": {"name": "joint"}}, "multitask"),
        ({"single_task__epochs": 1}, "single_task"),
    ],
)
def test_a_change_reaches_the_stages_that_read_it_and_those_after(changes: dict[str, Any], stage: str | None) -> None:
    assert first_difference(config_with(**changes)) == stage


@for_each(
    ("source", "stage"),
    [
        ("texts.in_domain", "mlm"),
        ("texts.tasks", "simcse_unsupervised"),
        ("texts.nli.hard_neg", "simcse_supervised"),
        ("quora.train", "fine_tune_first"),
        ("sst.search", "multitask"),
        ("sst.dev", None),
        ("sst.test", None),
        ("tokenizer", "mlm"),
    ],
)
def test_other_data_reaches_the_stages_that_read_it(source: str, stage: str | None) -> None:
    hashes = defaultdict(lambda: "same", {source: "other"})
    assert first_difference(config_with(), hashes=hashes) == stage


def test_another_backbone_machine_or_number_of_threads_changes_everything() -> None:
    root = root_key("tiny", device="cpu", threads=1)
    others = [
        root_key("bilstm", device="cpu", threads=1),
        root_key("tiny", device="cpu", threads=2),
        root_key("tiny", device="cuda:0", threads=1),
    ]
    assert len({root, *others}) == 4 and root_key("tiny", device="cpu", threads=1) == root
    assert root_key("tiny", device="cuda:1", threads=4) == others[2]


def test_a_longer_run_begins_as_a_shorter_one_where_no_epoch_depends_on_the_total() -> None:
    short, long = keys_of(config_with(multitask__epochs=2)), keys_of(config_with(multitask__epochs=5))
    assert long.multitask[:2] == short.multitask and len(set(long.multitask)) == 5


@for_each(
    "changes",
    [
        {"multitask__optimizer__schedule": "cosine"},
        {"multitask__optimizer__schedule": "linear_warmup"},
        {"multitask__sampler": {"name": "annealed"}},
    ],
)
def test_it_does_not_where_an_epoch_depends_on_the_total(changes: dict[str, Any]) -> None:
    short, long = (keys_of(config_with(multitask__epochs=n, **changes)) for n in (2, 5))
    assert not set(short.multitask) & set(long.multitask)


def test_with_a_pretraining_seed_all_seeds_share_the_stages_before_multitask() -> None:
    one, two = (keys_of(config_with(pretraining_seed=7, seed=seed)) for seed in (1, 2))
    assert one.before == two.before and one.multitask != two.multitask
    other = keys_of(config_with(pretraining_seed=8, seed=1))
    assert not set(other.all()) & set(one.all())


def test_the_order_of_stages_is_that_of_a_run() -> None:
    found = keys_of(config_with())
    assert [name for name, _ in found.before] == ORDER[:4] and found.after is not None
    assert len(set(found.all())) == len(found.all()) == 4 + 3 + 1


def test_a_changed_file_is_another_backbone(tmp_path: Any) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "model.safetensors").write_bytes(b"one")
    before = keys.backbone_identity(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"other")
    assert keys.backbone_identity(str(tmp_path)) != before
