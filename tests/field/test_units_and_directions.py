"""A custom trainer declares its tasks: the unit and the direction that everything is written and compared in."""

from __future__ import annotations

import math
import types
from typing import Any

import pytest

from results.statistics import Interval
from results.task_units import units_from
from results.units import Unit
from study.settings import SettingsError
from study.task_declaration import BadScores, declaration, margin, oriented_report, oriented_score, same_meaning

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
        ({3: {}}, None, "name in TASKS is text, got 3"),
        ({"t": "EUR"}, None, r"TASKS\['t'\] must be a dictionary"),
        ({"t": {"units": "EUR"}}, None, "unknown key 'units'. Did you mean 'unit'"),
        ({"t": {"higher_is_better": "no"}}, None, "must be True or False, got 'no'"),
        ({"t": {"unit": None}}, None, "must be text, got None"),
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
    assert Unit().margin == 0.005 and Unit("accuracy", "%").margin == 0.5 and Unit("RMSE", "EUR", False).margin is None
    with pytest.raises(SettingsError, match="--margin is in EUR, above 0, got -1"):
        margin(-1, declared(PRICE))
    with pytest.raises(SettingsError, match="--margin is in points, above 0 and below 100, got 100"):
        margin(100, declared())
