"""The tables of a study. Users query them: keep the names of the tables and of the columns of `run`.

Optuna's tables (`studies`, `trials`, ...) are in the same database under other names. A change here needs a migration
in `results/database/migrations/versions`; a test compares the two.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, MetaData, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from results.database.column_types import EpochNumber, JsonText, Number, PlainText, Truth, UtcTime, Whole

STUDY_KEY = "study_meta.study_name"
RUN_KEY = "run.id"


class Base(DeclarativeBase):
    """Our tables, with named constraints that migrations can refer to."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        str: PlainText,
        int: Whole,
        float: Number,
        bool: Truth,
        datetime: UtcTime,
        dict[str, Any]: JsonText,
    }


class StudyMeta(Base):
    """One study: its question, data and decisions; `rows.StudyRow` explains the columns."""

    __tablename__ = "study_meta"

    study_name: Mapped[str] = mapped_column(primary_key=True)
    space: Mapped[str]
    goal: Mapped[str]
    created_at: Mapped[datetime]
    command: Mapped[str]
    data_source: Mapped[str]
    data_made_up: Mapped[bool]
    data_fingerprint: Mapped[str]
    data_json: Mapped[dict[str, Any]]
    backbone: Mapped[str]
    settings_json: Mapped[dict[str, Any]]
    space_json: Mapped[dict[str, Any]]
    decisions_json: Mapped[dict[str, Any]]
    status: Mapped[str]
    seed: Mapped[int] = mapped_column(Whole(big=True))
    config_version: Mapped[int] = mapped_column(server_default="1")
    tasks_json: Mapped[dict[str, Any] | None]


class Environment(Base):
    """The software and hardware of runs; equal environments share one row."""

    __tablename__ = "environment"

    id: Mapped[int] = mapped_column(primary_key=True)
    content_sha256: Mapped[str] = mapped_column(unique=True)
    python: Mapped[str]
    platform: Mapped[str]
    cpu: Mapped[str]
    packages_json: Mapped[dict[str, Any]]
    git_commit: Mapped[str | None]
    threads: Mapped[int | None]
    gpu: Mapped[str | None]


class Run(Base):
    """One configuration with one seed.

    Higher is better for `score`, `leaderboard_score` and `last_score`: where lower is better, they are the negated
    metric. `epoch_metric` and `task_metric` have the values as measured.
    """

    __tablename__ = "run"
    __table_args__ = (UniqueConstraint("study_name", "config_digest", "seed"), Index(None, "study_name", "phase"))

    id: Mapped[int] = mapped_column(primary_key=True)
    study_name: Mapped[str] = mapped_column(ForeignKey(STUDY_KEY))
    trial_number: Mapped[int | None]
    phase: Mapped[str]
    config_digest: Mapped[str]
    config_json: Mapped[dict[str, Any]]
    choices_json: Mapped[dict[str, Any]]
    seed: Mapped[int] = mapped_column(Whole(big=True))
    status: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    attempt: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    train_seconds: Mapped[float | None]
    eval_seconds: Mapped[float | None]
    shared_seconds: Mapped[float | None]
    shared_train_seconds: Mapped[float | None]
    trainable_parameters: Mapped[int | None] = mapped_column(Whole(big=True))
    total_parameters: Mapped[int | None] = mapped_column(Whole(big=True))
    peak_memory_bytes: Mapped[int | None] = mapped_column(Whole(big=True))
    host: Mapped[str]
    device: Mapped[str]
    engine: Mapped[str]
    engine_trial_id: Mapped[str | None]
    inference_ms: Mapped[float | None]
    environment_id: Mapped[int | None] = mapped_column(ForeignKey("environment.id"))
    best_epoch: Mapped[float | None] = mapped_column(EpochNumber)
    score: Mapped[float | None]
    leaderboard_score: Mapped[float | None]
    last_score: Mapped[float | None]
    code: Mapped[str | None]


class Cell(Base):
    """A configuration that a phase requests. Its runs are those with its digest, of whatever phase."""

    __tablename__ = "cell"

    study_name: Mapped[str] = mapped_column(ForeignKey(STUDY_KEY), primary_key=True)
    phase: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    design: Mapped[str]
    factor: Mapped[str | None]
    from_level: Mapped[str | None]
    to_level: Mapped[str | None]
    config_digest: Mapped[str]
    config_json: Mapped[dict[str, Any]]
    choices_json: Mapped[dict[str, Any]]
    position: Mapped[int]


class EpochMetric(Base):
    """One value at a whole or fractional epoch; `task` is "" for the whole model, NULL means NaN."""

    __tablename__ = "epoch_metric"

    run_id: Mapped[int] = mapped_column(ForeignKey(RUN_KEY), primary_key=True)
    epoch: Mapped[float] = mapped_column(EpochNumber, primary_key=True)
    split: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float | None]
    seconds: Mapped[float | None]


class TaskMetric(Base):
    """One value at the best epoch; NULL means NaN."""

    __tablename__ = "task_metric"

    run_id: Mapped[int] = mapped_column(ForeignKey(RUN_KEY), primary_key=True)
    split: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float | None]


class Prediction(Base):
    """Outputs, predictions and labels of one run on one split of one task; see `results.database.predictions`."""

    __tablename__ = "prediction"

    run_id: Mapped[int] = mapped_column(ForeignKey(RUN_KEY), primary_key=True)
    split: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    example_ids_sha256: Mapped[str]
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class Example(Base):
    """Word statistics of one dev example; `rows.ExampleRow` explains the columns."""

    __tablename__ = "example"

    study_name: Mapped[str] = mapped_column(ForeignKey(STUDY_KEY), primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    example_ids_sha256: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[int]
    words2: Mapped[int | None]
    overlap: Mapped[float | None]
    one_word_difference: Mapped[bool | None]
    rarest: Mapped[int | None]


class Stage(Base):
    """One stage of a run; `rows.StageRow` explains the columns."""

    __tablename__ = "stage"

    run_id: Mapped[int] = mapped_column(ForeignKey(RUN_KEY), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    key: Mapped[str]
    seconds: Mapped[float | None]
    shared: Mapped[bool]
    told_json: Mapped[dict[str, Any] | None]


class DataIssue(Base):
    """One invalid row of a data file; ids ascend in the order of detection."""

    __tablename__ = "data_issue"

    id: Mapped[int] = mapped_column(primary_key=True)
    study_name: Mapped[str] = mapped_column(ForeignKey(STUDY_KEY), index=True)
    file: Mapped[str]
    line: Mapped[int]
    kind: Mapped[str]
    message: Mapped[str]


class Lease(Base):
    """The driver of a study. There is no foreign key: the lease is taken before the study is written."""

    __tablename__ = "lease"

    study_name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    host: Mapped[str]
    pid: Mapped[int]
    process_started_at: Mapped[float]
    heartbeat_at: Mapped[datetime]
    expires_at: Mapped[datetime]


MEASURED = (EpochMetric, TaskMetric, Prediction, Stage)  # tables of a run's measurements, by `run_id`
