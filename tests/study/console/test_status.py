"""What `study.status` prints: small tables that fit the terminal, plain text where nobody looks."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console
from sqlite import migrated

from results.database.database import Database, open_database
from results.database.rows import NewRun, RunResult, StudyRow
from study.console import status
from study.console.terminal import PlainConsole
from study.execution.lease import Lease

LONG = "a-name-that-goes-on-" * 6


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = migrated(tmp_path_factory.mktemp("status"))
    with open_database(url) as database:
        for name in ("short", LONG[:100]):
            fill(database, name)
            Lease(database, name).take()  # this process drives them
    return url


def fill(database: Database, name: str) -> None:
    """A study with a run that is complete, one that failed and one under way."""
    texts = dict.fromkeys(("space", "goal", "command", "data_source", "data_fingerprint", "backbone"), LONG)
    database.studies.create(StudyRow(study_name=name, data_made_up=False, seed=0, **texts))
    ends = (RunResult(status="complete", score=0.5), RunResult(status="failed", reason="error", detail="why " * 60))
    for seed, end in enumerate((*ends, None)):
        choices: dict[str, Any] = {"pooling": "mean", "learning_rate": 3e-5, "adapter": LONG}
        row = NewRun(
            study_name=name, phase="search", config_digest="a" * 64, config_json={}, choices_json=choices, seed=seed
        )
        run = database.runs.start(row)
        if end is not None:
            database.runs.finish(run, end)


def shown(storage: str, name: str | None, width: int, **options: Any) -> str:
    stream = io.StringIO()
    console = PlainConsole(file=stream, width=width, **options.pop("console", {}))
    status.show(status.read(storage, name), console, failed=options.pop("failed", False))
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(("name", "failed"), [(None, False), ("short", False), ("short", True)])
def test_no_line_is_wider_than_the_terminal(storage: str, name: str | None, failed: bool, width: int) -> None:
    lines = shown(storage, name, width, failed=failed).splitlines()
    assert lines and max(len(line) for line in lines if "python -m" not in line) <= width


def test_long_names_are_cut_and_numbers_are_not(storage: str) -> None:
    lines = shown(storage, None, 80).splitlines()
    assert len(lines) == 3 and "…" in lines[2]
    assert all(line.split()[-3:] == ["running", "3", "1"] for line in lines[1:])


def test_a_run_under_way_is_a_row(storage: str) -> None:
    told = shown(storage, "short", 100)
    assert "1 failed: python -m study.status --name short --failed" in told
    (row,) = [line for line in told.splitlines() if "pooling=mean" in line]
    assert row.split()[:3] == ["3", "search", "2"] and row.rstrip().endswith("…")


def test_why_a_run_failed_is_told_whole(storage: str) -> None:
    told = " ".join(shown(storage, "short", 80, failed=True).split())
    assert ("why " * 60).strip() in told and f"adapter={LONG}" in told.replace(" ", "")


def test_colours_are_for_terminals_that_want_them(storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in shown(storage, None, 80)
    monkeypatch.setenv("NO_COLOR", "1")
    told = shown(storage, None, 80, console={"force_terminal": True})
    assert not any(f"\x1b[{code}" in told for code in range(30, 50))
    assert isinstance(PlainConsole(), Console)
