"""Rows of the data that are dropped are one line on the terminal, by file; --data-issues lists them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from place import SMALL, Place

from mtbert import evaluate, predict, train
from mtbert.data import dropped
from mtbert.data.examples import DataIssue
from results.database.rows import IssueRow
from study import arguments


def issue(file: str, line: int) -> IssueRow:
    return IssueRow(file, line, "bad_label", "label 'x' is not a number; row dropped")


def test_many_rows_are_one_line_with_the_count_of_each_file() -> None:
    issues = [issue("quora-train.csv", line) for line in range(2, 32)] + [issue("sts-dev.csv", 3)] * 3
    assert dropped.lines(issues) == [
        "33 rows of the data were dropped (quora-train.csv: 30, sts-dev.csv: 3). --data-issues lists them."
    ]


def test_one_row_is_one_row_and_none_is_nothing() -> None:
    assert dropped.lines([issue("a.csv", 2)]) == ["1 row of the data was dropped (a.csv: 1). --data-issues lists it."]
    assert dropped.lines([]) == [] and dropped.lines([], listed=True) == []


def test_asked_for_every_row_has_its_line() -> None:
    issues = [DataIssue("sts", "dev", "a.csv", line, "bad_label", "label 'x'; row dropped") for line in (3, 9)]
    assert dropped.lines(issues, listed=True) == [
        "2 rows of the data were dropped (a.csv: 2):",
        "  a.csv:3: label 'x'; row dropped",
        "  a.csv:9: label 'x'; row dropped",
    ]


def test_many_files_are_one_line_too() -> None:
    (line,) = dropped.lines([issue(f"part-{number:03}.csv", 1) for number in range(100)] * 20)
    assert line.startswith("2,000 rows") and "92 other files: 1,840" in line and len(line) < 300


def test_a_text_of_the_data_moves_no_cursor() -> None:
    for line in dropped.lines([IssueRow("a\x1b[2J.csv", 1, "bad_label", "label '\x1b[2J'")], listed=True):
        assert "\x1b" not in line


@pytest.mark.parametrize("told", [arguments.help_all, train.parser().format_help], ids=["study.launch", "mtbert.train"])
def test_the_commands_have_the_flag(told: Callable[[], str]) -> None:
    assert dropped.FLAG in told()


@pytest.mark.parametrize("main", [evaluate.main, predict.main], ids=["evaluate", "predict"])
def test_what_reads_a_model_has_it_too(main: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(main)
    with pytest.raises(SystemExit):
        main(["--help"])
    assert dropped.FLAG in capsys.readouterr().out


@pytest.mark.slow
def test_a_launch_and_its_next_one_say_one_line_each(tmp_path: Path) -> None:
    data, place = tmp_path / "data", Place(tmp_path)
    data.mkdir()
    for split in ("train", "dev"):
        rows = [f"{number}\tid{number}\tsentence {number} of {split}\t{number % 5}" for number in range(40)]
        bad = [f"{number}\tbad{number}\tanother {number}\tnine" for number in range(15)]
        text = "\n".join(["\tid\tsentence\tsentiment", *rows, *bad])
        (data / f"ids-sst-{split}.csv").write_text(f"{text}\n", encoding="utf-8")
    given = (*SMALL, "--space", "pooling", "--tasks", "sst", "--data", "data", "--phases", "search", "--trials", "1")
    said = "30 rows of the data were dropped (ids-sst-train.csv: 15, ids-sst-dev.csv: 15). --data-issues lists them."
    for more in ((), ("--trials", "2")):
        done = place.call(*given, "--name", "d", *more)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("dropped") == 1 and said in done.stdout
    listed = place.call(*given, "--name", "d", "--data-issues")
    assert listed.stdout.count("ids-sst-train.csv:") == 16 and listed.stdout.count("row dropped") == 30
