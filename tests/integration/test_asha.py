"""A search with `--pruner asha`: runs pause, and the best go on from the epoch they had reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from place import SMALL, Place

pytestmark = pytest.mark.slow
TRIALS = 15
STUDY = (
    *SMALL, "--space", "pooling", "--name", "s", "--phases", "search", "--trials", str(TRIALS), "--epochs", "4",
    "--pruner", "asha",
)  # fmt: skip


def check_rows(place: Place) -> None:
    """No more trials than asked for, each a row, its epochs once; every trial told what became of it."""
    assert place.rows("select count(*), count(distinct trial_number) from run") == [(TRIALS, TRIALS)]
    ends = place.rows("select status, trial_number from run order by 2")
    states = place.rows("select state, number from trials order by 2")
    assert {status for status, _ in ends} == {"complete", "pruned"}
    assert [status.upper() for status, _ in ends] == [state for state, _ in states]
    epochs = dict(place.rows("select run_id, max(epoch) from epoch_metric group by run_id"))
    assert set(epochs.values()) <= {1, 3, 4} and 4 in epochs.values()
    repeated = "select count(*) from epoch_metric group by run_id, epoch, split, task, metric having count(*) > 1"
    assert place.rows(repeated) == []
    for status, run in place.rows("select status, id from run"):
        assert (status == "complete") == (epochs[run] == 4)


def curves(place: Place) -> list[tuple[Any, ...]]:
    return place.rows(
        "select config_digest, seed, epoch, split, task, metric, value from epoch_metric "
        "join run on run.id = run_id order by 1, 2, 3, 4, 5, 6"
    )


def test_promoted_runs_continue_and_give_the_same_bits_without_a_store(tmp_path: Path) -> None:
    found = []
    for flag in ("--share", "--no-share"):
        place = Place(tmp_path / flag)
        place.folder.mkdir()
        done = place.call(*STUDY, flag, "--workers", "1")
        assert done.returncode == 0, done.stderr
        check_rows(place)
        found.append((curves(place), place.rows("select trial_number, status, score from run order by 1")))
        pieces = place.rows("select count(*), count(distinct key), sum(shared) from stage")[0]
        if flag == "--share":  # a part after each pause, none of them twice
            assert pieces[0] == pieces[1] > TRIALS and pieces[2] == 0
    assert found[0] == found[1]


def test_a_killed_search_goes_on_with_its_paused_runs(place: Place) -> None:
    place.kill_when("select 1 from run where status = 'pruned' limit 1 offset 2", *STUDY, "--workers", "2")
    again = place.call(*STUDY)
    assert again.returncode == 0, again.stdout + again.stderr
    check_rows(place)
