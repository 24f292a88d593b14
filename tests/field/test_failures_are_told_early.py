"""A launch whose runs all fail says so after the first ones, and runs them again when the cause is mended."""

from __future__ import annotations

from pathlib import Path

import pytest
from own_trainers import OwnStudy
from postgres import own_database

from results.database.database import open_database
from study.execution.acceptance import Failures, FailuresStop
from study.messages import RunFailed

pytestmark = pytest.mark.slow  # each test launches a study, or two

BAD = "def train(configuration, seed, report):\n    return 0.5\n"
FILE = """
from pathlib import Path

def train(configuration, seed, report):
    return {'scores': {'t': float(Path('score').read_text())}}
"""


def test_a_first_run_that_fails_is_the_only_one(tmp_path: Path) -> None:
    study = OwnStudy(tmp_path, BAD)
    done = study.launch("--workers", "3")
    assert done.returncode == 3 and study.rows("select status, reason from run") == [("failed", "error")]
    assert "must return" in done.stderr and "launch.log" in done.stderr and "--retry-failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert study.rows("select status from study_meta") == [("interrupted",)]


def test_a_cause_outside_the_code_is_mended_and_the_failed_runs_are_run_again(tmp_path: Path) -> None:
    study = OwnStudy(tmp_path, FILE)
    assert study.launch("--phases", "search").returncode == 3
    study.write("score", "0.5")
    done = study.launch("--phases", "search", "--retry-failed")
    assert done.returncode == 0, done.stderr
    assert {row[0] for row in study.rows("select status from run")} == {"complete"}
    assert study.rows("select id, phase, attempt from run where id = 1") == [(1, "search", 2)]
    states = [row[0] for row in study.rows("select state from trials order by number")]
    assert states == ["COMPLETE"] * 3
    assert study.command_here("--name", "x", module="study.doctor").returncode == 0


def test_failed_runs_stay_failed_without_the_flag(tmp_path: Path) -> None:
    study = OwnStudy(tmp_path, FILE)
    study.launch("--phases", "search")
    study.write("score", "0.5")
    done = study.launch("--phases", "search")
    assert done.returncode == 3 and study.rows("select status from run where id = 1") == [("failed",)]


def test_failures_of_every_phase_are_run_again(tmp_path: Path) -> None:
    source = (
        "import os\n\ndef train(configuration, seed, report):\n    if configuration['depth_n'] == 2 and not "
        "os.path.exists('gpu'):\n        raise RuntimeError(f'no kernel for seed {seed}')\n"
        "    return {'scores': {'t': configuration['depth_n'] / 4 + seed % 7 / 100}}\n"
    )
    study = OwnStudy(tmp_path, source)
    asked = ("--trials", "4", "--phases", "search,confirm")
    study.launch(*asked)
    failed = study.rows("select distinct phase from run where status = 'failed'")
    assert len(failed) >= 1
    study.write("gpu", "")
    assert study.launch(*asked, "--retry-failed").returncode == 0
    assert study.rows("select count(*) from run where status != 'complete'") == [(0,)]


def test_three_failures_alike_in_a_row_end_the_launch(tmp_path: Path) -> None:
    """The first run succeeds, and then a disk is gone."""
    source = (
        "import os\n\ndef train(configuration, seed, report):\n    if os.path.exists('used'):\n"
        "        raise OSError(f'{seed}: the data is gone')\n    open('used', 'w').close()\n"
        "    return {'scores': {'t': 0.5}}\n"
    )
    study = OwnStudy(tmp_path, source)
    done = study.launch("--trials", "12")
    assert (
        done.returncode == 3
        and "3 consecutive runs failed for the same reason" in done.stderr
        and "the data is gone" in done.stderr
    )
    assert study.rows("select status, count(*) from run group by status order by status") == [
        ("complete", 1), ("failed", 3),
    ]  # fmt: skip
    assert "--retry-failed" in done.stderr and "Finished runs are kept (1)" in done.stderr


def failing(failures: Failures, *events: tuple[str, str] | None) -> int:
    """How many of the events are heard before the launch ends; all of them where it does not."""
    for count, event in enumerate(events, start=1):
        try:
            if event is None:
                failures.succeeded()
            else:
                failures.failed(RunFailed(count, *event), "trial 1")  # type: ignore[arg-type]
        except FailuresStop:
            return count
    return len(events) + 1


A, B, LARGE = ("error", "KeyError: 'a'"), ("error", "KeyError: 'b'"), ("out_of_memory", "CUDA out of memory")


@pytest.mark.parametrize(
    ("events", "heard"),
    [
        ([A, A, A, A], 3),
        ([A, A, None, A, A], 6),
        ([A, A, B, A, A], 6),
        ([A, LARGE, A, LARGE, A], 5),
        ([LARGE] * 9, 10),
        ([("nan_loss", "a score is nan")] * 9, 10),
        ([("timeout", "took longer")] * 9, 10),
        ([("error", f"ValueError: shape ({i}, 8)") for i in range(5)], 3),
        ([("worker_died", "ended by signal SIGSEGV")] * 4, 3),
    ],
)
def test_only_failures_alike_without_a_success_between_them_count(
    events: list[tuple[str, str] | None], heard: int
) -> None:
    assert failing(Failures(first_alone=False), *events) == heard


def test_a_configuration_that_is_too_large_says_nothing_of_the_others() -> None:
    assert failing(Failures(first_alone=True), LARGE, LARGE, A) == 3
    failures = Failures(first_alone=True)
    failures.failed(RunFailed(1, "nan_loss", "nan"), "baseline")
    assert failures.alone
    failures.succeeded()
    assert not failures.alone


def test_so_it_is_on_postgresql(tmp_path: Path) -> None:
    fractions = "    for part in (1, 2, 3):\n        report(part / 2, 0.1)\n    return"
    study = OwnStudy(tmp_path, FILE.replace("    return", fractions))
    with own_database() as url:
        assert study.launch("--phases", "search", "--storage", url).returncode == 3
        study.write("score", "0.5")
        done = study.launch("--phases", "search", "--storage", url, "--retry-failed")
        assert done.returncode == 0, done.stderr
        with open_database(url) as database:
            runs = database.runs.of_study("x")
            assert [(run.status, run.attempt) for run in runs] == [("complete", 2), ("complete", 1), ("complete", 1)]
            assert list(database.metrics.epoch_scores(1)) == [0.5, 1, 1.5]
        study.write("t.py", FILE.replace("float(", "0.1 + float("))
        assert "--accept-changed-code" in study.launch("--phases", "search", "--storage", url).stderr
        assert study.launch("--trials", "4", "--storage", url, "--accept-changed-code").returncode == 0
        with open_database(url) as database:
            assert len({run.code for run in database.runs.of_study("x")}) == 2
