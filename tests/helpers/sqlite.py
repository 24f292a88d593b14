"""SQLite files for single tests that have our tables already: copies of one that was migrated once."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from results.records import open_database


def migrated(folder: Path, name: str = "studies.db") -> str:
    """The URL of a new file in the folder, with our tables and no rows."""
    (folder / name).write_bytes(_template())
    return f"sqlite:///{folder / name}"


@functools.cache
def _template() -> bytes:
    """The migrated file; closed, it has no write-ahead log beside it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.db"
        with open_database(f"sqlite:///{file}"):
            pass
        return file.read_bytes()
