"""SQLite files for single tests that have our tables already: copies of one that was migrated once."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from optuna.storages import RDBStorage

from results.database.database import open_database


def migrated(folder: Path, name: str = "studies.db", *, optunas: bool = False) -> str:
    """The URL of a new file in the folder, with our tables, or Optuna's too, and no rows."""
    (folder / name).write_bytes(_template(optunas))
    return f"sqlite:///{folder / name}"


@functools.cache
def _template(optunas: bool) -> bytes:
    """The migrated file; closed, it has no write-ahead log beside it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.db"
        with open_database(f"sqlite:///{file}"):
            pass
        if optunas:
            storage = RDBStorage(f"sqlite:///{file}")
            storage.remove_session()
            storage.engine.dispose()
        return file.read_bytes()
