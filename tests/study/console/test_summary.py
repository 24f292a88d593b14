"""What a launch ends with: the answer, the tables, and what they go without."""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlite import migrated

from results.analysis.ablation import AblationRow
from results.analysis.sample_size import Needed
from results.analysis.summary import summarise
from results.database.database import Database, open_database
from results.database.rows import Cell, NewRun, RunResult, StudyRow
from results.measurements.study_results import StudyResults
from study.console.summary import SHOWN_CONFIGURATIONS, Ending
from study.console.terminal import PlainConsole

BASELINE, MEAN = {"pooling": "cls"}, {"pooling": "mean"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(migrated(tmp_path)) as found:
        yield found


def digest(choices: dict[str, Any]) -> str:
    return f"{choices['pooling']:0>64}"


def write(database: Database, cells: dict[str, dict[str, Any]], decisions: dict[str, Any] | None = None) -> None:
    """A study whose phase confirm has these cells, each configuration with two seeds; mean scores higher than cls."""
    told = {"baseline": digest(BASELINE), "baseline_choices": BASELINE, **(decisions or {})}
    texts = dict.fromkeys(("space", "goal", "command", "data_source", "data_fingerprint", "backbone"), "x")
    database.studies.create(StudyRow(study_name="s", data_made_up=False, seed=0, decisions_json=told, **texts))
    rows = [
        Cell(
            phase="confirm",
            name=name,
            design=name.partition(":")[0],
            config_digest=digest(choices),
            config_json={},
            choices_json=choices,
            position=position,
        )
        for position, (name, choices) in enumerate(cells.items())
    ]
    database.studies.replace_cells("s", "confirm", rows)
    for choices in {digest(choices): choices for choices in cells.values()}.values():
        for seed in (1000, 1001):
            new = NewRun(
                study_name="s",
                phase="confirm",
                config_digest=digest(choices),
                config_json={},
                choices_json=choices,
                seed=seed,
            )
            score = (0.6 if choices == MEAN else 0.5) + seed / 1e5
            database.runs.finish(database.runs.start(new), RunResult(status="complete", score=score, train_seconds=1.0))


def ending(database: Database) -> Ending:
    return Ending(summarise(StudyResults(database, "s")), Path("runs/s"), "sqlite:///x.db")


def shown(database: Database) -> str:
    stream = io.StringIO()
    ending(database).show(Console(file=stream, width=120))
    return stream.getvalue()


def test_a_table_of_printed_rows_has_their_labels_and_the_baselines_too(database: Database) -> None:
    cells = {"baseline": BASELINE, "row:Dropout=0.5": BASELINE, "row:lr=1e-5 [a]": BASELINE, "row:Mean": MEAN}
    write(database, cells)
    lines = [" ".join(line.split()) for line in shown(database).splitlines()]
    assert "# configuration score seeds" in lines
    assert "1 Mean 0.610 ± 0.000 2" in lines
    assert "2 Dropout=0.5; lr=1e-5 [a] (the baseline) 0.510 ± 0.000 2" in lines


def test_without_printed_rows_configurations_are_told_by_their_differences(database: Database) -> None:
    write(database, {"baseline": BASELINE, "grid:pooling=mean": MEAN})
    lines = [" ".join(line.split()) for line in shown(database).splitlines()]
    assert "1 mean pooling 0.610 ± 0.000 2" in lines and "2 the baseline itself 0.510 ± 0.000 2" in lines


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal_and_long_labels_are_cut(database: Database, width: int) -> None:
    long = "a label that goes on " * 12
    write(database, {"baseline": BASELINE, f"row:{long}": MEAN, "row:x[bold]y": {"pooling": "max"}})
    stream = io.StringIO()
    ending(database).show(PlainConsole(file=stream, width=width))
    lines = stream.getvalue().splitlines()
    rows = [line for line in lines if line.lstrip().startswith(("1 ", "2 ", "3 "))]
    assert max(len(line) for line in lines) <= width and len(rows) == 3
    assert any(re.search(r"a label that .*…\s+0\.610 ± 0\.000\s+2$", row) for row in rows), rows
    assert "\x1b" not in stream.getvalue() and "[bold]" in stream.getvalue()


def test_rows_beyond_those_shown_are_counted(database: Database) -> None:
    others = {f"row:{i}": {"pooling": f"p{i}"} for i in range(SHOWN_CONFIGURATIONS + 1)}
    write(database, {"baseline": BASELINE, **others})
    assert "and 2 further configurations: the report has all of them" in shown(database)


def test_changes_that_were_not_run_are_counted(database: Database) -> None:
    change = {"factor": "surgery", "from_level": "none", "to_level": "pcgrad", "reason": "One task a step."}
    write(database, {"baseline": BASELINE}, {"ablations_left_out": 2, "ablations_forbidden": [change]})
    text = shown(database)
    assert "2 further changes beyond the budget, not run" in text
    assert "1 change cannot be made to the best configuration: the report says why" in text
    assert ending(database).as_json()["changes_not_run"] == {"beyond_budget": 2, "cannot_be_made": 1}


def test_where_nothing_was_left_out_nothing_is_said_of_it(database: Database) -> None:
    write(database, {"baseline": BASELINE})
    assert "further" not in shown(database) and "cannot be made" not in shown(database)


def test_what_the_open_rows_need_is_told_under_the_table(database: Database) -> None:
    write(database, {"baseline": BASELINE, "row:mean": MEAN})
    told = ending(database)
    cell = Cell(phase="ablate", name="n", design="d", config_digest="", config_json={}, choices_json={})
    row = AblationRow(cell, (), None, needed=Needed("no loss", 12, 900))
    stream = io.StringIO()
    shown = dataclasses.replace(told, summary=dataclasses.replace(told.summary, ablation=(row,), against_baseline=()))
    shown.show(Console(file=stream, width=200))
    line = "1 open row: a verdict needs up to 12 more seeds or up to 900 more dev examples per task."
    assert line in stream.getvalue().splitlines()
