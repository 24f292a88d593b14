from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import results
from results.errors import StorageError, UnknownStudy


def test_a_study_loads_as_tidy_frames(finished_url: str) -> None:
    frames = results.load(finished_url, "demo-study")
    assert frames.study.study_name == "demo-study"
    assert len(frames.runs) == 29
    assert list(frames.epochs.columns) == ["run_id", "epoch", "split", "task", "metric", "value", "seconds"]
    assert set(frames.tasks["split"]) == {"dev", "test"}
    assert len(frames.choices) == 29 * 4
    assert frames.data_issues["line"].tolist() == [1842, 7]


def test_missing_whole_numbers_stay_whole(finished_url: str) -> None:
    runs = results.load(finished_url, "demo-study").runs
    assert runs["trial_number"].dtype == "Int64"
    assert runs.loc[runs["status"] == "failed", "trainable_parameters"].isna().all()


def test_a_study_without_runs_has_the_same_columns(light: Any, tmp_path: Path, finished_url: str) -> None:
    light.study()
    empty, full = results.load(f"sqlite:///{tmp_path}/studies.db", light.name), results.load(finished_url, "demo-study")
    for table in ("runs", "choices", "epochs", "tasks", "stages", "cells", "environments", "data_issues"):
        assert list(getattr(empty, table).columns) == list(getattr(full, table).columns)
        assert len(getattr(empty, table)) == 0


def test_loading_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        results.load(f"sqlite:///{tmp_path}/nothing.db", "x")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_study_is_said(finished_url: str) -> None:
    with pytest.raises(UnknownStudy, match="Did you mean 'demo-study'"):
        results.load(finished_url, "demo-studie")


def test_importing_results_loads_nothing_heavy() -> None:
    heavy = "{'pandas', 'sqlalchemy', 'numpy', 'plotly', 'jinja2', 'torch'}"
    code = f"import sys, results, results.report, results.export; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
