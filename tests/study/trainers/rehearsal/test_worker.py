"""The rehearsal: what is planted is found again, the same job gives the same numbers, faults come as asked."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import search_spaces
from search_spaces import Space
from study.messages import EpochDone, EvaluationDone, Job, RunDone, RunFailed
from study.resolve import resolve
from study.settings import REHEARSAL, SettingsError
from study.trainers.rehearsal.response_surface import Surface, plant
from study.trainers.rehearsal.trainer import OPTIONS, Rehearsal, rehearsal_options
from study.trainers.rehearsal.worker import SEED_NOISE, facts, run_job

TASKS = ("sst", "quora", "sts")


def job(space: Space, choices: dict[str, Any], seed: int = 0, **changed: Any) -> Job:
    surface = plant(space, TASKS, 0)
    told = facts(surface, seed=0, epochs=3, examples=changed.pop("examples", 400), faults=changed.pop("faults", {}))
    return Job(1, changed.pop("kind", "train"), {"choices": choices}, Path("/nowhere"), seed=seed, facts=told)


def go_on(_: EpochDone) -> bool:
    return True


def test_another_factor_leaves_the_effects_of_the_others_as_they_are(space: Space) -> None:
    whole = plant(space, TASKS, 0)
    fewer = plant(replace(space, factors=space.factors[1:], recipes=()), TASKS, 0)
    assert {k: whole.levels[k] for k in fewer.levels} == fewer.levels and fewer.levels
    assert plant(space, TASKS, 1).levels != whole.levels


def test_the_baseline_has_no_effect_and_some_factors_have_none() -> None:
    space = search_spaces.load("full_ablation")
    surface = plant(space, TASKS, 0)
    base = {name: choice for name, choice in space.baseline().items() if name in surface.levels}
    assert surface.expected(base) == pytest.approx(surface.base)
    silent = surface.null_factors()
    assert 5 <= len(silent) < len(surface.levels) + len(surface.ranges)
    for name in silent:
        for level in surface.levels.get(name, {}):
            assert surface.score({**base, name: level}) == pytest.approx(surface.score(base))
    one, its, other, others, effect = surface.interaction or pytest.fail("no interaction planted")
    alone = surface.score({**base, one: its}) + surface.score({**base, other: others}) - surface.score(base)
    assert surface.score({**base, one: its, other: others}) == pytest.approx(alone + effect)


def test_a_surface_travels_as_json(space: Space) -> None:
    surface = plant(space, TASKS, 3)
    assert Surface.read(json.loads(json.dumps(asdict(surface)))) == surface


def test_scores_scatter_around_the_planted_one(space: Space) -> None:
    choices = space.baseline()
    expected = plant(space, TASKS, 0).score(choices)
    found = [run_job(job(space, choices, seed, examples=4000), go_on) for seed in range(60)]
    scores = np.array([run.score for run in found if isinstance(run, RunDone)])
    assert len(scores) == 60
    # 4,000 examples shared by all seeds: their part of the deviation is common, about 0.5 points.
    assert abs(scores.mean() - expected) < 0.015
    assert 0.6 * SEED_NOISE < scores.std() < 1.6 * SEED_NOISE


def test_the_same_job_gives_the_same_numbers_and_another_seed_others(space: Space) -> None:
    first, again, other = (run_job(job(space, space.baseline(), seed), go_on) for seed in (0, 0, 1))
    assert isinstance(first, RunDone) and isinstance(again, RunDone) and isinstance(other, RunDone)
    assert first.metrics == again.metrics != other.metrics
    key = ("dev", "sst")
    assert (first.outputs[key].predictions == again.outputs[key].predictions).all()
    assert (first.outputs[key].labels == other.outputs[key].labels).all()  # the examples are the same


def test_it_stops_at_the_drivers_word_and_measures_test_apart(space: Space) -> None:
    stopped = run_job(job(space, space.baseline()), lambda epoch: epoch.epoch < 2)
    assert isinstance(stopped, RunDone) and stopped.stopped and stopped.best_epoch == 2
    whole = run_job(job(space, space.baseline()), go_on)
    assert isinstance(whole, RunDone) and whole.train_seconds == pytest.approx(1.5 * stopped.train_seconds)
    tested = run_job(job(space, space.baseline(), kind="test"), go_on)
    assert isinstance(tested, EvaluationDone)
    assert {split for split, _ in tested.outputs} == {"test"}


def test_faults_come_in_about_as_many_runs_as_asked(space: Space) -> None:
    jobs = [job(space, space.baseline(), seed, faults={"nan_loss": 0.3}, examples=10) for seed in range(200)]
    found = [run_job(one, go_on) for one in jobs]
    failed = [run for run in found if isinstance(run, RunFailed)]
    assert {run.reason for run in failed} == {"nan_loss"}
    assert 35 <= len(failed) <= 85  # 60 expected, sd 6.5


def test_the_trainer_writes_the_truth_with_the_study(tmp_path: Path) -> None:
    trainer = Rehearsal(resolve({"trainer": REHEARSAL, "space": "pooling"}, None), {})
    written = trainer.prepare(tmp_path, "cpu")
    assert Surface.read(written["planted"]) == trainer.surface
    assert trainer.facts.made_up
    config = trainer.configuration(trainer.space.baseline(), 4)
    assert trainer.read(config.model_dump(), 4) == config
    assert config.with_seed(5).digest() == config.digest()


def test_options_of_a_rehearsal_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OPTIONS, "seconds=0.2,nan_loss=0.1")
    assert rehearsal_options() == {"faults": {"nan_loss": 0.1}, "seconds": 0.2}


@pytest.mark.parametrize("option", ["secs=1", "seconds=x", "seconds=-1", "seconds=inf", "nan_loss=2", "nan_loss", "=1"])
def test_an_option_of_a_rehearsal_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    monkeypatch.setenv(OPTIONS, option)
    with pytest.raises(SettingsError, match=f"got '{option}"):
        rehearsal_options()


def test_a_run_of_the_search_is_scored_on_its_own_examples_and_never_on_those_that_decide(space: Space) -> None:
    seen: list[EpochDone] = []
    searched, whole = (
        run_job(job(space, space.baseline(), kind=kind), lambda epoch: seen.append(epoch) or True)  # type: ignore[func-returns-value]
        for kind in ("search", "train")
    )
    assert isinstance(searched, RunDone) and isinstance(whole, RunDone)
    assert {split for split, *_ in searched.metrics} == {"search"} and not searched.outputs
    assert searched.score == searched.metrics["search", "", "score"] == whole.metrics["search", "", "score"]
    assert whole.score == whole.metrics["dev", "", "score"] != searched.score
    assert whole.last_score == searched.score and {split for split, _ in whole.outputs} == {"dev"}
    assert {split for epoch in seen for split, *_ in epoch.metrics} == {"search", "train"}
