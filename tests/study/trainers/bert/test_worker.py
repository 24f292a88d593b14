"""A worker's half of a run: what it does where the memory of a GPU does not do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mtbert.config import RunConfig, parse
from mtbert.data.load import load_corpus
from mtbert.data.prepared import save_prepared
from mtbert.run import prepare_data, run
from study.messages import EpochDone, Job, RunDone, RunFailed
from study.trainers.bert import worker

SMALL: dict[str, Any] = {
    "backbone": "tiny",
    "data": {"train_examples": 8, "dev_examples": 4, "max_tokens": 16},
    "multitask": {"epochs": 2, "batch_size": 4},
}


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., Job]:
    def made(**over: Any) -> Job:
        config = parse({**SMALL, **over})
        save_prepared(prepare_data(config, load_corpus("demo", tuple(config.tasks))), tmp_path / "prepared")
        return Job(1, "train", config.model_dump(mode="json"), tmp_path / "prepared")

    return made


def short_of_memory(monkeypatch: pytest.MonkeyPatch, above: int) -> list[int]:
    """A GPU that holds batches up to `above`; the batch sizes that were tried."""
    tried: list[int] = []

    def fails(config: RunConfig, data: Any, report: Any, *others: Any, **more: Any) -> Any:
        tried.append(config.multitask.batch_size)
        if config.multitask.batch_size <= above:
            return run(config, data, report, *others, **more)

        def after_one(epoch: Any) -> bool:
            report(epoch)
            raise torch.OutOfMemoryError("CUDA out of memory")

        return run(config, data, after_one, *others, **more)

    monkeypatch.setattr(worker, "run", fails)
    return tried


def test_what_a_gpu_cannot_hold_is_done_with_half_the_batch(
    job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, told = short_of_memory(monkeypatch, above=2), list[int]()

    def go_on(epoch: EpochDone) -> bool:
        told.append(epoch.epoch)
        return True

    done = worker.run_job(job(), go_on)
    assert isinstance(done, RunDone) and tried == [4, 2]
    assert done.note is not None and "batch 2 with accumulation 2" in done.note
    assert told == [1, 2]  # the first epoch is told once


def test_it_is_tried_once_and_then_out_of_memory(job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    tried = short_of_memory(monkeypatch, above=0)
    failed = worker.run_job(job(), lambda _: True)
    assert isinstance(failed, RunFailed) and failed.reason == "out_of_memory" and tried == [4, 2]


def test_a_batch_of_one_example_cannot_be_halved() -> None:
    assert worker.halved(parse({**SMALL, "multitask": {"batch_size": 1}})) is None
    own = worker.halved(parse({**SMALL, "tasks": {"sst": {"head": "linear", "batch_size": 6}}}))
    assert own is not None and own.tasks["sst"].batch_size == 3


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_out_of_memory_a_gpu_does_the_run_with_half_the_batch(
    job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(config: RunConfig, data: Any, report: Any, *others: Any, **more: Any) -> Any:
        def after_one(epoch: Any) -> bool:
            report(epoch)
            if config.multitask.batch_size == 4:
                torch.empty(2**50, dtype=torch.uint8, device="cuda")  # CUDA's own error
            return True

        return run(config, data, after_one, *others, **more)

    monkeypatch.setattr(worker, "run", fails)
    done = worker.run_job(replace(job(), device="cuda:0"), lambda _: True)
    assert isinstance(done, RunDone), done
    assert done.note is not None and "batch 2 with accumulation 2" in done.note


def test_a_run_of_the_search_never_reads_the_examples_that_decide(job: Callable[..., Job]) -> None:
    whole = job()
    searched, decided = (worker.run_job(replace(whole, kind=kind), lambda _: True) for kind in ("search", "train"))
    assert isinstance(searched, RunDone) and isinstance(decided, RunDone)
    assert {split for split, *_ in searched.metrics} == {"search"} and not searched.outputs
    assert searched.score == searched.metrics["search", "", "score"] == decided.metrics["search", "", "score"]
    assert decided.score == decided.metrics["dev", "", "score"] != searched.score
    assert {split for split, *_ in decided.metrics} == {"search", "dev", "train"}
    assert {split for split, _ in decided.outputs} == {"dev"} and decided.eval_seconds > 0
