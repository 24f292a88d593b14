"""Several objectives: their directions, their values from an event and from the database, fronts, and the search."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
from optuna.samplers import RandomSampler
from optuna.trial import TrialState
from sqlite import migrated

from search_spaces import Space
from study.messages import Job, RunDone
from study.search import samplers
from study.search.objectives import by_front, check, directions, of_event
from study.search.optuna_search import STARTUP_TRIALS, Search
from study.settings import SettingsError
from study.trainers.rehearsal.response_surface import plant
from study.trainers.rehearsal.worker import facts, run_job

NAMES = ("score", "trainable_parameters")


def search(tmp_path: Path, space: Space, **change: object) -> Search:
    file = tmp_path / "s.db"
    url = f"sqlite:///{file}" if file.exists() else migrated(tmp_path, file.name, optunas=True)
    arguments = {
        "storage": url, "name": "s", "space": space, "seed": 0, "sampler": "nsga2",
        "pruner": "median", "known": (), "objectives": NAMES,
    }  # fmt: skip
    return Search(**{**arguments, **change})  # type: ignore[arg-type]


def test_costs_are_to_be_small_and_metrics_large() -> None:
    assert directions(["score", "inference_ms", "sts_pearson"]) == ["maximize", "minimize", "maximize"]


@pytest.mark.parametrize("names", [("speed",), (), ("score", "score")])
def test_what_cannot_be_optimized_is_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="--objectives takes each of"):
        check(names, ("sst",))


def test_a_metric_of_a_task_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingsError, match="needs the task sts"):
        check(("score", "sts_pearson"), ("sst", "quora"))


def test_values_are_read_from_a_run(space: Space) -> None:
    told = facts(plant(space, ("sst", "quora", "sts"), 0), seed=0, epochs=1, examples=50, faults={})
    job = Job(1, "search", {"choices": space.baseline()}, Path("/nowhere"), facts=told)
    done = run_job(job, lambda _: True)
    assert isinstance(done, RunDone)
    values = of_event(("score", "trainable_parameters", "train_seconds", "sst_accuracy", "inference_ms"), done)
    metrics = done.metrics
    assert values[:3] == [done.score, done.trainable_parameters, done.train_seconds]
    assert values[3:] == [metrics["search", "sst", "accuracy"], done.inference_ms]
    assert math.isnan(of_event(("quora_accuracy",), dataclasses.replace(done, metrics={}))[0])


def test_fronts_by_hand() -> None:
    points = [(0.9, 10.0), (0.8, 5.0), (0.8, 10.0), (0.7, 9.0), (float("nan"), 1.0)]
    assert by_front(points, NAMES) == [0, 0, 1, 1, 2]


def test_optuna_hears_all_values_and_a_resumed_search_just_goes_on(
    tmp_path: Path, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    def go_on(searched: Search, count: int) -> list[dict[str, object]]:
        found = []
        for _ in range(count):
            proposal = searched.ask()
            searched.note(proposal.number, {})
            searched.tell(proposal.number, [0.1 * proposal.number, 100.0 - proposal.number], TrialState.COMPLETE)
            found.append(dict(proposal.choices))
        searched.close()
        return found

    monkeypatch.setattr(samplers, "POPULATION", 6)
    whole = go_on(search(tmp_path, space), 9)  # more than a generation
    parts = [c for _ in range(3) for c in go_on(search(tmp_path, space, name="in parts"), 3)]
    assert parts == whole
    again = search(tmp_path, space)
    trials = again._mirror.trials()
    assert trials[3].values == [pytest.approx(0.3), 97.0]
    assert again._mirror.study(RandomSampler()).directions == [1 + 1, 1]  # maximize, minimize
    again.close()


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_run_below_the_median_score_is_stopped(tmp_path: Path, space: Space, sampler: str) -> None:
    searched = search(tmp_path, space, sampler=sampler)
    for i in range(STARTUP_TRIALS):
        number = searched.ask().number
        searched.note(number, {})
        assert not any(searched.stop_early(number, epoch, 0.5 + 0.01 * i) for epoch in (1, 2))
        searched.tell(number, [0.5 + 0.01 * i, 1.0], TrialState.COMPLETE)
    number = searched.ask().number
    searched.note(number, {})
    assert searched.stop_early(number, 1, 0.3)
    searched.tell(number, None, TrialState.PRUNED)
    number = searched.ask().number
    searched.note(number, {})
    assert not searched.stop_early(number, 1, 0.9) and not searched.stop_early(number, 2, 0.1)  # its best counts
    searched.close()


def test_a_grid_tries_every_configuration_in_order_and_ends(tmp_path: Path, space: Space) -> None:
    known = list(space.grid())[:4]
    searched = search(tmp_path, space, sampler="grid", known=known, objectives=("score",), pruner="none")
    found = []
    while not searched.exhausted():
        proposal = searched.ask()
        searched.note(proposal.number, {})
        searched.tell(proposal.number, [0.5], TrialState.COMPLETE)
        found.append(dict(proposal.choices))
    assert found == known
    searched.close()
