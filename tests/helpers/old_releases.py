"""Databases with the tables of an older release, made by this release's own migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine

from results import migrations


@contextmanager
def of_release(url: str, version: str) -> Iterator[Connection]:
    """A connection to a database that has the tables of an older release."""
    engine, config = create_engine(url), Config()
    config.set_main_option("script_location", str(migrations.__path__[0]))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        yield connection
    engine.dispose()


def make_old(url: str, version: str) -> None:
    """Bring a database of this release back to the tables of an older one; what these do not have is lost."""
    engine, config = create_engine(url), Config()
    config.set_main_option("script_location", str(migrations.__path__[0]))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, version)
    engine.dispose()
