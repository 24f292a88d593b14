"""What a person should be told before believing numbers: in the report and on the terminal."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from place import Place
from sqlite import migrated

from results.analysis.summary import Summary, summarise
from results.database.database import Database, open_database
from results.database.fingerprint import fingerprint
from results.database.rows import Cell, NewRun, RunResult, StudyRow
from results.measurements.study_results import StudyResults
from results.report import first_screen
from results.report.render import render_report
from study.resolve import resolve
from study.settings import SettingsError

BASE = {"depth": "one", "rate": 0.1}
BEST = {"depth": "two", "rate": 0.5}
Score = Callable[[dict[str, Any], int], float]


def digest(choices: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(choices, sort_keys=True).encode()).hexdigest()


def write(
    database: Database, name: str, score: Score, seeds: int = 2, trainer: str = "t:train", status: str = "done",
    **settings: Any,
) -> None:  # fmt: skip
    """A study with a search of three, the baseline and the best confirmed with `seeds` seeds, one change ablated."""
    database.studies.create(
        StudyRow(
            study_name=name, space="s", goal="g", command="c", data_source="d", data_made_up=False,
            data_fingerprint="f", backbone="", seed=0, status=status,
            settings_json={"seeds": seeds, "trainer": trainer, "trials": 3, **settings},
            decisions_json={"best": digest(BEST), "baseline": digest(BASE), "baseline_choices": BASE},
        )
    )  # fmt: skip
    changed = {**BEST, "depth": "one"}
    told = {"factor": "depth", "from_level": "two", "to_level": "one"}
    cells: list[tuple[Any, str, dict[str, Any], dict[str, str]]] = [
        ("confirm", "baseline", BASE, {}),
        ("confirm", "confirm:1", BEST, {}),
        ("ablate", "leave_one_out:depth", changed, told),
    ]
    for phase, cell, choices, more in cells:
        row = Cell(
            phase=phase, name=cell, design=cell.partition(":")[0], config_digest=digest(choices), config_json={},
            choices_json=choices, **more,
        )  # fmt: skip
        others = [one for one in database.studies.cells(name) if one.phase == phase]
        database.studies.replace_cells(name, phase, [*others, row])
    for choices in (BASE, BEST, {**BASE, "rate": 0.9}):
        complete(database, name, "search", choices, 0, score)
    for phase, _, choices, _ in cells:
        for seed in range(100, 100 + seeds):
            complete(database, name, phase, choices, seed, score)


def complete(database: Database, name: str, phase: Any, choices: dict[str, Any], seed: int, score: Score) -> None:
    new: Any = {"study_name": name, "config_digest": digest(choices), "choices_json": choices}
    run = database.runs.start(NewRun(**new, phase=phase, config_json={}, seed=seed))
    value = score(choices, seed)
    database.runs.finish(run, RunResult(status="complete", score=value, best_epoch=1, train_seconds=3600.0))


def deep(choices: dict[str, Any]) -> float:
    return 0.1 * (choices["depth"] == "two")


def noise(choices: dict[str, Any], seed: int, size: float) -> float:
    drawn = hashlib.sha256(f"{seed} {sorted(choices.items())}".encode()).digest()[0]
    return size * (drawn / 255 - 0.5)


def found(tmp_path: Path, score: Score, **more: Any) -> Summary:
    with open_database(migrated(tmp_path)) as database:
        write(database, "s", score, **more)
        return summarise(StudyResults(database, "s"))


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (
            lambda choices, seed: 0.5,
            "the same score, 0.5: the trainer probably ignores its configuration and seed",
        ),
        (lambda choices, seed: 0.0, "the same score, 0: the trainer probably ignores its configuration and seed"),
        (lambda choices, seed: deep(choices) + choices["rate"] / 100, "the trainer probably ignores its seed."),
        (lambda choices, seed: 0.3 + seed / 1000, "the trainer probably ignores its configuration."),
    ],
    ids=["all alike", "all zero", "no seed", "no configuration"],
)
def test_scores_that_do_not_change_are_told(tmp_path: Path, score: Score, said: str) -> None:
    told = found(tmp_path, score)
    assert said in told.cautions[0] and said in " ".join(first_screen.lead(told))


def test_of_our_own_model_the_cause_is_another(tmp_path: Path) -> None:
    told = found(tmp_path, lambda choices, seed: 0.5, trainer="mtbert").cautions[0]
    assert "ignores" not in told and "dev examples are too few" in told


def test_scores_that_change_draw_no_warning(tmp_path: Path) -> None:
    told = found(tmp_path, lambda choices, seed: 0.5 + deep(choices) + noise(choices, seed, 0.002), seeds=4)
    assert told.cautions == ()


def test_before_the_first_phase_is_over_the_search_tells_it_too(tmp_path: Path) -> None:
    with open_database(migrated(tmp_path)) as database:
        write(database, "s", lambda choices, seed: 0.25, seeds=0)
        told = summarise(StudyResults(database, "s"))
    assert told.best is None and "All 3 complete runs" in first_screen.lead(told)[0]


def test_two_runs_may_agree_by_chance(tmp_path: Path) -> None:
    with open_database(migrated(tmp_path)) as database:
        write(database, "s", lambda choices, seed: 0.25 if choices["rate"] < 0.9 else 0.3, seeds=0)
        assert summarise(StudyResults(database, "s")).cautions == ()


@pytest.mark.parametrize("seeds", [2, 3])
def test_a_wide_interval_says_why_and_how_many_seeds_would_help(tmp_path: Path, seeds: int) -> None:
    told = found(tmp_path, lambda choices, seed: 0.4 + deep(choices) + noise(choices, seed, 0.4), seeds=seeds)
    (sentence,) = told.cautions
    assert sentence.startswith(f"The interval is wide because {seeds} seeds are too few to estimate how much")
    number = int(sentence.partition("--seeds ")[2].partition(";")[0])
    assert seeds < number <= 10 * seeds and f"launch s again with --seeds {number}; its runs are kept" in sentence
    assert sentence in " ".join(first_screen.lead(told))


def test_a_difference_that_no_number_of_seeds_shows_is_called_so(tmp_path: Path) -> None:
    signs = {100: 1.0, 101: -1.0, 0: 0.0}
    told = found(tmp_path, lambda choices, seed: 0.4 + (0.2 * signs[seed] + 0.0001) * (choices["depth"] == "two"))
    assert re.search(
        r"With 10 seeds it would be about \d+ times narrower: launch s again with --seeds 10", told.cautions[-1]
    )
    assert told.cautions[-1].endswith("as small as the one measured, more than 20 seeds would be needed.")


def test_a_study_whose_looks_are_planned_is_not_given_more_seeds(tmp_path: Path) -> None:
    told = found(tmp_path, lambda choices, seed: 0.4 + deep(choices) + noise(choices, seed, 0.4), max_seeds=6)
    assert all("launch s again" not in sentence for sentence in told.cautions)


def test_a_narrow_interval_needs_no_word(tmp_path: Path) -> None:
    told = found(tmp_path, lambda choices, seed: 0.4 + deep(choices) + noise(choices, seed, 0.001), seeds=3)
    assert told.cautions == ()


@pytest.mark.parametrize("trainer", ["t:train", "package.module:function", "./t.py:train"])
def test_a_trainer_without_a_space_is_refused(trainer: str) -> None:
    with pytest.raises(SettingsError, match="needs --space, because the default, full_ablation, has"):
        resolve({"trainer": trainer}, None)
    assert resolve({"trainer": trainer, "space": "s.py"}, None).space == "s.py"


def test_a_study_that_is_there_needs_no_space_to_resume_and_a_rehearsal_none_at_all() -> None:
    stored = resolve({"trainer": "t:train", "space": "s.py", "name": "n"}, None)
    assert resolve({"trainer": "t:train"}, stored).space == "s.py"
    assert resolve({"trainer": "rehearsal"}, None).space == "full_ablation"


@pytest.mark.parametrize("begun", ["nothing", "search", "confirm"])
def test_a_page_of_a_running_study_says_to_wait_and_that_of_a_stopped_one_to_launch(tmp_path: Path, begun: str) -> None:
    with open_database(migrated(tmp_path)) as database:
        seeds = 1 if begun == "confirm" else 0
        write(database, "s", lambda choices, seed: 0.4 + deep(choices) + seed / 1000, seeds=seeds, status="running")
        database.studies.update("s", settings_json={"seeds": 3, "trainer": "t:train"}, decisions_json={})
        if begun == "nothing":
            database.studies.create(
                StudyRow(
                    study_name="new", space="s", goal="g", command="c", data_source="d", data_made_up=False,
                    data_fingerprint="f", backbone="", seed=0,
                )
            )  # fmt: skip
        name = "new" if begun == "nothing" else "s"
        stopped, before = render_report(database, name), fingerprint(database, name)
        database.leases.take(name, "pid 1 on host x", "x", 1, 0.0, 30.0)
        running = render_report(database, name)
        assert "aunch the study again" not in running and "launch s again" not in running
        assert fingerprint(database, name) != before, "the page that is served must come anew"
    if begun != "search":
        assert "aunch the study again" in stopped and "The study is running" in running


def test_a_rehearsal_tells_no_hours_of_computing(tmp_path: Path) -> None:
    with open_database(migrated(tmp_path)) as database:
        write(
            database, "s", lambda choices, seed: 0.4 + deep(choices) + noise(choices, seed, 0.01), trainer="rehearsal"
        )
        told, html = summarise(StudyResults(database, "s")), render_report(database, "s")
        assert told.hours_spent > 8
    assert "a rehearsal computes nothing" in html and page_time(html) == "–"


def page_time(html: str) -> str:
    return html.partition("<dt>Computing time</dt>")[2].partition(">")[2].partition("<")[0]


def test_a_study_that_trained_tells_its_hours(tmp_path: Path) -> None:
    with open_database(migrated(tmp_path)) as database:
        write(database, "s", lambda choices, seed: 0.4 + deep(choices) + noise(choices, seed, 0.01))
        assert page_time(render_report(database, "s")) == "9 h 0 min"


@pytest.mark.slow
def test_the_terminal_says_the_same(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (tmp_path / "warned_trainer.py").write_text(
        "def train(configuration, seed, report):\n    return {'scores': {'acc': 0.5}}\n", encoding="utf-8"
    )
    (tmp_path / "s.py").write_text(
        "from search_spaces import Factor, Level, Range, Space\n"
        "SPACE = Space(name='s', goal='Does depth help?', factors=(\n"
        "    Factor('depth', 'scientific', 'one', (Level('one', {'depth_n': 1}), Level('two', {'depth_n': 2}))),\n"
        "    Factor('rate', 'nuisance', 0.1, range=Range('rate_value', 0.01, 1.0, log=True))))\n",
        encoding="utf-8",
    )
    asked = (
        "--trainer",
        "./warned_trainer.py:train",
        "--trials",
        "3",
        "--seeds",
        "2",
        "--confirm",
        "1",
        "--epochs",
        "2",
    )
    done = place.run(*asked, "--workers", "1", "--name", "x", "--space", "s.py")
    assert done.returncode == 0, done.stderr
    assert "the same score, 0.5: the trainer probably ignores" in " ".join(done.stdout.split())
    refused = place.call(*asked, "--name", "y")
    assert refused.returncode == 2 and "needs --space" in refused.stderr and "Traceback" not in refused.stderr
    rehearsed = place.call("--space", "pooling", "--rehearse", "--trials", "3", "--name", "r")
    assert "a rehearsal, so nothing was trained" in rehearsed.stdout and "of training and eval" not in rehearsed.stdout
