"""Studies with other bests compared: the same change around other configurations, or the launch that measures it."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from place import Place
from sqlite import migrated

from results.comparison.compare import PairOfStudies, compare_studies
from results.comparison.frame import comparison_frame
from results.database.database import Database, open_database
from results.database.rows import Cell, NewRun, RunResult, StudyRow
from results.measurements.study_results import StudyResults
from results.report.comparison_page import in_brief, render_comparison

Choices = dict[str, Any]
BASE: Choices = {"pool": "p0", "head": "h0", "adapt": "none", "rate": 0.1}
LEVELS = {"pool": ["p0", "p1", "p2", "p3"], "head": ["h0", "h1", "h2"], "adapt": ["none", "lora"]}
EFFECTS = {"p1": 0.03, "p2": -0.02, "p3": 0.01, "h1": 0.02, "h2": 0.0, "lora": 0.015}


def factors(levels: dict[str, list[str]] = LEVELS) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "baseline": each[0], "levels": each, "condition": None, "range": None}
        for name, each in levels.items()
    ]
    bounds = {"low": 0.01, "high": 1.0, "log": True, "integer": False}
    return [*found, {"name": "rate", "baseline": 0.1, "levels": [], "condition": None, "range": bounds}]


def digest(choices: Choices) -> str:
    return hashlib.sha256(json.dumps(choices, sort_keys=True).encode()).hexdigest()


def truth(choices: Choices) -> float:
    return 0.6 + sum(EFFECTS.get(str(level), 0.0) for level in choices.values())


def study(
    database: Database,
    name: str,
    best: Choices,
    changed: Sequence[tuple[str, Any]],
    settings: dict[str, Any] | None = None,
    levels: dict[str, list[str]] = LEVELS,
) -> StudyResults:
    """A finished study whose ablation made these changes to its best; scores deviate by 0.2 points from the truth."""
    asked = {"seeds": 4, "space": "s.py", "trainer": "rehearsal", "ablations": len(changed)}
    asked |= {"designs": ["leave_one_out", "one_at_a_time"], "phases": ["search", "confirm", "ablate", "report"]}
    database.studies.create(
        StudyRow(
            study_name=name, space="s", goal="g", command="c", data_source="d", data_made_up=False,
            data_fingerprint=name, backbone="", seed=0, status="done", settings_json={**asked, **(settings or {})},
            space_json={"name": "s", "factors": factors(levels)},
            decisions_json={
                "best": digest(best), "baseline": digest(BASE), "best_choices": best, "baseline_choices": BASE,
            },
        )
    )  # fmt: skip
    cells = {"confirm": [("baseline", BASE, {}), ("confirm:1", best, {})], "ablate": []}
    for factor, level in changed:
        told = {"factor": factor, "from_level": str(best[factor]), "to_level": str(level)}
        cells["ablate"].append((f"one_at_a_time:{factor}={level}", {**best, factor: level}, told))
    rng = np.random.default_rng([len(name), ord(name[0])])
    phase: Any
    for phase, wanted in cells.items():
        rows = [
            Cell(
                phase=phase, name=cell, design=cell.partition(":")[0], config_digest=digest(choices), config_json={},
                choices_json=choices, position=at, **told,
            )
            for at, (cell, choices, told) in enumerate(wanted)
        ]  # fmt: skip
        database.studies.replace_cells(name, phase, rows)
        for _, choices, _ in wanted:
            for seed in range(100, 104):
                if database.runs.find_by_seed(name, digest(choices), seed) is None:
                    new: Any = {"study_name": name, "config_digest": digest(choices), "choices_json": choices}
                    run = database.runs.start(NewRun(**new, phase=phase, config_json={}, seed=seed))
                    score = truth(choices) + float(rng.normal(0, 0.002))
                    database.runs.finish(run, RunResult(status="complete", score=score, best_epoch=1))
    return StudyResults(database, name)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with open_database(migrated(tmp_path_factory.mktemp("bests"))) as opened:
        study(opened, "a", {**BASE, "pool": "p1"}, [("pool", "p0"), ("pool", "p2"), ("head", "h1")])
        # The same changes with everything else another: rows of its table.
        study(opened, "b", {**BASE, "pool": "p1", "adapt": "lora", "rate": 0.3}, [("pool", "p0"), ("pool", "p2")])
        # Of the change p1 -> p2 it has both ends, and neither is its best.
        study(opened, "c", {**BASE, "pool": "p3", "head": "h2"}, [("pool", "p1"), ("pool", "p2")])
        # Nothing of it.
        study(opened, "d", {**BASE, "adapt": "lora", "rate": 0.3}, [("rate", 0.1)])
        yield opened


def pair(database: Database, one: str, other: str) -> PairOfStudies:
    return compare_studies([StudyResults(database, one), StudyResults(database, other)]).pairs[0]


def test_the_same_change_around_another_best_is_compared_and_that_is_said(database: Database) -> None:
    found = pair(database, "a", "b")
    rows = {(row.first.from_level, row.first.to_level): row for row in found.shared}
    assert set(rows) >= {("p1", "p0"), ("p1", "p2")}
    for row in found.shared:
        assert row.judgement is not None and row.judgement.verdict == "carries over"
        assert row.around_words() == "adapt lora, not none; rate 0.3, not 0.1"
    assert "All of them are measured around other configurations." in found.sentence()


def test_a_change_that_no_table_has_is_taken_from_the_configurations_that_differ_in_it(database: Database) -> None:
    found = pair(database, "a", "c")
    rows = {(row.first.from_level, row.first.to_level): row for row in found.shared}
    row = rows["p1", "p2"]
    assert row.second.table == "change to another configuration" and row.around_words() == "head h2, not h0"
    assert row.second.interval and row.second.interval.estimate == pytest.approx(-0.05, abs=0.01)
    runs = {run.id: run for run in database.runs.of_study("c")}
    compared = {runs[int(run)].choices_json["pool"] for run in row.second.run_ids.split()}
    assert compared == {"p1", "p2"} and len(row.second.run_ids.split()) == 8


def test_it_is_found_whichever_study_is_the_reference(database: Database) -> None:
    found = pair(database, "c", "a")
    changes = {frozenset((row.first.from_level, row.first.to_level)) for row in found.shared}
    assert frozenset(("p1", "p2")) in changes
    assert all(row.first.words() == row.second.words() for row in found.shared)


def test_what_one_has_not_measured_comes_with_the_launch_that_does(database: Database) -> None:
    found = pair(database, "a", "d")
    assert found.shared == () and "A launch that measures common rows is below." in found.sentence()
    commands = {launch.name: launch.command for launch in found.launches if launch.command}
    words = shlex.split(commands["d"])
    assert words[:7] == ["python", "-m", "study.launch", "--name", "d", "--space", "s.py"]
    assert "--storage" in words and words[-2:] == ["--ablations", "7"]  # 3 + 2 + 1 levels, and the range


def test_what_no_launch_can_measure_says_why(database: Database) -> None:
    reasons = [launch.why_not for launch in pair(database, "a", "d").launches if not launch.command]
    assert reasons == ["rate is a range, and each study varies it from the value of its own best configuration"]


def test_levels_and_factors_that_a_space_does_not_have_are_named(tmp_path: Path) -> None:
    with open_database(migrated(tmp_path)) as opened:
        study(opened, "x", {**BASE, "pool": "p1"}, [("pool", "p2"), ("head", "h1")])
        study(opened, "y", dict(BASE), [("adapt", "lora")], levels={"pool": ["p0", "p1"], "adapt": ["none", "lora"]})
        reasons = [launch.why_not for launch in pair(opened, "x", "y").launches if launch.name == "y"]
    assert reasons == ["its space has no level p2 of pool", "its space has no factor head"]


@pytest.mark.parametrize(
    ("settings", "flags"),
    [
        ({"designs": ["add_one_in"], "ablations": 50}, ["--designs", "one_at_a_time,add_one_in"]),
        ({"phases": ["search", "report"], "ablations": 50}, ["--phases", "search,confirm,ablate,test,report"]),
        ({"trainer": "my:train", "ablations": 1}, ["--trainer", "my:train", "--ablations", "7"]),
    ],
)
def test_the_launch_has_what_that_study_went_without(
    tmp_path: Path, settings: dict[str, Any], flags: list[str]
) -> None:
    with open_database(migrated(tmp_path)) as opened:
        study(opened, "x", {**BASE, "pool": "p1"}, [("pool", "p2")])
        study(opened, "y", {**BASE, "adapt": "lora"}, [], settings)
        (command,) = [one.command for one in pair(opened, "x", "y").launches if one.name == "y"]
    given = [word for word in shlex.split(command) if word != "--storage" and not word.startswith("sqlite:")]
    assert given[7:] == flags


def test_page_terminal_and_table_say_it(database: Database) -> None:
    studies = [StudyResults(database, name) for name in ("a", "b", "c", "d")]
    found = compare_studies(studies)
    page = render_comparison(found)
    assert "around another configuration: adapt lora, not none; rate 0.3, not 0.1" in page
    assert "<code>python -m study.launch --name d" in page
    assert any("python -m study.launch --name d" in line for line in in_brief(found))
    frame = comparison_frame(found)
    assert set(frame[frame["study"] == "b"]["around"].dropna()) == {"adapt lora, not none; rate 0.3, not 0.1"}


SPACE = '''
"""Techniques of several levels, so that bests differ."""
from search_spaces import Factor, Level, Range, Space


def levels(*names):
    return tuple(Level(name, {}) for name in names)


SPACE = Space(name="s", goal="Does it help?", factors=(
    Factor("pool", "scientific", "p0", levels("p0", "p1", "p2", "p3")),
    Factor("head", "scientific", "h0", levels("h0", "h1", "h2")),
    Factor("rate", "nuisance", 0.1, range=Range("rate_value", 0.01, 1.0, log=True)),
))
'''


@pytest.mark.slow
def test_the_printed_launch_works_and_the_rows_are_there(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (tmp_path / "s.py").write_text(SPACE, encoding="utf-8")
    asked = (
        "--space",
        "s.py",
        "--rehearse",
        "--trials",
        "8",
        "--seeds",
        "3",
        "--confirm",
        "1",
    )
    for name, seed in (("a", "97"), ("b", "105")):
        done = place.call(*asked, "--ablations", "1", "--epochs", "2", "--workers", "1", "--seed", seed, "--name", name)
        assert done.returncode == 0, done.stderr
    compare = ("--name", "a", "--name", "b", "--out", "cmp.html")
    said = place.call(*compare, module="results.report").stderr
    commands = [line.strip() for line in said.splitlines() if line.startswith("    python -m study.launch")]
    assert {shlex.split(command)[4] for command in commands} == {"a", "b"}, said
    for command in commands:
        done = place.call(*shlex.split(command)[3:])
        assert done.returncode == 0, done.stderr
    again = place.call(*compare, module="results.report").stderr
    assert "rows in both studies" in again and "python -m study.launch" not in again
