"""PostgreSQL databases for single tests, on the server named by STUDY_TEST_POSTGRES."""

from __future__ import annotations

import contextlib
import functools
import os
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.pool import NullPool


@contextlib.contextmanager
def own_database() -> Iterator[str]:
    """The URL of an empty database, dropped afterwards. Skips the test where there is no server."""
    if not os.environ.get("STUDY_TEST_POSTGRES"):
        pytest.skip("STUDY_TEST_POSTGRES names no PostgreSQL server")
    name = f"study_test_{uuid.uuid4().hex}"
    with _server().connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
        connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))  # no waiting for the disk
    try:
        yield _url(name)
    finally:
        with _server().connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


def _url(name: str) -> str:
    return make_url(os.environ["STUDY_TEST_POSTGRES"]).set(database=name).render_as_string(hide_password=False)


@functools.cache
def _server() -> Engine:
    return create_engine(os.environ["STUDY_TEST_POSTGRES"], isolation_level="AUTOCOMMIT", poolclass=NullPool)
