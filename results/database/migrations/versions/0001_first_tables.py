"""The first tables.

Revision 0001. It uses plain types, so that later changes of `results.database.schema` do not affect it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def texts(*names: str) -> list[sa.Column[str]]:
    return [text(name) for name in names]


def number(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=True)


def whole(name: str, *, nullable: bool = False, big: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger() if big else sa.Integer(), nullable=nullable)


def time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def belongs_to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [other], name=f"fk_{table}_{column}")


def create_study_tables() -> None:
    op.create_table(
        "study_meta",
        *texts("study_name", "space", "goal"),
        time("created_at"),
        *texts("command", "data_source"),
        sa.Column("data_made_up", sa.Boolean(), nullable=False),
        *texts("data_fingerprint", "data_json", "backbone", "settings_json", "space_json", "decisions_json", "status"),
        whole("seed", big=True),
        sa.PrimaryKeyConstraint("study_name", name="pk_study_meta"),
    )
    op.create_table(
        "environment",
        whole("id"),
        *texts("content_sha256", "python", "platform", "cpu", "packages_json"),
        text("git_commit", nullable=True),
        whole("threads", nullable=True),
        text("gpu", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_environment"),
        sa.UniqueConstraint("content_sha256", name="uq_environment_content_sha256"),
    )
    op.create_table(
        "lease",
        *texts("study_name", "owner", "host"),
        whole("pid"),
        sa.Column("process_started_at", sa.Double(), nullable=False),
        time("heartbeat_at"),
        time("expires_at"),
        sa.PrimaryKeyConstraint("study_name", name="pk_lease"),
    )
    op.create_table(
        "data_issue",
        whole("id"),
        *texts("study_name", "file"),
        whole("line"),
        *texts("kind", "message"),
        sa.PrimaryKeyConstraint("id", name="pk_data_issue"),
        belongs_to("data_issue", "study_name", "study_meta.study_name"),
    )
    op.create_index("ix_data_issue_study_name", "data_issue", ["study_name"])


def create_run_table() -> None:
    op.create_table(
        "run",
        whole("id"),
        text("study_name"),
        whole("trial_number", nullable=True),
        *texts("phase", "config_digest", "config_json", "choices_json"),
        whole("seed", big=True),
        text("status"),
        *(text(name, nullable=True) for name in ("reason", "detail")),
        whole("attempt"),
        time("started_at"),
        time("finished_at", nullable=True),
        *(number(name) for name in ("train_seconds", "eval_seconds", "shared_seconds")),
        whole("trainable_parameters", nullable=True, big=True),
        whole("total_parameters", nullable=True, big=True),
        whole("peak_memory_bytes", nullable=True, big=True),
        *texts("host", "device", "engine"),
        *(whole(name, nullable=True) for name in ("environment_id", "best_epoch")),
        *(number(name) for name in ("score", "leaderboard_score")),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        belongs_to("run", "study_name", "study_meta.study_name"),
        belongs_to("run", "environment_id", "environment.id"),
        sa.UniqueConstraint("study_name", "config_digest", "seed", name="uq_run_study_name_config_digest_seed"),
    )
    op.create_index("ix_run_study_name_phase", "run", ["study_name", "phase"])
    op.create_table(
        "cell",
        *texts("study_name", "phase", "name", "design"),
        *(text(name, nullable=True) for name in ("factor", "from_level", "to_level")),
        *texts("config_digest", "config_json", "choices_json"),
        whole("position"),
        sa.PrimaryKeyConstraint("study_name", "phase", "name", name="pk_cell"),
        belongs_to("cell", "study_name", "study_meta.study_name"),
    )


def create_tables_of_a_run() -> None:
    op.create_table(
        "epoch_metric",
        whole("run_id"),
        whole("epoch"),
        *texts("split", "task", "metric"),
        *(number(name) for name in ("value", "seconds")),
        sa.PrimaryKeyConstraint("run_id", "epoch", "split", "task", "metric", name="pk_epoch_metric"),
        belongs_to("epoch_metric", "run_id", "run.id"),
    )
    op.create_table(
        "task_metric",
        whole("run_id"),
        *texts("split", "task", "metric"),
        number("value"),
        sa.PrimaryKeyConstraint("run_id", "split", "task", "metric", name="pk_task_metric"),
        belongs_to("task_metric", "run_id", "run.id"),
    )
    op.create_table(
        "prediction",
        whole("run_id"),
        *texts("split", "task", "example_ids_sha256"),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "split", "task", name="pk_prediction"),
        belongs_to("prediction", "run_id", "run.id"),
    )
    op.create_table(
        "stage",
        whole("run_id"),
        whole("position"),
        *texts("name", "key"),
        number("seconds"),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "position", name="pk_stage"),
        belongs_to("stage", "run_id", "run.id"),
    )


def upgrade() -> None:
    create_study_tables()
    create_run_table()
    create_tables_of_a_run()
