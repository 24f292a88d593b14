"""Epochs may be fractions: `epoch_metric.epoch` and `run.best_epoch` become doubles.

On SQLite values are copied unchanged, including numpy's integers stored as bytes, which a CAST would convert to 0;
`study.doctor --fix` repairs them.

Revision 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

COLUMNS = ("run_id", "epoch", "split", "task", "metric", "value", "seconds")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _copy_epochs()
        _replace_best_epoch()
    else:
        op.alter_column("epoch_metric", "epoch", type_=sa.Double(), existing_nullable=False)
        op.alter_column("run", "best_epoch", type_=sa.Double(), existing_nullable=True)


def _copy_epochs() -> None:
    """Make the table again: SQLite cannot change a column's type. No other table refers to it."""
    op.create_table(
        "new_epoch_metric",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Double(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("split", "task", "metric")),
        *(sa.Column(name, sa.Double(), nullable=True) for name in ("value", "seconds")),
        sa.PrimaryKeyConstraint("run_id", "epoch", "split", "task", "metric", name="pk_epoch_metric"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_epoch_metric_run_id"),
    )
    names = ", ".join(COLUMNS)
    op.execute(f"INSERT INTO new_epoch_metric ({names}) SELECT {names} FROM epoch_metric")
    op.drop_table("epoch_metric")
    op.rename_table("new_epoch_metric", "epoch_metric")


def _replace_best_epoch() -> None:
    """Add a column that takes the old one's name: other tables refer to `run`, which can therefore not be dropped."""
    op.add_column("run", sa.Column("new_best_epoch", sa.Double(), nullable=True))
    op.execute("UPDATE run SET new_best_epoch = best_epoch")
    op.execute("ALTER TABLE run DROP COLUMN best_epoch")
    op.execute("ALTER TABLE run RENAME COLUMN new_best_epoch TO best_epoch")
