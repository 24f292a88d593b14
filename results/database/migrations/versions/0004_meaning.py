"""The version of a study's configurations, the score after the last epoch, and the losses of earlier stages.

Existing studies have version 1 of configurations.

Revision 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    version = sa.Column("config_version", sa.Integer(), nullable=False, server_default="1")
    op.add_column("study_meta", version)
    op.add_column("run", sa.Column("last_score", sa.Double(), nullable=True))
    op.add_column("stage", sa.Column("told_json", sa.Text(), nullable=True))
