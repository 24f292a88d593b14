"""Rehearsed studies of every design: they run the planned cells, find what was planted, and survive being killed."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from place import Place

from study.settings import DESIGNS
from study.trainers.rehearsal.trainer import OPTIONS

SPACE = '''"""Four switches."""
from search_spaces import Factor, Level, Space

SPACE = Space(
    name="crossed",
    goal="What helps?",
    factors=tuple(
        Factor(name, "scientific", "off", (Level("off"), Level("on", {f"{name}.on": True}))) for name in "abcd"
    ),
)
'''
# With this seed every switch helps, and b and d give 1.5 points more together than both alone.
SEED, INTERACTION = "338", ("b", "d", 0.015)
ALL = "leave_one_out,one_at_a_time,add_one_in,pairs,factorial,path"


def asked(place: Place, name: str, *more: str) -> list[str]:
    (place.folder / "crossed.py").write_text(SPACE)
    return [
        "--space", "crossed.py", "--rehearse", "--budget", "full", "--sampler", "grid",
        "--trials", "16", "--epochs", "1", "--seed", SEED, "--workers", "2", "--name", name, *more,
    ]  # fmt: skip


def table(place: Place, study: str, name: str) -> list[dict[str, str]]:
    with (place.folder / "runs" / study / "tables" / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def decisions(place: Place, name: str) -> dict[str, Any]:
    found = place.rows("select decisions_json from study_meta where study_name = ?", [name])
    return json.loads(found[0][0]) if found and found[0][0] else {}


@pytest.mark.slow
def test_a_planted_interaction_is_found_and_every_planned_cell_is_run_once(place: Place) -> None:
    done = place.call(*asked(place, "d", "--seeds", "8", "--designs", ALL))
    assert done.returncode == 0, done.stdout + done.stderr
    decided = decisions(place, "d")
    assert decided["best_choices"] == dict.fromkeys("abcd", "on")
    planted = json.loads(place.rows("select data_json from study_meta")[0][0])["planted"]["interaction"]
    assert sorted(planted[:3:2]) == ["b", "d"] and planted[4] == INTERACTION[2]

    cells = place.rows("select design, count(*) from cell where phase = 'ablate' group by design")
    assert dict(cells) == {
        "best": 1, "baseline": 1, "leave_one_out": 4, "add_one_in": 4, "pairs": 10, "factorial": 16, "path": 10,
    }  # fmt: skip
    # Every configuration of the space is a corner of the factorial: 16, each with all its seeds, none twice.
    runs = place.rows("select config_digest, count(*), count(distinct seed) from run where seed >= 1000 group by 1")
    assert len(runs) == 16 and {(count, seeds) for _, count, seeds in runs} == {(8, 8)}

    rows = {(row["design"], row["first"], row["second"]): row for row in table(place, "d", "interactions")}
    assert len(rows) == 12  # six pairs, by both designs
    found = rows["factorial", "b", "d"]
    assert found["verdict"] == "helps"
    assert float(found["low"]) < INTERACTION[2] < float(found["high"])
    assert [key for key, row in rows.items() if key[0] == "factorial" and row["verdict"] in ("helps", "hurts")] == [
        ("factorial", "b", "d")
    ]
    assert len(found["run_ids"].split()) == 16 * 8

    path = table(place, "d", "path")
    assert [row["tried"] for row in path] == ["4", "3", "2", "1"]
    assert {row["factor"] for row in path} == set("abcd") and path[-1]["config_digest"] == decided["best"]
    gain = sum(float(row["difference"]) for row in path)
    assert gain == pytest.approx(float(path[-1]["from_baseline"]), abs=1e-6)
    assert {row["factor"] for row in table(place, "d", "added")} == set("abcd")

    page = (place.folder / "runs" / "d" / "report.html").read_text()
    for title in ("What each change does alone", "From the baseline to the best", "Which choices change each other"):
        assert title in page
    assert place.call("--name", "d", "--space", "crossed.py", "--phases", "search,confirm,ablate").returncode == 0
    assert place.rows("select count(*) from run where seed >= 1000") == [(16 * 8,)]
    assert decisions(place, "d")["path"] == decided["path"]


@pytest.mark.slow
def test_the_plan_of_a_study_that_has_its_best_is_what_ablate_then_runs(place: Place) -> None:
    first = place.call(*asked(place, "p", "--seeds", "2", "--phases", "search,confirm"))
    assert first.returncode == 0, first.stdout + first.stderr
    again = ["--name", "p", "--space", "crossed.py", "--phases", "ablate", "--designs", "pairs,add_one_in,path"]
    plan = place.call(*again, "--plan", "--json")
    planned = json.loads(plan.stdout)
    done = place.call(*again)
    assert done.returncode == 0, done.stdout + done.stderr
    for design in planned["designs"]:
        new = place.rows(
            "select count(*) from (select config_digest from cell where phase = 'ablate' and design = ? except "
            "select config_digest from cell where phase = 'ablate' and design in ('best', 'baseline'))",
            [design["design"]],
        )[0][0]
        if design["design"] == "path":
            assert design["least"] == 0 <= new * 2
        else:
            assert design["least"] == design["most"] == 2 * new == 2 * len(design["cells"])
    sure = {run["what"] for run in planned["certain"]}
    assert sure == {f"pairs:{cell['name'].removeprefix('pairs:')}" for cell in planned["designs"][0]["cells"]} | {
        cell["name"] for cell in planned["designs"][1]["cells"]
    }


@pytest.mark.slow
def test_a_killed_path_goes_on_to_where_it_would_have_led(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ("--seeds", "2", "--designs", "path", "--phases", "search,confirm,ablate")
    whole = place.call(*asked(place, "whole", *path))
    assert whole.returncode == 0, whole.stdout + whole.stderr
    a_step = "study_name = 'killed' and json_array_length(decisions_json, '$.path.steps') > 0"
    slow = asked(place, "killed", *path)
    with monkeypatch.context() as slowly:
        slowly.setenv(OPTIONS, "seconds=0.2")
        place.kill_when(f"select 1 from study_meta where {a_step}", *slow)
    before = decisions(place, "killed")["path"]
    assert len(before["steps"]) < 4

    again = place.call("--name", "killed", "--space", "crossed.py", *path[-2:])
    assert again.returncode == 0, again.stdout + again.stderr
    after = decisions(place, "killed")["path"]
    assert after["steps"][: len(before["steps"])] == before["steps"]
    assert after == decisions(place, "whole")["path"]
    cells = "select name, config_digest from cell where phase = 'ablate' and study_name = ? order by name"
    assert place.rows(cells, ["killed"]) == place.rows(cells, ["whole"])
    runs = "select config_digest, seed, status from run where study_name = ? and seed >= 1000 order by 1, 2"
    assert place.rows(runs, ["killed"]) == place.rows(runs, ["whole"])


def test_a_design_that_does_not_exist_is_told_with_those_that_do(place: Place) -> None:
    done = place.call(*asked(place, "w", "--designs", "leave_one_out,paths"))
    assert done.returncode == 2
    assert done.stderr.strip() == f"No design named 'paths'. Designs: {', '.join(DESIGNS)}."
    assert not place.database.exists()


@pytest.mark.slow
def test_the_designs_belong_to_the_study_and_can_be_changed(place: Place) -> None:
    quick = ("--phases", "search,confirm,ablate")  # of the whole grid: the best has more than one switch on
    assert place.call(*asked(place, "k", "--seeds", "2", "--designs", "add_one_in", *quick)).returncode == 0
    cells = "select design, count(*) from cell where phase = 'ablate' and design not in ('best', 'baseline') group by 1"
    changes = sum(level == "on" for level in decisions(place, "k")["best_choices"].values())
    assert changes > 1 and place.rows(cells) == [("add_one_in", changes)]
    assert place.call("--name", "k", "--space", "crossed.py").returncode == 0
    assert place.rows(cells) == [("add_one_in", changes)]
    assert (
        place.call("--name", "k", "--space", "crossed.py", "--designs", "factorial", "--ablations", "4").returncode == 0
    )
    assert place.rows(cells) == [("factorial", 4)]
    stored = json.loads(place.rows("select settings_json from study_meta")[0][0])
    assert (stored["designs"], stored["ablations"]) == (["factorial"], 4)


@pytest.mark.slow
def test_primary_rows_are_declared_before_the_table_and_stay(place: Place) -> None:
    first = ("--seeds", "2", "--designs", "one_at_a_time,leave_one_out", "--phases", "search,confirm,ablate,report")
    assert place.call(*asked(place, "p", *first)).returncode == 0
    declared = {"design": "one_at_a_time", "factors": []}
    assert decisions(place, "p")["primary"] == declared
    again = place.call("--name", "p", "--space", "crossed.py", "--designs", "leave_one_out")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Primary rows stay those declared before the table began: one_at_a_time" in again.stdout
    assert decisions(place, "p")["primary"] == declared
