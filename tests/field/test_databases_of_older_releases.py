"""Databases with the tables of older releases open, are told, reported, exported, repaired and go on."""

from __future__ import annotations

from pathlib import Path

import pytest
from old_releases import make_old
from place import Place
from small_trainers import space_file
from two_databases import database_of, kinds

from results.database.database import outdated
from results.frames import load_study
from study.web.application import application

pytestmark = pytest.mark.slow

SIZE = ("--seeds", "2", "--confirm", "1", "--workers", "1", "--name", "x", "--phases", "search,confirm,report")
READING = ("study.status", "results.report", "results.export")


def flags_of(kind: str, folder: Path) -> tuple[str, ...]:
    if kind == "rehearsal":
        return ("--rehearse", "--space", "pooling", *SIZE)
    return ("--trainer", "small_trainers:whole_epochs", "--space", space_file(folder), "--epochs", "2", *SIZE)


@pytest.mark.parametrize("database", kinds())
@pytest.mark.parametrize(("version", "trainer"), [("0001", "rehearsal"), ("0003", "own")])
def test_a_study_of_an_older_release_is_read_mended_and_goes_on(
    tmp_path: Path, database: str, version: str, trainer: str
) -> None:
    place, asked = Place(tmp_path), flags_of(trainer, tmp_path)
    with database_of(database, tmp_path) as url:
        storage = ("--storage", url)
        done = place.call(*asked, *storage, "--trials", "2")
        assert done.returncode == 0, done.stderr
        before = load_study(url, "x").epochs
        make_old(url, version)
        assert outdated(url)[0] == version
        told = place.call("--name", "x", *storage, module="study.doctor")
        assert told.returncode == 3 and f"of an older release (version {version})" in told.stdout
        assert outdated(url)[0] == version  # it only looked
        fixed = place.call("--name", "x", "--fix", *storage, module="study.doctor")
        assert fixed.returncode == 0 and "upgraded; the runs are unchanged" in fixed.stdout, fixed
        make_old(url, version)
        for module in READING:  # the first one upgrades
            read = place.call("--name", "x", *storage, module=module)
            assert read.returncode == 0, (module, read)
        assert load_study(url, "x").epochs.equals(before)
        if database == "sqlite":  # the application keeps its connections until its process ends
            assert application(url, None)[1] == "x"
        make_old(url, version)
        again = place.call(*asked, *storage, "--trials", "3")
        if trainer == "rehearsal":  # its scores mean something else since the search reads a part of dev
            assert again.returncode == 2 and "cannot be resumed" in again.stderr
            return
        assert again.returncode == 0, again.stderr
        assert "search: 3 runs, 2 already finished" in again.stdout + again.stderr
