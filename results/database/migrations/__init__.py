"""Migrations to this release's tables. Alembic, driven from code: there is no alembic.ini.

The version is in the table `mtbert_alembic_version`; `alembic_version` is Optuna's.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from results.errors import StorageError

VERSION_TABLE = "mtbert_alembic_version"
HEAD = "0009"  # the newest file in versions/; checked by a test. Known without importing Alembic (0.3 s).
MIGRATIONS_LOCK = 7_201_966_113  # any number: the advisory lock of drivers that start at the same time


def current_version(connection: Connection) -> str | None:
    """Return the version of our tables in this database; None when it has none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if version is None else str(version)


def lock(connection: Connection) -> None:
    """Wait until no other transaction makes tables, and keep others waiting until this one ends.

    On SQLite a transaction that writes is alone already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATIONS_LOCK})


def upgrade(connection: Connection, database: str) -> None:
    """Bring the tables to `HEAD`, within the connection's transaction. Does nothing when they are.

    `database` is the name for the message. StorageError when a newer release wrote the tables.
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
    """Return whether an older release wrote the tables; False where there are none."""
    return version in known_versions() - {HEAD}


def known_versions() -> frozenset[str]:
    """Return every version this release can upgrade from, read from the names of the files."""
    folder = Path(__file__).parent / "versions"
    return frozenset(file.name.partition("_")[0] for file in folder.glob("[0-9]*.py"))
