from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from results import export, report
from results.database.database import Database
from results.export import write_tables, write_tables_of
from results.report.content import Outcome

Said = pytest.CaptureFixture[str]
TABLES = {"runs", "choices", "epochs", "tasks", "cells", "data_issues", "leaderboard", "ablation", "pareto"}


def test_every_table_is_csv_and_the_same_every_time(
    finished: Database, finished_outcome: Outcome, tmp_path: Path
) -> None:
    write_tables(finished, "demo-study", tmp_path / "one")
    write_tables_of(finished_outcome, tmp_path / "two")
    one, two = ({file.name: file.read_bytes() for file in (tmp_path / folder).iterdir()} for folder in ("one", "two"))
    assert one == two
    of_sections = ("ledger", "luck", "importance", "transfer", "confusion", "hard_examples")
    assert one.keys() >= {f"{name}.csv" for name in (*TABLES, *of_sections)}
    runs = pd.read_csv(tmp_path / "one/runs.csv")
    assert len(runs) == 29
    assert runs["trainable_parameters"].max() == 4_700_000


def test_a_study_without_runs_has_tables_with_headers(light: Any, tmp_path: Path) -> None:
    light.study()
    write_tables(light.database, light.name, tmp_path)
    for name in TABLES:
        header, *rows = (tmp_path / f"{name}.csv").read_text().splitlines()
        assert len(header.split(",")) >= 3 and rows == []


def test_where_it_was_written_is_told_in_words_and_as_data(light: Any, tmp_path: Path, capsys: Said) -> None:
    light.study()
    for command, place, kind in ((report, "report.html", "html"), (export, "tables", "csv")):
        path = tmp_path / place
        given = ["--name", light.name, "--storage", f"sqlite:///{tmp_path}/studies.db", "--out", str(path)]
        assert command.main([*given, "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"study": light.name, "format": kind, "written": str(path)}
        assert path.is_file() or (path / "runs.csv").is_file()
        if command is report:
            assert path.read_text().startswith("<!doctype html>")
            assert command.main(given) == 0 and capsys.readouterr().out.strip() == str(path)


def test_tables_are_written_as_markdown_latex_and_json(finished_outcome: Outcome, tmp_path: Path) -> None:
    for kind, ending in (("md", "md"), ("latex", "tex"), ("json", "json")):
        write_tables_of(finished_outcome, tmp_path / kind, kind)
        written = list((tmp_path / kind).iterdir())
        assert {file.stem for file in written} >= TABLES and {file.suffix for file in written} == {f".{ending}"}


def test_every_row_of_the_tables_of_results_leads_to_its_runs(finished_outcome: Outcome) -> None:
    found = export.tables_of(finished_outcome)
    scores = found["runs"].set_index("id")["score"]
    for table in ("leaderboard", "ablation", "pareto"):
        for row in found[table].to_dict("records"):
            runs = [int(run) for run in row["run_ids"].split()]
            of_row = row["score"] if table == "pareto" else row["mean"]
            assert len(runs) == row["seeds"] and of_row == pytest.approx(scores[runs].mean()), table


@pytest.mark.parametrize("command", [report, export])
def test_what_is_not_there_is_one_message(command: ModuleType, finished_url: str, tmp_path: Path, capsys: Said) -> None:
    assert command.main(["--name", "demo-studi", "--storage", finished_url, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert "No study named 'demo-studi'" in said.err and "Did you mean 'demo-study'?" in said.err
    assert command.main(["--name", "x", "--storage", f"sqlite:///{tmp_path}/nothing.db"]) == 2
    assert "There is no database at" in capsys.readouterr().err
    assert said.out == "" and list(tmp_path.iterdir()) == []


def test_ctrl_c_is_one_line(monkeypatch: pytest.MonkeyPatch, finished_url: str, tmp_path: Path, capsys: Said) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "write_report", interrupted)
    asked = ["--name", "demo-study", "--storage", finished_url, "--out", str(tmp_path / "report.html")]
    assert report.main(asked) == 130
    assert capsys.readouterr().err == "\nInterrupted.\n" and list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_message(light: Any, tmp_path: Path, capsys: Said) -> None:
    light.study()
    storage, out = f"sqlite:///{tmp_path}/studies.db", f"{tmp_path}/studies.db/report.html"
    assert report.main(["--name", light.name, "--storage", storage, "--out", out]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["results.report", "results.export"])
def test_help_imports_nothing_heavy(module: str) -> None:
    code = (
        f"import sys, runpy; sys.argv = ['x', '--help']\n"
        f"try: runpy.run_module('{module}', run_name='__main__')\n"
        "except SystemExit: print(sorted({'pandas', 'sqlalchemy', 'numpy', 'plotly'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "--storage URL" in done.stdout
