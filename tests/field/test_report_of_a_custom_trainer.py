"""The report of a custom trainer says what the trainer is and what it measured, and nothing of the built-in model."""

from __future__ import annotations

import html
import re
import shlex
import sys
from pathlib import Path
from unittest import mock

import pytest
from own_trainers import OwnStudy

from results.database.rows import StudyRow
from results.measurements.custom_trainer import call_again
from study.trainers.custom.worker import call

TRAINER = """
TASKS = {"price": {"metric": "RMSE", "unit": "EUR", "higher_is_better": False}}


def train(configuration, seed, report):
    value = 350.5 - 20 * (configuration["depth_n"] == 2) + seed % 7 - 3
    report(1, value)
    return {
        "scores": {"price": value},
        "metrics": {"price": {"r2": 0.9 + seed % 5 / 100}},
        "costs": {"latency_ms": 3.0 * configuration["depth_n"]},
    }
"""
PLAIN = """
def train(configuration, seed, report):
    right = [(seed * 31 + place * 7) % 10 < 6 + configuration["depth_n"] for place in range(60)]
    return {"scores": {"it's": sum(right) / 60}, "examples": {"it's": right}, "costs": {"trainable_parameters": 1200}}
"""
BUILT_IN = ("mtbert.train", "Pearson", "looked at on test", "Backbone", "faulty row", "sentences", "sharing stages",
            "MiniLM", "float32", "all training", "Saved by sharing")  # fmt: skip


def page_of(study: OwnStudy) -> str:
    whole = (study.folder / "runs" / "x" / "report.html").read_text("utf-8")
    return html.unescape(whole[whole.index("<body>") : whole.index('id="figures-data"')])


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> OwnStudy:
    study = OwnStudy(tmp_path_factory.mktemp("priced"), TRAINER)
    assert study.launch("--seeds", "3").returncode == 0
    return study


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> OwnStudy:
    study = OwnStudy(tmp_path_factory.mktemp("plain"), PLAIN)
    assert study.launch("--seeds", "3").returncode == 0
    return study


@pytest.mark.parametrize("name", ["priced", "plain"])
def test_nothing_of_the_built_in_model_is_on_the_page(name: str, request: pytest.FixtureRequest) -> None:
    page = page_of(request.getfixturevalue(name))
    assert [words for words in BUILT_IN if words in page] == []


def test_the_first_sentence_names_the_trainer_and_what_its_score_is(priced: OwnStudy, plain: OwnStudy) -> None:
    assert "The trainer is t:train; its score is the RMSE in EUR, lower is better." in page_of(priced)
    assert "The trainer is t:train; its score is the mean of its tasks' scores" in page_of(plain)


def test_what_was_not_told_is_not_shown_and_what_was_told_is(priced: OwnStudy, plain: OwnStudy) -> None:
    assert "Trainable parameters" not in page_of(priced) and "1,200" in page_of(plain)
    assert not re.search(r'<section id="data"', page_of(priced))
    assert re.search(r'<section id="own_metrics".*r2.*latency_ms', page_of(priced), flags=re.DOTALL)
    assert 'id="own_metrics"' not in page_of(plain)
    assert "RMSE against latency_ms" in page_of(priced)


def test_the_command_calls_the_function_again_and_gives_the_same(
    priced: OwnStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = re.search(r'id="repeat-best"[^>]*>(python -c .*?)</pre>', page_of(priced), flags=re.DOTALL)
    assert found is not None
    words = shlex.split(found[1])
    assert words[:2] == ["python", "-c"]
    monkeypatch.setattr(sys, "path", [str(priced.folder), *sys.path])
    printed: list[object] = []
    with mock.patch.dict(sys.modules):  # what is imported here is forgotten afterwards
        exec(words[2].replace("print(", "keep("), {"keep": printed.append})
    score = printed[0]["scores"]["price"]  # type: ignore[index]
    best = priced.rows("select min(value) from task_metric join run on run.id = run_id where metric = 'score' "
                       "and phase != 'search'")  # fmt: skip
    assert score == best[0][0]


@pytest.mark.parametrize("level", ["it's", 'a "b"', "$HOME `x`", "ü\\n", "1e-3"])
def test_the_command_survives_any_level(level: str) -> None:
    study = StudyRow(
        study_name="x", space="s", goal="", command="", data_source="d", data_made_up=False, data_fingerprint="",
        backbone="", seed=0, settings_json={"trainer": "./a b.py:train", "epochs": 2, "data": "d"},
    )  # fmt: skip
    words = shlex.split(call_again(study, {"choices": {"level": level, "n": 2, "on": True}, "set": {"w": [1, 0.5]}}, 7))
    told: list[object] = []
    source = words[2].replace("from study.trainers.custom.worker import call; ", "").replace("print(", "(")
    eval(source, {"call": lambda *given, **more: told.extend([given, more])})
    assert told[0] == ("./a b.py:train", {"level": level, "n": 2, "on": True, "w": [1, 0.5]})
    assert told[1] == {"seed": 7, "epochs": 2, "data": "d"}


def test_a_call_answers_reports_and_returns_what_the_function_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    file = tmp_path / "called_alone.py"
    file.write_text(
        "def train(configuration, seed, report):\n    return report(1, 900.0), report.epochs, report.data, seed\n"
    )
    with mock.patch.dict(sys.modules):
        assert call(f"{file}:train", {}, seed=3, epochs=5, data="d") == (True, 5, "d", 3)


def test_the_terminal_and_the_tables_have_the_trainers_own_metrics(priced: OwnStudy) -> None:
    table = (priced.folder / "runs" / "x" / "tables" / "own_metrics.csv").read_text("utf-8").splitlines()
    assert table[0].startswith("task,metric,best,") and any(line.startswith("price,r2,") for line in table)
    assert any(line.startswith(",latency_ms,") for line in table)
    assert "cost_latency_ms" in (priced.folder / "runs" / "x" / "tables" / "pareto.csv").read_text("utf-8")
