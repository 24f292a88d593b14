"""The engine's name of a run, and the inference time per example.

Revision 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("run", sa.Column("engine_trial_id", sa.Text(), nullable=True))
    op.add_column("run", sa.Column("inference_ms", sa.Double(), nullable=True))
