"""A stage tells the losses of its epochs, and what to compare them with.

Revision 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stage", sa.Column("told_json", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("stage") as stage:
        stage.drop_column("told_json")
