"""A run knows which code it was trained with: the version of our configurations, or a hash of a custom trainer's files.

Runs from before have none: theirs is the one that their study began with.

Revision 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("run", sa.Column("code", sa.Text(), nullable=True))
