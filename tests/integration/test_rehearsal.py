"""Whole studies without training: rehearsed, and of a model that is not ours."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest
from in_process import InProcessEngine
from place import Place

from results.database.database import open_database
from study.engines.abstract import AbstractEngine
from study.engines.local import LocalEngine
from study.trainers.rehearsal.trainer import OPTIONS

ROOT = Path(__file__).resolve().parents[2]
REAL = Path(os.environ.get("MTBERT_DATA") or ROOT.parent / "shared" / "data")
NO_TORCH = """
import sys
class Refuse:
    def find_spec(self, name, *others):
        if name.partition(".")[0] == "torch":
            raise ImportError("torch was imported")
sys.meta_path.insert(0, Refuse())
if __name__ == "__main__":
    from study.launch import main
    sys.exit(main(sys.argv[1:]))
"""


ASKED = ("--space", "pooling", "--rehearse", "--trials", "6", "--seeds", "2", "--name", "r")
ALL_RUNS = ("--phases", "search,confirm,ablate,test")


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A finished rehearsal with references. Read it, do not write: launch in a copy of its folder."""
    place = Place(tmp_path_factory.mktemp("rehearsed"))
    done = place.call(*ASKED, "--references")
    assert done.returncode == 0, done.stdout + done.stderr
    return place


@pytest.fixture
def again(rehearsed: Place, place: Place) -> Place:
    shutil.copytree(rehearsed.folder, place.folder, dirs_exist_ok=True)
    return place


@pytest.mark.slow
def test_a_rehearsal_runs_through_all_phases_without_torch(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    script = place.folder / "no_torch.py"
    script.write_text(NO_TORCH)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = [sys.executable, str(script), *ASKED, "--trials", "8", "--workers", "2"]
    done = subprocess.run(command, cwd=place.folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing is trained" in done.stdout
    runs = place.rows("select phase, status, count(*) from run group by phase, status")
    assert sum(count for phase, _, count in runs if phase == "search") == 8
    assert {phase for phase, _, _ in runs} == {"search", "confirm", "ablate"}
    assert {status for _, status, _ in runs} <= {"complete", "pruned"}
    assert (place.folder / "runs" / "r" / "report.html").is_file()


def test_a_launch_that_decides_anew_keeps_what_others_noted(again: Place) -> None:
    noted = {"by": "another program"}
    with open_database(f"sqlite:///{again.database}") as database:
        database.studies.decide("r", {"noted": noted, "ablations_left_out": 7})
    assert again.call("--name", "r", "--trials", "8", "--phases", "search,confirm").returncode == 0
    decided = json.loads(again.rows("select decisions_json from study_meta")[0][0])
    assert decided["noted"] == noted
    assert "ablations_left_out" not in decided  # of another best


def test_references_are_run_once_and_a_relaunch_knows_them(rehearsed: Place, again: Place) -> None:
    cells = rehearsed.rows("select name, phase, config_digest from cell where design = 'reference' order by name")
    assert [(name, phase) for name, phase, _ in cells] == [
        (f"reference:{t}", "ablate") for t in ("quora", "sst", "sts")
    ]
    digests = "select config_digest from cell where design = 'reference'"
    measured = rehearsed.rows(
        f"select count(*), count(distinct run_id) from task_metric join run on run.id = run_id "
        f"where task <> '' and split = 'dev' and config_digest in ({digests})"
    )
    assert measured == [(6, 6)]
    assert "All tasks together or each alone" in (rehearsed.folder / "runs" / "r" / "report.html").read_text()
    done = again.call("--name", "r", *ALL_RUNS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert again.rows("select id, attempt from run") == rehearsed.rows("select id, attempt from run")


def check_failures(place: Place, faults: dict[str, str], *more: str, engine: type[AbstractEngine]) -> set[str]:
    """The reasons of the runs that failed in a study with these faults, which went on to its end."""
    with mock.patch.dict(os.environ, faults):
        done = place.call(*ASKED, *more, engine=engine)
    assert done.returncode == 3, done.stdout + done.stderr
    rows = place.rows("select status, reason, attempt from run")
    assert {status for status, _, _ in rows} <= {"complete", "pruned", "failed"}
    assert all(attempt == 2 for _, reason, attempt in rows if reason == "worker_died")
    return {reason for status, reason, _ in rows if status == "failed"}


def test_faults_in_a_run_have_their_reasons_and_the_study_goes_on(place: Place) -> None:
    found = check_failures(
        place, {OPTIONS: "nan_loss=0.2,error=0.2"}, "--trials", "8", *ALL_RUNS, engine=InProcessEngine
    )
    assert found == {"nan_loss", "error"}


@pytest.mark.slow
def test_faults_that_end_a_process_or_let_it_hang_have_their_reasons_too(place: Place) -> None:
    asked = ("--trials", "16", "--run-timeout", "3", "--retries", "1", "--workers", "2", *ALL_RUNS)
    found = check_failures(place, {OPTIONS: "nan_loss=0.15,error=0.1,exit=0.15,hang=0.1"}, *asked, engine=LocalEngine)
    assert {"worker_died", "timeout"} <= found <= {"nan_loss", "error", "worker_died", "timeout"}


def test_a_retry_that_was_still_to_come_is_not_lost_with_its_driver(again: Place) -> None:
    with contextlib.closing(sqlite3.connect(again.database)) as connection, connection:  # as a kill leaves it
        connection.execute("update run set status = 'failed', reason = 'worker_died' where trial_number = 2")
        connection.execute("update trials set state = 'RUNNING', datetime_complete = null where number = 2")
    looked = again.call("--name", "r", "--json", module="study.doctor")
    assert looked.returncode == 0, looked.stdout  # nothing to mend: a launch goes on with it
    assert again.call("--name", "r", "--phases", "search").returncode == 0
    ((status, attempt),) = again.rows("select status, attempt from run where trial_number = 2")
    assert status in ("complete", "pruned") and attempt == 2
    assert again.rows("select count(*) from trials where state in ('RUNNING', 'FAIL')") == [(0,)]


@pytest.mark.slow
def test_a_study_ends_when_its_time_is_up_and_goes_on_later(place: Place) -> None:
    asked = ["--space", "pooling", "--rehearse", "--name", "t", "--workers", "1", "--sampler", "random"]
    done = place.call(*asked, "--trials", "2000", "--timeout", "3", "--phases", "search,report")
    assert done.returncode == 130 and "The time is up" in done.stderr, done.stdout + done.stderr
    finished = place.rows("select count(*) from run where status in ('complete', 'pruned')")[0][0]
    assert 0 < finished < 2000
    assert (place.folder / "runs" / "t" / "report.html").is_file()
    total = place.rows("select count(*) from run")[0][0] + 3
    again = place.call(*asked, "--trials", str(total), "--phases", "search")
    assert again.returncode == 0, again.stdout + again.stderr
    assert place.rows("select count(*) from run where status in ('complete', 'pruned')") == [(total,)]


@pytest.mark.slow
def test_a_run_that_holds_too_much_memory_ends_and_the_study_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OPTIONS, "hang=0.4")
    protected = ("--memory-per-run", "0.01", "--run-timeout", "60", "--workers", "2")
    done = place.call(*ASKED, *protected, "--phases", "search", engine=LocalEngine)
    assert done.returncode == 3, done.stdout + done.stderr
    rows = place.rows("select reason, detail from run where status = 'failed'")
    assert rows and {reason for reason, _ in rows} == {"out_of_memory"}
    assert "--memory-per-run 0.01 GB" in rows[0][1]


@pytest.mark.slow
def test_a_classifier_of_another_library_on_real_sentences(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    if not REAL.is_dir():
        pytest.skip(f"no real data at {REAL}")
    monkeypatch.syspath_prepend(ROOT)
    done = place.call(
        "--space", str(ROOT / "docs/examples/text_classifier.py"), "--trainer", "docs.examples.text_classifier:train",
        "--data", str(REAL), "--name", "c", "--trials", "4", "--seeds", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rows = place.rows("select score, trainable_parameters from run where status = 'complete'")
    assert len(rows) >= 6 and all(0.25 < score < 0.5 and parameters > 1000 for score, parameters in rows)
    assert place.rows("select count(*) from prediction where task = 'sst'") == [(len(rows),)]


SPACE_OF_MANY = """
from search_spaces.factors import BATCH_SIZE, HEAD_DROPOUT, POOLING, SCHEDULE, SST_HEAD, STS_HEAD
from search_spaces.grammar import Space

SPACE = Space(name="many", goal="Which?", factors=(POOLING, SST_HEAD, STS_HEAD, SCHEDULE, BATCH_SIZE, HEAD_DROPOUT))
"""


@pytest.mark.slow
def test_importance_finds_the_planted_factor_and_leaves_what_does_nothing(place: Place, tmp_path: Path) -> None:
    """200 runs of a search whose truth is planted: the strongest factor is told apart, above all without effect."""
    (tmp_path / "many.py").write_text(SPACE_OF_MANY)
    done = place.call(
        "--space", str(tmp_path / "many.py"), "--rehearse", "--trials", "200", "--name", "p",
        "--sampler", "random", "--pruner", "none", "--epochs", "1", "--phases", "search,report",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads(place.rows("select data_json from study_meta")[0][0])
    spans = {}
    for factor, levels in data["planted"]["levels"].items():
        means = [sum(effects.values()) / len(effects) for effects in levels.values()]
        spans[factor] = max(means) - min(means)
    strongest = max((factor for factor in spans if "." not in factor), key=lambda factor: spans[factor])
    table = pd.read_csv(place.folder / "runs" / "p" / "tables" / "importance.csv")
    shapley = table.set_index("factor")
    nulls = [factor for factor in data["null_factors"] if factor in shapley.index]
    # A factor whose conditional ones have an effect is credited with it.
    nulls = [factor for factor in nulls if not any(name.startswith(f"{factor}.") and spans[name] for name in spans)]
    assert nulls
    assert shapley.loc[strongest, "told_apart"]
    assert shapley.loc[strongest, "importance"] > shapley.loc[nulls, "importance"].max()
    assert not shapley.loc[nulls, "told_apart"].any()
    assert len(shapley.loc[strongest, "run_ids"].split()) == 200
