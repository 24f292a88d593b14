"""A study in pandas: a wide typed frame of trials, every table of the report by name, and a repr that fits a screen."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from sqlite import migrated

import results
from results.database.database import Database, open_database
from results.database.rows import MetricValue, NewRun, RunResult, StudyRow
from results.frames import COMPUTED, StudyFrames, study_frames
from results.measurements.record_frames import RECORDED

BOUNDS = {"low": 0, "high": 8, "log": False}
SPACE = {
    "name": "s",
    "factors": [
        {"name": "depth", "levels": ["one", "two"], "range": None, "baseline": "one", "condition": None},
        {"name": "batch", "levels": ["16", "32"], "range": None, "baseline": "16", "condition": None},
        {"name": "smart", "levels": ["off", "on"], "range": None, "baseline": "off", "condition": None},
        {
            "name": "smart.weight",
            "levels": [],
            "range": {**BOUNDS, "integer": False},
            "baseline": 0.5,
            "condition": {"factor": "smart", "level": "on"},
        },
        {"name": "rank", "levels": [], "range": {**BOUNDS, "integer": True}, "baseline": 4, "condition": None},
        {"name": "warmup", "levels": ["0", "0.1"], "range": None, "baseline": "0", "condition": None},
        {"name": "decay", "levels": ["none", "0.01"], "range": None, "baseline": "none", "condition": None},
        {"name": "score", "levels": ["mean", "sum"], "range": None, "baseline": "mean", "condition": None},
    ],
}
CHOICES: list[dict[str, Any]] = [
    {"depth": "one", "batch": "16", "smart": "off", "rank": 4, "warmup": "0", "decay": "none", "score": "mean"},
    {"depth": "two", "batch": "32", "smart": "on", "smart.weight": 0.5, "rank": 8, "warmup": "0.1", "decay": "0.01",
     "score": "sum"},
]  # fmt: skip


def fill(database: Database, name: str) -> None:
    database.studies.create(
        StudyRow(
            study_name=name, space="s", goal="g", command="c", data_source="d", data_made_up=False,
            data_fingerprint="f", backbone="", seed=0, space_json=SPACE, settings_json={"seeds": 2},
            decisions_json={"baseline": "0", "best": "1"},
        )
    )  # fmt: skip
    for at, choices in enumerate(CHOICES):
        for phase, seed in (("search", 0), ("confirm", 7), ("confirm", 8)):
            new: Any = {"study_name": name, "phase": phase, "config_digest": str(at), "choices_json": choices}
            run = database.runs.start(NewRun(**new, config_json={}, seed=seed))
            metrics = [
                MetricValue("dev", "sst", "score", 0.5 + at / 10),
                MetricValue("dev", "", "score", 0.5 + at / 10),
            ]
            database.runs.finish(
                run,
                RunResult(
                    status="complete", score=0.5 + at / 10, best_epoch=1, train_seconds=1.5, metrics=metrics,
                    peak_memory_bytes=10**9,
                ),
            )  # fmt: skip
    run = database.runs.start(
        NewRun(study_name=name, phase="search", config_digest="2", config_json={}, choices_json=CHOICES[0], seed=1)
    )
    database.runs.finish(run, RunResult(status="failed", reason="nan_loss"))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    made = migrated(tmp_path_factory.mktemp("pandas"))
    with open_database(made) as database:
        fill(database, "p")
    return made


@pytest.fixture(autouse=True)
def backend() -> Iterator[None]:
    """Loading may choose what draws; it stays as it was for other tests."""
    before = pd.options.plotting.backend
    yield
    pd.options.plotting.backend = before


@pytest.fixture
def frames(url: str) -> StudyFrames:
    return results.load(url, "p")


def test_trials_have_a_column_per_factor_with_its_type(frames: StudyFrames) -> None:
    trials = frames.trials
    types = {name: str(trials[name].dtype) for name in ("depth", "batch", "smart", "smart.weight", "rank", "warmup")}
    assert types == {
        **{"depth": "category", "batch": "Int64", "smart": "boolean"},
        **{"smart.weight": "float64", "rank": "Int64", "warmup": "float64"},
    }
    assert list(trials["depth"].cat.categories) == ["one", "two"]
    assert str(trials["decay"].dtype) == "category" and list(trials["decay"].cat.categories) == ["none", "0.01"]
    assert trials["smart.weight"].isna().sum() == 4 and trials["smart"].sum() == 3


def test_a_factor_called_like_a_column_of_the_run_hides_none(frames: StudyFrames) -> None:
    assert frames.trials["score"].dtype == "float64" and frames.trials["factor_score"].dtype == "category"


def test_trials_have_scores_seeds_phases_and_costs(frames: StudyFrames) -> None:
    trials = frames.trials
    assert len(trials) == 7 and list(trials["seed"]) == [0, 7, 8, 0, 7, 8, 1]
    assert list(trials["is_result"]) == [False, True, True, False, True, True, False]
    assert list(trials["seeds"]) == [2, 2, 2, 2, 2, 2, 0]
    assert trials["phase"].dtype == "category" and trials["status"].dtype == "category"
    assert trials["train_seconds"].dtype == "float64" and trials["peak_memory_bytes"].dtype == "Int64"
    best = trials[trials["is_best"] & trials["is_result"]]
    assert best["score"].tolist() == [0.6, 0.6] and best["dev_sst"].tolist() == [0.6, 0.6]


def test_a_wide_frame_groups_and_aggregates_without_conversion(frames: StudyFrames) -> None:
    done = frames.trials[frames.trials["status"] == "complete"]
    assert done.groupby("depth", observed=True)["score"].mean().round(2).to_dict() == {"one": 0.5, "two": 0.6}
    assert done[["batch", "score"]].corr().loc["batch", "score"] == pytest.approx(1)


def test_every_table_of_the_report_has_a_name(url: str, frames: StudyFrames) -> None:
    from results.export import tables

    with open_database(url, create=False) as database:
        exported = tables(database, "p")
    for name, frame in exported.items():
        pd.testing.assert_frame_equal(getattr(frames, name), frame)
    assert set(frames.tables) == set(exported) - set(RECORDED) and "ablation" in frames.tables
    assert set(COMPUTED) <= set(dir(frames))


def test_the_schema_of_the_exports_names_the_tables_that_are_known(frames: StudyFrames) -> None:
    assert set(frames.tables) <= set(COMPUTED)


def test_a_name_that_is_none_is_told_with_the_nearest(frames: StudyFrames) -> None:
    for wrong, near in (("ablatoin", "ablation"), ("trail", "trials"), ("Leaderboard", "leaderboard")):
        with pytest.raises(AttributeError, match=f"Did you mean '{near}'"):
            getattr(frames, wrong)
    with pytest.raises(AttributeError, match="has no table 'path', because it has measured no data for it"):
        _ = frames.path


def test_the_repr_is_short_and_says_what_is_there(frames: StudyFrames) -> None:
    for asked in (False, True):
        if asked:
            _ = frames.ablation
        lines = repr(frames).splitlines()
        assert lines[0] == "Study 'p': space s, running, 7 runs" and len(lines) < 40
        assert all(len(line) <= 120 for line in lines) and any("trials" in line and "7 rows" in line for line in lines)
        assert any("ablation" in line for line in lines)


def test_looking_at_frames_computes_no_table(frames: StudyFrames) -> None:
    repr(frames), dir(frames)
    assert "tables" not in frames.__dict__


def test_frames_can_be_copied_and_pickled(frames: StudyFrames) -> None:
    for other in (copy.copy(frames), pickle.loads(pickle.dumps(frames))):
        pd.testing.assert_frame_equal(other.trials, frames.trials)
        pd.testing.assert_frame_equal(other.leaderboard, frames.leaderboard)


def test_plot_draws_with_what_is_installed(frames: StudyFrames) -> None:
    found = frames.trials[frames.trials["is_result"]]
    for name, kind in (("depth", "box"), ("rank", "scatter"), ("smart.weight", "scatter")):
        figure = getattr(found.plot, kind)(x=name, y="score", backend="plotly")
        assert figure.layout.yaxis.title.text == "score"


def test_loading_chooses_plotly_only_where_matplotlib_is_missing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from results import frames as module

    for installed, drawn in ((None, "plotly"), (object(), "matplotlib")):
        pd.options.plotting.backend = "matplotlib"
        monkeypatch.setattr(module, "find_spec", lambda _, found=installed: found)
        results.load(url, "p")
        assert pd.options.plotting.backend == drawn


def test_a_study_without_runs_has_the_columns_too(url: str) -> None:
    with open_database(url) as database:
        if "empty" not in database.studies.names():
            database.studies.create(
                StudyRow(
                    study_name="empty", space="s", goal="g", command="c", data_source="d", data_made_up=False,
                    data_fingerprint="f", backbone="", seed=0, space_json=SPACE,
                )
            )  # fmt: skip
        frames = study_frames(database, "empty")
        assert len(frames.trials) == 0 and {"depth", "rank", "score", "seed"} <= set(frames.trials.columns)
        assert str(frames.trials["depth"].dtype) == "category" and len(frames.ablation) == 0
