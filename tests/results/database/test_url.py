from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlite import migrated

from results.database.database import open_database
from results.database.url import foreign_rows, mask
from results.errors import ResultsError, StorageError


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "'nonsense' is not a database URL. Use sqlite:///"),
        ("mysql://me@host/x", "stored in SQLite or PostgreSQL, not in 'mysql'"),
        ("sqlite://", "in memory would lose the study"),
        ("postgresql+nothing://me:secret@host/x", "needs a driver that is not installed"),
        ("postgresql://me:secret@127.0.0.1:1/x", "reports an error"),
        ("postgresql://127.0.0.1:1/x?user=me&password=secret", "reports an error"),
        ("://me:secret@host", "is not a database URL"),
    ],
)
def test_a_url_that_cannot_be_used_is_said_in_one_message_without_the_password(url: str, said: str) -> None:
    with pytest.raises(StorageError) as fault:
        open_database(url)
    assert said in str(fault.value)
    assert "secret" not in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_password_with_an_at_sign_is_masked_whole() -> None:
    assert mask("x://me:a@b:c@host/db and x://me@host/db") == "x://me:***@host/db and x://me@host/db"


def test_a_server_that_refuses_the_database_is_said(postgres_url: str) -> None:
    with pytest.raises(StorageError, match="reports an error.*does not exist"):
        open_database(postgres_url + "_not_there")


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to have a header " * 20)
    with pytest.raises(StorageError, match=r"notes.txt is not a SQLite database"):
        open_database(f"sqlite:///{file}")
    assert file.read_text().startswith("not a database")


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is a folder, not a database file"):
        open_database(f"sqlite:///{tmp_path}")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"folder .* cannot be created"):
        open_database(f"sqlite:///{tmp_path}/file/deeper/studies.db")


def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path}/a/b/studies.db").close()
    assert (tmp_path / "a/b/studies.db").is_file()


def test_reading_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="There is no database at"):
        open_database(f"sqlite:///{tmp_path}/studies.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_reading_makes_no_tables_in_the_database_of_another_program(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
    other.close()
    with pytest.raises(StorageError, match="holds no studies yet"):
        open_database(f"sqlite:///{tmp_path}/other.db", create=False)
    engine = create_engine(f"sqlite:///{tmp_path}/other.db")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_a_database_of_a_newer_release_is_not_touched(empty_url: str) -> None:
    open_database(empty_url).close()
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE mtbert_alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StorageError, match=r"written by a newer release .*9999.*Upgrade mtbert-study"):
        open_database(empty_url)


def test_optuna_lives_in_the_same_file(tmp_path: Path) -> None:
    import optuna

    sqlite_url = migrated(tmp_path)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with open_database(sqlite_url) as database:
        storage = optuna.storages.RDBStorage(sqlite_url)
        study = optuna.create_study(storage=storage, study_name="s")
        study.tell(study.ask(), 1.0)
        assert database.studies.names() == []
        storage.engine.dispose()
    with open_database(sqlite_url, create=False) as database:
        assert database.studies.names() == []
    again = optuna.storages.RDBStorage(sqlite_url)
    assert len(optuna.load_study(storage=again, study_name="s").trials) == 1
    again.engine.dispose()


def test_sqlite_readers_do_not_wait_for_the_writer(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path}/studies.db") as database:
        journal = database.select(text("PRAGMA journal_mode"))
        keys = database.select(text("PRAGMA foreign_keys"))
    assert (journal, keys) == ([{"journal_mode": "wal"}], [{"foreign_keys": 1}])


def test_foreign_rows_are_one_message_without_a_password() -> None:
    with pytest.raises(StorageError) as refused, foreign_rows("postgresql+psycopg://me:hunter1@host/db"):
        raise ValueError("no moment:\n '{\"sqlite://u:hunter2@127.0.0.1:1/x\": 1}'")
    message = str(refused.value)
    assert "rows that this program does not write (ValueError: no moment: " in message
    assert "hunter" not in message and "\n" not in message


def test_errors_for_people_and_requested_tracebacks_pass_unchanged() -> None:
    with pytest.raises(ResultsError, match="no study"), foreign_rows("sqlite:///s.db"):
        raise ResultsError("no study")
    with pytest.raises(ZeroDivisionError), foreign_rows("sqlite:///s.db", debug=True):
        raise ZeroDivisionError
