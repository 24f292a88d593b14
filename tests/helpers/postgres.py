"""A PostgreSQL database of one's own, on the server named by STUDY_TEST_POSTGRES."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url, text


@contextlib.contextmanager
def own_database() -> Iterator[str]:
    """Its URL; dropped afterwards. Skips the test where there is no server."""
    server = os.environ.get("STUDY_TEST_POSTGRES")
    if not server:
        pytest.skip("STUDY_TEST_POSTGRES names no PostgreSQL server")
    name = f"study_test_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        engine.dispose()
