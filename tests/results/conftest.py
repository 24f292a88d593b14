"""Databases made by hand: a small study with every kind of row, on SQLite and on PostgreSQL."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from postgres import own_database
from sqlalchemy import Engine, create_engine
from sqlite import migrated

from results.database.database import Database, open_database
from results.database.predictions import pack_predictions
from results.database.rows import (
    Cell,
    EnvironmentRow,
    IssueRow,
    MetricValue,
    NewRun,
    PredictionRow,
    RunResult,
    StageRow,
    StudyRow,
)
from results.database.schema import Base
from results.report.content import Outcome, outcome
from results.report.render import render

HOSTILE = "</script><script>alert('x')</script><img src=x onerror=alert(1)>"
BASELINE = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
BEST = {**BASELINE, "pooling": "mean", "sts_head": "cosine", "learning_rate": 3.1e-5}
THIRD = {**BASELINE, "pooling": HOSTILE, "sts_head": "cosine"}
FRESH = (1000, 1001, 1002)
EXAMPLES = {"quora": 160, "sst": 120, "sts": 90}
Choices = dict[str, Any]


def digest_of(choices: Choices) -> str:
    return hashlib.sha256(json.dumps(choices, sort_keys=True).encode()).hexdigest()


def config_of(choices: Choices) -> dict[str, Any]:
    return {"backbone": "tiny", "pooling": {"name": choices["pooling"]}, "seed": 0}


class StudyMaker:
    """Writes rows as the driver would. `quality` is the chance that a prediction is right."""

    def __init__(self, database: Database, name: str = "demo-study") -> None:
        self.database = database
        self.name = name

    @functools.cached_property
    def environment(self) -> int:
        packages = {"torch": "2.13.0"}
        return self.database.runs.environment_id(
            EnvironmentRow(python="3.11", platform="Linux", cpu="AMD", packages_json=packages, threads=1)
        )

    def study(self, **changes: Any) -> StudyMaker:
        values: dict[str, Any] = {
            "study_name": self.name,
            "space": "small",
            "goal": "Which pooling?",
            "command": f"python -m study.launch --space small --data demo --backbone tiny --name {self.name}",
            "data_source": "demo",
            "data_made_up": True,
            "data_fingerprint": "f" * 64,
            "backbone": "tiny",
            "seed": 0,
            "data_json": {"rows": {"sst/train": 2000, "sst/dev": 120}, "overlap": {"sst": 3, "quora": 0}, "dropped": 2},
            "settings_json": {"seeds": 3, "trials": 6},
            "space_json": {
                "name": "small",
                "size": 12,
                "factors": [{"name": k, "baseline": v, "condition": None} for k, v in BASELINE.items()],
            },
            "decisions_json": {"baseline": digest_of(BASELINE), "baseline_choices": BASELINE},
        }
        self.database.studies.create(StudyRow(**{**values, **changes}))
        return self

    def start(self, choices: Choices, seed: int, phase: Any = "search", trial: int | None = None) -> int:
        return self.database.runs.start(
            NewRun(
                study_name=self.name,
                phase=phase,
                config_digest=digest_of(choices),
                config_json=config_of(choices),
                choices_json=choices,
                seed=seed,
                trial_number=trial,
                host="a",
                environment_id=self.environment,
            )
        )

    def complete(
        self,
        choices: Choices,
        seed: int,
        phase: Any = "search",
        *,
        quality: float = 0.6,
        predictions: bool = True,
        trial: int | None = None,
        epochs: int = 1,
    ) -> int:
        run = self.start(choices, seed, phase, trial)
        metrics, rows = measured("dev", seed, quality)
        score = next(value.value for value in metrics if value.metric == "score")
        for epoch in range(1, epochs + 1):
            part = score * (0.8 + epoch / 15)
            self.database.runs.record_epoch(
                run,
                epoch,
                2.0,
                [MetricValue("dev", "", "score", part), MetricValue("train", "", "score", part + 0.02 * epoch)],
            )
        wide = choices["sts_head"] == "concat"
        self.database.runs.finish(
            run,
            RunResult(
                status="complete",
                score=score,
                leaderboard_score=score,
                best_epoch=epochs,
                train_seconds=60.0 + (20 if wide else 0) + seed % 7,
                eval_seconds=4.0,
                shared_seconds=6.0,
                trainable_parameters=4_600_000 + (100_000 if wide else 0),
                total_parameters=4_800_000,
                peak_memory_bytes=512_000_000,
                metrics=metrics,
                predictions=rows if predictions else (),
                stages=[StageRow("multitask", "k", 64.0, False)],
            ),
        )
        return run

    def failed(self, choices: Choices, seed: int = 0, detail: str = HOSTILE) -> int:
        run = self.start(choices, seed)
        self.database.runs.finish(run, RunResult(status="failed", reason="nan_loss", detail=detail))
        return run

    def cell(self, phase: Any, name: str, choices: Choices, position: int, **changes: Any) -> Cell:
        return Cell(
            phase=phase,
            name=name,
            config_digest=digest_of(choices),
            config_json=config_of(choices),
            choices_json=choices,
            position=position,
            **{"design": name.partition(":")[0], **changes},
        )


def measured(split: Any, seed: int, quality: float) -> tuple[list[MetricValue], list[PredictionRow]]:
    """Predictions by chance and their true metrics; the labels are the same for every run."""
    metrics, rows = [], []
    for task, count in EXAMPLES.items():
        labels = np.random.default_rng(5).integers(0, 5 if task == "sst" else 2, count).astype(float)
        rng = np.random.default_rng([seed, int(quality * 1000), count])
        if task == "sts":
            labels = np.random.default_rng(6).uniform(0, 5, count)
            found = labels + rng.normal(0, 4 * (1 - quality), count)
            value = float(np.corrcoef(np.float32(found), np.float32(labels))[0, 1])
            metrics.append(MetricValue(split, task, "pearson", value))
        else:
            found = np.where(rng.random(count) < quality, labels, labels + 1)
            value = float((found == labels).mean())
            metrics.append(MetricValue(split, task, "accuracy", value))
        ids = hashlib.sha256(f"{task} {count}".encode()).hexdigest()
        rows.append(PredictionRow(split, task, pack_predictions(found, found, labels), ids))
    mean = float(np.mean([metric.value for metric in metrics]))
    return [*metrics, MetricValue(split, "", "score", mean)], rows


def fill(make: StudyMaker) -> StudyMaker:
    """A finished study: search with a failed and a pruned run, confirm, ablate, test, faulty rows."""
    make.study()
    database, name = make.database, make.name
    complete = functools.partial(make.complete, epochs=3)
    for trial, (choices, quality) in enumerate([(BASELINE, 0.6), (BEST, 0.8), (THIRD, 0.75)]):
        complete(choices, 0, quality=quality, trial=trial)
    make.failed({**BASELINE, "learning_rate": 0.1})
    pruned = make.start({**BASELINE, "learning_rate": 1e-6}, 0)
    database.runs.record_epoch(pruned, 1, 2.0, [MetricValue("dev", "", "score", 0.3)])
    database.runs.finish(pruned, RunResult(status="pruned", reason="pruned", score=0.3, train_seconds=20.0))
    database.studies.replace_cells(
        name,
        "confirm",
        [
            make.cell("confirm", "baseline", BASELINE, 0),
            make.cell("confirm", "confirm:1", BEST, 1),
            make.cell("confirm", "confirm:2", THIRD, 2),
        ],
    )
    changed = [
        ("leave_one_out", "pooling", "cls", 0.68),
        ("leave_one_out", "sts_head", "concat", 0.775),
        ("leave_one_out", "learning_rate", 3e-5, 0.79),
        ("one_at_a_time", "pooling", "max", 0.72),
        ("one_at_a_time", "schedule", HOSTILE, 0.81),
    ]
    cells = [make.cell("ablate", "best", BEST, 0)]
    for position, (design, factor, level, quality) in enumerate(changed, start=1):
        choices = {**BEST, factor: level}
        told = {"factor": factor, "from_level": str(BEST[factor]), "to_level": str(level)}
        cells.append(make.cell("ablate", f"{design}:{factor}={level}", choices, position, **told))
        for seed in FRESH:
            complete(choices, seed, "ablate", quality=quality)
    database.studies.replace_cells(name, "ablate", cells)
    for choices, quality in ((BASELINE, 0.6), (BEST, 0.8), (THIRD, 0.75)):
        for seed in FRESH:
            complete(choices, seed, "confirm", quality=quality)
    decisions = {"baseline": digest_of(BASELINE), "baseline_choices": BASELINE, "ablations_left_out": 2}
    decisions |= {"best": digest_of(BEST), "best_choices": BEST}
    database.studies.update(name, decisions_json=decisions, status="complete")
    for choices, quality in ((BASELINE, 0.59), (BEST, 0.79)):
        for seed in FRESH:
            run = database.runs.find_by_seed(name, digest_of(choices), seed)
            assert run is not None
            database.runs.record_evaluation(run.id, "test", *measured("test", seed + 50, quality))
    database.studies.add_data_issues(
        name,
        [
            IssueRow("quora-train.csv", 1842, "empty_label", "label '' is not 0 or 1; row dropped"),
            IssueRow("sts-dev.csv", 7, "bad_label", f"label '{HOSTILE}' is not a number 0..5; row dropped"),
        ],
    )
    return make


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A new database without tables on the server named by STUDY_TEST_POSTGRES, dropped afterwards."""
    with own_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database of each kind, without tables."""
    return request.getfixturevalue("postgres_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/new.db"


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[tuple[str, Engine]]:
    """A database with our tables for all tests of this process, one at a time: making one takes half a second."""
    with own_database() as url:
        open_database(url).close()
        engine = create_engine(url)
        yield url, engine
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same test on both kinds of database; with our tables and no rows."""
    if request.param == "sqlite":
        return migrated(tmp_path)
    found, engine = request.getfixturevalue("shared_postgres")
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
    return str(found)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with open_database(url) as opened:
        yield opened


@pytest.fixture
def make(database: Database) -> StudyMaker:
    return StudyMaker(database)


@pytest.fixture
def light(tmp_path: Path) -> Iterator[StudyMaker]:
    """A maker on SQLite alone, for what does not depend on the kind of database."""
    with open_database(migrated(tmp_path)) as opened:
        yield StudyMaker(opened)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudyMaker]:
    """The same for what several tests of a file read."""
    with open_database(migrated(tmp_path_factory.mktemp("shared"))) as opened:
        yield StudyMaker(opened)


@pytest.fixture(scope="session")
def finished_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A finished study named demo-study; read it, do not write."""
    made = migrated(tmp_path_factory.mktemp("finished"))
    with open_database(made) as opened:
        fill(StudyMaker(opened))
    return made


@pytest.fixture(scope="session")
def finished(finished_url: str) -> Iterator[Database]:
    with open_database(finished_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def finished_outcome(finished: Database) -> Outcome:
    return outcome(finished, "demo-study")


@pytest.fixture(scope="session")
def finished_page(finished_outcome: Outcome) -> str:
    """The report of the finished study."""
    return render(finished_outcome)
