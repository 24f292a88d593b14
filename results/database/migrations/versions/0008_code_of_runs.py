"""The code of a run: the version of configurations, or a hash of a custom trainer's files.

Existing runs have none; their code is the one that their study began with.

Revision 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("run", sa.Column("code", sa.Text(), nullable=True))
