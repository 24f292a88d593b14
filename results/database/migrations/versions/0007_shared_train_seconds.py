"""The training time that the stage store and cached features saved a run.

Revision 0007. Rows of earlier releases lack it: their costs were measured while reading cached features.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("run", sa.Column("shared_train_seconds", sa.Double(), nullable=True))
