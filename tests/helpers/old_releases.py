"""Databases with the tables of an older release, made by this release's own migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, create_engine, text

from results.database import migrations
from results.database.schema import Base


@contextmanager
def of_release(url: str, version: str) -> Iterator[Connection]:
    """Yield a connection to a database that has the tables of an older release."""
    engine = create_engine(url)
    with engine.begin() as connection:
        _upgrade(connection, version)
        yield connection
    engine.dispose()


def make_old(url: str, version: str) -> None:
    """Give a database of this release the tables of an older one, with their rows; what these do not have is lost."""
    engine = create_engine(url)
    with engine.begin() as connection:
        now = _our_tables(connection)
        rows = {table.name: connection.execute(table.select()).mappings().all() for table in now.sorted_tables}
        now.drop_all(connection)
        connection.execute(text(f"DROP TABLE {migrations.VERSION_TABLE}"))
        _upgrade(connection, version)
        for table in _our_tables(connection).sorted_tables:
            for row in rows[table.name]:
                connection.execute(table.insert().values({column.key: row[column.key] for column in table.columns}))
            if rows[table.name] and "id" in table.columns and connection.dialect.name == "postgresql":
                restart = f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}"
                connection.execute(text(restart))
    engine.dispose()


def _our_tables(connection: Connection) -> MetaData:
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name in Base.metadata.tables)
    return found


def _upgrade(connection: Connection, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.__path__[0]))
    config.attributes["connection"] = connection
    command.upgrade(config, version)
