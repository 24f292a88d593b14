"""What is not trusted decides nothing: a database names no code and no folder, a file holds data and no objects."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import SECRETS
from optuna.storages._rdb.models import BaseModel as OptunaBase
from place import Place
from sqlalchemy import PickleType

from mtbert.data.load import load_corpus
from mtbert.data.prepared import load_prepared, prepare
from mtbert.encoder.backbones import load_tokenizer
from mtbert.errors import DataError
from results.analysis.summary import summarise
from results.database.database import open_database
from results.database.predictions import unpack_predictions
from results.database.schema import Base
from results.errors import RecordError
from results.measurements.study_results import StudyResults
from study import doctor
from study.console.summary import Ending
from study.provenance.folder import log, log_to
from study.provenance.trust import check_stored, code_flags
from study.resolve import resolve
from study.settings import Settings, SettingsError

SECRET = "postgresql+psycopg://me:hunter2@db/x"


@pytest.fixture
def place(tmp_path: Path, rehearsed: Place) -> Place:
    """A copy of a rehearsed study's folder."""
    shutil.copytree(rehearsed.folder / "runs", tmp_path / "runs")
    return Place(tmp_path)


def settle(place: Place, **changes: object) -> None:
    """Change the settings of the study `r` in its database."""
    settings = json.loads(place.rows("select settings_json from study_meta")[0][0])
    with closing(sqlite3.connect(place.database)) as connection, connection:
        connection.execute("update study_meta set settings_json = ?", (json.dumps({**settings, **changes}),))


EVIL = "import pathlib\npathlib.Path('{mark}').touch()\ndef train(*a): pathlib.Path('{mark}').touch()\n"


@pytest.mark.parametrize("changes", [{"trainer": "evil:train"}, {"space": "evil.py"}])
def test_code_that_only_a_database_names_is_not_run(
    place: Place, changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = place.folder / "was_run"
    (place.folder / "evil.py").write_text(EVIL.format(mark=mark))
    monkeypatch.syspath_prepend(place.folder)
    settle(place, **changes)
    for more in ((), ("--plan",)):
        done = place.call("--name", "r", *more)
        flag, value = next(iter(changes.items()))
        assert done.returncode == 2 and f"--{flag} {value}" in done.stderr, done.stderr
    assert not mark.exists()


def test_code_that_the_command_line_names_is_run_as_before(place: Place) -> None:
    stored = resolve({"trainer": "a:b", "space": "x.py"}, None)
    assert code_flags(stored.space, stored.trainer) == {"trainer": "a:b", "space": "x.py"}
    check_stored(stored, {"trainer": "a:b", "space": "x.py"})
    with pytest.raises(SettingsError, match=r"--space x\.py --trainer a:b$"):
        check_stored(stored, {})
    assert place.call("--name", "r").returncode == 0


def test_a_folder_that_only_a_database_names_is_not_written_to(place: Place) -> None:
    other = place.folder / "precious"
    (other / "r" / "best").mkdir(parents=True)
    (other / "r" / "best" / "mine.txt").write_text("mine")
    settle(place, out=str(other))
    before = sorted(other.rglob("*"))
    done = place.call("--name", "r")
    assert done.returncode == 2 and f"--out {other}" in done.stderr
    done = place.call("--name", "r", "--fix", module="study.doctor")
    assert "No launch was logged" in done.stdout
    assert sorted(other.rglob("*")) == before


def test_a_new_folder_that_only_a_database_names_is_not_made(place: Place) -> None:
    other = place.folder / "elsewhere"
    settle(place, out=str(other))
    done = place.call("--name", "r")
    assert done.returncode == 2 and f"--out {other}" in done.stderr
    assert not other.exists()


def test_whose_runs_are_imported_does_not_say_where_the_new_study_is_written(place: Place) -> None:
    other = place.folder / "precious"
    shutil.copytree(place.folder / "runs" / "r", other / "r")
    settle(place, out=str(other))
    begin = ("--rehearse", "--name", "n", "--import-from", "r", "--phases", "search")
    for there in (False, True):
        if there:
            (other / "n").mkdir()
            (other / "n" / "mine.txt").write_text("mine")
        before = sorted(other.rglob("*"))
        done = place.call(*begin)
        assert done.returncode == 2 and "no study 'n' was launched" in done.stderr and f"--out {other}" in done.stderr
        assert sorted(other.rglob("*")) == before
    assert place.call(*begin, "--out", str(other)).returncode == 0
    assert place.call("--name", "n").returncode == 0  # launched there before


def test_doctor_mends_no_folder_that_only_looks_like_a_store(place: Place, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (cache / "ab" / "cdef").mkdir(parents=True)
    (cache / "claims").mkdir()
    decisions = json.loads(place.rows("select decisions_json from study_meta")[0][0])
    noted = {**decisions, "store": {"folder": str(cache), "bytes": 1, "entries": 1}}
    with closing(sqlite3.connect(place.database)) as connection, connection:
        connection.execute("update study_meta set decisions_json = ?", (json.dumps(noted),))
    done = place.call("--name", "r", "--fix", module="study.doctor")
    assert done.returncode == 2 and "is not a stage store" in done.stderr
    assert (cache / "ab" / "cdef").is_dir()
    with pytest.raises(doctor.BadArguments):
        doctor.examine(cache, fix=True)


class Mine:
    """Unpickled, it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_no_table_has_a_pickled_column() -> None:
    tables = [*Base.metadata.tables.values(), *OptunaBase.metadata.tables.values()]
    columns = [column for table in tables for column in table.columns]
    assert len(columns) > 100 and not [column for column in columns if isinstance(column.type, PickleType)]


def test_an_array_of_objects_is_refused_and_nothing_is_unpickled(tmp_path: Path) -> None:
    mark = tmp_path / "was_run"
    array = np.array([Mine(mark)], dtype=object)
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    with pytest.raises(RecordError, match="damaged"):
        unpack_predictions(zlib.compress(buffer.getvalue() * 3))
    folder = tmp_path / "prepared"
    prepare(load_corpus("demo", ("sst",)), load_tokenizer("tiny"), max_tokens=16, train_examples=9, folder=folder)
    for file in folder.glob("*.npy"):
        file.write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match="damaged"):
        load_prepared(folder)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Mine(mark)))  # the mark is one
    assert mark.exists()


def test_no_password_is_told(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with log_to(tmp_path / "launch.log"):
        log.info("python -m study.launch --storage %s", SECRET)
        with pytest.raises(RuntimeError), log_to(tmp_path / "launch.log"):
            raise RuntimeError(f"cannot reach {SECRET}\x1b[2J")
    text = (tmp_path / "launch.log").read_text(encoding="utf-8")
    assert "hunter2" not in text and "\x1b" not in text and text.count("me:***@db") >= 2
    with open_database(f"sqlite:///{place.database}") as database:
        told = json.dumps(Ending(summarise(StudyResults(database, "r")), place.folder, SECRET).as_json())
    assert "hunter2" not in told and "me:***@db" in told


def test_no_environment_variable_is_stored(rehearsed: Place) -> None:
    files = [path for path in (rehearsed.folder / "runs").rglob("*") if path.is_file()]
    assert rehearsed.database in files
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in SECRETS.values() if secret.encode() in content], path


def test_settings_of_a_database_keep_to_the_same_law(place: Place) -> None:
    settle(place, name="../../x")
    done = place.call("--name", "r")
    assert done.returncode == 2 and "A study's name has letters" in done.stderr
    stored = Settings.from_json(json.loads(place.rows("select settings_json from study_meta")[0][0]))
    with pytest.raises(SettingsError):
        check_stored(Settings.from_json({**stored.as_json(), "name": "r", "trainer": "os:abort"}), {})
