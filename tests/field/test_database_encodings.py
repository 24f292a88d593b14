"""PostgreSQL databases that do not hold all of Unicode: SQL_ASCII keeps bytes as they come, LATIN1 has no arrow."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from place import Place
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from results.database.database import open_database
from results.database.rows import IssueRow, StudyRow
from results.errors import StorageError
from search_spaces import load
from study.search.optuna_search import Search

GOAL = "größe → 日本"


@contextlib.contextmanager
def encoded(encoding: str) -> Iterator[str]:
    """The URL of an empty database with this encoding."""
    if not os.environ.get("STUDY_TEST_POSTGRES"):
        pytest.skip("STUDY_TEST_POSTGRES names no PostgreSQL server")
    server = create_engine(os.environ["STUDY_TEST_POSTGRES"], isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = f"study_test_{uuid.uuid4().hex}"
    with server.connect() as connection:
        made = f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        connection.execute(text(made))
    try:
        yield make_url(os.environ["STUDY_TEST_POSTGRES"]).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


def study(name: str) -> StudyRow:
    return StudyRow(
        study_name=name, space="s", goal=GOAL, command="c", data_source="d", data_made_up=False,
        data_fingerprint="f", backbone="b", seed=0, settings_json={"told": GOAL},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoding", "goal"),
    [
        ("SQL_ASCII", GOAL),
        ("LATIN1", "größe \\u2192 \\u65e5\\u672c"),
        ("WIN1252", "größe \\u2192 \\u65e5\\u672c"),
        ("EUC_JP", GOAL),
        ("KOI8R", "gr\\xf6\\xdfe \\u2192 \\u65e5\\u672c"),
    ],
)
def test_text_is_kept_as_far_as_the_database_has_it(encoding: str, goal: str) -> None:
    with encoded(encoding) as url, open_database(url) as database:
        database.studies.create(study("s"))
        database.studies.add_data_issues("s", [IssueRow(GOAL, 1, "k", "\N{SNOWMAN}\x00\ud800")])
        found = database.studies.require("s")
        assert (found.goal, found.settings_json) == (goal, {"told": GOAL})  # JSON is ASCII in every database
        assert database.studies.data_issues("s")[0].file == goal
        with closing(
            Search(storage=url, name="s", space=load("pooling"), seed=0, sampler="tpe", pruner="none", known=())
        ) as searched:
            searched.note(searched.ask().number, {"told": GOAL})
        with closing(
            Search(storage=url, name="s", space=load("pooling"), seed=0, sampler="tpe", pruner="none", known=())
        ) as searched:
            assert searched.running() == [0]


def test_bytes_of_another_program_are_told() -> None:
    with encoded("SQL_ASCII") as url, open_database(url) as database:
        database.studies.create(study("s"))
        engine = create_engine(url, connect_args={"client_encoding": "latin1"}, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("UPDATE study_meta SET goal = E'gr\\xf6sse'"))
        engine.dispose()
        with pytest.raises(StorageError, match="invalid byte sequence"):
            database.studies.require("s")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_study_is_launched_reported_and_resumed(tmp_path: Path, encoding: str) -> None:
    place = Place(tmp_path)
    asked = ("--space", "pooling", "--rehearse", "--seeds", "2", "--confirm", "1", "--name", "r")
    with encoded(encoding) as url:
        for trials in ("2", "3"):
            done = place.call(*asked, "--trials", trials, "--storage", url)
            assert done.returncode == 0, done.stderr
        for module in ("study.status", "study.doctor", "results.report", "results.export"):
            told = place.call("--name", "r", "--storage", url, module=module)
            assert told.returncode == 0, (module, told)
