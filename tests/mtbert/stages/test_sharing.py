"""Runs that share stages through the store: the same bits as runs on their own, and nothing computed twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mtbert import components
from mtbert.config import RunConfig, parse
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel
from mtbert.run import RunOutcome, run
from mtbert.stage_store.keys import ChainKeys, chain_keys
from mtbert.stage_store.store import STATE, StageStore
from mtbert.stages.chain import Sharing
from mtbert.stages.multitask import EpochReport

ROOT = "root"


def with_multitask(config: RunConfig, **changes: Any) -> RunConfig:
    data = config.model_dump(mode="json")
    data["multitask"] |= changes
    return parse(data)


def without(config: RunConfig, *stages: str) -> RunConfig:
    return parse({**config.model_dump(mode="json"), **dict.fromkeys(stages)})


def keys_of(config: RunConfig, data: Prepared) -> ChainKeys:
    return chain_keys(config, ROOT, data.hashes)


def shared_run(
    config: RunConfig, data: Prepared, store: StageStore | None, *epochs: int, report: Any = None
) -> RunOutcome:
    """A run with the store, in which others want multitask's state after `epochs`."""
    keys = keys_of(config, data)
    wanted = frozenset(keys.multitask[epoch - 1] for epoch in epochs)
    return run(config, data, report or (lambda _: True), sharing=Sharing(keys, store, wanted))


def measures(outcome: RunOutcome) -> list[Any]:
    """Everything that is measured, epoch by epoch, to the bit."""

    def told(report: EpochReport) -> list[Any]:
        parts = [(e.score, e.leaderboard_score, dict(e.tasks)) for e in (report.search, report.train)]
        tasks = [(name, t.outputs.tobytes(), t.metrics) for _, _, found in parts for name, t in found.items()]
        return [report.epoch, report.losses, [part[:2] for part in parts], tasks]

    return [told(report) for report in outcome.epochs] + [outcome.best.epoch]


def same(one: RunOutcome, other: RunOutcome) -> bool:
    pairs = zip(one.model.state_dict().items(), other.model.state_dict().items(), strict=True)
    equal = all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)
    return equal and measures(one) == measures(other)


def executed(outcome: RunOutcome) -> list[str]:
    return [stage.name for stage in outcome.stages if not stage.shared]


@pytest.fixture(scope="module")
def config(two: RunConfig) -> RunConfig:
    """Multitask alone, with one batch of each task per epoch: what is stored between epochs is the subject."""
    return with_multitask(two, batch_size=8)


@pytest.fixture(scope="module")
def brief(brief: RunConfig) -> RunConfig:
    return with_multitask(brief, epochs=1)


def test_a_second_run_takes_from_the_store_what_it_shares_with_the_first(
    brief: RunConfig, data: Prepared, tmp_path: Path
) -> None:
    first, alone = shared_run(brief, data, StageStore(tmp_path)), run(brief, data, lambda _: True)
    assert same(first, alone) and first.shared_seconds == 0
    again = shared_run(brief, data, StageStore(tmp_path))
    assert same(again, alone) and executed(again) == ["multitask", "single_task"]
    assert again.shared_seconds > 0 and again.train_seconds < first.train_seconds + first.shared_seconds
    assert [(s.name, s.key, s.losses) for s in again.stages] == [(s.name, s.key, s.losses) for s in first.stages]
    assert [s.losses is not None for s in again.stages] == [True] * 4 + [False] * 2

    part = brief.model_dump(mode="json")
    part["fine_tune_first"]["optimizer"]["learning_rate"] = 1e-4
    other = parse(part)
    outcome = shared_run(other, data, StageStore(tmp_path))
    assert executed(outcome) == ["fine_tune_first", "multitask", "single_task"]
    assert same(outcome, run(other, data, lambda _: True))


def test_a_run_without_single_task_is_the_beginning_of_one_with_it(
    brief: RunConfig, data: Prepared, tmp_path: Path
) -> None:
    store, longer = StageStore(tmp_path), without(brief, "mlm", "simcse_supervised", "fine_tune_first")
    shared_run(without(longer, "single_task"), data, store, 1)
    outcome = shared_run(longer, data, store)
    assert executed(outcome) == ["single_task"] and same(outcome, run(longer, data, lambda _: True))


# What each sampler is tried together with; a sampler or a balancer that is not named here is tried on its own.
BESIDE: dict[str, dict[str, Any]] = {
    "annealed": {"optimizer": {"schedule": "cosine"}},
    "hybrid": {"regularizer": {"name": "smart", "bregman": True}},
    "joint": {"balancer": {"name": "gradnorm"}, "surgery": "pcgrad"},
    "proportional": {"balancer": {"name": "squared"}, "trainable": {"name": "heads"}},
    "round_robin_longest": {"balancer": {"name": "uncertainty"}, "trainable": {"name": "last_k", "layers": 1}},
    "round_robin_shortest": {"balancer": {"name": "score_adaptive"}, "accumulation": 2},
    "sequential": {
        "balancer": {"name": "dwa"},
        "optimizer": {"name": "adamw", "weight_decay": 0.01, "head_learning_rate": 0.01},
    },
    "square_root": {"balancer": {"name": "fixed"}},
    "uniform": {"balancer": {"name": "learned"}},
}
TRIED = {"sum", *(part["balancer"]["name"] for part in BESIDE.values() if "balancer" in part)}
WAYS = [
    *({"sampler": {"name": name}} | BESIDE.get(name, {}) for name in components.names("samplers")),
    *({"sampler": {"name": "joint"}, "balancer": {"name": n}} for n in components.names("balancers") if n not in TRIED),
    {"sampler": {"name": "sequential"}, "trainable": {"name": "heads"}, "best_epoch": "each_task"},
]


def name_of(way: dict[str, Any]) -> str:
    return "-".join(way[part]["name"] for part in ("sampler", "balancer") if part in way)


@pytest.mark.parametrize("way", WAYS, ids=name_of)
def test_a_longer_run_goes_on_to_the_bit_with_every_way_of_training(
    config: RunConfig, prepared: Prepared, tmp_path: Path, way: dict[str, Any]
) -> None:
    drawn = "steps" in components.settings("samplers", way["sampler"]["name"])
    sampler = way["sampler"] | ({"steps": 4} if drawn else {})
    goes_on(with_multitask(config, **way | {"sampler": sampler}), prepared, tmp_path)


def goes_on(config: RunConfig, data: Prepared, folder: Path) -> None:
    """A longer run after a shorter one, and the same without a store; only epochs that can be shared are.

    What a balancer remembers of the losses of two epochs shows in the fourth at the earliest, what hybrid's shared
    parameters remember in the third, all else in the second.
    """
    remembers = "memory" in vars(components.load("balancers", config.multitask.balancer.name))
    before, after = (2, 4) if remembers else (2, 3) if config.multitask.sampler.name == "hybrid" else (1, 2)
    short, long = (with_multitask(config, epochs=epochs) for epochs in (before, after))
    store = StageStore(folder)
    shared_run(short, data, store, before)
    outcome = shared_run(long, data, store)
    shares = keys_of(short, data).multitask == keys_of(long, data).multitask[:before]
    known = [stage for stage in outcome.stages if stage.shared and stage.name == "multitask"]
    assert [stage.key for stage in known] == ([keys_of(short, data).multitask[-1]] if shares else [])
    assert same(outcome, run(long, data, lambda _: True))


def test_pieces_have_a_row_each(config: RunConfig, prepared: Prepared, tmp_path: Path) -> None:
    config, store = with_multitask(config, epochs=4), StageStore(tmp_path)
    keys = keys_of(config, prepared).multitask
    outcome = shared_run(config, prepared, store, 1, 3)
    assert [(s.key, s.shared) for s in outcome.stages] == [(keys[e - 1], False) for e in (1, 3, 4)]
    again = shared_run(config, prepared, store)
    assert [(s.key, s.shared) for s in again.stages] == [(keys[0], True), (keys[2], True), (keys[3], False)]
    assert same(outcome, again)


def test_a_run_out_of_patience_is_found_by_a_longer_one(config: RunConfig, prepared: Prepared, tmp_path: Path) -> None:
    still = {"optimizer": {"learning_rate": 1e-30}, "patience": 1}
    short, long = (with_multitask(config, epochs=n, **still) for n in (3, 6))
    store = StageStore(tmp_path)
    assert len(shared_run(short, prepared, store, 3).epochs) == 2
    outcome = shared_run(long, prepared, store)
    assert executed(outcome) == [] and same(outcome, run(long, prepared, lambda _: True))


def test_a_run_that_was_stopped_goes_on_where_it_was(config: RunConfig, prepared: Prepared, tmp_path: Path) -> None:
    rates = {"learning_rate": 1e-3, "schedule": "cosine"}  # another in every step
    config, store = with_multitask(config, epochs=3, optimizer=rates), StageStore(tmp_path)
    sharing = Sharing(keys_of(config, prepared), store, keep_when_stopped=True)
    stopped = run(config, prepared, lambda report: report.epoch < 2, sharing=sharing)
    assert stopped.stopped and len(stopped.epochs) == 2
    seen: list[int] = []
    outcome = run(config, prepared, lambda report: not seen.append(report.epoch), sharing=sharing)
    assert seen == [1, 2, 3] and [s.shared for s in outcome.stages] == [True, False]
    assert same(outcome, run(config, prepared, lambda _: True))


def test_an_epoch_known_already_can_end_a_run(config: RunConfig, prepared: Prepared, tmp_path: Path) -> None:
    store = StageStore(tmp_path)
    shared_run(config, prepared, store, 2)
    outcome = shared_run(config, prepared, store, report=lambda report: False)
    assert outcome.stopped and measures(outcome) == measures(run(config, prepared, lambda _: False))


def test_a_damaged_entry_is_computed_again(brief: RunConfig, data: Prepared, tmp_path: Path) -> None:
    config = without(brief, "simcse_supervised", "fine_tune_first", "single_task")
    alone = shared_run(config, data, StageStore(tmp_path))
    last = keys_of(config, data).before[-1][1]
    path = tmp_path / last[:2] / last / STATE
    path.write_bytes(path.read_bytes()[:-8])
    again = shared_run(config, data, StageStore(tmp_path))
    assert executed(again) == ["simcse_unsupervised", "multitask"] and same(again, alone)
    assert StageStore(tmp_path).find(last) is not None


@pytest.mark.parametrize("trainable", [{"name": "all"}, {"name": "last_k", "layers": 1}, {"name": "heads"}])
def test_encoders_of_their_own_go_on_from_the_store_to_the_bit(
    brief: RunConfig, data: Prepared, tmp_path: Path, trainable: dict[str, Any]
) -> None:
    # What last_k leaves frozen of a further task's encoder is what mlm and SimCSE taught the first one.
    parts = without(brief, "simcse_supervised", "fine_tune_first").model_dump(mode="json")
    config = with_multitask(parse({**parts, "encoder": {"shared": False}}), trainable=trainable, epochs=2)
    alone, store = run(config, data, lambda _: True), StageStore(tmp_path)
    shared_run(without(with_multitask(config, epochs=1), "single_task"), data, store, 1)
    again = shared_run(config, data, store)
    assert [(stage.name, stage.shared) for stage in again.stages if stage.name != "features"] == [
        ("mlm", True),
        ("simcse_unsupervised", True),
        ("multitask", True),
        ("multitask", False),
        ("single_task", False),
    ]
    assert same(again, alone)


def test_with_a_pretraining_seed_seeds_share_what_comes_before_multitask(
    brief: RunConfig, data: Prepared, tmp_path: Path
) -> None:
    parts = without(brief, "mlm", "simcse_supervised").model_dump(mode="json")
    one, two = (parse({**parts, "pretraining_seed": 3, "pooling": "attention", "seed": seed}) for seed in (1, 2))
    store = StageStore(tmp_path)
    first, second = shared_run(one, data, store), shared_run(two, data, store)
    assert executed(second) == ["multitask", "single_task"] and measures(first) != measures(second)
    assert same(second, run(two, data, lambda _: True))


def test_what_is_frozen_is_computed_once_for_all_runs(
    tiny: RunConfig, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = with_multitask(tiny, trainable={"name": "heads"})
    other = with_multitask(one, optimizer={"learning_rate": 1e-2})
    alone = run(other, prepared, lambda _: True)
    store = StageStore(tmp_path)
    shared_run(one, prepared, store)
    size = store.size()
    assert size > 0 and store.keys() == []

    def never(*_: object) -> None:
        raise AssertionError("the encoder was asked again")

    monkeypatch.setattr(MultitaskModel, "below", never)
    assert same(shared_run(other, prepared, store), alone)
    assert StageStore(tmp_path, limit_bytes=size - 1).size() == size
    StageStore(tmp_path, limit_bytes=size - 1).make_room()
    assert 0 < store.size() < size
