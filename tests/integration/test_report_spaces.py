"""The reports' tables as studies: every row of each finishes, from the command line.

`make check` rehearses them, and trains one of them (`test_claims.py`); `make nightly` trains them all. What each row is
as a configuration: `tests/search_spaces/test_report_spaces.py`.
"""

from __future__ import annotations

import csv
import html
import json

import pytest
from place import SMALL, Place
from reports import SPACES, WITHOUT_TABLE
from tier import NIGHTLY

import search_spaces

RUNS = (*SMALL, "--layers", "2") if NIGHTLY else ("--rehearse", "--epochs", "1")


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("name", [*SPACES, *WITHOUT_TABLE])
def test_every_row_of_a_table_finishes(name: str, place: Place) -> None:
    space = search_spaces.load(name)
    done = place.call(*RUNS, "--space", name, "--name", "s", "--seeds", "1", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["failed"] == 0
    finished = place.rows(
        "select distinct cell.name from cell join run using (study_name, config_digest) "
        "where cell.phase = 'confirm' and run.status = 'complete'"
    )
    assert {cell for (cell,) in finished} == {"baseline", *(f"row:{label}" for label in space.rows)}
    assert place.rows("select count(*) from run where status != 'complete'") == [(0,)]
    report = (place.folder / "runs" / "s" / "report.html").read_text(encoding="utf-8")
    with (place.folder / "runs" / "s" / "tables" / "leaderboard.csv").open(encoding="utf-8", newline="") as file:
        printed = [label for row in csv.DictReader(file) for label in row["label"].split("; ") if label]
    assert sorted(printed) == sorted(space.rows)
    assert all(html.escape(label) in report for label in space.rows)
