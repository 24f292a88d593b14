"""A full disk: one clear message, and the study goes on when there is room again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from place import Place
from rehearsed import Rehearsed

pytestmark = pytest.mark.slow


def launched(study: Rehearsed) -> tuple[int, str]:
    """The exit code, and what was said."""
    done = Place(study.folder).call(*study.arguments())
    return done.returncode, done.stdout + done.stderr


def fill(place: Path, leave: int) -> Path:
    """A file that leaves so many bytes."""
    filler = place / "filler"
    filler.write_bytes(b"0" * max(0, shutil.disk_usage(place).free - leave))
    return filler


@pytest.mark.parametrize("room", [60_000, 600_000])
def test_a_full_disk_under_the_database(tmp_path: Path, small_disk: Path, room: int) -> None:
    study = Rehearsed(tmp_path, f"sqlite:///{small_disk}/s.db", trials=60, seconds=0.0)
    filler = fill(small_disk, room)
    code, told = launched(study)
    assert code == 2 and "Traceback" not in told and "is full" in told, told[-3000:]
    before = study.finished()
    filler.unlink()
    code, told = launched(study)
    assert code in (0, 3), told
    study.check(before)
    study.check_end()


def test_a_full_disk_under_the_report(tmp_path: Path, small_disk: Path) -> None:
    study = Rehearsed(tmp_path, f"sqlite:///{tmp_path}/s.db", trials=8, seconds=0.0, more=("--out", str(small_disk)))
    filler = fill(small_disk, 40_000)
    code, told = launched(study)
    assert code == 2 and "Traceback" not in told and "is full" in told, told[-3000:]
    before = study.finished()
    assert before
    filler.unlink()
    code, told = launched(study)
    assert code in (0, 3), told
    study.check(before)
    assert (small_disk / "s" / "report.html").is_file()
