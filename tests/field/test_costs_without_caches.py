"""Costs are those of a run on its own: what a cache served is told and counted, and inference goes through the encoder.

A clock that only passes of an encoder move makes every second exact.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sqlite import migrated
from torch.nn.modules.module import register_module_forward_hook

from mtbert.config import RunConfig, parse
from mtbert.data.load import load_corpus
from mtbert.data.prepared import save_prepared
from mtbert.data.tokenize import Prepared
from mtbert.device import forget_peak, peak_memory_bytes
from mtbert.encoder.embeddings import BertEmbeddings
from mtbert.run import RunOutcome, prepare_data, run
from mtbert.stage_store.keys import chain_keys
from mtbert.stage_store.store import StageStore
from mtbert.stages.chain import FEATURES, Sharing
from mtbert.training import feature_store, inference_time
from results.database.database import open_database
from results.database.rows import NewRun, RunResult, StageRow, StudyRow
from results.report.sections.fronts import costs_caveat
from study.messages import Job, RunDone
from study.search.objectives import of_event
from study.trainers.bert import worker
from study.trainers.bert.timing import Costs, Frozen, kind_of
from study.trainers.bert.workload import DECIDING, workload

pytestmark = pytest.mark.slow  # each test trains

TINY: dict[str, Any] = {
    "backbone": "tiny",
    "encoder": {"layers": 2},
    "data": {"train_examples": 8, "dev_examples": 6, "max_tokens": 16},
    "tasks": {name: part.model_dump(mode="json") for name, part in RunConfig().tasks.items() if name != "quora"},
}
WAYS: dict[str, dict[str, Any]] = {
    "heads alone": {"trainable": {"name": "heads"}},
    "heads and pooling": {"trainable": {"name": "heads"}},
    "last layer": {"trainable": {"name": "last_k", "layers": 1}},
    "fine-tuned": {"trainable": {"name": "all"}},
}
POOLINGS = {"heads and pooling": "attention"}


def config_of(way: str, epochs: int = 2) -> RunConfig:
    multitask = {"epochs": epochs, "batch_size": 4, **WAYS[way]}
    return parse({**TINY, "pooling": POOLINGS.get(way, "mean"), "multitask": multitask})


@pytest.fixture(scope="module")
def data() -> Prepared:
    return prepare_data(config_of("fine-tuned"), load_corpus("demo", ("sst", "sts")))


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A clock: a second passes with every pass of sentences through the embeddings."""
    clock = SimpleNamespace(now=0.0)

    def tick(module: object, *_: object) -> None:
        clock.now += isinstance(module, BertEmbeddings)

    handle = register_module_forward_hook(tick)
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    yield clock
    handle.remove()


def shared_run(config: RunConfig, data: Prepared, folder: Path, *wanted: int) -> RunOutcome:
    keys = chain_keys(config, "root", data.hashes)
    epochs = frozenset(keys.multitask[epoch - 1] for epoch in wanted)
    return run(config, data, lambda _: True, sharing=Sharing(keys, StageStore(folder), epochs))


def alone(outcome: RunOutcome) -> float:
    return outcome.train_seconds + outcome.shared_train_seconds


@pytest.mark.parametrize("way", WAYS)
def test_the_training_time_of_a_run_is_the_same_whatever_a_cache_had(
    way: str, data: Prepared, passes: SimpleNamespace, tmp_path: Path
) -> None:
    config = config_of(way)
    without, first, again = run(config, data, lambda _: True), *(shared_run(config, data, tmp_path) for _ in range(2))
    assert alone(without) == alone(first) == alone(again) > 0
    total = [o.train_seconds + o.eval_seconds + o.shared_seconds for o in (without, first, again)]
    assert total[0] == total[1] == total[2]
    if way == "fine-tuned":
        assert again.shared_train_seconds == 0 and not [s for s in again.stages if s.name == FEATURES]
    else:  # what was taken from the cache is told: no second of this run went through the encoder's frozen part
        told = [stage for stage in again.stages if stage.name == FEATURES]
        assert all(stage.shared for stage in told) and again.shared_train_seconds == alone(without)
        assert sum(stage.seconds for stage in told) == again.shared_seconds > again.shared_train_seconds


@pytest.mark.parametrize("way", ["heads alone", "fine-tuned"])
def test_epochs_from_the_stage_store_count_with_the_features_that_they_read(
    way: str, data: Prepared, passes: SimpleNamespace, tmp_path: Path
) -> None:
    long = config_of(way, epochs=3)
    shared_run(config_of(way, epochs=1), data, tmp_path, 1)
    assert alone(shared_run(long, data, tmp_path)) == alone(run(long, data, lambda _: True))


@pytest.mark.parametrize("way", WAYS)
def test_inference_goes_through_the_encoder(way: str, data: Prepared, passes: SimpleNamespace, tmp_path: Path) -> None:
    save_prepared(data, tmp_path / "prepared")
    job = Job(1, "train", config_of(way).model_dump(mode="json"), tmp_path / "prepared")
    done = worker.run_job(job, lambda _: True)
    assert isinstance(done, RunDone)
    # One batch a task, a pass each: a second for the six dev examples of a task.
    assert done.inference_ms == pytest.approx(1000 / 6)


def test_inference_is_measured_on_the_same_few_examples_a_few_times(data: Prepared, passes: SimpleNamespace) -> None:
    outcome = run(config_of("heads alone", epochs=1), data, lambda _: True)
    many = data.splits["sst", "train"].take(np.arange(100) % 8)
    sampled = inference_time.sample(many)
    assert len(sampled) == inference_time.EXAMPLES and sampled.ids == inference_time.sample(many).ids
    before = passes.now
    inference_time.inference_ms(outcome.model, data)
    # After one that warms up no more repeats than are needed where they take their time: these take seconds.
    assert passes.now - before == 2 * (1 + inference_time.LEAST_REPEATS)


def test_the_peak_is_of_this_run_or_of_that_which_computed_what_it_read(
    data: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = np.ones(300_000_000, dtype=np.uint8)
    held = peak_memory_bytes("cpu")
    del large
    forget_peak("cpu")
    assert peak_memory_bytes("cpu") < held - 200_000_000  # what a process did before is no part of the run

    much = 10**15
    with monkeypatch.context() as patched:
        patched.setattr(feature_store, "peak_memory_bytes", lambda _: much)
        shared_run(config_of("heads alone"), data, tmp_path)
    assert shared_run(config_of("heads alone"), data, tmp_path).peak_memory_bytes == much
    assert shared_run(config_of("fine-tuned"), data, tmp_path).peak_memory_bytes < much


def test_a_search_that_optimizes_training_time_is_told_the_time_alone() -> None:
    done = RunDone(
        run_id=1, stopped=False, best_epoch=1, score=0.5, leaderboard_score=0.5, metrics={}, outputs={},
        train_seconds=1.0, eval_seconds=1.0, shared_seconds=9.0, shared_train_seconds=7.0, trainable_parameters=3,
        total_parameters=3, peak_memory_bytes=1, stages=(), inference_ms=2.0,
    )  # fmt: skip
    assert of_event(("score", "train_seconds", "inference_ms"), done) == [0.5, 8.0, 2.0]


def test_a_plan_counts_features_once_and_epochs_above_them(data: Prepared) -> None:
    config = config_of("heads alone", epochs=5)
    costs = Costs({kind_of(config): 0.01}, {}, 9.0, 1.0, 1, {kind_of(config): Frozen(features=2.0, evaluated=0.001)})
    stages, examples = workload(config, data), 2 * (8 + 3 + 6)  # train, search and dev of two tasks
    work, deciding = stages["multitask"], stages[DECIDING]
    assert costs.seconds(config, data) == pytest.approx(
        1.0 + 2.0 * examples + 0.01 * work.trained + 0.001 * (work.evaluated + deciding.evaluated)
    )


STUDY = StudyRow(
    study_name="s", space="x", goal="g", command="c", data_source="demo", data_made_up=True, data_fingerprint="f",
    backbone="tiny", seed=0, data_json={}, settings_json={}, space_json={}, decisions_json={},
)  # fmt: skip


def started(database: Any, seed: int) -> int:
    new = NewRun(
        study_name="s", phase="search", config_digest="d", config_json={}, choices_json={}, seed=seed, host="h"
    )
    run_id: int = database.runs.start(new)
    return run_id


def test_a_run_that_had_paused_counts_its_features_once(tmp_path: Path) -> None:
    """Its first half computed some of them and read others; the second reads all of them, from the store."""
    with open_database(migrated(tmp_path)) as database:
        database.studies.create(STUDY)
        run_id = started(database, 0)
        own, others = StageRow(FEATURES, "a", 5.0, False, None, 5.0), StageRow(FEATURES, "b", 3.0, True, None, 3.0)
        first = StageRow("multitask", "m", 2.0, False, None, 1.0)
        seconds = {"train_seconds": 6.0, "eval_seconds": 1.0, "shared_seconds": 3.0, "shared_train_seconds": 3.0}
        database.runs.finish(run_id, RunResult(status="pruned", stages=(own, others, first), **seconds))
        database.runs.resume(run_id)
        known = [replace(stage, shared=True) for stage in (own, others, first)]
        new = StageRow(FEATURES, "c", 4.0, True, None, 4.0), StageRow("multitask", "n", 2.0, False, None, 1.0)
        seconds = {"train_seconds": 1.0, "eval_seconds": 1.0, "shared_seconds": 14.0, "shared_train_seconds": 13.0}
        database.runs.finish(run_id, RunResult(status="complete", stages=(*known, *new), **seconds))
        row = database.runs.find(run_id)
        assert row is not None and row.shared_seconds == 7.0 and row.own_train_seconds() == 7.0 + 7.0


def test_rows_of_an_earlier_release_keep_their_numbers_and_the_report_says_so(tmp_path: Path) -> None:
    with open_database(migrated(tmp_path)) as database:
        database.studies.create(STUDY)
        for seed, spared in enumerate((None, 2.0, 2.0)):
            result = RunResult(
                status="complete", score=0.5, train_seconds=1.0, shared_seconds=2.0, inference_ms=0.09,
                shared_train_seconds=spared,
            )  # fmt: skip
            database.runs.finish(started(database, seed), result)
        runs = database.runs.of_study("s")
        assert [run.costs_from_caches for run in runs] == [True, False, False]
        assert runs[0].inference_ms == 0.09 and runs[0].own_train_seconds() == 3.0
        told = costs_caveat(runs)
        assert told is not None and told.startswith("1 of 3 runs were measured by an earlier release")
        assert costs_caveat(runs[1:]) is None
        whole = costs_caveat(runs[:1])
        assert whole is not None and whole.startswith("All runs were measured by an earlier release")
