"""Word counts of dev examples, and the word overlap of pairs.

Revision 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "example",
        sa.Column("study_name", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("example_ids_sha256", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("words2", sa.Integer(), nullable=True),
        sa.Column("overlap", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["study_name"], ["study_meta.study_name"], name="fk_example_study_name"),
        sa.PrimaryKeyConstraint("study_name", "task", "example_ids_sha256", "number", name="pk_example"),
    )
