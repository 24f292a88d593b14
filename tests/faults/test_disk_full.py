"""A full disk: one clear message, and the study goes on when there is room again."""

from __future__ import annotations

from pathlib import Path

import pytest
from rehearsed import Rehearsed

pytestmark = pytest.mark.slow


def fill(place: Path, leave: int) -> Path:
    """A file that leaves so many bytes."""
    import shutil

    filler = place / "filler"
    filler.write_bytes(b"0" * max(0, shutil.disk_usage(place).free - leave))
    return filler


@pytest.mark.parametrize("room", [60_000, 600_000])
def test_a_full_disk_under_the_database(tmp_path: Path, small_disk: Path, room: int) -> None:
    study = Rehearsed(tmp_path, f"sqlite:///{small_disk}/s.db", trials=60, seconds=0.01)
    filler = fill(small_disk, room)
    process = study.start()
    assert process.wait(timeout=120) == 2, study.log()[-3000:]
    assert "Traceback" not in study.log() and "is full" in study.log(), study.log()[-2000:]
    before = study.finished()
    filler.unlink()
    study.run_to_the_end()
    study.check(before)
    study.check_end()


def test_a_full_disk_under_the_report(tmp_path: Path, small_disk: Path) -> None:
    study = Rehearsed(tmp_path, f"sqlite:///{tmp_path}/s.db", trials=8, seconds=0.01, more=("--out", str(small_disk)))
    filler = fill(small_disk, 40_000)
    process = study.start()
    assert process.wait(timeout=120) == 2, study.log()[-3000:]
    assert "Traceback" not in study.log() and "is full" in study.log(), study.log()[-2000:]
    before = study.finished()
    assert before
    filler.unlink()
    study.run_to_the_end()
    study.check(before)
    assert (small_disk / "s" / "report.html").is_file()
