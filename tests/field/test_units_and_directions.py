"""A custom trainer declares its tasks: the unit and the direction that everything is written and compared in."""

from __future__ import annotations

import json
import math
import types
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from own_trainers import OwnStudy

from results.measurements.task_units import units_from
from results.statistics import Interval
from results.text.units import Unit
from study.settings import SettingsError
from study.trainers.custom.task_declaration import (
    BadScores,
    check_objectives,
    declaration,
    margin,
    oriented_report,
    oriented_score,
    same_meaning,
)

PRICE = {"price": {"metric": "RMSE", "unit": "EUR", "higher_is_better": False}}


def declared(tasks: Any = None, score: Any = None) -> Any:
    module = types.ModuleType("a_trainer")
    if tasks is not None:
        module.TASKS = tasks  # type: ignore[attr-defined]
    if score is not None:
        module.SCORE = score  # type: ignore[attr-defined]
    return declaration(module)


@pytest.mark.parametrize(
    ("unit", "mean", "deviation", "gain", "told"),
    [
        (Unit("RMSE", "EUR", False), -34655.2, 120.4, 1200.0, ("34,655 ± 120 EUR", "−1,200 EUR", "[−1,800, −600]")),
        (Unit("RMSE", "", False), -0.112, 0.004, 0.011, ("0.112 ± 0.004", "−0.0110", "[−0.0165, −0.0055]")),
        (Unit("accuracy", "%"), 87.34, 0.41, 1.2, ("87.3 ± 0.4 %", "+1.2 points", "[+0.6, +1.8]")),
        (Unit(), 0.7134, 0.004, 0.049, ("0.713 ± 0.004", "+4.9 points", "[+2.5, +7.4]")),
        (Unit("error rate", "share", False), -0.21, 0.004, 0.049, ("0.210 ± 0.004", "−4.9 points", "[−7.4, −2.5]")),
        (Unit("latency", "ms", False), -12.3, 0.02, 0.5, ("12.30 ± 0.02 ms", "−0.500 ms", "[−0.750, −0.250]")),
        (Unit("return", ""), 312.5, 10.0, 3.25, ("312 ± 10", "+3.25", "[+1.62, +4.88]")),
        (Unit("rate", "1/s"), 2.5e-9, 1e-10, 2e-10, ("2.5e−09 ± 1e−10 1/s", "+2e−10 1/s", "[+1e−10, +3e−10]")),
    ],
)
def test_numbers_are_written_in_their_unit_with_their_own_sign(
    unit: Unit, mean: float, deviation: float, gain: float, told: tuple[str, str, str]
) -> None:
    interval = Interval(gain, gain / 2, 1.5 * gain)
    assert (unit.spread_with_unit(mean, deviation), unit.change(gain), unit.interval(interval)) == told


def test_an_end_near_zero_keeps_its_side_in_every_unit() -> None:
    near = Interval(0.5, 0.0004, 1.0)
    assert Unit("RMSE", "EUR", False).interval(near) == "[−1.00, −0.0004]"
    assert Unit().interval(Interval(0.0, -0.0003, 0.0004)) == "[−0.03, +0.04]"


def test_the_score_is_turned_where_less_is_better() -> None:
    assert oriented_score({"price": 34655.2}, declared(PRICE)) == (-34655.2, 34655.2)
    assert oriented_report(0.0, declared(PRICE)) == 0.0 and math.copysign(1, oriented_report(0.0, declared(PRICE))) == 1
    two = {"a": {"unit": "%"}, "b": {"unit": "%"}}
    assert oriented_score({"a": 80.0, "b": 90.0}, declared(two)) == (85.0, 85.0)


def test_one_task_decides_where_tasks_differ() -> None:
    tasks = {**PRICE, "right": {"metric": "accuracy", "unit": "%"}}
    assert oriented_score({"price": 3.0, "right": 80.0}, declared(tasks, "right")) == (80.0, 80.0)
    assert units_from(declared(tasks, ["price"])).score == Unit("RMSE", "EUR", False)
    with pytest.raises(SettingsError, match=r"differ in unit or direction.*SCORE = \"price\""):
        declared(tasks)
    with pytest.raises(SettingsError, match="different units or directions"):
        declared(tasks, ["price", "right"])


@pytest.mark.parametrize(
    ("tasks", "score", "told"),
    [
        ([], None, "TASKS must map each task"),
        ({}, None, "TASKS must map each task"),
        ({3: {}}, None, "name in TASKS must be a string, got 3"),
        ({"t": "EUR"}, None, r"TASKS\['t'\] must be a dictionary"),
        ({"t": {"units": "EUR"}}, None, "unknown key 'units'. Did you mean 'unit'"),
        ({"t": {"higher_is_better": "no"}}, None, "must be True or False, got 'no'"),
        ({"t": {"unit": None}}, None, "must be a string, got None"),
        ({"t": {"metric": ""}}, None, "must not be empty"),
        ({"t": {"unit": "a\nb"}}, None, "must be one line"),
        ({"t": {}}, "u", "SCORE names 'u', which TASKS does not have"),
        ({"t": {}}, 3, "SCORE must be a task"),
        ({"t": {}}, ["t", "t"], "each task once"),
    ],
)
def test_a_declaration_is_checked_whole_and_its_place_named(tasks: Any, score: Any, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refused:
        declared(tasks, score)
    assert "a_trainer" in str(refused.value) and "TASKS = {" in str(refused.value)


def test_all_faults_of_a_declaration_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        declared({"t": {"units": "EUR", "metric": 3}, "u": 5})
    assert all(told in str(refused.value) for told in ("'units'", "['metric']", "TASKS['u']"))


@pytest.mark.parametrize(
    ("tasks", "scores", "told"),
    [
        (None, {"rmse": -34655.2}, r"scores\['rmse'\] is -34655.2. .* TASKS = \{\"rmse\""),
        (None, {"right": 87.3}, r"scores\['right'\] is 87.3"),
        ({"t": {"unit": "share"}}, {"t": 87.3}, "declares a share"),
        (PRICE, {"price": 1.0, "other": 2.0}, "declares price"),
        (PRICE, {"other": 2.0}, "scores has the tasks other"),
    ],
)
def test_scores_that_do_not_fit_the_declaration_say_what_to_do(tasks: Any, scores: Any, told: str) -> None:
    with pytest.raises(BadScores, match=told):
        oriented_score(scores, declared(tasks))


def test_scores_of_which_nothing_is_said_are_shares() -> None:
    assert oriented_score({"a": 0.5, "b": -1.0}, declared()) == (-0.25, -0.25)
    with pytest.raises(BadScores, match=r"report\(epoch, 87.3\)"):
        oriented_report(87.3, declared())


def test_other_names_of_metrics_are_the_same_declaration() -> None:
    assert same_meaning(declared(PRICE), declared({"price": {**PRICE["price"], "metric": "root mean square error"}}))
    assert same_meaning(None, declared())
    assert not same_meaning(None, declared(PRICE))
    assert not same_meaning(declared(PRICE), declared({"price": {**PRICE["price"], "higher_is_better": True}}))


def test_the_margin_is_in_the_unit() -> None:
    assert margin(0.5, declared()) == 0.005 and margin(250, declared(PRICE)) == 250
    assert Unit().margin == 0.01 and Unit("accuracy", "%").margin == 1 and Unit("RMSE", "EUR", False).margin is None
    with pytest.raises(SettingsError, match="--margin is in EUR, above 0, got -1"):
        margin(-1, declared(PRICE))
    with pytest.raises(SettingsError, match="--margin is in points, above 0 and below 100, got 100"):
        margin(100, declared())


def test_an_objective_says_the_direction_that_is_declared() -> None:
    check_objectives(("score", "price.score:lower", "price.mae:lower"), declared(PRICE))
    with pytest.raises(SettingsError, match="Write it as price.score:lower"):
        check_objectives(("price.score",), declared(PRICE))


RMSE = """
TASKS = {{"price": {{"metric": "RMSE", "unit": "{unit}", "higher_is_better": False}}}}


def train(configuration, seed, report):
    value = {base} - {gain} * (configuration["depth_n"] == 2) + {noise} * (seed % 7 - 3)
    for epoch in range(1, report.epochs + 1):
        report(epoch, value * (1 + 1 / epoch))
    return {{"scores": {{"price": value}}, "metrics": {{"price": {{"mae": value / 2}}}}}}
"""


@pytest.fixture(scope="module")
def euros(tmp_path_factory: pytest.TempPathFactory) -> OwnStudy:
    study = OwnStudy(tmp_path_factory.mktemp("euros"), RMSE.format(unit="EUR", base=34655.2, gain=1200, noise=10))
    assert study.launch("--seeds", "3").returncode == 0
    return study


def test_the_lower_value_is_the_best_and_every_number_has_the_metrics_own_sign(euros: OwnStudy) -> None:
    said = euros.launch("--seeds", "3").stdout
    assert "Best: two depth" in said and "EUR" in said and "points" not in said and "RMSE" in said
    assert "−1,2" in said and "hurts" in said and "-34" not in said and "−34" not in said
    page = (euros.folder / "runs" / "x" / "report.html").read_text("utf-8")
    shown = page[: page.index("figures-data")]
    assert "RMSE (EUR)" in shown and "lower is better" in shown and "points" not in shown.lower()
    assert "no gain and no loss are not tested" in shown and "−34," not in page


def test_exports_and_frames_have_natural_numbers(euros: OwnStudy) -> None:
    tables = euros.folder / "runs" / "x" / "tables"
    board = pd.read_csv(tables / "leaderboard.csv")
    assert board["mean"].is_monotonic_increasing and board["mean"].between(33000, 35000).all()
    assert (board["low"] <= board["mean"]).all() and (board["mean"] <= board["high"]).all()
    ablation = pd.read_csv(tables / "ablation.csv").set_index("factor")
    depth = ablation.loc["depth"]
    assert depth["low"] <= depth["difference"] <= depth["high"] and 1100 < depth["difference"] < 1300
    assert depth["verdict"] == "hurts"
    runs = pd.read_csv(tables / "runs.csv")
    assert runs["score"].dropna().between(33000, 35000).all()
    done = euros.command_here("--name", "x", "--out", "json", "--format", "json", module="results.export")
    assert done.returncode == 0, done.stderr
    pareto = json.loads((euros.folder / "json" / "pareto.json").read_text("utf-8"))
    assert all(row["score"] > 0 and row["dev_price"] > 0 for row in pareto)


def test_sql_keeps_what_was_measured_and_what_is_maximized(euros: OwnStudy) -> None:
    assert all(score < 0 for (score,) in euros.rows("select score from run"))
    values = euros.rows("select value from task_metric where metric = 'score'")
    assert values and all(value > 0 for (value,) in values)


def test_another_declaration_is_refused_once_runs_are_scored(euros: OwnStudy) -> None:
    kept = (euros.folder / "t.py").read_text("utf-8")
    try:
        euros.write("t.py", kept.replace("EUR", "USD"))
        done = euros.launch("--accept-changed-code")
        assert done.returncode == 2 and "price in EUR, lower is better" in done.stderr and "USD" in done.stderr
    finally:
        euros.write("t.py", kept)


def test_a_study_whose_scores_were_refused_goes_on_with_a_declaration(tmp_path: Path) -> None:
    study = OwnStudy(tmp_path, RMSE.format(unit="EUR", base=34655.2, gain=1200, noise=10))
    whole = (tmp_path / "t.py").read_text("utf-8")
    study.write("t.py", "\n".join(line for line in whole.splitlines() if not line.startswith("TASKS")))
    first = study.launch("--confirm", "1")
    assert first.returncode and "TASKS = {" in first.stdout + first.stderr
    study.write("t.py", whole)
    again = study.launch("--retry-failed", "--accept-changed-code")
    assert "RMSE" in again.stdout and "EUR" in again.stdout, again.stdout + again.stderr


def test_small_numbers_without_a_unit_have_digits_that_tell_them_apart(tmp_path: Path) -> None:
    study = OwnStudy(tmp_path, RMSE.format(unit="", base=0.11, gain=0.011, noise=0.0001))
    done = study.launch("--seeds", "3")
    assert "0.099" in done.stdout and "+0.01" in done.stdout and "points" not in done.stdout, done.stdout


def test_studies_of_different_units_are_not_compared(euros: OwnStudy) -> None:
    euros.write("share.py", "def train(configuration, seed, report):\n    return {'scores': {'t': 0.5}}\n")
    flags = ("--space", "s.py", "--trainer", "share:train", "--trials", "2", "--seeds", "2", "--confirm", "1")
    assert euros.command_here(*flags, "--workers", "1", "--name", "other").returncode == 0
    done = euros.command_here("--name", "x", "--name", "other", module="results.export")
    assert done.returncode == 2 and "RMSE in EUR, lower is better" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_status_names_the_trainer(euros: OwnStudy) -> None:
    told = euros.command_here("--name", "x", module="study.status").stdout
    assert "trainer t:train" in told and "backbone" not in told
