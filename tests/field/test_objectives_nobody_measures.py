"""What a search optimizes is measured by every run: the first that does not says what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from own_trainers import OwnStudy, returned

from study.search import objectives
from study.settings import SettingsError

pytestmark = pytest.mark.slow  # each test launches a study, or two

TRAINER = """
def train(configuration, seed, report):
    deep = configuration['depth_n']
    return {'scores': {'t': deep / 4}, 'metrics': {'t': {'loss': 1 / deep, 'f1': deep / 5}},
            'costs': {'flops': 1e9 * deep, 'trainable_parameters': 10 * deep}}
"""


@pytest.mark.parametrize("name", ["inference_ms", "t.auc", "watts", "t.loss:lower,speed", "u.f1"])
def test_a_first_run_that_did_not_measure_an_objective_says_what_it_measured(tmp_path: Path, name: str) -> None:
    done = OwnStudy(tmp_path, TRAINER).launch("--objectives", f"score,{name}")
    missing = name.split(",")[-1]
    assert done.returncode == 3 and f"'{missing}', which was not measured" in done.stderr
    for measured in ("score", "train_seconds", "t.loss", "t.f1", "flops", "trainable_parameters"):
        assert measured in done.stderr
    assert OwnStudy(tmp_path, TRAINER).rows("select status from run") == [("failed",)]


def test_metrics_and_costs_of_a_trainer_are_optimized_in_their_directions(tmp_path: Path) -> None:
    study = OwnStudy(tmp_path, TRAINER)
    done = study.launch("--objectives", "t.f1,t.loss:lower,flops", "--trials", "5")
    assert done.returncode == 0, done.stderr
    told = study.rows("select objective, direction from study_directions order by objective")
    assert told == [(0, "MAXIMIZE"), (1, "MINIMIZE"), (2, "MINIMIZE")]
    assert study.rows("select distinct state from trials") == [("COMPLETE",)]
    values = study.rows("select distinct objective, value from trial_values order by objective, value")
    assert values == [(0, 0.2), (0, 0.4), (1, 0.5), (1, 1.0), (2, 1e9), (2, 2e9)]
    assert study.rows("select distinct value from task_metric where task = '' and metric = 'flops' order by 1") == [
        (1e9,), (2e9,),
    ]  # fmt: skip


def test_a_parameter_count_that_nobody_returned_is_none_and_no_zero() -> None:
    done = returned({"scores": {"t": 0.5}})
    assert done.trainable_parameters is None and done.total_parameters is None
    assert "trainable_parameters" in str(objectives.not_measured(("trainable_parameters",), done))
    counted: Any = returned({"scores": {"t": 0.5}, "costs": {"trainable_parameters": 3}})
    assert objectives.of_event(("trainable_parameters",), counted) == [3.0] and counted.total_parameters == 3


def test_a_single_objective_that_is_not_the_score_is_searched(tmp_path: Path) -> None:
    source = TRAINER.replace("    return", "    for e in (1, 2):\n        report(e, deep / 4)\n    return")
    study = OwnStudy(tmp_path, source)
    assert study.launch("--objectives", "t.loss:lower", "--trials", "8").returncode == 0
    best = study.rows("select json_extract(decisions_json, '$.best_choices.depth') from study_meta")
    assert best == [("two",)]


@pytest.mark.parametrize(
    "names", [("score:lower",), ("t.f1", "t.f1:lower"), ("",), (":lower",), ("score", "score"), ("a", "a:higher")]
)
def test_names_that_cannot_be_are_refused_at_launch(names: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="--objectives"):
        objectives.check(names, (), "t:train")


def test_directions_are_usual_ones_or_those_that_are_told() -> None:
    names = ("score", "train_seconds", "t.f1", "t.loss:lower", "flops", "throughput:higher")
    expected = ["maximize", "minimize", "maximize", "minimize", "minimize", "maximize"]
    assert objectives.directions(names) == expected


def test_a_task_of_ours_that_is_not_there_is_refused_at_launch() -> None:
    with pytest.raises(SettingsError, match="needs the task sts"):
        objectives.check(("score", "sts.spearman"), ("sst",))
    objectives.check(("score", "sst.macro_f1"), ("sst",))
    with pytest.raises(SettingsError, match="takes each of"):
        objectives.check(("flops",), ("sst",))
