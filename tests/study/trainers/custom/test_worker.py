"""Anyone's model: what a function may return, and what a study makes of it."""

from __future__ import annotations

import math
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from study.messages import EpochDone, Job, RunDone, RunFailed
from study.resolve import resolve
from study.settings import SettingsError
from study.trainers.custom.trainer import CustomTrainer
from study.trainers.custom.worker import run_job

MODULE = "a_model_of_mine"


def good(configuration: Any, seed: int, report: Any) -> Any:
    right = np.array([True, False, True, seed > 0])
    report(1, 0.5)
    return {
        "scores": {"t": right.mean()},
        "examples": {"t": right},
        "metrics": {"t": {"f1": 0.25}},
        "costs": {"trainable_parameters": configuration["width"]},
    }


def stops(configuration: Any, seed: int, report: Any) -> Any:
    for epoch in range(1, report.epochs + 1):
        if not report(epoch, epoch / 10):
            break
    return {"scores": {"t": epoch / 10}}


def not_a_number(configuration: Any, seed: int, report: Any) -> Any:
    return {"scores": {"t": math.nan}}


def number(configuration: Any, seed: int, report: Any) -> Any:
    return 0.5


def stranger(configuration: Any, seed: int, report: Any) -> Any:
    return {"scores": {"t": 0.5}, "score": 1}


def table(configuration: Any, seed: int, report: Any) -> Any:
    return {"scores": {"t": 0.5}, "examples": {"t": np.zeros((2, 2))}}


def backwards(configuration: Any, seed: int, report: Any) -> Any:
    report(2, 0.1)
    report(1, 0.1)


def raises(configuration: Any, seed: int, report: Any) -> Any:
    raise KeyError("width")


def hungry(configuration: Any, seed: int, report: Any) -> Any:
    raise MemoryError


def run(function: Any, seed: int = 1, stop_at: int = 99) -> Any:
    facts = {"function": f"{MODULE}:{function.__name__}", "epochs": 3, "data": "d"}
    config = {"choices": {"width": "w8"}, "set": {"width": 8}}

    def go_on(epoch: EpochDone) -> bool:
        return epoch.epoch < stop_at

    return run_job(Job(1, "train", config, Path("/nowhere"), seed=seed, facts=facts), go_on)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """This file is a module of its own name, as a user's file on the path is."""
    monkeypatch.setitem(sys.modules, MODULE, types.SimpleNamespace(**globals()))


def test_scores_examples_metrics_and_costs_become_a_run() -> None:
    done = run(good)
    assert isinstance(done, RunDone) and done.score == 0.75 and not done.stopped
    assert done.metrics["dev", "t", "score"] == 0.75 and done.metrics["dev", "t", "f1"] == 0.25
    assert done.outputs["dev", "t"].predictions.tolist() == [1, 0, 1, 1]
    assert done.trainable_parameters == 8
    assert run(good, seed=0).score == 0.5


def test_a_run_that_is_told_to_stop_says_so() -> None:
    assert run(stops, stop_at=2).stopped and run(stops, stop_at=2).score == 0.2
    assert not run(stops).stopped


@pytest.mark.parametrize(
    ("function", "reason", "told"),
    [
        (not_a_number, "nan_loss", "not a finite number"),
        (number, "error", "must return"),
        (stranger, "error", "returned 'score'"),
        (table, "error", "examples['t']"),
        (backwards, "error", "count up from 1"),
        (raises, "error", "KeyError: 'width'"),
        (hungry, "out_of_memory", "MemoryError"),
    ],
)
def test_what_goes_wrong_has_a_reason(function: Any, reason: str, told: str) -> None:
    failed = run(function)
    assert isinstance(failed, RunFailed) and failed.reason == reason and told in failed.detail


@pytest.mark.parametrize("name", ["nowhere:f", "json:nothing", "json", ":f"])
def test_a_function_that_is_not_there_is_refused_before_anything_is_written(name: str) -> None:
    with pytest.raises(SettingsError, match=name.split(":")[0] or "names no function"):
        CustomTrainer(resolve({"trainer": name, "space": "pooling"}, None))
