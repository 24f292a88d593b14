"""Whole studies without training: rehearsed, and of a model that is not ours."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from place import Place

from results.records import open_database

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


def test_a_rehearsal_runs_through_all_phases_without_torch(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "no_torch.py"
    script.write_text(NO_TORCH)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    asked = ["--space", "pooling", "--rehearse", "--trials", "8", "--seeds", "2", "--name", "r", "--workers", "2"]
    command = [sys.executable, str(script), *asked]
    done = subprocess.run(command, cwd=place.folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing is trained" in done.stdout
    runs = place.rows("select phase, status, count(*) from run group by phase, status")
    assert sum(count for phase, _, count in runs if phase == "search") == 8
    assert {phase for phase, _, _ in runs} == {"search", "confirm", "ablate"}
    assert {status for _, status, _ in runs} <= {"complete", "pruned"}
    assert (place.folder / "runs" / "r" / "report.html").is_file()


def test_a_launch_that_decides_anew_keeps_what_others_noted(place: Place) -> None:
    asked = ["--space", "pooling", "--rehearse", "--trials", "6", "--seeds", "2", "--name", "r", "--workers", "2"]
    assert place.call(*asked).returncode == 0
    used = {"joules": 7.0, "seconds": 3.0, "of": ["package-0"]}
    with open_database(f"sqlite:///{place.database}") as database:
        database.decide("r", {"energy": used, "references_left_out": {"sst": "of another best"}})
    assert place.call(*asked, "--trials", "8").returncode == 0
    decided = json.loads(place.rows("select decisions_json from study_meta")[0][0])
    assert decided["energy"]["joules"] >= 7.0  # more where this machine's can be read
    assert "references_left_out" not in decided


def test_references_are_run_once_and_a_relaunch_knows_them(place: Place) -> None:
    asked = ["--space", "pooling", "--rehearse", "--references", "--trials", "6", "--seeds", "2", "--name", "r"]
    done = place.call(*asked, "--workers", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    cells = place.rows("select name, phase, config_digest from cell where design = 'reference' order by name")
    assert [(name, phase) for name, phase, _ in cells] == [
        (f"reference:{t}", "ablate") for t in ("quora", "sst", "sts")
    ]
    digests = "select config_digest from cell where design = 'reference'"
    measured = place.rows(
        f"select count(*), count(distinct run_id) from task_metric join run on run.id = run_id "
        f"where task <> '' and split = 'dev' and config_digest in ({digests})"
    )
    assert measured == [(6, 6)]
    assert "All tasks together, or each alone" in (place.folder / "runs" / "r" / "report.html").read_text()
    runs = place.rows("select count(*) from run")
    again = place.call("--name", "r")
    assert again.returncode == 0, again.stdout + again.stderr
    assert place.rows("select count(*) from run") == runs


def test_faults_have_their_reasons_and_the_study_goes_on(place: Place) -> None:
    faults = "nan_loss=0.15,error=0.1,exit=0.15,hang=0.1"
    done = place.call(
        "--space", "pooling", "--rehearse", "--rehearse-faults", faults, "--trials", "16", "--seeds", "2",
        "--run-timeout", "1.5", "--retries", "1", "--name", "f", "--workers", "2",
    )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    rows = place.rows("select status, reason, attempt from run")
    reasons = {reason for status, reason, _ in rows if status == "failed"}
    assert reasons <= {"nan_loss", "error", "worker_died", "timeout"} and len(reasons) >= 3
    assert all(attempt == 2 for _, reason, attempt in rows if reason == "worker_died")
    assert {status for status, _, _ in rows} <= {"complete", "pruned", "failed"}


def test_a_retry_that_was_still_to_come_is_not_lost_with_its_driver(place: Place) -> None:
    asked = ["--space", "pooling", "--rehearse", "--trials", "6", "--phases", "search", "--name", "r", "--workers", "2"]
    assert place.call(*asked).returncode == 0
    with contextlib.closing(sqlite3.connect(place.database)) as connection, connection:  # as a kill leaves it
        connection.execute("update run set status = 'failed', reason = 'worker_died' where trial_number = 2")
        connection.execute("update trials set state = 'RUNNING', datetime_complete = null where number = 2")
    looked = place.call("--name", "r", "--json", module="study.doctor")
    assert looked.returncode == 0, looked.stdout  # nothing to mend: a launch goes on with it
    assert place.call("--name", "r").returncode == 0
    ((status, attempt),) = place.rows("select status, attempt from run where trial_number = 2")
    assert status in ("complete", "pruned") and attempt == 2
    assert place.rows("select count(*) from trials where state in ('RUNNING', 'FAIL')") == [(0,)]


@pytest.mark.slow
def test_a_study_ends_when_its_time_is_up_and_goes_on_later(place: Place) -> None:
    asked = ["--space", "pooling", "--rehearse", "--name", "t", "--workers", "1", "--phases", "search,report"]
    done = place.run(*asked, "--trials", "1000", "--timeout", "6")
    assert done.returncode == 130 and "The time is up" in done.stderr, done.stdout + done.stderr
    finished = place.rows("select count(*) from run where status in ('complete', 'pruned')")[0][0]
    assert 0 < finished < 1000
    assert (place.folder / "runs" / "t" / "report.html").is_file()
    total = place.rows("select count(*) from run")[0][0] + 3
    again = place.run(*asked, "--trials", str(total))
    assert again.returncode == 0, again.stdout + again.stderr
    assert place.rows("select count(*) from run where status in ('complete', 'pruned')") == [(total,)]


@pytest.mark.slow
def test_a_run_that_holds_too_much_memory_ends_and_the_study_goes_on(place: Place) -> None:
    done = place.run(
        "--space", "pooling", "--rehearse", "--rehearse-faults", "hang=0.4", "--trials", "6",
        "--memory-per-run", "0.01", "--name", "m", "--workers", "2", "--run-timeout", "20",
    )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    rows = place.rows("select reason, detail from run where status = 'failed'")
    assert rows and {reason for reason, _ in rows} == {"out_of_memory"}
    assert "--memory-per-run 0.01 GB" in rows[0][1]


@pytest.mark.slow
def test_a_classifier_of_another_library_on_real_sentences(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    if not REAL.is_dir():
        pytest.skip(f"no real data at {REAL}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    done = place.run(
        "--space", str(ROOT / "docs/examples/text_classifier.py"), "--trainer", "docs.examples.text_classifier:train",
        "--data", str(REAL), "--name", "c", "--trials", "4", "--seeds", "2", "--workers", "2",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rows = place.rows("select score, trainable_parameters from run where status = 'complete'")
    assert len(rows) >= 8 and all(0.25 < score < 0.5 and parameters > 1000 for score, parameters in rows)
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
    done = place.run(
        "--space", str(tmp_path / "many.py"), "--rehearse", "--trials", "200", "--name", "p",
        "--sampler", "random", "--pruner", "none", "--workers", "2", "--budget", "full", "--phases", "search,report",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads(place.rows("select data_json from study_meta")[0][0])
    spans = {}
    for factor, levels in data["planted"]["levels"].items():
        means = [sum(effects.values()) / len(effects) for effects in levels.values()]
        spans[factor] = max(means) - min(means)
    strongest = max((factor for factor in spans if "." not in factor), key=lambda factor: spans[factor])
    table = pd.read_csv(place.folder / "runs" / "p" / "tables" / "importance.csv")
    shapley = table[table["evaluator"] == "shapley"].set_index("factor")
    nulls = [factor for factor in data["null_factors"] if factor in shapley.index]
    # A factor whose conditional ones have an effect is credited with it.
    nulls = [factor for factor in nulls if not any(name.startswith(f"{factor}.") and spans[name] for name in spans)]
    assert nulls
    assert shapley.loc[strongest, "told_apart"]
    assert shapley.loc[strongest, "importance"] > shapley.loc[nulls, "importance"].max()
    assert not shapley.loc[nulls, "told_apart"].any()
    assert len(shapley.loc[strongest, "run_ids"].split()) == 200
