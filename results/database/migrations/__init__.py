"""Migrations to this release's tables, run by Alembic from code without an alembic.ini.

The version is in the table `mtbert_alembic_version`; `alembic_version` is Optuna's.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from results.errors import StorageError

VERSION_TABLE = "mtbert_alembic_version"
HEAD = "0009"  # the newest file in versions/; checked by a test. Known without importing Alembic (0.3 s).
MIGRATIONS_LOCK = 7_201_966_113  # arbitrary key of the advisory lock for drivers that start simultaneously


def current_version(connection: Connection) -> str | None:
    """Return the version of our tables in this database, or None without tables."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if version is None else str(version)


def lock(connection: Connection) -> None:
    """Lock the creation of tables until this transaction ends; on SQLite every writer is exclusive anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATIONS_LOCK})


def upgrade(connection: Connection, database: str) -> None:
    """Migrate the tables to `HEAD` within the connection's transaction; `database` names it in messages.

    Raises:
        StorageError: a newer release wrote the tables.
    """
    lock(connection)
    version = current_version(connection)
    if version == HEAD:
        return
    if version is not None and not is_older(version):
        raise StorageError(
            f"{database} was written by a newer release (its tables have version {version}, this release "
            f"knows up to {HEAD}). Upgrade mtbert-study, or choose another --storage."
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def is_older(version: str | None) -> bool:
    """Return whether an older release wrote the tables; False without tables."""
    return version in known_versions() - {HEAD}


def known_versions() -> frozenset[str]:
    """Return every version that this release knows, from the names of the files."""
    folder = Path(__file__).parent / "versions"
    return frozenset(file.name.partition("_")[0] for file in folder.glob("[0-9]*.py"))
