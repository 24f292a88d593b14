"""One-word differences of dev pairs, and the training frequency of an example's rarest word.

Revision 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("example", sa.Column("one_word_difference", sa.Boolean(), nullable=True))
    op.add_column("example", sa.Column("rarest", sa.Integer(), nullable=True))
