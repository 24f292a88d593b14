"""Whole studies with and without the stage store: the same to the bit, and nothing computed twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from in_process import InProcessEngine
from place import SMALL, Place
from tier import NIGHTLY

from study.engines.abstract import AbstractEngine
from study.engines.local import LocalEngine

pytestmark = pytest.mark.slow

SPACE = '''"""A grid in which stages are shared in every way there is."""
from search_spaces import Factor, Level, Space

def on_off(name, paths):
    return Factor(name, "scientific", "off", (Level("off", {name: None}), Level("on", paths)))

SPACE = Space(
    name="shared_stages",
    goal="Is everything computed once?",
    design="grid",
    factors=(
        on_off("mlm", {"mlm.epochs": 4, "mlm.corpora": "in_domain+tasks", "mlm.max_sentences": 48}),
        on_off("simcse_unsupervised", {"simcse_unsupervised.sentences": 32}),
        on_off("fine_tune_first", {"fine_tune_first.epochs": 1, "fine_tune_first.batches": 4}),
        on_off("single_task", {"single_task.epochs": 1}),
        Factor("epochs", "scientific", "1", tuple(Level(str(n), scale={"multitask.epochs": n}) for n in (1, 2, 3))),
    ),
    rows={
        "plain": {},
        "3": {"epochs": "3"},
        "2": {"epochs": "2"},
        "2, then single": {"epochs": "2", "single_task": "on"},
        "mlm": {"mlm": "on"},
        "mlm 2": {"mlm": "on", "epochs": "2"},
        "mlm simcse": {"mlm": "on", "simcse_unsupervised": "on"},
        "mlm simcse quora": {"mlm": "on", "simcse_unsupervised": "on", "fine_tune_first": "on"},
        "quora": {"fine_tune_first": "on"},
    },
)
'''
STUDY = (*SMALL, "--space", "space.py", "--name", "s", "--seeds", "2", "--phases", "confirm,report")
MEASURES = {
    "epoch_metric": "epoch, split, task, metric, value",
    "task_metric": "split, task, metric, value",
    "prediction": "split, task, example_ids_sha256, payload",
}


def new_place(folder: Path) -> Place:
    folder.mkdir()
    (folder / "space.py").write_text(SPACE, encoding="utf-8")
    return Place(folder)


def measures(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that was measured, by configuration and seed, to the bit."""
    assert place.rows("select distinct status from run") == [("complete",)]
    return {
        table: place.rows(
            f"select config_digest, seed, {columns} from {table} join run on run.id = run_id order by 1, 2, 3, 4, 5, 6"
        )
        for table, columns in MEASURES.items()
    }


def assert_nothing_twice(place: Place) -> None:
    """As many stages carried out as there are distinct keys, and each of these by one run."""
    keys, executed, of_them = place.rows(
        "select count(distinct key), sum(not shared), count(distinct case when not shared then key end) from stage"
    )[0]
    assert keys == executed == of_them
    assert place.rows("select count(*) from stage where shared")[0][0] > 0


@pytest.fixture(scope="module")
def unshared(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = new_place(tmp_path_factory.mktemp("unshared") / "place")
    done = place.call(*STUDY, "--no-share", "--workers", "1", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["stage_seconds_saved"] == 0 and told["store"] is None
    assert place.rows("select sum(shared), sum(key = '') from stage") == [(0, 0)]
    assert not (place.folder / "runs" / "store").exists()
    return place


@pytest.mark.parametrize(("workers", "engine"), [("1", InProcessEngine), ("3", LocalEngine)])
def test_a_shared_study_is_the_same_to_the_bit(
    unshared: Place, tmp_path: Path, workers: str, engine: type[AbstractEngine]
) -> None:
    place = new_place(tmp_path / "place")
    done = place.call(*STUDY, "--workers", workers, "--json", engine=engine)
    assert done.returncode == 0, done.stderr
    assert measures(place) == measures(unshared)
    assert_nothing_twice(place)
    distinct = "select distinct key from stage order by 1"
    assert {key for (key,) in unshared.rows(distinct)} <= {key for (key,) in place.rows(distinct)}
    told = json.loads(done.stdout)
    run, saved = place.rows("select sum((not shared) * seconds), sum(shared * seconds) from stage")[0]
    assert (told["stage_seconds_run"], told["stage_seconds_saved"]) == pytest.approx((run, saved))
    page = (place.folder / "runs" / "s" / "report.html").read_text(encoding="utf-8")
    assert "taken from the stage store" in page
    status = json.loads(place.call("--name", "s", "--json", module="study.status").stdout)
    assert status["store"] == told["store"] and status["store"]["entries"] > 0
    assert place.call("--name", "s", module="study.doctor").returncode == 0


def kill_who_computes_a_shared_stage(place: Place, process: subprocess.Popen[str]) -> None:
    """End the first worker that has claimed a stage, before that stage is there."""
    store = place.folder / "runs" / "store"
    while not (claimed := list((store / "claims").glob("*"))) or not claimed[0].read_text(encoding="utf-8"):
        assert process.poll() is None, process.stdout and process.stdout.read()
        time.sleep(0.002)
    os.kill(json.loads(claimed[0].read_text(encoding="utf-8"))["pid"], signal.SIGKILL)
    assert not (store / claimed[0].name[:2] / claimed[0].name).exists()


@pytest.mark.nightly
@pytest.mark.parametrize("workers", ["1", "3"] if NIGHTLY else ["3"])
def test_a_worker_killed_in_a_shared_stage_changes_nothing(unshared: Place, tmp_path: Path, workers: str) -> None:
    place = new_place(tmp_path / "place")
    process = place.start(*STUDY, "--workers", workers, "--retries", "0")
    kill_who_computes_a_shared_stage(place, process)
    told, _ = process.communicate(timeout=300)
    assert process.returncode == 3, told
    assert place.rows("select reason from run where status != 'complete'") == [("worker_died",)]
    again = place.call(*STUDY, "--workers", workers)
    assert again.returncode == 0, again.stdout + again.stderr
    assert measures(place) == measures(unshared)
    assert_nothing_twice(place)


def test_a_second_study_takes_everything_from_the_first(unshared: Place, tmp_path: Path) -> None:
    place = new_place(tmp_path / "place")
    first = (*SMALL, "--space", "space.py", "--seeds", "1", "--phases", "confirm")
    assert place.call(*first, "--name", "one").returncode == 0
    assert place.call(*first, "--name", "two").returncode == 0
    stages = place.rows("select study_name, name, sum(shared), count(*) from stage join run on run.id = run_id "
                        "where name not in ('multitask', 'single_task') group by 1, 2")  # fmt: skip
    assert stages and all(shared == count for study, _, shared, count in stages if study == "two")


def test_a_store_that_cannot_be_written_is_told_once_and_fails_no_run(place: Place) -> None:
    (place.folder / "runs").mkdir()
    (place.folder / "runs" / "store").write_text("in the way", encoding="utf-8")
    (place.folder / "space.py").write_text(SPACE.replace('mlm.epochs": 4', 'mlm.epochs": 1'), encoding="utf-8")
    arguments = ("--set", "single_task=off", "--set", "epochs=1", "--seeds", "1", "--phases", "confirm")
    done = place.call(*SMALL, "--space", "space.py", "--name", "s", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("runs continue without sharing") == 1 and "Warning: the stage store" in done.stdout
    assert place.rows("select sum(shared) from stage") == [(0,)]


def test_seeds_share_what_comes_before_multitask_where_its_seed_is_fixed(place: Place) -> None:
    (place.folder / "space.py").write_text(SPACE, encoding="utf-8")
    arguments = ("--set", "mlm=on", "--set", "epochs=1", "--set", "single_task=off", "--set", "fine_tune_first=off")
    done = place.call(
        *SMALL, "--space", "space.py", "--name", "s", *arguments, "--seeds", "2", "--phases", "confirm,report",
        "--fixed-pretraining-seed",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert place.rows("select sum(not shared), count(distinct key) from stage where name = 'mlm'") == [(1, 1)]
    assert place.rows("select count(distinct run_id) from stage where name = 'mlm'")[0][0] == 4
    page = (place.folder / "runs" / "s" / "report.html").read_text(encoding="utf-8")
    assert page.count("pretraining") >= 2
