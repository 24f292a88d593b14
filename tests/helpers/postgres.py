"""PostgreSQL databases for single tests, on the server named by STUDY_TEST_POSTGRES."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from results.records import open_database


@contextlib.contextmanager
def own_database(*, migrated: bool = False) -> Iterator[str]:
    """The URL of an empty database, or of one that has our tables; dropped afterwards.

    Skips the test where there is no server.
    """
    if not os.environ.get("STUDY_TEST_POSTGRES"):
        pytest.skip("STUDY_TEST_POSTGRES names no PostgreSQL server")
    name = _create(_template() if migrated else None)
    try:
        yield _url(name)
    finally:
        _drop(name)


@functools.cache
def _template() -> str:
    """The name of a database with our tables that others are copied from; one for each process of the tests."""
    name = _create(None)
    atexit.register(_drop, name)
    with open_database(_url(name)):
        return name


def _create(template: str | None) -> str:
    name = f"study_test_{uuid.uuid4().hex}"
    copied = f' TEMPLATE "{template}"' if template else ""
    with _server().connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"{copied}'))
        connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))  # no waiting for the disk
    return name


def _drop(name: str) -> None:
    with _server().connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


def _url(name: str) -> str:
    return make_url(os.environ["STUDY_TEST_POSTGRES"]).set(database=name).render_as_string(hide_password=False)


@functools.cache
def _server() -> Engine:
    return create_engine(os.environ["STUDY_TEST_POSTGRES"], isolation_level="AUTOCOMMIT", poolclass=NullPool)
