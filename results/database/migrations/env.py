"""Alembic's entry point: runs migrations on our tables, over the connection passed in the configuration."""

from __future__ import annotations

from typing import Literal

from alembic import context

from results.database.migrations import VERSION_TABLE
from results.database.schema import Base


def ours(
    name: str | None,
    kind: Literal["schema", "table", "column", "index", "unique_constraint", "foreign_key_constraint"] | str,
    parents: object,
) -> bool:
    return kind != "table" or name in Base.metadata.tables


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    include_name=ours,
    render_as_batch=True,  # SQLite cannot alter a column: Alembic copies the table
)
with context.begin_transaction():
    context.run_migrations()
