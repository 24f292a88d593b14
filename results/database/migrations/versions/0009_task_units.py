"""The units of a study's tasks, as declared by its trainer.

Revision 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("study_meta", sa.Column("tasks_json", sa.Text(), nullable=True))
