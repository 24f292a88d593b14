"""What a launch of a report's table ends with: the printed table beside ours, and the claims."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from report_studies import write
from sqlite import migrated

from results.analysis.summary import summarise
from results.database.database import Database, open_database
from results.measurements.study_results import StudyResults
from study.console.summary import Ending
from study.console.summary_claims import ClaimsEnding
from study.console.terminal import PlainConsole

CLS = {"sst": [0.55, 0.552, 0.549], "quora": [0.7, 0.701, 0.699], "sts": [0.4, 0.402, 0.399]}
MEAN = {"sst": [0.5, 0.499, 0.502], "quora": [0.8, 0.802, 0.8], "sts": [0.1, 0.5, 0.6]}
ROWS = {"Baseline(CLS)": CLS, "Mean pooling": MEAN}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The two rows of a printed table. Read it, do not write."""
    with open_database(migrated(tmp_path_factory.mktemp("table"))) as found:
        write(found, "zhang_pooling", ROWS)
        yield found


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(migrated(tmp_path)) as found:
        yield found


def ending(database: Database) -> Ending:
    results = StudyResults(database, "s")
    return Ending(summarise(results), Path("runs/s"), "sqlite:///x.db", ClaimsEnding.of(results))


def shown(database: Database, width: int = 120) -> list[str]:
    stream = io.StringIO()
    ending(database).show(PlainConsole(width=width, file=stream))
    return [" ".join(line.split()) for line in stream.getvalue().splitlines()]


def test_the_printed_table_and_ours_stand_side_by_side(table: Database) -> None:
    lines = shown(table)
    assert "Baseline(CLS) 0.537 0.647 0.636 0.667* 0.550 0.700 0.400 0.550 ± 0.001 3" in lines
    assert "* counts STS as (1 + r)/2 ? formula unknown ours is the plain mean" in lines
    assert any(line.startswith("Ours are scaled down (backbone tiny, 1 epoch") for line in lines)
    assert "# configuration score seeds" not in lines


def test_every_claim_has_its_verdict(table: Database) -> None:
    lines = shown(table)
    assert "Of 2 claims by Zhang, 1 is replicated, 1 is open." in lines
    overall, on_sst = [line for line in lines if line.startswith(("The mean of all", "Sentiment is"))]
    assert " +7.4 +1.7 [" in overall and overall.endswith("] open: the interval includes 0")
    assert " +3.2 +5.0 [+3.9, +6.1] replicated" in on_sst


def test_rows_that_were_not_run_have_dashes(database: Database) -> None:
    write(database, "zhang_pooling", {"Baseline(CLS)": CLS, "Mean pooling": {}})
    lines = shown(database)
    assert "Mean pooling 0.505 0.731 0.805 0.713* – – – – 0" in lines
    assert any("row 'Mean pooling' has not been run" in line for line in lines)


def test_a_narrow_terminal_cuts_no_number(table: Database) -> None:
    lines = shown(table, width=80)
    assert any(line.endswith("0.537 0.647 0.636 0.667* 0.550 0.700 0.400 0.550 ± 0.001 3") for line in lines)


def test_claims_are_data_too(table: Database) -> None:
    told = json.loads(json.dumps(ending(table).as_json()))["claims"]
    assert [(claim["id"], claim["verdict"]) for claim in told] == [
        ("zhang_mean_over_cls_overall", "open"),
        ("zhang_cls_over_mean_on_sst", "replicated"),
    ]
    assert told[0]["reason"] == "the interval includes 0" and told[1]["reason"] is None
    assert told[1]["metrics"]["sst_accuracy"]["printed"] == 0.032
    assert told[1]["metrics"]["sst_accuracy"]["low"] > 0
    assert (told[1]["metrics"]["sst_accuracy"]["level"], told[1]["smaller_than_printed"]) == (0.975, False)


def test_a_claim_that_is_smaller_than_printed_says_so(database: Database) -> None:
    small = {"sst": [0.549, 0.554, 0.55], "quora": [0.703, 0.699, 0.7], "sts": [0.402, 0.4, 0.403]}
    write(database, "zhang_pooling", {"Baseline(CLS)": CLS, "Mean pooling": small})
    lines = shown(database)
    assert "Of 2 claims by Zhang, 2 are smaller than printed." in lines
    assert any(line.endswith("] smaller than printed") for line in lines)


def test_a_space_of_our_own_ends_as_before(database: Database) -> None:
    write(database, "pooling", ROWS)
    assert "# configuration score seeds" in shown(database)
    assert "claims" not in ending(database).as_json()
