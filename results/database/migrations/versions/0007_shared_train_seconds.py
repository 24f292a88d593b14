"""What training time a run was spared by the stage store and by cached features of frozen parts.

Revision 0007. Rows of earlier releases have none: their costs were measured while cached features were read.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("run", sa.Column("shared_train_seconds", sa.Double(), nullable=True))
